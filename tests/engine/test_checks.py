"""What a stage's answer must be beyond its type; every fault is named."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aurad.engine.checks import SCENES, check_files, check_output
from aurad.engine.task import Task
from aurad.model.artifact import Artifact
from aurad.model.brief import Brief
from aurad.model.errors import AuradError
from aurad.model.narration import Narration, Word
from aurad.model.script import Item, Scene, Script, Slide
from aurad.model.stage import FinishRequest, Placed, ScriptRequest, SegmentRequest, VisualRequest, VoiceRequest
from aurad.model.value import Value
from aurad.model.video import Canvas, Deliverable, Deliverables, Profile, Segment
from aurad.model.visual import Animation, Layer, Still, TextBox, Visual

FILE = Artifact(sha256="0" * 64, size_bytes=1, media_type="x")
OTHER = Artifact(sha256="1" * 64, size_bytes=1, media_type="x")
STILL = Still(image=FILE)
CANVAS = Canvas()
PLACED = Placed(shots=(STILL,), marks={}, frames=30)


def words(*times: tuple[float, float], texts: str = "Hello small world") -> tuple[Word, ...]:
    return tuple(Word(text=t, start=a, end=b) for t, (a, b) in zip(texts.split(), times, strict=True))


def voice(spoken: tuple[Word, ...], samples: int = 300) -> Narration:
    return Narration(audio=FILE, sample_rate=100, samples=samples, words=spoken)


GOOD = words((0, 1), (1, 2), (2, 3))
SCENE = Scene(text="Hello small world")
REQUESTS: dict[str, Value] = {
    "write": ScriptRequest(brief=Brief(topic="bees"), seed=1),
    "speak": VoiceRequest(text="Hello small world", language="en"),
    "draw": VisualRequest(scene=SCENE, language="en", canvas=CANVAS, theme=""),
    "render_scene": SegmentRequest(
        placed=PLACED, canvas=CANVAS, profile=Profile(encoder="x", name="x", arguments=())
    ),
    "finish": FinishRequest(title="t", language="en", duration=1, canvas=CANVAS),
}  # fmt: skip
ANSWERS: dict[str, Value] = {
    "write": Script(title="t", scenes=(SCENE,)),
    "speak": voice(GOOD),
    "draw": Visual(shots=(STILL, Still(image=FILE, at=2))),
    "render_scene": Segment(video=FILE, frames=30),
    "finish": Deliverables(files=(Deliverable(name="a", artifact=FILE), Deliverable(name="b", artifact=FILE))),
}


def task(method: str) -> Task:
    return Task(
        plugin="p", stage="toy", method=method, request=REQUESTS[method], fingerprint="", step="Script", name="n"
    )


def check(method: str, answer: Any) -> Any:
    return check_output(task(method), msgspec.to_builtins(answer, str_keys=True))


@pytest.mark.parametrize("method", REQUESTS)
def test_a_good_answer_comes_back_typed(method: str) -> None:
    assert check(method, ANSWERS[method]) == ANSWERS[method]


def slide(at: int) -> Slide:
    return Slide(kind="bullets", items=(Item(text="x", at=at),))


@pytest.mark.parametrize(
    ("method", "answer", "says"),
    [
        ("write", {"scenes": []}, "title"),
        ("write", Script(title="t"), "without scenes"),
        ("write", Script(title="t", scenes=(SCENE,) * (SCENES + 1)), str(SCENES)),
        ("write", Script(title="t", scenes=(SCENE, Scene(text=" \n"))), "nothing is said in scene 2"),
        ("write", Script(title="t", scenes=(Scene(text="a b", slide=slide(2)),)), "an item of scene 1"),
        ("speak", voice(GOOD[:2]), "2 words instead of the 3"),
        ("speak", voice(words((0, 1), (1, 2), (2, 3), texts="Hello big world")), "3 words instead of"),
        ("speak", voice(words((0, 1), (2, 3), (1, 2))), "do not rise"),
        ("speak", voice(words((0, 1), (1, 0.5), (2, 3))), "do not rise"),
        ("speak", voice(GOOD, samples=0), "no sound"),
        ("speak", voice(words((0, 1), (1, 2), (3.5, 4))), "starts after 3.00 s"),
        ("draw", {"shots": []}, "length"),
        ("draw", Visual(shots=(Still(image=FILE, at=3),)), "at word 3 of 3"),
        ("draw", Visual(shots=(Animation(base=FILE, layers=(Layer(image=FILE, at=7),)),)), "at word 7 of 3"),
        ("draw", Visual(shots=(Still(image=FILE, at=2), Still(image=FILE, at=1))), "not in order"),
        ("render_scene", Segment(video=FILE, frames=29), "29 frames instead of 30"),
        ("finish", Deliverables(files=(Deliverable(name="a", artifact=FILE),) * 2), "two deliverables of one name"),
        ("finish", None, "object"),
    ],
)
def test_a_bad_answer_is_named(method: str, answer: Any, says: str) -> None:
    with pytest.raises(AuradError, match=says) as caught:
        check(method, answer)
    assert caught.value.code == "E308-RESULT"
    assert "toy" in caught.value.detail
    assert method in caught.value.detail


def test_every_file_was_handed_over_or_came_with_the_request() -> None:
    check_files(task("render_scene"), Segment(video=FILE, frames=30), set())
    check_files(task("render_scene"), Segment(video=OTHER, frames=30), {OTHER.sha256})
    with pytest.raises(AuradError, match="111111111111 was not handed over") as caught:
        check_files(task("render_scene"), Segment(video=OTHER, frames=30), {FILE.sha256})
    assert caught.value.code == "E308-RESULT"


@pytest.mark.parametrize(
    ("box", "inside"),
    [
        ((0, 0, 1920, 1080), True),
        ((-0.9, 0, 100, 100), True),
        ((-2, 0, 100, 100), False),
        ((0, -2, 100, 100), False),
        ((1900, 0, 22, 10), False),
        ((0, 1000, 10, 82), False),
    ],
)
def test_every_text_lies_inside_its_frame(box: tuple[float, ...], inside: bool) -> None:
    text = TextBox(text="A heading", **dict(zip(("x", "y", "width", "height"), box, strict=True)))
    answer = msgspec.to_builtins(Visual(shots=(STILL,), texts=(text,)))
    if inside:
        assert check_output(task("draw"), answer).texts == (text,)
    else:
        with pytest.raises(AuradError, match="the text 'A heading' does not lie inside its frame"):
            check_output(task("draw"), answer)


def test_texts_stay_clear_of_burned_in_captions() -> None:
    burned = msgspec.structs.replace(REQUESTS["draw"], safe_bottom=0.2)
    asked = msgspec.structs.replace(task("draw"), request=burned)
    for bottom, fine in ((864, True), (866, False)):
        text = TextBox(text="low", x=0, y=bottom - 10, width=10, height=10)
        answer = msgspec.to_builtins(Visual(shots=(STILL,), texts=(text,)))
        if fine:
            check_output(asked, answer)
        else:
            with pytest.raises(AuradError, match="'low' does not lie inside"):
                check_output(asked, answer)
