"""Write a video as numbered PNG frames and `sound.wav`, for editors and for looking closely."""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FRAME_NAME = "frame_%05d.png"
SOUND_NAME = "sound.wav"


class Stills:
    """A folder that takes frames and sound."""

    def __init__(self, folder: Path, *, pattern: str, sample_rate: int | None) -> None:
        self._folder = folder
        self._pattern = pattern
        self._frames = 0
        self._bytes = 0
        self._rate = sample_rate or 0
        self._sound = (folder / SOUND_NAME).open("wb") if sample_rate else None
        if self._sound is not None:
            self._sound.write(self._header())

    def _header(self) -> bytes:
        """A WAV header of 16-bit mono; sizes are those written so far."""
        rate, size = self._rate, min(self._bytes, 0xFFFFFFFF - 36)
        form = struct.pack("<HHIIHH", 1, 1, rate, rate * 2, 2, 16)
        return struct.pack(
            "<4sI4s4sI16s4sI", b"RIFF", size + 36, b"WAVE", b"fmt ", 16, form, b"data", size
        )

    def write_frame(self, rgb: NDArray[np.uint8]) -> None:
        """Write the next numbered PNG."""
        from PIL import Image

        # Level 1: half the time of the default for a tenth more bytes.
        Image.fromarray(rgb).save(
            self._folder / (self._pattern % self._frames), format="PNG", compress_level=1
        )
        self._frames += 1

    def write_sound(self, samples: NDArray[np.float32], *, last: bool = False) -> None:
        """Append mono sound."""
        assert self._sound is not None
        data = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2").tobytes()
        self._bytes += len(data)
        self._sound.write(data)

    def finish(self) -> None:
        """Finish the sound file."""
        if self._sound is not None:
            self._sound.seek(0)
            self._sound.write(self._header())
            self._sound.close()

    def abandon(self) -> None:
        """Close the sound file as it is."""
        if self._sound is not None:
            self._sound.close()
