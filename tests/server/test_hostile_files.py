"""Files made to do harm, and damaged ones: a typed refusal or a plain file, within the limits.

The child that decodes is the real one. Hypothesis mutates a small valid file of each kind; the
counts are printed with `-s`.
"""

import io
import json
import struct
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from likewise.audio import files
from likewise.errors import BadInput
from likewise.server.intake import Intake
from likewise.server.prober import Prober
from likewise.server.settings import Settings
from likewise.values import Audio
from likewise.video.writer import VideoWriter

ROUNDS = 110  # of each of five kinds
SECONDS = 8.0
LIMITS = Settings(
    max_sound_seconds=60,
    max_video_seconds=20,
    max_megapixels=4,
    max_frames=200,
    max_streams=4,
    decode_seconds=SECONDS,
    max_upload_bytes=4 << 20,
)


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    prober = Prober(LIMITS)
    yield Intake(tmp_path_factory.mktemp("uploads"), prober, LIMITS)
    prober.close()


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One small valid file of each kind, by its suffix."""
    folder = tmp_path_factory.mktemp("seeds")
    sound = Audio((0.3 * np.sin(np.arange(4000) / 3)).astype(np.float32), 8000)
    y, x = np.mgrid[:80, :96]
    frames = [np.stack([2 * x, 3 * y, (x + y + 9 * n) % 256], -1).astype("u1") for n in range(8)]
    for name in ("a.wav", "a.mp3"):
        files.write(sound, folder / name)
    for name in ("a.png", "a.jpg"):
        Image.fromarray(frames[0]).save(folder / name)
    with VideoWriter(folder / "a.mp4", fps=12, size=(96, 80), audio_rate=8000) as video:
        video.write_audio(sound)
        for frame in frames:
            video.write_frame(frame)
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


def mutated(data: bytes, damages: list[tuple[str, float, int, int]]) -> bytes:
    """A file with bytes overwritten, cut out, repeated, or the end cut off."""
    changed = bytearray(data)
    for what, where, length, value in damages:
        # Squared, so that most damage falls into the headers.
        place = int(where * where * len(changed))
        match what:
            case "overwrite":
                changed[place : place + 1] = bytes([value])
            case "number":
                changed[place : place + 4] = struct.pack(">I", (value << 24) | 0xFFFFFF)
            case "remove":
                del changed[place : place + length]
            case "repeat":
                changed[place:place] = changed[place : place + length]
            case _:
                del changed[max(1, len(changed) - place) :]
    return bytes(changed)


DAMAGES = st.lists(
    st.tuples(
        st.sampled_from(["overwrite", "number", "remove", "repeat", "cut"]),
        st.floats(0.0, 0.999),
        st.integers(1, 64),
        st.integers(0, 255),
    ),
    min_size=1,
    max_size=8,
)


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [
        (".wav", "sound"),
        (".mp3", "sound"),
        (".png", "picture"),
        (".jpg", "picture"),
        (".mp4", "media"),
    ],
)
def test_damaged_files_are_refused_or_written_anew(
    intake: Intake, seeds: dict[str, bytes], suffix: str, kind: str
) -> None:
    counts: Counter[str] = Counter()
    slowest = 0.0

    @settings(
        max_examples=ROUNDS,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(DAMAGES)
    def take(damages: list[tuple[str, float, int, int]]) -> None:
        nonlocal slowest
        start = time.perf_counter()
        try:
            upload = intake.take(io.BytesIO(mutated(seeds[suffix], damages)), kind)
        except BadInput as error:
            assert str(error)
            counts["refused"] += 1
        else:
            counts["taken"] += 1
            path = intake.path(upload)
            assert path.stat().st_size > 0
            assert {item.name for item in path.parent.iterdir()} == {path.name, "upload.json"}
            intake.delete(upload.id)
        slowest = max(slowest, time.perf_counter() - start)

    take()
    told = {"kind": suffix, **counts, "slowest": round(slowest, 2)}
    sys.stdout.write(json.dumps(told) + "\n")
    assert sum(counts.values()) >= 100
    assert counts["taken"] and counts["refused"]
    assert slowest < 2 * SECONDS + 30
    assert not list(intake._folder.iterdir())


def refused(intake: Intake, data: bytes, kind: str) -> str:
    start = time.perf_counter()
    with pytest.raises(BadInput) as told:
        intake.take(io.BytesIO(data), kind)
    assert time.perf_counter() - start < 2 * SECONDS + 30
    assert not list(intake._folder.iterdir())
    return str(told.value)


def png(width: int, height: int, rows: bytes, *extra: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", head), *extra, chunk(b"IDAT", rows), chunk(b"IEND", b"")]
    )


def test_pixel_bombs(intake: Intake) -> None:
    rows = zlib.compress(bytes(1 << 20), 9)
    for width, height in ((30_000, 30_000), (2**31 - 1, 2**31 - 1), (3000, 3000)):
        assert "megapixels" in refused(intake, png(width, height, rows), "picture")
    zeros = zlib.compressobj(1)
    bomb = b"".join(zeros.compress(bytes(1 << 20)) for _ in range(64)) + zeros.flush()
    text = b"zTXt" + b"a\0\0" + bomb
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    good = zlib.compress((b"\0" + bytes(300)) * 100)
    message = refused(intake, png(100, 100, good, chunk), "picture")
    assert message


def test_declared_sizes_of_gigabytes(intake: Intake, seeds: dict[str, bytes]) -> None:
    wav = bytearray(seeds[".wav"])
    wav[4:8] = wav[40:44] = struct.pack("<I", 0x7FFFFF00 - 0x10000)
    assert "cut off" in refused(intake, bytes(wav), "sound")
    mp4 = seeds[".mp4"]
    for box in (b"mdat", b"moov", b"stsz", b"trak"):
        place = mp4.find(box)
        huge = mp4[: place - 4] + struct.pack(">I", 2**31) + mp4[place:]
        with suppress(BadInput):
            intake.delete(intake.take(io.BytesIO(huge), "media").id)


def test_endless_sounds_and_films(intake: Intake) -> None:
    silence = io.BytesIO()
    with av.open(silence, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000 * 90), np.int16), "s16", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert "limit" in refused(intake, silence.getvalue(), "sound")
    film = io.BytesIO()
    with av.open(film, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=50, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))
        for _ in range(300):
            picture.pts = None
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    assert "frames" in refused(intake, film.getvalue(), "media")


def test_many_streams(intake: Intake) -> None:
    sound = io.BytesIO()
    with av.open(sound, "w", format="matroska") as container:
        streams = [container.add_stream("pcm_s16le", rate=8000, layout="mono") for _ in range(6)]
        for stream in streams:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 4608), np.int16), "s16", "mono")
            frame.sample_rate = 8000
            container.mux(stream.encode(frame))
    assert "streams" in refused(intake, sound.getvalue(), "sound")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "sound"),
        (b"hello, this is a text and no sound at all " * 9, "sound"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>", "p"),
        (b"%PDF-1.7" + bytes(99), "picture"),
        (b"PK\x03\x04" + bytes(99), "sound"),
        (b"\x1f\x8b" + bytes(99), "sound"),
        (b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n", "sound"),
        (b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:1/secret.wav\n", "media"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "media"),
        (b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 5 RTP/AVP 0\n", "sound"),
        (b"<MPD><BaseURL>http://127.0.0.1:1/</BaseURL></MPD>", "media"),
        (bytes(5000), "sound"),
        (bytes(5000), "picture"),
        (bytes(5000), "media"),
        (b"\x80\x04\x95cos\nsystem\n(S'true'\ntR.", "sound"),
    ],
)
def test_what_is_no_medium_is_refused(intake: Intake, data: bytes, kind: str) -> None:
    message = refused(intake, data, "picture" if kind == "p" else kind)
    assert "passwd" not in message
    assert str(intake._folder) not in message


def test_a_file_of_another_kind_is_refused_by_what_it_is(
    intake: Intake, seeds: dict[str, bytes]
) -> None:
    assert "a PNG picture" in refused(intake, seeds[".png"], "sound")
    assert "a WAV sound" in refused(intake, seeds[".wav"], "picture")
    assert "a JPEG picture" in refused(intake, seeds[".jpg"], "media")


def test_a_file_that_names_others_opens_none(intake: Intake, tmp_path: Path) -> None:
    """A QuickTime reference movie may name any address; ours is never asked for."""
    secret = tmp_path / "secret.wav"
    files.write(Audio(np.zeros(8000, np.float32), 8000), secret)
    reference = f"file://{secret}".encode() + b"\0"
    body = struct.pack(">I", len(reference)) + reference
    rdrf = struct.pack(">I4s", 8 + 12 + len(body), b"rdrf") + bytes(4) + b"url " + body
    rmda = struct.pack(">I4s", 8 + len(rdrf), b"rmda") + rdrf
    rmra = struct.pack(">I4s", 8 + len(rmda), b"rmra") + rmda
    moov = struct.pack(">I4s", 8 + len(rmra), b"moov") + rmra
    head = struct.pack(">I4s4sI4s", 20, b"ftyp", b"qt  ", 0, b"qt  ")
    refused(intake, head + moov, "media")


def test_the_child_is_replaced(tmp_path: Path, seeds: dict[str, bytes]) -> None:
    hurried = LIMITS.model_copy(update={"decode_seconds": 0.05, "max_megapixels": 50})
    prober = Prober(hurried)
    intake = Intake(tmp_path / "uploads", prober, hurried)
    assert intake.take(io.BytesIO(seeds[".wav"]), "sound").facts["seconds"] == 0.5
    first = prober._child._process
    first.kill()
    first.wait()
    assert intake.take(io.BytesIO(seeds[".wav"]), "sound").facts["seconds"] == 0.5
    noise = np.random.default_rng(0).integers(0, 256, (1100, 1100, 3), np.uint8)
    large = io.BytesIO()
    Image.fromarray(noise).save(large, "PNG", compress_level=1)
    with pytest.raises(BadInput, match=r"0\.05 seconds"):
        intake.take(io.BytesIO(large.getvalue()), "picture")
    assert prober._child is None
    assert intake.take(io.BytesIO(seeds[".png"]), "picture").facts["width"] == 96
    prober.close()


def test_uploads_do_not_pile_up(tmp_path: Path, seeds: dict[str, bytes]) -> None:
    prober = Prober(LIMITS)
    small = LIMITS.model_copy(update={"max_uploads_bytes": 30_000})
    intake = Intake(tmp_path / "uploads", prober, small)
    taken = [intake.take(io.BytesIO(seeds[".wav"]), "sound") for _ in range(6)]
    intake.sweep()
    kept = [upload for upload in taken if (tmp_path / "uploads" / upload.id).exists()]
    assert 1 <= len(kept) < 6
    assert taken[-1] in kept
    prober.close()
