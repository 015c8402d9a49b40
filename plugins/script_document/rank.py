"""What matters in a document: TextRank over sentences, and weights of words. Numpy, bounded, exact.

The similarity graph is never built: with unit vectors X, one step of the walk is X (X^T p), so n sentences
cost n x WIDTH and a book is as cheap as a page.
"""

from __future__ import annotations

import itertools
import math
import re
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from aurad_plugins.script_document.vocabulary import word_set

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WIDTH = 256  # hashed dimensions; a collision only blurs a similarity
STEPS = 15
DAMPING = 0.85
WORD = re.compile(r"[^\W\d_][\w'’-]+")
STOP = word_set(
    """
    a about above after again all also am an and any are as at be because been before being below between both
    but by can could did do does doing down during each few for from further had has have having he her here
    hers him his how i if in into is it its it's just like may me might more most must my no nor not now of
    off on once one only or other our out over own per same she should so some such than that the their them
    then there these they this those through to too two three under until up us use used using very was we
    were what when where which while who whom why will with within without would you your don't doesn't isn't
    can't won't many much every even still yet way makes make made get gets got them itself
    """
)


def terms(text: str) -> list[str]:
    """The words that carry meaning, lower-case, plurals folded."""
    return [fold(word) for word in WORD.findall(text.lower()) if word not in STOP]


def fold(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def word_weights(texts: Sequence[str]) -> dict[str, float]:
    """How much each written word tells: none for function words, more for what the document repeats."""
    counts: Counter[str] = Counter()
    forms: dict[str, set[str]] = {}
    for text in texts:
        for word in WORD.findall(text.lower()):
            if word not in STOP:
                counts[fold(word)] += 1
                forms.setdefault(fold(word), set()).add(word)
    return {form: 1.0 + 0.35 * math.log(count) for term, count in counts.items() for form in forms[term]}


def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """One unit vector for each text: hashed terms weighted by rarity."""
    import numpy as np

    documents = [terms(text) for text in texts]
    frequency = Counter(term for document in documents for term in set(document))
    matrix = np.zeros((len(texts), WIDTH), dtype=np.float32)
    for row, document in enumerate(documents):
        for term in document:
            matrix[row, zlib.crc32(term.encode()) % WIDTH] += math.log(1 + len(texts) / frequency[term])
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    unit: NDArray[np.float32] = matrix / np.maximum(norms, 1e-9)
    return unit


def text_rank(texts: Sequence[str]) -> list[float]:
    """The weight of each text in a random walk over similar texts; 1 is average."""
    import numpy as np

    if len(texts) < 2:
        return [1.0] * len(texts)
    unit = vectors(texts)
    own = np.einsum("ij,ij->i", unit, unit)  # similarity to itself is no vote
    degree = np.maximum(unit @ unit.sum(axis=0) - own, np.float32(1e-6))
    rank = np.ones(len(texts), dtype=np.float32)  # as narrow as the vectors: a wider one would copy them each step
    for _ in range(STEPS):
        share = rank / degree
        rank = (1 - DAMPING) + DAMPING * (unit @ (unit.T @ share) - own * share)
    return [round(float(value), 4) for value in rank]


def shifts(texts: Sequence[str]) -> list[float]:
    """For each gap between neighbours how much the topic changes there, 0..1 (three texts each side)."""
    unit = vectors(texts)
    result = []
    for gap in range(1, len(texts)):
        left, right = unit[max(0, gap - 3) : gap].sum(axis=0), unit[gap : gap + 3].sum(axis=0)
        scale = float((left @ left) ** 0.5 * (right @ right) ** 0.5)
        result.append(1.0 - round(float(left @ right) / scale, 6) if scale > 0 else 1.0)
    return result


def key_phrases(texts: Sequence[str], most: int, is_noun: Callable[[str], bool]) -> list[str]:
    """Words and pairs of words that a document keeps coming back to, for tags."""
    counts: Counter[str] = Counter()
    for text in texts:
        words = list(WORD.finditer(text.lower()))
        for word in words:
            if word[0] not in STOP and len(word[0]) > 3:
                counts[fold(word[0])] += 1
        for one, two in itertools.pairwise(words):
            if one.end() + 1 == two.start() and one[0] not in STOP and two[0] not in STOP:
                counts[f"{one[0]} {fold(two[0])}"] += 1
    scored = sorted(counts.items(), key=lambda pair: (-pair[1] * (1.7 if " " in pair[0] else 1.0), pair[0]))
    chosen: list[str] = []
    for phrase, count in scored:
        if (
            count > 1
            and is_noun(phrase.split()[-1])
            and not any(phrase in other or other in phrase for other in chosen)
        ):
            chosen.append(phrase)
        if len(chosen) == most:
            break
    return chosen
