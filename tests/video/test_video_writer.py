"""The video writer: colours, sync, equal ends, and nothing half-made left behind."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from likewise.audio import files
from likewise.errors import BadInput, OutputFailed, Unsupported
from likewise.values import Audio
from likewise.video import movie
from likewise.video.picture import read_picture
from likewise.video.reader import VideoReader, info
from likewise.video.writer import VideoWriter, default_codec

FPS = 25
RATE = 24_000
MOVIES = [".mp4", ".mov", ".mkv", ".webm"]


def picture(width: int = 96, height: int = 80, shift: int = 0) -> np.ndarray:
    """Smooth colours, as 4:2:0 keeps no sharp ones."""
    y, x = np.mgrid[:height, :width]
    red, green = 255 * x / width, 255 * y / height
    blue = 127 + 120 * np.sin((x + y + shift) / 25)
    return np.stack([red, green, blue], -1).astype(np.uint8)


def hum(seconds: float) -> Audio:
    times = np.arange(round(seconds * RATE)) / RATE
    return Audio((0.3 * np.sin(2 * np.pi * 220 * times)).astype(np.float32), RATE)


def write(path: Path, seconds: float = 1.0, **options: object) -> None:
    with VideoWriter(path, fps=FPS, size=(96, 80), **options) as video:  # type: ignore[arg-type]
        for number in range(round(seconds * FPS)):
            video.write_frame(picture(shift=number))


def pictures(path: Path) -> list[np.ndarray]:
    with VideoReader(path) as video:
        return [frame.picture for frame in video.frames()]


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("suffix", MOVIES)
def test_colours_come_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"v{suffix}"
    write(path)
    found = pictures(path)
    assert len(found) == FPS
    difference = found[12].astype(int) - picture(shift=12)
    assert np.abs(difference).mean() < 3
    assert np.abs(difference.mean((0, 1))).max() < 2  # no tint


@pytest.mark.parametrize(
    "colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0,) * 3]
)
def test_pure_colours_come_back(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    # BT.601 numbers under a BT.709 tag would be off by tens of levels in red and green.
    with VideoWriter(tmp_path / "v.mp4", fps=FPS, size=(64, 64)) as video:
        for _ in range(5):
            video.write_frame(np.full((64, 64, 3), colour, np.uint8))
    assert np.abs(pictures(tmp_path / "v.mp4")[2].astype(int) - colour).max() <= 4


@pytest.mark.parametrize("suffix", MOVIES)
def test_colours_are_tagged(tmp_path: Path, suffix: str) -> None:
    import av

    write(tmp_path / f"v{suffix}")
    with av.open(str(tmp_path / f"v{suffix}")) as container:
        context = container.streams.video[0].codec_context
        tags = (context.colorspace, context.color_primaries, context.color_trc, context.color_range)
        assert [int(tag) for tag in tags] == [1, 1, 1, 1]
        assert context.pix_fmt == "yuv420p"


def test_the_index_comes_first(tmp_path: Path) -> None:
    write(tmp_path / "v.mp4")
    data = (tmp_path / "v.mp4").read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def audio_first(video: VideoWriter, sound: Audio, frames: list[np.ndarray]) -> None:
    video.write_audio(sound)
    for frame in frames:
        video.write_frame(frame)


def audio_last(video: VideoWriter, sound: Audio, frames: list[np.ndarray]) -> None:
    for frame in frames:
        video.write_frame(frame)
    video.write_audio(sound)


def by_turns(video: VideoWriter, sound: Audio, frames: list[np.ndarray]) -> None:
    for number, frame in enumerate(frames):
        video.write_audio(sound.between(number / FPS, (number + 1) / FPS))
        video.write_frame(frame)


def in_lumps(video: VideoWriter, sound: Audio, frames: list[np.ndarray]) -> None:
    for start in range(0, len(frames), 37):
        for frame in frames[start : start + 37]:
            video.write_frame(frame)
        video.write_audio(sound.between(start / FPS, (start + 37) / FPS))


@pytest.mark.parametrize("suffix", MOVIES)
@pytest.mark.parametrize("order", [audio_first, audio_last, by_turns, in_lumps])
def test_a_flash_and_a_beep_stay_together(
    tmp_path: Path, suffix: str, order: Callable[..., None]
) -> None:
    moments = (0.4, 1.2, 2.6)
    samples = np.zeros(3 * RATE, np.float32)
    frames = [np.full((64, 64, 3), 20, np.uint8) for _ in range(3 * FPS)]
    for moment in moments:
        start = round(moment * RATE)
        samples[start : start + 480] = 0.7 * np.sin(2 * np.pi * 1000 * np.arange(480) / RATE)
        frames[round(moment * FPS)][:] = 235
    path = tmp_path / f"sync{suffix}"
    with VideoWriter(path, fps=FPS, size=(64, 64), audio_rate=RATE) as video:
        order(video, Audio(samples, RATE), frames)
    with VideoReader(path) as video_in:
        flashes = [frame.seconds for frame in video_in.frames() if frame.picture.mean() > 128]
    sound = files.read(path)
    loud = np.flatnonzero(np.abs(sound.samples) > 0.3) / sound.sample_rate
    beeps = loud[np.diff(loud, prepend=-1.0) > 0.1]
    assert flashes == pytest.approx(moments, abs=0.001)
    assert list(beeps) == pytest.approx(moments, abs=0.005)


@pytest.mark.parametrize("suffix", MOVIES)
@pytest.mark.parametrize(("sound", "picture_seconds"), [(1.0, 2.0), (2.03, 1.0), (0.0, 1.0)])
def test_sound_and_picture_end_together(
    tmp_path: Path, suffix: str, sound: float, picture_seconds: float
) -> None:
    path = tmp_path / f"v{suffix}"
    with VideoWriter(path, fps=FPS, size=(96, 80), audio_rate=RATE) as video:
        for number in range(round(picture_seconds * FPS)):
            video.write_frame(picture(shift=number))
        video.write_audio(hum(sound))
    heard = files.read(path).seconds
    seen = len(pictures(path)) / FPS
    assert seen == pytest.approx(max(sound, picture_seconds), abs=1 / FPS)
    assert heard == pytest.approx(seen, abs=1 / FPS)
    # Matroska counts the encoder's priming (one AAC frame) into the duration of the file.
    tolerance = 2 / FPS if suffix == ".mkv" else 1 / FPS
    assert info(path).seconds == pytest.approx(seen, abs=tolerance)


def test_parts_of_sound_join_without_a_click(tmp_path: Path) -> None:
    whole = hum(2.0)
    with VideoWriter(tmp_path / "v.mp4", fps=FPS, size=(96, 80), audio_rate=RATE) as video:
        for start in np.arange(0, 2, 0.13):
            video.write_audio(whole.between(start, min(2.0, start + 0.13)))
        video.write_frame(picture())
    back = files.read(tmp_path / "v.mp4").samples
    assert len(back) == 2 * RATE
    assert np.abs(back[2000:-2000] - whole.samples[2000:-2000]).max() < 0.02


def test_sound_of_another_rate_is_resampled(tmp_path: Path) -> None:
    times = np.arange(44_100) / 44_100
    sound = Audio((0.3 * np.sin(2 * np.pi * 440 * times)).astype(np.float32), 44_100)
    with VideoWriter(tmp_path / "v.mp4", fps=FPS, size=(96, 80), audio_rate=RATE) as video:
        video.write_audio(sound)
        video.write_frame(picture())
    back = files.read(tmp_path / "v.mp4")
    assert back.sample_rate == RATE
    spectrum = np.abs(np.fft.rfft(back.samples))
    assert np.argmax(spectrum) / back.seconds == pytest.approx(440, abs=2)


@pytest.mark.parametrize("fps", [12.5, 23.976, 29.97, 30, 50])
def test_frame_rates(tmp_path: Path, fps: float) -> None:
    with VideoWriter(tmp_path / "v.mp4", fps=fps, size=(64, 64)) as video:
        for number in range(20):
            video.write_frame(picture(64, 64, number))
        assert video.seconds == pytest.approx(20 / fps, rel=1e-4)
    facts = info(tmp_path / "v.mp4")
    assert facts.fps == pytest.approx(fps, rel=1e-4)
    assert facts.seconds == pytest.approx(20 / fps, abs=0.002)


def test_odd_sizes_are_padded_by_their_edge(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "v.mp4", fps=FPS, size=(95, 81)) as video:
        for number in range(5):
            video.write_frame(picture(95, 81, number))
    found = pictures(tmp_path / "v.mp4")[2].astype(int)
    assert found.shape == (82, 96, 3)
    assert np.abs(found[:81, :95] - picture(95, 81, 2)).mean() < 3
    assert np.abs(found[:, -1] - found[:, -2]).mean() < 3


def test_a_gif_is_silent_and_at_half_the_rate(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "v.gif", fps=FPS, size=(95, 81), audio_rate=RATE) as video:
        video.write_audio(hum(1.0))
        for number in range(3 * FPS):
            video.write_frame(picture(95, 81, number))
        assert "no sound" in video.notes[0]
    found = pictures(tmp_path / "v.gif")
    assert found[0].shape == (81, 95, 3)
    assert len(found) / info(tmp_path / "v.gif").fps == pytest.approx(3, abs=0.1)
    assert np.abs(found[30].astype(int) - picture(95, 81, 60)).mean() < 16
    assert info(tmp_path / "v.gif").seconds == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("frames", [1, 2, 60])
def test_short_gifs(tmp_path: Path, frames: int) -> None:
    with VideoWriter(tmp_path / "v.gif", fps=12, size=(64, 64)) as video:
        for number in range(frames):
            video.write_frame(picture(64, 64, number))
    assert len(pictures(tmp_path / "v.gif")) == frames


@pytest.mark.parametrize("target", ["frames", "frames/shot_%04d.png"])
def test_a_folder_gets_frames_and_sound(tmp_path: Path, target: str) -> None:
    if "%" in target:
        (tmp_path / "frames").mkdir()
    with VideoWriter(tmp_path / target, fps=FPS, size=(95, 81), audio_rate=RATE) as video:
        video.write_audio(hum(0.2))
        for number in range(5):
            video.write_frame(picture(95, 81, number))
    name = "shot_0003.png" if "%" in target else "frame_00003.png"
    assert len(listing(tmp_path / "frames")) == 6
    exact = read_picture(tmp_path / "frames" / name).picture
    assert np.array_equal(exact, picture(95, 81, 3))
    sound = files.read(tmp_path / "frames" / "sound.wav")
    assert np.abs(sound.samples - hum(0.2).samples).max() < 2e-5
    assert listing(tmp_path) == ["frames"]


TARGETS = ["v.mp4", "v.webm", "v.gif", "frames"]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_a_stop_leaves_nothing(tmp_path: Path, target: str, error: type[BaseException]) -> None:
    options = {"fps": FPS, "size": (96, 80), "audio_rate": RATE}
    with pytest.raises(error), VideoWriter(tmp_path / target, **options) as video:  # type: ignore[arg-type]
        video.write_audio(hum(1.0))
        for number in range(60):
            video.write_frame(picture(shift=number))
        raise error
    assert listing(tmp_path) == []


def test_a_stop_keeps_the_old_video(tmp_path: Path) -> None:
    write(tmp_path / "v.mp4")
    old = (tmp_path / "v.mp4").read_bytes()
    with (
        pytest.raises(KeyboardInterrupt),
        VideoWriter(tmp_path / "v.mp4", fps=FPS, size=(96, 80)) as video,
    ):
        video.write_frame(picture())
        raise KeyboardInterrupt
    assert (tmp_path / "v.mp4").read_bytes() == old


@pytest.mark.parametrize("target", TARGETS)
def test_a_full_disk_is_said_and_nothing_stays(tmp_path: Path, target: str) -> None:
    resource = pytest.importorskip("resource", reason="file size limits are POSIX")
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3)).astype(np.uint8)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with (
            pytest.raises(OutputFailed, match="disk is full"),
            VideoWriter(tmp_path / target, fps=FPS, size=(96, 96)) as video,
        ):
            for number in range(60):
                video.write_frame(np.roll(noise, number, axis=0))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert listing(tmp_path) == []


@pytest.mark.parametrize("target", TARGETS)
def test_a_missing_folder_is_said_at_once(tmp_path: Path, target: str) -> None:
    with pytest.raises(OutputFailed, match="folder doesn't exist"):
        VideoWriter(tmp_path / "nowhere" / target, fps=FPS, size=(96, 80))


@pytest.mark.skipif(os.name == "nt", reason="folder permissions are POSIX")
def test_a_read_only_folder_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    # The tests may run as root, whom no folder refuses.
    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(OutputFailed, match="no permission"):
        VideoWriter(tmp_path / "v.mp4", fps=FPS, size=(96, 80))


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("v.xyz", {}, r"\.xyz is no video format"),
        ("v_%%.png", {}, "a pattern of frames looks like"),
        ("v.mp4", {"size": (0, 64)}, "0x64"),
        ("v.mp4", {"size": (9000, 64)}, "9000x64"),
        ("v.mp4", {"fps": 0.0}, "0 frames a second"),
        ("v.mp4", {"codec": "nonsense"}, "no encoder 'nonsense'.*libx264"),
    ],
)
def test_impossible_wishes(
    tmp_path: Path, name: str, options: dict[str, object], said: str
) -> None:
    wishes = {"fps": FPS, "size": (64, 64)} | options
    with pytest.raises(BadInput, match=said):
        VideoWriter(tmp_path / name, **wishes)  # type: ignore[arg-type]
    assert listing(tmp_path) == []


def test_a_video_without_frames_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(BadInput, match="no frame was written"),
        VideoWriter(tmp_path / "v.mp4", fps=FPS, size=(64, 64), audio_rate=RATE) as video,
    ):
        video.write_audio(hum(1.0))
    assert listing(tmp_path) == []


def test_wrong_frames_are_a_programming_error(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match=r"wants uint8 frames \(64, 96, 3\)"),
        VideoWriter(tmp_path / "v.mp4", fps=FPS, size=(96, 64)) as video,
    ):
        video.write_frame(picture(64, 96))


def test_another_codec_by_argument_or_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.mp4", codec="mpeg4")
    assert info(tmp_path / "a.mp4").codec == "mpeg4"
    monkeypatch.setenv(movie.CODEC_VARIABLE, "mpeg4")
    assert default_codec() == "mpeg4"
    write(tmp_path / "b.mp4")
    assert info(tmp_path / "b.mp4").codec == "mpeg4"
    assert np.abs(pictures(tmp_path / "b.mp4")[9].astype(int) - picture(shift=9)).mean() < 4
    write(tmp_path / "c.webm")
    assert info(tmp_path / "c.webm").codec == "vp9"


def test_without_x264_the_next_codec_is_taken_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(movie.CODEC_VARIABLE, raising=False)
    monkeypatch.setattr(movie, "_has_encoder", lambda name: name == "mpeg4")
    with VideoWriter(tmp_path / "v.mp4", fps=FPS, size=(64, 64)) as video:
        video.write_frame(picture(64, 64))
        assert video.notes == (
            "This FFmpeg has no libx264; the video is encoded with mpeg4 instead.",
        )
    monkeypatch.setattr(movie, "_has_encoder", lambda _: False)
    with pytest.raises(Unsupported, match="none of libx264, libopenh264, mpeg4"):
        default_codec()


def test_metadata_is_kept(tmp_path: Path) -> None:
    import av

    write(tmp_path / "v.mp4", metadata={"comment": "made by a test", "title": "A title"})
    with av.open(str(tmp_path / "v.mp4")) as container:
        assert container.metadata["comment"] == "made by a test"
        assert container.metadata["title"] == "A title"


@pytest.mark.parametrize("target", ["v.mp4", "v.webm"])
def test_the_same_frames_make_the_same_file(tmp_path: Path, target: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    write(tmp_path / "a" / target)
    write(tmp_path / "b" / target)
    if target.endswith(".webm"):
        first, second = pictures(tmp_path / "a" / target), pictures(tmp_path / "b" / target)
        assert np.array_equal(first[10], second[10])  # Matroska has a random file id
    else:
        assert (tmp_path / "a" / target).read_bytes() == (tmp_path / "b" / target).read_bytes()


@pytest.mark.parametrize("order", ["sound first", "by turns"])
def test_memory_does_not_grow_with_length(tmp_path: Path, order: str) -> None:
    psutil = pytest.importorskip("psutil")
    process = psutil.Process()
    frame = picture(64, 64)
    second = hum(1.0)
    with VideoWriter(tmp_path / "v.mp4", fps=FPS, size=(64, 64), audio_rate=RATE) as video:
        if order == "sound first":
            for _ in range(30):
                video.write_audio(second)
        early = 0
        for number in range(30 * FPS):
            if order == "by turns" and number % FPS == 0:
                video.write_audio(second)
            video.write_frame(frame)
            if number == 10 * FPS:
                early = process.memory_info().rss
        late = process.memory_info().rss
    assert late - early < 3e6  # 20 s of these frames are 6 MB
