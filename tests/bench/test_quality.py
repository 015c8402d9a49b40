"""The quality benchmark's own judges: what they call good must be good, and what is bad must be seen."""

from __future__ import annotations

import importlib.util

import cv2
import numpy as np
import pytest

from tests.quality.generate import document
from tests.quality.heard import errors, normaliser
from tests.quality.makes import Shown, broken_rules, read_srt
from tests.quality.motion import LAYER_DEGREE, WINDOW_DEGREE, _entered, jitter
from tests.quality.narrations import RATE, resampled
from tests.quality.words import Start, align, lead, onsets, truth

installed = pytest.mark.skipif(
    importlib.util.find_spec("pocketsphinx") is None or importlib.util.find_spec("whisper_normalizer") is None,
    reason="the extra `quality` is not installed",
)


def tone(seconds: float, level: float = 0.3) -> np.ndarray:
    return level * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)


# ---------------------------------------------------------------- words


def test_onsets_are_found_after_silence_only() -> None:
    sound = np.concatenate([tone(0.3), tone(0.06, 0.0), tone(0.3), tone(0.4, 1e-4), tone(0.3)])
    assert onsets(sound) == pytest.approx([0.0, 1.06], abs=0.006)


def test_the_lead_of_the_aligner_is_taken_off_where_the_waveform_says_nothing() -> None:
    starts = [Start("a", 0.1, 0.08, 0.1), Start("b", 0.5, 0.49, 0.52), Start("c", 0.9, 0.85, 0.86), Start("d", 2, 1.9)]
    assert lead(starts) == pytest.approx(0.02)
    assert truth(starts[3], 0.02) == pytest.approx(1.92)
    assert truth(starts[0], 0.02) == 0.1


@installed
def test_noise_is_no_speech() -> None:
    assert align(np.random.default_rng(1).normal(0, 0.01, RATE // 8), ["HH AH L OW"] * 9) == []


def test_a_lower_rate_keeps_what_is_heard() -> None:
    fast = np.sin(2 * np.pi * 1000 * np.arange(24_000) / 24_000)
    slow = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
    assert np.abs(resampled(fast, 24_000, 16_000) - slow).max() < 1e-6


# ---------------------------------------------------------------- what is heard


@pytest.mark.parametrize(
    ("said", "heard", "wrong"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "a c", 1),
        ("a b c", "a x y c", 2),
        ("the honey bee", "the honeybee", 0),
        ("the honeybee", "the honey bee", 0),
        ("", "a b", 2),
    ],
)
def test_errors_are_counted(said: str, heard: str, wrong: int) -> None:
    assert errors(said.split(), heard.split()) == wrong


@installed
def test_numbers_and_units_are_compared_as_they_are_said() -> None:
    spelled = normaliser()
    pairs = (("It rises 16 m (53 ft).", "it rises sixteen meters, fifty three ft"), ("$5.8M", "5.8 million dollars"))
    assert all(spelled(written) == spelled(said) for written, said in pairs)
    assert spelled("It rises 16 m") != spelled("it rises sixty meters")


# ---------------------------------------------------------------- motion


def test_steps_of_whole_pixels_are_jitter_and_an_eased_way_is_none() -> None:
    time = np.linspace(0, 1, 120)[:, None]
    way = 40 * (0.35 * time + 0.65 * time * time * (3 - 2 * time))
    assert jitter(way, WINDOW_DEGREE) < 0.01
    assert jitter(np.rint(way), WINDOW_DEGREE) > 0.2


@pytest.mark.parametrize(("rounded", "least", "most"), [(False, 0.0, 0.02), (True, 0.1, 1.0)])
def test_a_layer_is_followed_as_it_fades_in(rounded: bool, least: float, most: float) -> None:
    ink = cv2.GaussianBlur(np.random.default_rng(2).normal(0, 200, (60, 80)).astype(np.float32), (0, 0), 2)
    ink[:20], ink[-20:] = 0, 0
    frames = []
    for part in np.minimum(np.linspace(0, 1.2, 19), 1):
        eased = 1 - (1 - part) ** 3
        down = 12 * (1 - eased)
        shift = np.array([[1, 0, 0], [0, 1, round(down) if rounded else down]], np.float32)
        frames.append(np.float32(eased) * cv2.warpAffine(ink, shift, (80, 60)))
    assert least <= jitter(_entered(frames), LAYER_DEGREE) <= most


# ---------------------------------------------------------------- captions


@pytest.mark.parametrize(
    ("cues", "broken"),
    [
        ([(0, 2, "Bees see more"), (2, 4, "than we do.")], []),
        ([(0, 2, "Bees see more"), (1.9, 4, "than we do.")], ["overlap"]),
        ([(0, 0.9, "Bees see more"), (2, 4, "than we do.")], ["under 1 s"]),
        ([(0, 1, "Bees see morethanwe"), (2, 4, "do."), (4, 6, "")], []),
        ([(0, 1, "Bees see more than we do.")], ["a second"]),
        ([(0, 4, "Bees\nsee\nmore"), (5, 6, "than we do.")], ["two lines"]),
        ([(0, 4, "Bees see")], ["not their script"]),
        ([(0, 4, "Bees see more than we do." + "x" * 30)], ["over 42 columns", "not their script"]),
    ],
)
def test_each_rule_of_captions_is_judged(cues: list[tuple[float, float, str]], broken: list[str]) -> None:
    shown = [Shown(start, end, tuple(text.split("\n"))) for start, end, text in cues]
    found = list(broken_rules(shown, "Bees see more than we do."))
    assert len(found) == len(broken)
    assert all(part in rule for part, (rule, _) in zip(broken, found, strict=True))


def test_captions_are_read_back() -> None:
    (cue,) = read_srt("1\n00:01:02,500 --> 01:00:00,001\nOne <\u2060i>\ntwo\n\n")
    assert cue == Shown(62.5, 3600.001, ("One <i>", "two"))


# ---------------------------------------------------------------- documents


def test_a_seed_is_a_document_and_many_hold_every_kind_of_part() -> None:
    assert document(3) == document(3) != document(4)
    text = "\n".join(document(seed) for seed in range(30))
    for mark in ("\n- ", "\n2. ", "| --- |", "\n> ", "\n```\n", "https://", "e.g.", " °C", "{\\an8}", "שלום", "%", "`"):
        assert mark in text, mark
    assert max(len(sentence.split()) for sentence in text.split(". ")) > 90
