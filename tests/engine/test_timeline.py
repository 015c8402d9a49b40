"""Where everything lies in time: whole frames, nothing drifts, captions and chapters where the words are."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurad.engine import timeline
from aurad.engine.timeline import LEAD, PAUSE, SILENCE, Timed
from aurad.model.artifact import Artifact, Credit, Picture
from aurad.model.brief import Pacing
from aurad.model.narration import Narration, Word
from aurad.model.script import Scene, Script, Slide
from aurad.model.stage import Placed
from aurad.model.video import Canvas
from aurad.model.visual import Animation, Clip, Layer, Motion, Still, Visual

SAID = ("Use", "dash", "dash", "prune.")
FILE = Artifact(sha256="0" * 64, size_bytes=1, media_type="x")
RATE = 24_000
PACINGS: tuple[Pacing, ...] = ("relaxed", "conversational", "fast")


@st.composite
def narrations(draw: Any) -> Narration:
    """Words one after the other, with pauses; some sound after the last."""
    words, now = [], 0.0
    for n in range(draw(st.integers(1, 8))):
        start = now + draw(st.floats(0, 1.5))
        now = start + draw(st.floats(0.01, 1))
        words.append(Word(text=f"w{n}", start=start, end=now))
    samples = math.ceil(now * RATE) + draw(st.integers(0, RATE))
    return Narration(audio=FILE, sample_rate=RATE, samples=samples, words=tuple(words))


@st.composite
def videos(draw: Any) -> tuple[list[Timed], Pacing, int]:
    spoken = draw(st.lists(narrations(), min_size=1, max_size=6))
    scenes = [
        Scene(scene_id=f"s{n}", text=" ".join(w.text for w in one.words), chapter=draw(st.sampled_from(["", f"C{n}"])))
        for n, one in enumerate(spoken)
    ]
    pacing, fps = draw(st.sampled_from(PACINGS)), draw(st.sampled_from([10, 24, 25, 30, 60]))
    return timeline.lay_out(scenes, spoken, pacing, fps), pacing, fps


@given(videos())
def test_scenes_lie_end_to_end_on_whole_frames(video: tuple[list[Timed], Pacing, int]) -> None:
    timed, pacing, fps = video
    assert timed[0].start == 0
    assert all(one.start + one.frames == following.start for one, following in pairwise(timed))
    for one in timed:
        wanted = LEAD + one.narration.duration + PAUSE[pacing]
        ending = timeline.ENDING if one is timed[-1] else 0.0
        assert -1e-5 <= one.frames / fps - wanted - ending < 1 / fps + 1e-5


@given(videos(), st.sampled_from([44_100, 48_000]))
def test_sound_and_picture_never_drift(video: tuple[list[Timed], Pacing, int], rate: int) -> None:
    """Sound cut at the scenes' frames is as long as the video, to the sample, however many scenes there are."""
    timed, _, fps = video
    starts = [one.start * rate // fps for one in timed]
    ends = [*starts[1:], sum(one.frames for one in timed) * rate // fps]
    assert sum(end - start for start, end in zip(starts, ends, strict=True)) == ends[-1]
    sounds = [timeline.scene_sound(one, Visual(shots=(Still(image=FILE),)), fps) for one in timed]
    assert [sound.frames for sound in sounds] == [one.frames for one in timed]
    assert all(sound.sounds[0].start == LEAD for sound in sounds)


@given(videos())
def test_speech_covers_every_word_and_its_stretches_are_apart(video: tuple[list[Timed], Pacing, int]) -> None:
    timed, _, fps = video
    spans = timeline.speech(timed, fps)
    for before, after in pairwise(spans):
        assert after.start - before.end > SILENCE
    for one in timed:
        for word in one.narration.words:
            start, end = (at + one.start / fps + LEAD for at in (word.start, word.end))
            assert any(span.start <= start + 1e-9 and end <= span.end + 1e-9 for span in spans)


@given(videos())
def test_chapters_start_with_their_scenes_and_the_first_at_nought(video: tuple[list[Timed], Pacing, int]) -> None:
    timed, _, fps = video
    found = timeline.chapters(timed, fps)
    assert [chapter.title for chapter in found] == [one.scene.chapter for one in timed if one.scene.chapter]
    assert [chapter.start for chapter in found][:1] in ([], [0.0])
    starts = [one.start / fps for one in timed if one.scene.chapter]
    assert [chapter.start for chapter in found][1:] == starts[1:]


@given(videos(), st.sampled_from([Canvas(width=1920, height=1080), Canvas(width=1080, height=1920)]))
def test_captions_are_the_same_on_the_scenes_clock_and_the_videos(
    video: tuple[list[Timed], Pacing, int], shape: Canvas
) -> None:
    timed, pacing, fps = video
    canvas = msgspec.structs.replace(shape, fps=fps)
    whole = timeline.video_cues(timed, pacing, canvas)
    assert [w.text for cue in whole for w in cue.words] == [w.text for one in timed for w in one.narration.words]
    assert all(cue.start < cue.end for cue in whole)
    assert all(before.end <= after.start + 1e-6 for before, after in pairwise(whole))
    assert whole[-1].end <= sum(one.frames for one in timed) / fps + 1e-6
    first = timeline.scene_cues(timed[0].scene, timed[0].narration, pacing, canvas)
    assert whole[: len(first)] == first


def test_captions_show_words_as_they_are_written() -> None:
    words = tuple(Word(text=text, start=n / 2, end=n / 2 + 0.4) for n, text in enumerate(SAID))
    narration = Narration(audio=FILE, sample_rate=RATE, samples=2 * RATE, words=words)
    scene = Scene(text="Use dash dash prune.", written={"dash dash prune": "--prune"})
    (cue,) = timeline.scene_cues(scene, narration, "relaxed", Canvas(width=1920, height=1080))
    assert cue.lines == ("Use --prune.",)
    assert [round(word.end - LEAD, 3) for word in cue.words] == [0.4, 1.9]


@given(narrations(), st.integers(1, 60), st.integers(1, 400), st.data())
def test_every_mark_lies_inside_its_scene(narration: Narration, fps: int, frames: int, data: Any) -> None:
    at = st.integers(0, len(narration.words) - 1)
    layers = tuple(Layer(image=FILE, at=data.draw(st.none() | at)) for _ in range(3))
    visual = Visual(shots=(Animation(base=FILE, layers=layers), Still(image=FILE, at=data.draw(at))))
    placed = timeline.place(visual, narration, frames, fps)
    assert set(placed.marks) == {layer.at for layer in layers if layer.at is not None} | {visual.shots[1].at}
    assert all(0 <= placed.frame_of(mark) < frames for mark in placed.marks)
    assert placed.frame_of(None) == 0


def tail(*, fps: int = 30, frames: int = 90, mark: int = 30, **shot: Any) -> Placed:
    """What follows blends from a scene with one layer that comes in at `mark`."""
    layers = (Layer(image=FILE, at=7, delay=0.2, seconds=0.5), Layer(image=FILE))
    visual = Visual(shots=(Still(image=FILE), Animation(base=FILE, layers=layers, at=3, **shot)))
    return timeline.tail_of(Placed(shots=visual.shots, marks={3: 9, 7: mark}, frames=frames), fps)


def test_what_a_scene_blends_from_is_the_rest_of_a_shot_that_has_come_to_rest() -> None:
    """Other words, other times, another length: the same rest."""
    assert tail() == tail(mark=40) == tail(frames=200)
    assert tail().marks == {}
    (shot,) = tail().shots
    assert isinstance(shot, Animation)
    assert [(layer.at, layer.delay) for layer in shot.layers] == [(None, 0.0)] * 2
    assert tail().frames >= 0.5 * 30, "every layer has come in by then"
    still = Placed(shots=(Still(image=FILE, at=2),), marks={2: 5}, frames=50)
    assert timeline.tail_of(still, 30) == timeline.tail_of(msgspec.structs.replace(still, frames=70), 30)


def test_what_still_moves_is_blended_from_where_it_is() -> None:
    late, moving = tail(mark=80), tail(motion=Motion())
    assert (late.marks, late.frames) == ({3: 9, 7: 80}, 90)
    assert (moving.marks, moving.frames) == ({3: 9, 7: 30}, 90)
    layers = (Layer(image=FILE, delay=0.2, seconds=0.5),)  # comes in with its shot, which is late
    last = Placed(shots=(Animation(base=FILE, layers=layers, at=3),), marks={3: 80}, frames=90)
    assert timeline.tail_of(last, 30) == last
    clip = Placed(shots=(Clip(video=FILE, at=2),), marks={2: 5}, frames=50)
    assert timeline.tail_of(clip, 30) == clip


@given(st.integers(1, 10_000), st.sampled_from([1, 10, 30, 60]))
def test_a_transition_leaves_half_of_its_scene(frames: int, fps: int) -> None:
    length = timeline.transition_frames(Canvas(fps=fps), frames)
    assert 0 <= length <= frames / 2
    assert length / fps <= timeline.TRANSITION + 0.5 / fps


@given(st.lists(st.sampled_from(["", "", "s1", "s2", "s3", "intro"]), min_size=1, max_size=8))
def test_every_scene_gets_an_id_of_its_own_and_keeps_the_one_it_has(ids: list[str]) -> None:
    script = Script(title="t", scenes=tuple(Scene(scene_id=name, text="a") for name in ids))
    given_ids = [scene.scene_id for scene in timeline.with_ids(script).scenes]
    assert len(set(given_ids)) == len(ids)
    assert all(given_ids)
    for name in set(ids) - {""}:
        assert given_ids[ids.index(name)] == name


def test_what_no_stage_may_depend_on_is_left_out() -> None:
    scene = Scene(scene_id="s1", chapter="One", voice="anna", text="a")
    assert timeline.project(scene) == Scene(text="a")
    assert timeline.project_script(Script(title="t", scenes=(scene,))).scenes == (Scene(text="a"),)


@pytest.mark.parametrize(("audio", "gains"), [("mute", []), ("duck", [timeline.DUCKED]), ("keep", [0.0])])
def test_clips_bring_their_own_sound_along(audio: Any, gains: list[float]) -> None:
    words = (Word(text="a", start=0.0, end=0.5), Word(text="b", start=1.0, end=1.5))
    narration = Narration(audio=FILE, sample_rate=RATE, samples=2 * RATE, words=words)
    one = Timed(scene=Scene(text="a b"), narration=narration, start=0, frames=90)
    visual = Visual(shots=(Still(image=FILE), Clip(video=FILE, at=1, in_point=2.5, audio=audio)))
    clips = timeline.scene_sound(one, visual, 30).sounds[1:]
    assert [sound.gain for sound in clips] == gains
    assert [(sound.start, sound.in_point) for sound in clips] == [(1.4, 2.5)] * len(gains)


def test_everybody_is_credited_once_in_order() -> None:
    ann, bob, cid = (Credit(author=name) for name in ("ann", "bob", "cid"))
    slides = [Slide(picture=Picture(artifact=FILE, credit=credit)) for credit in (bob, None, ann)]
    script = Script(title="t", scenes=tuple(Scene(text="a", slide=slide) for slide in slides))
    visuals = [Visual(shots=(Still(image=FILE, credit=ann), Still(image=FILE, credit=cid)))]
    assert timeline.credits(script, visuals) == (bob, ann, cid)


def test_a_guess_is_near_what_people_speak() -> None:
    text = " ".join(["word"] * 160)
    assert timeline.guess_seconds(Scene(text=text), "conversational") == pytest.approx(60.9)
