"""eSpeak NG through ctypes: its voices, and text to samples with the time of every word.

Owns the library's one global state: open at most once at a time in a process, one call at a time.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# speak_lib.h
_SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT: calls back from inside espeak_Synth
_UTF8, _END_PAUSE = 0x1, 0x1000
_NO_EXIT = 0x8000  # espeak_Initialize: report a missing folder rather than end the process
_RATE, _WORD_GAP = 1, 7  # espeak_PARAMETER
_BY_CHARACTER = 1
_EVENT_END, _EVENT_WORD = 0, 1
_BUFFER_MS = 200
_MBROLA = b"mb/"  # voices that need another program


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    ]


class _Voice(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),  # (priority byte, text, NUL)..., NUL
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class EspeakVoice(NamedTuple):
    """A voice: how the library calls it, how people call it, and the languages it speaks, best first."""

    identifier: str
    name: str
    languages: tuple[str, ...]


class Heard(NamedTuple):
    """Where in the text (in characters from 0) a word begins that is heard from `sample` on."""

    position: int
    sample: int


class Utterance(NamedTuple):
    """16-bit samples and the words in the order they are heard."""

    pcm: NDArray[np.int16]
    words: tuple[Heard, ...]


class Library:
    """The loaded library."""

    def __init__(self, loaded: Any, data: str) -> None:
        self._lib = loaded
        self.rate = int(loaded.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, data.encode(), _NO_EXIT))
        if self.rate <= 0:
            raise OSError(f"eSpeak NG does not start with the data in {data}")
        self._pcm: list[NDArray[np.int16]] = []
        self._words: list[Heard] = []
        self._callback = _Callback(self._receive)  # kept: the library holds only its address
        loaded.espeak_SetSynthCallback(self._callback)

    def close(self) -> None:
        """Let go of the voice data."""
        self._lib.espeak_Terminate()

    def version(self) -> str:
        """The library's own version."""
        self._lib.espeak_Info.restype = ctypes.c_char_p
        return str(self._lib.espeak_Info(None), "ascii")

    def voices(self) -> list[EspeakVoice]:
        """Every voice that speaks by itself."""
        self._lib.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        listed = self._lib.espeak_ListVoices(None)
        found, i = [], 0
        while listed[i]:
            voice, i = listed[i].contents, i + 1
            if not voice.identifier.startswith(_MBROLA):
                languages = tuple(_languages(voice.languages))
                found.append(EspeakVoice(voice.identifier.decode(), voice.name.decode(), languages))
        return found

    def speak(self, text: str, voice: str, words_per_minute: int) -> Utterance:
        """Synthesise; blocks for about a hundredth of the sound's length."""
        if self._lib.espeak_SetVoiceByName(voice.encode()):
            raise OSError(f"eSpeak NG does not load the voice {voice}")
        self._lib.espeak_SetParameter(_RATE, words_per_minute, 0)
        self._lib.espeak_SetParameter(_WORD_GAP, 0, 0)
        self._pcm, self._words = [], []
        data = text.encode("utf-8", "replace") + b"\0"
        flags = _UTF8 | _END_PAUSE
        if self._lib.espeak_Synth(data, ctypes.c_size_t(len(data)), 0, _BY_CHARACTER, 0, flags, None, None):
            raise OSError("eSpeak NG does not speak the text")
        pcm = np.concatenate(self._pcm) if self._pcm else np.zeros(0, np.int16)
        return Utterance(pcm, tuple(self._words))

    def _receive(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._pcm.append(np.ctypeslib.as_array(samples, (count,)).copy())
        i = 0
        while events[i].type != _EVENT_END:
            if events[i].type == _EVENT_WORD:
                at = events[i].audio_ms * self.rate // 1000
                self._words.append(Heard(events[i].text_position - 1, at))
            i += 1
        return 0


def _languages(address: int) -> Iterator[str]:
    while ctypes.string_at(address, 1) != b"\0":
        name = ctypes.string_at(address + 1)
        yield name.decode()
        address += len(name) + 2


@contextmanager
def open_library() -> Iterator[Library]:
    """Load and start eSpeak NG; ImportError without the package, OSError if it does not start.

    Unloaded afterwards: its sound depends on what it said before (its noise goes on where it was, even
    after a terminate), and only a fresh library gives the same bytes for the same text. It takes 6 ms.
    """
    import _ctypes

    import espeakng_loader

    loaded = ctypes.CDLL(espeakng_loader.get_library_path())
    try:
        library = Library(loaded, espeakng_loader.get_data_path())
        try:
            yield library
        finally:
            library.close()
    finally:
        _ctypes.dlclose(loaded._handle)
