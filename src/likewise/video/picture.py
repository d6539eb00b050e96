"""Read any picture as upright sRGB, and say what was done to it.

    found = read_picture("mona_lisa.jpg", max_side=1024)
    found.picture.shape, found.notes

A camera turns its pictures by a flag, a printer's JPEG is CMYK, a cut-out has no background: a face
engine should meet none of that. Whatever changes the look is told in `notes`.
"""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.files import Draft, Source, kind_of, open_source, source_name

if TYPE_CHECKING:
    from PIL import Image

MIN_SIDE = 64
MAX_MEGAPIXELS = 64

# Formats of photographs and paintings; Pillow's others are icons, old games, and attack surface.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "TGA")

_ADVICE = {
    "an SVG drawing": "Export it as .png (for example 1024 pixels wide) and use that.",
    "a HEIC picture": "Export it as .jpg (on an iPhone: Settings, Camera, Formats, Most "
    "Compatible) and use that.",
    "a PDF document": "Save the page as .png and use that.",
    "an MP4 or M4A file": "Take one frame of it as .png and use that.",
}


@dataclass(frozen=True, slots=True, eq=False)
class ReadPicture:
    """A picture as it was read.

    Attributes:
        picture: uint8 (H, W, 3), sRGB, upright.
        notes: What was done that the user should know, such as scaling or a chosen frame.
    """

    picture: NDArray[np.uint8]
    notes: tuple[str, ...] = ()


def read_picture(
    source: Source, *, max_side: int | None = None, max_megapixels: float = MAX_MEGAPIXELS
) -> ReadPicture:
    """Read a picture.

    Args:
        source: A path, `-` for standard input, or an open binary file.
        max_side: Longest side of the result, pixels; a larger picture is scaled down.
        max_megapixels: Largest picture that is decoded.

    Raises:
        BadInput: Not a picture, damaged, smaller than 64 pixels, or beyond the limit.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    name = source_name(source)
    with open_source(source) as file:
        head = file.read(512)
        file.seek(0)
        try:
            # Pillow warns of sizes that are checked here, and of odd metadata.
            with (
                warnings.catch_warnings(action="ignore"),
                Image.open(file, formats=_FORMATS) as image,
            ):
                notes: list[str] = []
                _check_size(image, name, max_megapixels)
                if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
                    notes.append(f"{name} is animated; its first picture is used.")
                image.load()
                # Before turning: what follows works on a copy that has lost the profile.
                profile = image.info.get("icc_profile")
                upright = ImageOps.exif_transpose(image)
                pixels = _to_rgb(upright, profile, name, notes)
        except UnidentifiedImageError as error:
            raise _not_a_picture(head, name) from error
        except Image.DecompressionBombError as error:
            raise _too_large(name, "", max_megapixels) from error
        except _PILLOW_ERRORS as error:
            raise BadInput(
                f"{name} can't be read as a picture: the file is damaged or cut off ({error}). "
                "Fetch it again, or save it anew as .png."
            ) from error
    if max_side is not None and max(pixels.size) > max_side:
        before = f"{pixels.width}x{pixels.height}"
        pixels = ImageOps.contain(pixels, (max_side, max_side), Image.Resampling.LANCZOS)
        notes.append(f"{name} was scaled from {before} to {pixels.width}x{pixels.height}.")
    return ReadPicture(np.asarray(pixels, np.uint8).copy(), tuple(notes))


# What Pillow's decoders raise on damaged files, as found by mutating files (tests/video).
_PILLOW_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    TypeError,
    IndexError,
    KeyError,
    AttributeError,
    OverflowError,
    ZeroDivisionError,
    EOFError,
    MemoryError,
    RuntimeError,
    NotImplementedError,
)


def _not_a_picture(head: bytes, name: str) -> BadInput:
    kind = kind_of(head)
    if not kind or ("picture" in kind and kind not in _ADVICE):
        return BadInput(
            f"{name} is no picture that can be read, or it is damaged. Save it as .png or .jpg."
        )
    advice = _ADVICE.get(kind, "Choose a .png or .jpg picture.")
    return BadInput(f"{name} is {kind}, whatever its name says. {advice}")


def _check_size(image: "Image.Image", name: str, limit: float) -> None:
    width, height = image.size
    if min(width, height) < MIN_SIDE:
        raise BadInput(
            f"{name} is {width}x{height} pixels; a face needs at least {MIN_SIDE}x{MIN_SIDE}, "
            "better 512x512. Choose a larger picture."
        )
    if width * height > limit * 1_000_000:
        raise _too_large(name, f"{width}x{height} pixels, ", limit)


def _too_large(name: str, size: str, limit: float) -> BadInput:
    return BadInput(
        f"{name} is too large: {size}more than the limit of {limit:g} megapixels. Shrink "
        "it, for example to 2048 pixels: magick IN -resize 2048x2048 OUT.png"
    )


def _to_rgb(
    image: "Image.Image", profile: bytes | None, name: str, notes: list[str]
) -> "Image.Image":
    """Turn any mode into sRGB without transparency."""
    from PIL import Image

    if image.mode in {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}:
        image = _to_8_bit(image)
    if image.mode == "P" or "transparency" in image.info:
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode in {"LA", "PA", "La", "RGBa"}:
        image = image.convert("RGBA")
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colours = _to_srgb(image, profile)
    if alpha is None or alpha.getextrema() == (255, 255):
        return colours
    background = _background(np.asarray(colours), np.asarray(alpha))
    shown = "#" + "".join(f"{value:02x}" for value in background)
    notes.append(f"{name} is transparent in places; they are filled with {shown}.")
    return Image.composite(colours, Image.new("RGB", colours.size, background), alpha)


def _to_8_bit(image: "Image.Image") -> "Image.Image":
    """16-bit, 32-bit and float greys scaled to 8 bits (Pillow itself would clip them)."""
    from PIL import Image

    grey = np.asarray(image).astype(np.float64)
    if not np.isfinite(grey).all():
        raise ValueError("pixels that are no numbers")
    full = 255.0 if grey.max() <= 255 and image.mode != "I;16" else 65535.0
    if image.mode == "F" and grey.max() <= 1:
        full = 1.0
    full = max(full, float(grey.max()))
    return Image.fromarray(np.rint(np.clip(grey / full, 0, 1) * 255).astype(np.uint8))


def _to_srgb(image: "Image.Image", profile: bytes | None) -> "Image.Image":
    """RGB through the picture's colour profile, if it has one that fits."""
    from PIL import ImageCms

    if image.mode == "RGBA":
        image = image.convert("RGB")
    if profile and image.mode in {"RGB", "CMYK", "L"}:
        try:
            converted = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            # A broken or unfitting profile: viewers ignore it as well.
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB")


def _background(rgb: NDArray[Any], alpha: NDArray[Any]) -> tuple[int, int, int]:
    """A quiet grey that neither hides a dark outline nor a light one.

    The grey lies as far from the mean brightness of the picture's edge as a wall behind a sitter
    would: light behind dark pictures, dark behind light ones, never black or white.
    """
    weights = alpha.astype(np.float64)
    total = weights.sum()
    luma = rgb.astype(np.float64) @ (0.2126, 0.7152, 0.0722)
    mean = float((luma * weights).sum() / total) if total else 128.0
    grey = 200 if mean < 140 else 72
    return (grey, grey, grey)


def save_picture(picture: NDArray[np.uint8], path: Path | str) -> None:
    """Write an RGB picture as .png, .jpg or .webp.

    Args:
        picture: uint8 (H, W, 3).
        path: The suffix chooses the format.

    Raises:
        BadInput: Another suffix.
        OutputFailed: Folder missing or read-only, or the disk full.
    """
    from PIL import Image

    target = Path(path)
    formats = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
    if target.suffix.lower() not in formats:
        raise BadInput(f"Can't write {target}: pictures are written as {' '.join(formats)}")
    with Draft(target) as draft:
        Image.fromarray(picture).save(
            draft.path, format=formats[target.suffix.lower()], quality=95, subsampling=0
        )
