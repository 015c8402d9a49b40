"""An FFmpeg that is missing, lacks a part, fails in every way it can, or does not end. Each costs a job, no more."""

from __future__ import annotations

import itertools

import pytest

from tests.endtoend.conftest import Lab

PROMPT = 60.0  # seconds in which a job with three hung encoders has to end on a busy machine
WHO = ("Herons", "Otters", "Glaciers", "Old windmills", "Rivers", "Bakers")
WHAT = (
    "move slowly at dawn.",
    "shape the whole valley.",
    "were counted for forty years.",
    "sound other in winter.",
)
sentences = (f"{who} {what}" for what, who in itertools.product(WHAT, WHO))


def sentence() -> str:
    """One that nothing was made of yet: neither said nor shown."""
    return next(sentences)


FAULTS = {
    "crash": ("E304-FFMPEG_RUNTIME", "malloc of size 31337 failed"),
    "hang": ("E307-FFMPEG_HUNG", "no progress for 1.2 s"),
    "chatter": ("E307-FFMPEG_HUNG", "no progress for 1.2 s at frame 1"),
    "nothing": ("E304-FFMPEG_RUNTIME", "it left no file"),
    "empty": ("E304-FFMPEG_RUNTIME", "Invalid data"),
    "audio": ("E304-FFMPEG_RUNTIME", "there is no video"),
    "short": ("E304-FFMPEG_RUNTIME", "frames instead of"),
    "full": ("E501-DISK", "No space left on device"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_encoder_is_named_and_leaves_nothing(lab: Lab, fault: str) -> None:
    code, told = FAULTS[fault]
    document = lab.house.document(sentence())
    lab.set_mode(fault)
    made = lab.house.make(document)
    made.failed(code, told)
    assert made.seconds < PROMPT
    lab.house.assert_quiet()
    lab.set_mode("real")
    again = lab.house.make(document).succeeded()  # a retry runs only what failed and what follows
    assert "segment s2" in again.ran
    assert not {"script", "voice s2", "visuals s2", "profile"} & again.ran


def test_a_missing_filter_is_named(lab: Lab) -> None:
    lab.set_mode("lacks libx264")
    lab.house.make(lab.house.document(sentence())).failed("E306-FFMPEG_LACKS", str(lab.mode.parent), "libx264")
    lab.set_mode("lacks ebur128")
    lab.house.make(lab.house.document(sentence())).failed("E306-FFMPEG_LACKS", str(lab.mode.parent), "ebur128")


def test_a_missing_ffmpeg_is_named(lab: Lab) -> None:
    program = lab.mode.with_name("ffmpeg")
    hidden = program.rename(program.with_name("hidden"))
    try:
        lab.house.make(lab.house.document(sentence())).failed("E305-FFMPEG_MISSING", str(program), "tools.ffmpeg")
    finally:
        hidden.rename(program)


def test_a_program_that_is_no_ffmpeg_is_named(lab: Lab) -> None:
    program = lab.mode.with_name("ffmpeg")
    hidden = program.rename(program.with_name("hidden"))
    try:
        program.write_text("#!/bin/sh\nexit 3\n")
        program.chmod(0o755)
        lab.house.make(lab.house.document(sentence())).failed("E305-FFMPEG_MISSING", str(program), "status 3")
    finally:
        hidden.replace(program)
