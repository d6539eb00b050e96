"""Pictures as people have them: turned, transparent, printed, animated, broken."""

import io
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from likewise.errors import BadInput, OutputFailed
from likewise.video.picture import read_picture, save_picture


def corners(width: int = 120, height: int = 80) -> np.ndarray:
    """Red, green, blue and white quarters, so that any turn shows."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2] = (200, 30, 30)
    picture[: height // 2, width // 2 :] = (30, 180, 30)
    picture[height // 2 :, : width // 2] = (30, 30, 200)
    picture[height // 2 :, width // 2 :] = (230, 230, 230)
    return picture


def difference(found: np.ndarray, wanted: np.ndarray) -> float:
    assert found.shape == wanted.shape
    return float(np.abs(found.astype(int) - wanted).mean())


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff", ".webp", ".ppm", ".tga", ".jp2"])
def test_exact_formats(tmp_path: Path, suffix: str) -> None:
    options = {"lossless": True} if suffix == ".webp" else {}
    Image.fromarray(corners()).save(tmp_path / f"a{suffix}", **options)
    found = read_picture(tmp_path / f"a{suffix}")
    assert np.array_equal(found.picture, corners())
    assert found.notes == ()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied(tmp_path: Path, orientation: int) -> None:
    # How the upright picture lies in the file for each value (EXIF 2.3, tag 0x0112).
    undo = {
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.transpose(1, 0, 2),
        6: lambda p: np.rot90(p, 1),
        7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
        8: lambda p: np.rot90(p, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(undo[orientation](corners()))
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_picture(tmp_path / "a.png").picture, corners())


@pytest.mark.parametrize(("ink", "wall"), [((20, 20, 20), 200), ((240, 240, 240), 72)])
def test_transparency_gets_a_background_that_contrasts(
    tmp_path: Path, ink: tuple[int, int, int], wall: int
) -> None:
    picture = np.zeros((100, 100, 4), np.uint8)
    picture[20:80, 20:80] = (*ink, 255)
    Image.fromarray(picture).save(tmp_path / "a.png")
    found = read_picture(tmp_path / "a.png")
    assert found.picture[50, 50].tolist() == list(ink)
    assert found.picture[5, 5].tolist() == [wall] * 3
    assert "transparent" in found.notes[0]


def test_half_transparency_is_mixed(tmp_path: Path) -> None:
    picture = np.full((80, 80, 4), (0, 0, 0, 255), np.uint8)
    picture[40:, :, 3] = 128
    Image.fromarray(picture).save(tmp_path / "a.png")
    found = read_picture(tmp_path / "a.png").picture
    assert found[0, 0, 0] == 0
    assert found[79, 0, 0] == pytest.approx(200 * 127 / 255, abs=2)


def test_an_opaque_alpha_channel_is_no_note(tmp_path: Path) -> None:
    Image.fromarray(corners()).convert("RGBA").save(tmp_path / "a.png")
    found = read_picture(tmp_path / "a.png")
    assert np.array_equal(found.picture, corners())
    assert found.notes == ()


def test_a_transparent_palette(tmp_path: Path) -> None:
    image = Image.fromarray(corners()).quantize(8)
    image.save(tmp_path / "a.png", transparency=image.getpixel((0, 0)))
    found = read_picture(tmp_path / "a.png")
    assert found.picture[0, 0].tolist() in ([200] * 3, [72] * 3)
    assert difference(found.picture[41:], corners()[41:]) < 3


@pytest.mark.parametrize("mode", ["P", "L", "1", "LA"])
def test_few_colours(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(corners())
    stored = image.quantize(8) if mode == "P" else image.convert(mode)
    stored.save(tmp_path / "a.png")
    wanted = np.asarray(stored.convert("RGB"))
    assert difference(read_picture(tmp_path / "a.png").picture, wanted) < 1


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 65_535, 256).astype(np.uint16), (80, 1))
    Image.fromarray(ramp).save(tmp_path / "a.png")
    found = read_picture(tmp_path / "a.png").picture
    assert np.abs(found[0, :, 0].astype(int) - np.arange(256)).max() <= 1
    assert np.array_equal(found[..., 0], found[..., 2])


def test_sixteen_bit_colours(tmp_path: Path) -> None:
    import cv2

    cv2.imwrite(str(tmp_path / "a.png"), corners()[..., ::-1].astype(np.uint16) * 257)
    assert difference(read_picture(tmp_path / "a.png").picture, corners()) <= 1


@pytest.mark.parametrize("marker", [True, False])
def test_cmyk_jpeg_is_no_negative(marker: bool) -> None:
    # Programs store CMYK inverted, as Adobe began it; some forget the marker that says so, and
    # viewers show both kinds alike.
    data = io.BytesIO()
    Image.fromarray(corners()).convert("CMYK").save(data, "JPEG", quality=95)
    raw = data.getvalue()
    start = raw.index(b"Adobe") - 4
    if not marker:
        raw = raw[:start] + raw[start + 2 + int.from_bytes(raw[start + 2 : start + 4], "big") :]
    assert difference(read_picture(io.BytesIO(raw)).picture, corners()) < 8


def test_a_colour_profile_is_converted(tmp_path: Path) -> None:
    # A grey profile of gamma 1.0: half the light is 188 in sRGB, not 128.
    image = Image.fromarray(np.full((80, 80, 3), 128, np.uint8))
    linear = linear_rgb_profile()
    image.save(tmp_path / "a.png", icc_profile=linear)
    assert read_picture(tmp_path / "a.png").picture[40, 40].tolist() == pytest.approx(
        [188] * 3, abs=2
    )
    image.save(tmp_path / "b.png", icc_profile=ImageCms.ImageCmsProfile(srgb()).tobytes())
    assert read_picture(tmp_path / "b.png").picture[40, 40].tolist() == [128] * 3


def srgb() -> ImageCms.core.CmsProfile:
    return ImageCms.createProfile("sRGB")


def linear_rgb_profile() -> bytes:
    """The sRGB profile with straight tone curves (ICC.1:2010, 10.5 curveType, count 0)."""
    data = bytearray(ImageCms.ImageCmsProfile(srgb()).tobytes())
    count = int.from_bytes(data[128:132], "big")
    for entry in range(count):
        place = 132 + 12 * entry
        if data[place : place + 4] in (b"rTRC", b"gTRC", b"bTRC"):
            offset = int.from_bytes(data[place + 4 : place + 8], "big")
            data[offset : offset + 12] = b"curv" + bytes(8)
            data[place + 8 : place + 12] = (12).to_bytes(4, "big")
    return bytes(data)


def test_a_broken_profile_is_ignored(tmp_path: Path) -> None:
    Image.fromarray(corners()).save(tmp_path / "a.png", icc_profile=b"no profile at all")
    assert np.array_equal(read_picture(tmp_path / "a.png").picture, corners())


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_an_animation_gives_its_first_picture(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    first, second = Image.fromarray(corners()), Image.new("RGB", (120, 80), (9, 9, 9))
    options = {"lossless": True} if suffix == ".webp" else {}
    first.save(path, save_all=True, append_images=[second], duration=100, **options)
    found = read_picture(path)
    assert difference(found.picture, corners()) < 4
    assert "animated" in found.notes[0]


def test_large_pictures_are_scaled_and_told(tmp_path: Path) -> None:
    Image.fromarray(corners(600, 400)).save(tmp_path / "a.png")
    found = read_picture(tmp_path / "a.png", max_side=150)
    assert found.picture.shape == (100, 150, 3)
    assert "600x400 to 150x100" in found.notes[0]
    assert difference(found.picture[:48, :72], corners(150, 100)[:48, :72]) < 1
    assert read_picture(tmp_path / "a.png", max_side=600).notes == ()


def test_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(corners()).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert np.array_equal(read_picture("-").picture, corners())
    assert np.array_equal(read_picture(io.BytesIO(data)).picture, corners())
    assert np.array_equal(read_picture(str(tmp_path / "a.png")).picture, corners())


def png_of_size(width: int, height: int) -> bytes:
    """A PNG header that announces a size, and nothing behind it: a decompression bomb's start."""
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(99)))


def chunk(name: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")


def bad_picture(kind: str) -> bytes:
    good = io.BytesIO()
    Image.fromarray(corners()).save(good, "PNG")
    tiny = io.BytesIO()
    Image.new("RGB", (63, 200)).save(tiny, "PNG")
    return {
        "text": b"This is a letter, not a picture.\n" * 10,
        "empty": b"",
        "cut off": good.getvalue()[: len(good.getvalue()) // 2],
        "tiny": tiny.getvalue(),
        "huge": png_of_size(10_000, 8_000),
        "gigantic": png_of_size(100_000, 100_000),
        "SVG": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"></svg>',
        "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100),
        "PDF": b"%PDF-1.7\n" + bytes(100),
        "video": b"\0\0\0\x18ftypisom\0\0\0\0isomavc1" + bytes(100),
        "noise": bytes(range(1, 256)) * 4,
    }[kind]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("text", "is a text file, whatever its name says"),
        ("empty", "is empty"),
        ("cut off", "damaged or cut off"),
        ("tiny", "63x200 pixels; a face needs at least 64x64"),
        ("huge", "too large: 10000x8000 pixels, .*64 megapixels. Shrink"),
        ("gigantic", "too large.*64 megapixels. Shrink"),
        ("SVG", r"is an SVG drawing.*Export it as \.png"),
        ("HEIC", r"is a HEIC picture.*Export it as \.jpg"),
        ("PDF", r"is a PDF document.*Save the page as \.png"),
        ("video", "is an MP4.*Take one frame"),
        ("noise", "no picture that can be read"),
    ],
)
def test_bad_pictures_say_what_is_wrong(tmp_path: Path, kind: str, said: str) -> None:
    (tmp_path / "a.png").write_bytes(bad_picture(kind))
    with pytest.raises(BadInput, match=said):
        read_picture(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_saved_pictures_come_back(tmp_path: Path, suffix: str) -> None:
    save_picture(corners(), tmp_path / f"a{suffix}")
    found = read_picture(tmp_path / f"a{suffix}").picture
    assert difference(found, corners()) <= (0 if suffix == ".png" else 2)
    assert [path.name for path in tmp_path.iterdir()] == [f"a{suffix}"]


def test_pictures_that_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"pictures are written as \.png"):
        save_picture(corners(), tmp_path / "a.xyz")
    with pytest.raises(OutputFailed, match="folder doesn't exist"):
        save_picture(corners(), tmp_path / "nowhere" / "a.png")


def test_the_shipped_painting() -> None:
    found = read_picture(Path(__file__).parents[1] / "data" / "mona_lisa.jpg", max_side=512)
    assert max(found.picture.shape) == 512
    red, _, blue = found.picture.reshape(-1, 3).mean(0)
    assert red > blue  # old varnish is yellow: channels are in order
