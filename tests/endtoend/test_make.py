"""`auractl make` as a person uses it: what it takes, what it gives, and how it ends."""

from __future__ import annotations

import io
import json
import os
import signal
import time
from itertools import pairwise

import av
import pytest
from PIL import Image

from tests.endtoend.house import CANCELLED, House, Made, contents, open_house, until

DELIVERABLES = [
    "captions.srt", "captions.vtt", "cover.jpg", "credits.txt", "manifest.json", "script.json", "video.mp4",
]  # fmt: skip
DURATION_SLACK = 0.2


@pytest.fixture(scope="module")
def good(house: House) -> Made:
    return house.make(house.document("Bees see colours.", "Flowers show them the way.", title="Bees")).succeeded()


def test_the_deliverables(good: Made) -> None:
    assert contents(good.folder) == ["doc", "doc.mp4"]
    assert contents(good.folder / "doc") == DELIVERABLES
    assert (good.folder / "doc/video.mp4").samefile(good.video)
    manifest = json.loads(good.path("manifest.json").read_text())
    assert {file["name"] for file in manifest["files"]} <= set(DELIVERABLES)
    with Image.open(good.path("cover.jpg")) as cover:
        assert (cover.format, cover.size) == ("JPEG", (426, 240))


def test_the_video(good: Made) -> None:
    output = good.document["job"]["output"]
    with av.open(str(good.video)) as container:
        video, audio, subtitle = (container.streams.get(**{kind: 0})[0] for kind in ("video", "audio", "subtitles"))
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (video.codec_context.width, video.codec_context.height) == (426, 240)
        assert (video.average_rate, audio.codec_context.name, audio.sample_rate) == (10, "aac", 48_000)
        assert subtitle.codec_context.name == "mov_text"
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == ["Bees", "Part 1", "Part 2"]
        assert container.duration is not None
        seconds = container.duration / 1_000_000
        frames = sum(1 for _ in container.decode(video))
    assert frames == video.frames == round(output["durationSeconds"] * 10)
    assert abs(seconds - output["durationSeconds"]) < DURATION_SLACK


def test_the_captions(good: Made) -> None:
    spans = [cue_span(line) for line in good.path("captions.vtt").read_text().splitlines() if "-->" in line]
    assert spans
    assert all(start < end for start, end in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    assert spans[-1][1] <= good.document["job"]["output"]["durationSeconds"]
    words = " ".join(line for line in good.path("captions.vtt").read_text().splitlines() if "-->" not in line)
    assert "Bees see colours." in words


def cue_span(line: str) -> tuple[float, float]:
    return tuple(clock(part) for part in line.split()[:3:2])  # type: ignore[return-value]


def clock(text: str) -> float:
    seconds = 0.0
    for part in text.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def test_standard_input(house: House) -> None:
    made = house.make("-", "--until", "Script", stdin=b"# Wind\n\nThe wind blows over the hill.\n").succeeded()
    assert "over the hill" in made.path("script.json").read_text()
    house.make("-", stdin=b"").failed("E101-BRIEF", "standard input")


def test_pictures_of_the_document_are_shown(house: House) -> None:
    path = house.file("# Bee\n\nThis is a bee.\n\n![A bee](pictures/bee.png)\n\nIt sits still.\n")
    (path.parent / "pictures").mkdir()
    data = io.BytesIO()
    Image.new("RGB", (320, 200), (250, 40, 200)).save(data, "PNG")
    (path.parent / "pictures" / "bee.png").write_bytes(data.getvalue())
    made = house.make(path).succeeded()
    with av.open(str(made.video)) as container:
        shown = [frame.to_ndarray(format="rgb24")[80:200, 60:360] for frame in container.decode(video=0)]
    pink = [float(((f[..., 0] > 200) & (f[..., 1] < 90) & (f[..., 2] > 150)).mean()) for f in shown]
    assert max(pink) > 0.1


def test_a_missing_picture_is_a_warning(house: House) -> None:
    path = house.file("# Bee\n\nThis is a bee.\n\n![A bee](nowhere.png)\n")
    made = house.call("make", path, "--until", "Script", "-o", house.new_folder()).succeeded()
    assert "nowhere.png" in made.err


def test_the_trace_is_chromes(house: House) -> None:
    target = house.new_folder() / "trace.json"
    house.make(house.document("Snow is white."), "--trace", target).succeeded()
    events = json.loads(target.read_text())
    assert {event["ph"] for event in events} == {"M", "X"}
    tasks = [event for event in events if event["ph"] == "X"]
    assert {"script", "voice s2", "segment s2", "join"} <= {event["name"] for event in tasks}
    assert all(event["ts"] >= 0 and event["dur"] > 0 and {"pid", "tid", "name"} <= event.keys() for event in tasks)


def test_scenes_flow(house: House) -> None:
    """The first segment is being encoded before the last scene is spoken or drawn."""
    made = house.make(house.document(*(f"The flower number {n} has a colour of its own." for n in range(12))))
    tasks = {task["name"]: task for task in made.succeeded().timeline}
    last = max(task["end"] for name, task in tasks.items() if name.startswith(("voice", "visuals")))
    assert tasks["segment s1"]["start"] < last


@pytest.mark.parametrize("after", [0.0, 0.4, 1.5, 4.0])
def test_an_interrupt_leaves_nothing(house: House, after: float) -> None:
    folder = house.new_folder()
    enough = range(8 + round(after * 25))  # sentences that are not done by then, however fast the machine is
    path = house.document(*(f"After {after} seconds number {n} is over, and that is soon." for n in enough))
    with house.started("make", path, "-o", folder) as process:
        assert process.stderr is not None
        os.read(process.stderr.fileno(), 1)  # its first word: from here on it knows what Ctrl-C means
        time.sleep(after)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        process.communicate(timeout=30)
        seconds = time.monotonic() - began
    assert process.returncode == CANCELLED
    assert seconds < 2
    assert contents(folder) == []
    house.assert_quiet()
    jobs = json.loads(house.call("ls", "-a", "--json").out)
    assert jobs[0]["status"] == "Cancelled"


def test_several_at_once_share_one_daemon_that_leaves_when_idle() -> None:
    with open_house(AURAD_PRIVATE__IDLE_SECONDS="1") as house:
        path = house.document("Frost is thin ice.")
        makes = [house.started("make", path, "-q", "--until", "Script", "-o", house.new_folder()) for _ in range(4)]
        processes = [make.__enter__() for make in makes]
        daemons = set()
        while any(process.poll() is None for process in processes):
            daemons.add(house.daemon)
            time.sleep(0.02)
        errors = [process.communicate()[1] for process in processes]
        assert [process.returncode for process in processes] == [0] * 4, errors
        assert len(daemons - {None}) == 1
        until(lambda: not house.processes(), lambda: str(house.processes()), seconds=15)
        assert not (house.folder / "run" / "aurad.sock").exists()


def test_a_killed_daemon_leaves_no_worker_and_the_next_make_goes_on(house: House) -> None:
    path, folder = house.document(*(f"The wave number {n} rolls to the beach." for n in range(4))), house.new_folder()
    with house.started("make", path, "-o", folder) as process:
        assert process.stderr is not None
        until(lambda: bool(house.half_made()), lambda: "nothing runs", 30)
        daemon = house.daemon
        assert daemon
        os.kill(daemon, signal.SIGKILL)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 4
    assert b"E504-NO_DAEMON" in err
    assert b"remedy" in err
    until(lambda: not house.processes(), lambda: str(house.processes()))
    assert contents(folder) == []
    house.make(path).succeeded()
    house.assert_quiet()
