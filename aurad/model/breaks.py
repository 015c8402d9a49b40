"""How much it hurts to break a caption at a place: the scale that all rules share. Only ratios matter."""

from __future__ import annotations

SENTENCE, CLAUSE, CONJUNCTION, PREPOSITION, ANYWHERE, BOUND = 0.0, 2.0, 4.0, 6.0, 10.0, 16.0
