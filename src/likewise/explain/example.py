"""Examples that remind people of what was learned: a thumbnail, or two seconds of sound."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.values import Audio

_THUMBNAIL_SIDE = 160  # pixels
_FACE_SIDE = 256  # a face is measured again on its example
_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Example:
    """A small file.

    Attributes:
        data: Its bytes.
        media_type: `image/png` or `audio/flac`.
    """

    data: bytes
    media_type: str

    def picture(self) -> NDArray[np.uint8]:
        """Its picture, uint8 (H, W, 3), RGB; only of an `image/png`."""
        from PIL import Image

        return np.asarray(Image.open(io.BytesIO(self.data)).convert("RGB"))


def of_picture(picture: NDArray[np.uint8]) -> Example:
    """A thumbnail as PNG, longer side 160 pixels, from uint8 RGB (H, W, 3)."""
    return _thumbnail(picture, _THUMBNAIL_SIDE)


def of_face(cut: NDArray[np.uint8]) -> Example:
    """A cut-out face as PNG, longer side up to 256 pixels, from uint8 RGB (H, W, 3)."""
    return _thumbnail(cut, _FACE_SIDE)


def _thumbnail(picture: NDArray[np.uint8], side: int) -> Example:
    from PIL import Image

    image = Image.fromarray(picture)
    image.thumbnail((side, side))
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return Example(file.getvalue(), "image/png")


def of_sound(audio: Audio) -> Example:
    """The loudest two seconds as FLAC.

    Raises:
        BadInput: No sound at all.
    """
    import soundfile

    if not len(audio.samples):
        raise BadInput("An empty sound can't be an example.")
    length = min(len(audio.samples), round(_SECONDS * audio.sample_rate))
    energy = np.concatenate([[0.0], np.cumsum(np.square(audio.samples, dtype=np.float64))])
    start = int(np.argmax(energy[length:] - energy[:-length]))
    file = io.BytesIO()
    soundfile.write(
        file, audio.samples[start : start + length], audio.sample_rate, "PCM_16", format="FLAC"
    )
    return Example(file.getvalue(), "audio/flac")
