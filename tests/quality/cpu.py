"""What a whole make costs against encoding its frames alone, beside what was first measured and promised."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.bench.make import DOCUMENTS, Figure, Home, document_of, encoding_alone

FIRST = {"60": 1.25, "300": 0.79}  # times encoding alone, by the video's seconds, before slides were worth publishing
MORE = 1.1  # what all that came since may cost


def figures(workspace: Path) -> list[Figure]:
    """CPU of each document, made from nothing."""
    documents = shutil.copytree(DOCUMENTS, workspace / "documents")
    return [_figure(workspace, documents, length, first) for length, first in FIRST.items()]


def _figure(workspace: Path, documents: Path, length: str, first: float) -> Figure:
    home = Home(workspace / length, [])
    cold = home.make(document_of(documents, length))
    alone = encoding_alone(home, cold)
    name = f"{length} s: CPU against encoding alone ({first:g} at first)"
    return Figure(name, cold.run.cpu / alone.cpu, first * MORE, "x", max(cold.run.foreign, alone.noise))
