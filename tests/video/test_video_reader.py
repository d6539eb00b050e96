"""The video reader: times, turning, scaling, sound on the same time line, and refusals."""

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from likewise.audio import files
from likewise.errors import BadInput
from likewise.values import Audio
from likewise.video import reader
from likewise.video.reader import VideoReader, info
from likewise.video.writer import VideoWriter


def grey(level: int, width: int = 64, height: int = 48) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def level_of(picture: np.ndarray) -> int:
    return round(float(picture.mean()) / 20)


def write_counting(path: Path, frames: int = 10, fps: float = 25) -> None:
    """A video whose frame n is grey of level 20 n."""
    with VideoWriter(path, fps=fps, size=(64, 48)) as video:
        for number in range(frames):
            video.write_frame(grey(20 * number))


def write_at(path: Path, times: list[float]) -> None:
    """A video of varying frame rate, as phones and screen recorders make."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(grey(20 * number))
            frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def turned(path: Path, degrees: int) -> None:
    """Set the display matrix in the track header (ISO 14496-12, 8.3.2) to a clockwise turn."""
    matrices = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
    a, b, c, d = (value * 65_536 for value in matrices[degrees])
    data = bytearray(path.read_bytes())
    # version 0: 4 flags + 20 times and ids + 8 duration/reserved + 16 layer, volume = 40 bytes in
    place = data.index(b"tkhd") + 4 + 40
    data[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 0x40000000)
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".mkv", ".mov"])
def test_every_frame_once_at_its_time(tmp_path: Path, suffix: str) -> None:
    write_counting(tmp_path / f"v{suffix}")
    with VideoReader(tmp_path / f"v{suffix}") as video:
        assert (video.info.width, video.info.height) == (64, 48)
        assert video.info.fps == pytest.approx(25)
        assert not video.info.has_sound
        found = list(video.frames())
    assert [level_of(frame.picture) for frame in found] == list(range(10))
    assert [frame.seconds for frame in found] == pytest.approx(list(np.arange(10) / 25), abs=1e-3)
    assert found[0].picture.dtype == np.uint8


def test_a_constant_rate_repeats_and_drops(tmp_path: Path) -> None:
    write_counting(tmp_path / "v.mp4")
    with VideoReader(tmp_path / "v.mp4") as video:
        doubled = [level_of(frame.picture) for frame in video.frames(fps=50)]
    assert doubled == [number // 2 for number in range(20)]
    with VideoReader(tmp_path / "v.mp4") as video:
        halved = list(video.frames(fps=12.5))
    assert [level_of(frame.picture) for frame in halved] == [0, 2, 4, 6, 8]
    assert [frame.seconds for frame in halved] == pytest.approx([0, 0.08, 0.16, 0.24, 0.32])


def test_varying_rates_become_constant(tmp_path: Path) -> None:
    write_at(tmp_path / "v.mp4", [0.0, 0.04, 0.30, 0.34, 0.50])
    with VideoReader(tmp_path / "v.mp4") as video:
        exact = [frame.seconds for frame in video.frames()]
    with VideoReader(tmp_path / "v.mp4") as video:
        shown = [level_of(frame.picture) for frame in video.frames(fps=10)]
    assert exact == pytest.approx([0.0, 0.04, 0.30, 0.34, 0.50], abs=2e-3)
    assert shown[:6] == [0, 1, 1, 2, 3, 4]


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_turned_phones(tmp_path: Path, degrees: int) -> None:
    path = tmp_path / "v.mp4"
    picture = grey(60)
    picture[:24, :32] = 220  # top left
    with VideoWriter(path, fps=25, size=(64, 48)) as video:
        for _ in range(3):
            video.write_frame(picture)
    turned(path, degrees)
    with VideoReader(path) as video_in:
        assert video_in.info.rotation == degrees
        upright = next(iter(video_in.frames())).picture
        assert upright.shape[:2] == (video_in.info.height, video_in.info.width)
    assert np.abs(upright.astype(int) - np.rot90(picture, -degrees // 90)).mean() < 4


def test_scaling_keeps_the_aspect(tmp_path: Path) -> None:
    write_counting(tmp_path / "v.mp4", 3)
    with VideoReader(tmp_path / "v.mp4") as video:
        assert next(iter(video.frames(max_side=32))).picture.shape == (24, 32, 3)


def test_sound_lies_on_the_time_line_of_the_picture(tmp_path: Path) -> None:
    import av

    path = tmp_path / "late.mkv"
    rate = 16_000
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=rate, layout="mono")
        for number in range(50):
            frame = av.VideoFrame.from_ndarray(grey(100))
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        sound = av.AudioFrame.from_ndarray(
            np.full((1, rate), 8000, np.int16), format="s16", layout="mono"
        )
        sound.sample_rate, sound.pts, sound.time_base = rate, rate // 2, Fraction(1, rate)
        container.mux(audio.encode(sound))
        container.mux(audio.encode(None))
    heard = files.read(path)
    first = np.flatnonzero(np.abs(heard.samples) > 0.1)[0] / rate
    assert first == pytest.approx(0.5, abs=0.002)
    assert heard.seconds == pytest.approx(1.5, abs=0.01)


def test_a_cover_picture_is_no_video(tmp_path: Path) -> None:
    files.write(Audio(np.zeros(8000, np.float32), 8000), tmp_path / "a.wav")
    with pytest.raises(BadInput, match="no moving picture in it"):
        info(tmp_path / "a.wav")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"A letter.\n" * 50, "is a text file, not a video"),
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "is a PNG picture, not a video"),
        (bytes(range(1, 256)) * 20, "can't be read as a video"),
    ],
)
def test_no_videos(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "v.mp4").write_bytes(content)
    with pytest.raises(BadInput, match=said):
        VideoReader(tmp_path / "v.mp4")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no file"):
        VideoReader(tmp_path / "v.mp4")


def test_a_video_cut_off_is_shorter_or_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)
    with VideoWriter(tmp_path / "v.mp4", fps=25, size=(64, 48)) as video:
        for number in range(50):
            video.write_frame(np.roll(noise, number, 1))
    whole = (tmp_path / "v.mp4").read_bytes()
    (tmp_path / "index.mp4").write_bytes(whole[:600])
    with pytest.raises(BadInput, match="cut off"):
        VideoReader(tmp_path / "index.mp4")
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])
    with VideoReader(tmp_path / "half.mp4") as video_in:
        assert 5 < len(list(video_in.frames())) < 45


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_counting(tmp_path / "v.mp4")
    with pytest.raises(BadInput, match=r"limit here is 0\.2 s"):
        VideoReader(tmp_path / "v.mp4", max_seconds=0.2)
    monkeypatch.setattr(reader, "MAX_PIXELS", 64 * 47)
    with pytest.raises(BadInput, match="64x48 pixels"):
        VideoReader(tmp_path / "v.mp4")


def test_frames_are_read_once(tmp_path: Path) -> None:
    write_counting(tmp_path / "v.mp4", 3)
    with VideoReader(tmp_path / "v.mp4") as video:
        assert len(list(video.frames())) == 3
        with pytest.raises(ValueError, match="open the video again"):
            list(video.frames())


def test_a_reader_closed_early_closes_its_file(tmp_path: Path) -> None:
    write_counting(tmp_path / "v.mp4")
    with VideoReader(tmp_path / "v.mp4") as video:
        next(iter(video.frames()))
    (tmp_path / "v.mp4").unlink()  # Windows refuses while it is open
    assert not (tmp_path / "v.mp4").exists()
