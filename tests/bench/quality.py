"""How good a video is, measured: `python tests/bench/quality.py [words wer jitter contrast boxes sound cpu]`.

Without names all of it is measured, which takes about half an hour. Needs `pip install -e '.[dev,quality]'`.
Prints a table, writes it as JSON and ends with 1 if a bound is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import trio

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.make import ROOT, Figure, print_table

PARTS = {
    "words": "word starts against the waveform",
    "wer": "narration heard by a speech recogniser",
    "jitter": "smoothness of what moves",
    "contrast": "contrast of text by pixels",
    "boxes": "text inside its frame and apart, for hostile texts",
    "sound": "loudness, peak and captions of the documents and of generated ones",
    "cpu": "CPU of whole makes against encoding alone",
}


def main() -> int:
    options = _options()
    parts = options.parts or list(PARTS)
    print(f"seed {options.seed}", file=sys.stderr, flush=True)
    workspace = Path(tempfile.mkdtemp(prefix="aurad-quality-"))
    try:
        figures = [figure for found in _measured(parts, options, workspace) for figure in found]
    finally:
        shutil.rmtree(workspace, ignore_errors=True)
    print_table(figures)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    facts = {"machine": platform.platform(), "cores": os.cpu_count(), "seed": options.seed, "parts": parts}
    told = [asdict(figure) | {"verdict": figure.verdict} for figure in figures]
    options.out.write_text(json.dumps({**facts, "figures": told}, indent=2))
    return int(any(figure.verdict.startswith("MISSED") for figure in figures))


def _options() -> argparse.Namespace:
    listed = "\n".join(f"  {name:<9} {what}" for name, what in PARTS.items())
    parser = argparse.ArgumentParser(
        description=f"{__doc__}\n{listed}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="part", type=_part, help="which to measure; all by default")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the generated documents")
    parser.add_argument("--generated", type=int, default=30, metavar="N", help="how many documents to generate")
    parser.add_argument("--full", action="store_true", help="boxes of all combinations, not only of every pair")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "quality.json", help="where the JSON goes")
    return parser.parse_args()


def _part(name: str) -> str:
    if name not in PARTS:
        raise argparse.ArgumentTypeError(f"cannot measure {name!r}: there are {', '.join(PARTS)}")
    return name


def _measured(parts: Sequence[str], options: argparse.Namespace, workspace: Path) -> Iterator[list[Figure]]:
    """Each part is imported only when it is wanted: some need packages that nothing else does."""
    if {"words", "wer"} & set(parts):
        yield from _voice(parts, workspace)
    if "jitter" in parts:
        from tests.quality import motion

        yield trio.run(motion.figures, workspace)
    if "contrast" in parts:
        from tests.quality.slides import contrast_figures

        yield contrast_figures()
    if "boxes" in parts:
        from tests.quality.slides import box_figures

        yield box_figures(whole=options.full)
    if "sound" in parts:
        from tests.quality import makes

        yield makes.figures(options.seed, options.generated)
    if "cpu" in parts:
        from tests.quality import cpu

        yield cpu.figures(workspace)


def _voice(parts: Sequence[str], workspace: Path) -> Iterator[list[Figure]]:
    from tests.quality.narrations import documents, narrations

    told = trio.run(narrations, documents(), workspace)
    if "words" in parts:
        from tests.quality import words

        yield words.figures(told)
    if "wer" in parts:
        from tests.quality import heard

        yield heard.figures(told)


if __name__ == "__main__":
    sys.exit(main())
