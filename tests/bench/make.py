"""The figures that aurad promises, measured: `python tests/bench/make.py [--documents 60,120,300] [--quick]`.

Each document is made in empty folders (cold), made again, and compared with encoding the finished video's
own frames alone. In the one with most scenes a sentence is changed and it is made once more. Prints a table
and writes it as JSON. Wall times mean something on a quiet machine only; `noise` tells how quiet it was.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av

sys.path.insert(0, str(Path(__file__).parents[2]))

from aurad.engine.tools import find_ffmpeg
from tests.bench.journal import eta_error, moments, never_falls, profile_arguments
from tests.bench.reference import Reference, encode_alone
from tests.bench.tree import Run, measure

ROOT = Path(__file__).parents[2]
DOCUMENTS = Path(__file__).with_name("documents")
NOISY = 0.05  # share of the machine; above it a wall time is not to be trusted
MANY_SCENES = 20
DIGITS = 3  # after the point, in the table
SHORT, LONG = 1.6, 1.45  # times encoding alone, for videos under and from LONG_VIDEO seconds
LONG_VIDEO = 240
REAL_TIME, AGAIN, CHANGED, FIRST_LINE, MEMORY, GROWTH, ETA = 0.9, 1.5, 0.2, 1.0, 1100.0, 1.1, 0.25


@dataclass(frozen=True)
class Figure:
    """One promise: what was measured against the bound that it must not exceed, or with `least` not fall below."""

    name: str
    measured: float | None
    bound: float
    unit: str = ""
    noise: float = 0.0
    least: bool = False

    @property
    def verdict(self) -> str:
        if self.measured is None:
            return "not measured"
        held = self.measured >= self.bound if self.least else self.measured <= self.bound
        word = "ok" if held else "MISSED"
        return word + (f" (noise {self.noise:.0%})" if self.noise > NOISY else "")


@dataclass(frozen=True)
class Made:
    """One run of auractl make, with the document it printed."""

    run: Run
    answer: dict[str, Any]

    @property
    def seconds(self) -> float:
        return float(self.answer["job"]["output"]["durationSeconds"])

    @property
    def video(self) -> Path:
        return next(Path(one["path"]) for one in self.answer["deliverables"] if one["kind"] == "video")

    @property
    def tasks_run(self) -> int:
        return sum(not task["reused"] for task in self.answer["timeline"])


class Home:
    """A user of our own with empty folders, so that nothing is warm but the disk."""

    def __init__(self, folder: Path, extra: Sequence[str]) -> None:
        self.folder, self.extra = folder, extra
        (folder / "run").mkdir(parents=True, mode=0o700)
        kept = {
            name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "AURAD_TOOLS__FFMPEG") if name in os.environ
        }
        names = {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CONFIG", "STATE", "CACHE", "DATA")}
        self.environ = {**kept, **names, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder / "run")}

    def make(self, document: Path, *more: str) -> Made:
        auractl = str(Path(sys.executable).with_name("auractl"))
        command = [auractl, "make", str(document), "-o", str(self.folder / "out.mp4"), "--json", *self.extra, *more]
        run = measure([command], self.environ, awaited=b" %]")
        if run.status:
            raise SystemExit(f"cannot measure {document.name}: auractl ended with {run.status}\n{run.stderr}")
        return Made(run, json.loads(run.stdout))


def main() -> int:
    options = _options()
    extra = ["--preset", "draft"] if options.quick else []
    work = Path(tempfile.mkdtemp(prefix="aurad-bench-"))
    try:
        documents = shutil.copytree(DOCUMENTS, work / "documents")
        Home(work / "warm", extra).make(document_of(documents, options.documents[0]), "--until", "Script")
        figures = list(_figures(work, documents, options.documents, extra))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print_table(figures)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    facts = {"machine": platform.platform(), "cores": os.cpu_count(), "quick": options.quick}
    options.out.write_text(
        json.dumps({**facts, "figures": [asdict(f) | {"verdict": f.verdict} for f in figures]}, indent=2)
    )
    return int(any(figure.verdict.startswith("MISSED") for figure in figures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", default="60,120,300", type=lambda text: text.split(","), help="by their length")
    parser.add_argument("--quick", action="store_true", help="the draft preset: tries the benchmark, not the figures")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench.json", help="where the JSON goes")
    return parser.parse_args()


def document_of(folder: Path, length: str) -> Path:
    found = [path for path in sorted(folder.glob("*.md")) if re.search(rf"(^|\D){length}(\D|$)", path.stem)]
    if not found:
        raise SystemExit(f"cannot find a document of {length} s in {folder}")
    return found[0]


def _figures(work: Path, documents: Path, lengths: Sequence[str], extra: Sequence[str]) -> Iterator[Figure]:
    peaks: list[int] = []
    most: tuple[int, Home, Path, Made] | None = None
    for length in lengths:
        home, document = Home(work / length, extra), document_of(documents, length)
        _say(f"making {document.name} from nothing")
        cold = home.make(document)
        peaks.append(cold.run.peak_pss)
        yield from _cold_figures(length, home, cold)
        again = home.make(document)
        yield Figure(f"{length} s: the same command again", again.run.wall, AGAIN, "s", again.run.foreign)
        yield Figure(f"{length} s: tasks run by it", again.tasks_run, 0)
        scenes = sum(task["step"] == "Voice" for task in cold.answer["timeline"])
        if scenes >= MANY_SCENES and (most is None or scenes > most[0]):
            most = (scenes, home, document, cold)
    yield Figure("peak memory, longest against shortest", peaks[-1] / peaks[0] if len(peaks) > 1 else None, GROWTH, "x")
    if most is None:
        yield Figure(f"one changed sentence in {MANY_SCENES} scenes", None, CHANGED, "x cold")
    else:
        yield _changed_figure(*most)


def _cold_figures(length: str, home: Home, cold: Made) -> Iterator[Figure]:
    promises = moments(home.folder / "state", cold.answer["job"]["jobId"])
    yield Figure(f"{length} s: first progress on the screen", cold.run.first_line, FIRST_LINE, "s", cold.run.foreign)
    yield Figure(
        f"{length} s: wall against the video's length", cold.run.wall / cold.seconds, REAL_TIME, "x", cold.run.foreign
    )
    yield Figure(f"{length} s: peak memory", cold.run.peak_pss / 1e6, MEMORY, "MB")
    yield Figure(
        f"{length} s: ETA off by, from 25 % on", eta_error(promises), ETA, "of the time left", cold.run.foreign
    )
    yield Figure(f"{length} s: times the percent fell", 0 if never_falls(promises) else 1, 0)
    alone = encoding_alone(home, cold)
    bound, noise = (LONG if cold.seconds >= LONG_VIDEO else SHORT), max(cold.run.foreign, alone.noise)
    yield Figure(f"{length} s: wall against encoding alone", cold.run.wall / alone.wall, bound, "x", noise)
    yield Figure(f"{length} s: CPU against encoding alone", cold.run.cpu / alone.cpu, bound, "x")


def encoding_alone(home: Home, cold: Made) -> Reference:
    """What it costs to encode the frames of a video that was made, and nothing else."""
    _say(f"encoding the {cold.seconds:.0f} s alone")
    frames, rate = _frames(cold.video)
    alone = encode_alone(
        str(find_ffmpeg(home.environ.get("AURAD_TOOLS__FFMPEG", ""))),
        cold.video,
        frames=frames,
        fps=rate,
        arguments=profile_arguments(home.folder / "state"),
        folder=home.folder,
    )
    _say(f"  the job: wall {cold.run.wall:.1f} s, CPU {cold.run.cpu:.1f} s")
    _say(f"  encoding alone: wall {alone.wall:.1f} s, CPU {alone.cpu:.1f} s (decoding took {alone.decode_cpu:.1f} s)")
    return alone


def _frames(video: Path) -> tuple[int, float]:
    with av.open(str(video)) as file:
        stream = file.streams.video[0]
        return stream.frames, float(stream.average_rate or 0)


def _changed_figure(scenes: int, home: Home, document: Path, cold: Made) -> Figure:
    document.write_text(change_sentence(document.read_text()))
    _say(f"making {document.name} with one sentence changed")
    changed = home.make(document)
    _say(f"  {changed.tasks_run} of {len(changed.answer['timeline'])} tasks run")
    return Figure(
        f"one changed sentence in {scenes} scenes",
        changed.run.wall / cold.run.wall,
        CHANGED,
        "x cold",
        changed.run.foreign,
    )


def change_sentence(document: str) -> str:
    """The same document with one word more at the end of a sentence of its middle paragraph."""
    paragraphs = document.split("\n\n")
    order = sorted(range(len(paragraphs)), key=lambda index: abs(index - len(paragraphs) // 2))
    middle = next(index for index in order if re.match(r"[A-Z][^|`]*[a-z]\.(\s|$)", paragraphs[index]))
    paragraphs[middle] = re.sub(r"([a-z])\.(?=\s|$)", r"\1 today.", paragraphs[middle], count=1)
    return "\n\n".join(paragraphs)


def print_table(figures: Sequence[Figure]) -> None:
    """A line for each figure, with its bound and verdict."""
    width = max(len(figure.name) for figure in figures)
    for figure in figures:
        measured = "-" if figure.measured is None else f"{figure.measured:.{DIGITS}f}"
        sign = ">=" if figure.least else "<="
        print(f"{figure.name:<{width}}  {measured:>8}  {sign} {figure.bound:<7g} {figure.unit:<16} {figure.verdict}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
