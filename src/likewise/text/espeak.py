"""A thin binding to espeak-ng, loaded at run time through ctypes.

espeak-ng is free software under the GPL. It is not part of Likewise: the library is found in the
package `espeakng-loader`, or where `LIKEWISE_ESPEAK_LIBRARY` points (and its data where
`LIKEWISE_ESPEAK_DATA` points), so it can be replaced by another build.

    espeak().phonemes("the boy rose", "gmw/en-US")      # ['ðə', 'bˈɔ͡ɪ', 'ɹˈo͡ʊz']
"""

import ctypes
import os
import re
import threading
from functools import cache
from pathlib import Path

from likewise.errors import MissingWeights, Unsupported

TIE = "\u0361"
"""Joins the parts of one phoneme in the answer: d͡ʒ, o͡ʊ."""

_RETRIEVAL = 2  # espeak_AUDIO_OUTPUT: no sound device is opened
_DONT_EXIT = 0x8000  # espeak_Initialize: report a missing data folder instead of ending the process
_UTF8 = 1
_IPA_WITH_TIE = 0x02 | 0x80 | (ord(TIE) << 8)
# "(en)" where the reader changes its language, and the hyphens that mark French liaisons.
_NOT_SOUNDS = re.compile(rf"\([a-z{TIE}-]+\)|-")
_LONGEST_DATA_PATH = 150  # espeak-ng keeps its data path in a buffer of 160 bytes


class Espeak:
    """One loaded library. The C code keeps global state, so calls are made one at a time."""

    def __init__(self, library: Path, data: Path | None) -> None:
        """Load and initialise.

        Raises:
            MissingWeights: The library or its data can't be loaded.
        """
        self._lock = threading.Lock()
        self._voice = ""
        folder = str(data).encode() if data else None
        if folder is not None and len(folder) > _LONGEST_DATA_PATH:
            raise MissingWeights(
                f"espeak-ng can't read its data from {data}: it accepts paths of at most "
                f"{_LONGEST_DATA_PATH} bytes. Install Likewise in a shorter path, or copy the "
                "folder and set LIKEWISE_ESPEAK_DATA to the copy."
            )
        try:
            self._c = ctypes.CDLL(str(library))
        except OSError as error:
            raise MissingWeights(
                f"espeak-ng can't be loaded from {library} ({error}). Install it again with "
                "pip install --force-reinstall espeakng-loader, or set LIKEWISE_ESPEAK_LIBRARY "
                "to another build."
            ) from error
        self._c.espeak_Initialize.argtypes = [
            ctypes.c_int,
            ctypes.c_int,
            ctypes.c_char_p,
            ctypes.c_int,
        ]
        self._c.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
        self._c.espeak_TextToPhonemes.argtypes = [
            ctypes.POINTER(ctypes.c_void_p),
            ctypes.c_int,
            ctypes.c_int,
        ]
        self._c.espeak_TextToPhonemes.restype = ctypes.c_char_p
        if self._c.espeak_Initialize(_RETRIEVAL, 0, folder, _DONT_EXIT) <= 0:
            raise MissingWeights(
                f"espeak-ng found no data in {data or 'its own folder'}. Set LIKEWISE_ESPEAK_DATA "
                "to a folder that holds phontab."
            )

    def phonemes(self, text: str, voice: str) -> list[str]:
        """What is said, word by word as espeak-ng groups them.

        Args:
            text: Words without punctuation.
            voice: Voice file, such as `gmw/en-US`.

        Returns:
            IPA with stress marks; parts of one phoneme joined by `TIE`. espeak-ng may join short
            words ("of the") or split one (numbers), so the list can differ in length from the text.

        Raises:
            Unsupported: The library has no such voice.
        """
        with self._lock:
            if voice != self._voice:
                if self._c.espeak_SetVoiceByName(voice.encode()) != 0:
                    raise Unsupported(f"This espeak-ng has no voice {voice!r}; use a full build.")
                self._voice = voice
            buffer = ctypes.create_string_buffer(text.encode("utf-8"))
            place = ctypes.c_void_p(ctypes.addressof(buffer))
            clauses = []
            while place.value:
                clause = self._c.espeak_TextToPhonemes(ctypes.byref(place), _UTF8, _IPA_WITH_TIE)
                clauses.append((clause or b"").decode("utf-8"))
        return _NOT_SOUNDS.sub("", " ".join(clauses)).split()


@cache
def espeak() -> Espeak:
    """The library of this process, loaded on first use.

    Raises:
        MissingWeights: Not installed, or not loadable.
    """
    own_library = os.environ.get("LIKEWISE_ESPEAK_LIBRARY")
    own_data = os.environ.get("LIKEWISE_ESPEAK_DATA")
    if own_library:
        return Espeak(Path(own_library), Path(own_data) if own_data else None)
    try:
        import espeakng_loader
    except ImportError as error:
        raise MissingWeights(
            "espeak-ng, which reads all languages but Japanese and Chinese, is not installed. "
            "Install it with: pip install espeakng-loader"
        ) from error
    return Espeak(
        Path(espeakng_loader.get_library_path()),
        Path(own_data or espeakng_loader.get_data_path()),
    )
