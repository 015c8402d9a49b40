"""The benchmark's own pieces: what it says of a process tree, of an ETA and of encoding must be true."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aurad.engine.tools import find_ffmpeg
from tests.bench import commits, events
from tests.bench.journal import Moment, eta_error, never_falls
from tests.bench.make import Figure, change_sentence

ROOT = Path(__file__).parents[2]
MEASURE = """
import dataclasses, json, sys
from tests.bench.tree import measure
print(json.dumps(dataclasses.asdict(measure([json.loads(sys.argv[1])], {}, awaited=b"ready"))))
"""
# Starts a process in a session of its own and ends; that one holds 60 MB and burns a quarter second of CPU.
DETACHED = """
import time
held = bytearray(60_000_000)
while time.process_time() < 0.25: pass
time.sleep(60)
"""
LEADER = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {DETACHED!r}], start_new_session=True)
print("warming up", file=sys.stderr)
print("ready", file=sys.stderr)
time.sleep(0.9)
"""


@pytest.mark.slow
def test_a_process_that_detached_is_counted_and_ended() -> None:
    command = json.dumps([sys.executable, "-c", LEADER])
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, command], cwd=ROOT, capture_output=True, check=True, text=True
    )
    run = json.loads(done.stdout)
    assert run["status"] == 0
    assert 0.9 < run["wall"] < 5
    assert run["cpu"] > 0.25
    assert run["peak_pss"] > 60_000_000
    assert run["first_line"] < run["wall"]
    assert run["stderr"] == "warming up\nready\n"


def test_eta_error_is_judged_against_the_time_left() -> None:
    promises = [Moment(0, 5, 500), Moment(10, 30, 60), Moment(50, 60, 50), Moment(98, 99, 9), Moment(100, 100, None)]
    assert eta_error(promises) == pytest.approx(1 / 3)
    assert eta_error(promises[-1:]) is None


@pytest.mark.parametrize(
    ("percents", "honest"), [((0, 5, 5, 100), True), ((0, 7, 6, 100), False), ((0, 100, 100), False), ((0, 9), False)]
)
def test_the_percent_is_judged(percents: tuple[float, ...], honest: bool) -> None:
    assert never_falls([Moment(n, percent, None) for n, percent in enumerate(percents)]) is honest


def test_one_sentence_is_changed_and_nothing_else() -> None:
    document = "# Title\n\nFirst one.\n\n- a point.\n\n- more.\n\nThird 1.5 one. Fourth one.\n\n| a | b |"
    assert change_sentence(document) == document.replace("Third 1.5 one.", "Third 1.5 one today.")


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [
        (Figure("a", 1.0, 1.0), "ok"),
        (Figure("a", 1.1, 1.0), "MISSED"),
        (Figure("a", 0.5, 1.0, noise=0.2), "ok (noise 20%)"),
        (Figure("a", None, 1.0), "not measured"),
    ],
)
def test_verdicts(figure: Figure, verdict: str) -> None:
    assert figure.verdict == verdict


def test_one_run_tells_every_figure_of_events(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def journal(folder: str) -> None:
        print("journal")

    for name, found in (("cost", 1.0), ("delays", (1.0, 2.0, 3.0)), ("memory", 4.0), ("fdatasync", 5.0)):
        monkeypatch.setattr(events, name, lambda *_, found=found: found)
    monkeypatch.setattr(commits, "main", journal)
    monkeypatch.setattr(sys, "argv", ["events"])
    events.main()
    told = [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert [line for line in told if line.startswith("CPU")] == [
        f"CPU, us an event and reader, {what}, N={n}"
        for what in ("in bursts of 32", "one at a time")
        for n in (1, 100, 1000)
    ]
    assert told[6:] == [
        "fdatasync", "journal", *(f"100 readers, {n} stalled, 50 events/s" for n in (0, 20)), "memory of one reader",
    ]  # fmt: skip


REFERENCE = """
import sys
from pathlib import Path
from tests.bench.reference import encode_alone
alone = encode_alone(sys.argv[1], Path(sys.argv[2]), frames=101, fps=25, folder=Path(sys.argv[2]).parent,
                     arguments=["-c:v", "libx264", "-preset", "medium", "-an"])
print(alone.cpu, alone.decode_cpu)
"""


@pytest.mark.slow
def test_encoding_alone_costs_more_than_decoding(tmp_path: Path) -> None:
    ffmpeg, video = str(find_ffmpeg("")), tmp_path / "video.mp4"
    source = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25", "-frames:v", "101", "-c:v", "libx264", "-g", "25"]
    subprocess.run([ffmpeg, "-loglevel", "error", *source, "-pix_fmt", "yuv420p", str(video)], check=True)
    done = subprocess.run(
        [sys.executable, "-c", REFERENCE, ffmpeg, str(video)], cwd=ROOT, capture_output=True, check=True, text=True
    )
    encode, decode = map(float, done.stdout.split())
    assert encode > decode > 0
    assert [path.name for path in tmp_path.iterdir()] == ["video.mp4"]
