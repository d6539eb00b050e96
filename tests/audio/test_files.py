"""Sound files: every way in gives the same mono floats, every way out is whole or absent."""

import io
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from likewise.audio import files
from likewise.audio.files import AudioWriter
from likewise.errors import BadInput, OutputFailed
from likewise.values import Audio


def tone(seconds: float = 1.0, rate: int = 24_000, frequency: float = 440.0) -> Audio:
    times = np.arange(round(seconds * rate)) / rate
    return Audio((0.5 * np.sin(2 * np.pi * frequency * times)).astype(np.float32), rate)


def click(rate: int = 24_000, at: float = 0.5, seconds: float = 1.0) -> Audio:
    """Silence with a 1 kHz burst of 2 ms at a known time."""
    samples = np.zeros(round(seconds * rate), np.float32)
    start, length = round(at * rate), round(0.002 * rate)
    samples[start : start + length] = 0.8 * np.sin(2 * np.pi * 1000 * np.arange(length) / rate)
    return Audio(samples, rate)


def frequency_of(audio: Audio) -> float:
    spectrum = np.abs(np.fft.rfft(audio.samples * np.hanning(len(audio.samples))))
    return float(np.argmax(spectrum) * audio.sample_rate / len(audio.samples))


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a"])
def test_what_is_written_is_read_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"tone{suffix}"
    files.write(tone(), path)
    back = files.read(path, sample_rate=24_000)
    assert back.seconds == pytest.approx(1.0, abs=0.002)
    assert frequency_of(back) == pytest.approx(440, abs=2)
    middle = slice(6000, 18_000)
    assert np.abs(back.samples[middle] - tone().samples[middle]).max() < 0.03
    assert listing(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg", ".m4a"])
def test_encoder_delay_is_taken_out(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"click{suffix}"
    files.write(click(), path)
    back = files.read(path, sample_rate=24_000)
    loud = np.flatnonzero(np.abs(back.samples) > 0.3)
    assert loud[0] / 24_000 == pytest.approx(0.5, abs=0.002)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_sixteen_bits_survive_bit_for_bit(tmp_path: Path, suffix: str) -> None:
    values = np.random.default_rng(1).integers(-32768, 32768, 5000).astype(np.int16)
    soundfile.write(tmp_path / "in.wav", values, 16_000, subtype="PCM_16")
    files.write(files.read(tmp_path / "in.wav"), tmp_path / f"out{suffix}")
    back, rate = soundfile.read(tmp_path / f"out{suffix}", dtype="int16")
    assert rate == 16_000
    assert np.array_equal(back, values)


def test_writing_clips_instead_of_wrapping(tmp_path: Path) -> None:
    files.write(Audio(np.array([2.0, -2.0, 1.0], np.float32), 8000), tmp_path / "a.wav")
    back, _ = soundfile.read(tmp_path / "a.wav", dtype="int16")
    assert back.tolist() == [32767, -32768, 32767]


@pytest.mark.parametrize("rate", [8000, 11_025, 44_100, 96_000, 192_000])
def test_resampling_keeps_pitch_and_length(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", tone(1.0, rate).samples, rate, subtype="PCM_24")
    back = files.read(tmp_path / "a.wav", sample_rate=16_000)
    assert len(back.samples) == pytest.approx(16_000, abs=1)
    assert frequency_of(back) == pytest.approx(440, abs=2)
    assert np.sqrt(np.mean(back.samples[2000:14_000] ** 2)) == pytest.approx(0.3536, rel=0.01)


def test_resampling_leaves_no_alias(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(1.0, 48_000, 11_000).samples, 48_000)
    back = files.read(tmp_path / "a.wav", sample_rate=16_000)
    assert np.abs(back.samples[1000:-1000]).max() < 1e-3


@pytest.mark.parametrize(
    ("subtype", "tolerance"),
    [
        ("PCM_U8", 1 / 127),
        ("PCM_16", 1 / 32_767),
        ("PCM_24", 1e-6),
        ("FLOAT", 0.0),
        ("DOUBLE", 1e-7),
    ],
)
def test_sample_formats(tmp_path: Path, subtype: str, tolerance: float) -> None:
    soundfile.write(tmp_path / "a.wav", tone().samples, 24_000, subtype=subtype)
    back = files.read(tmp_path / "a.wav")
    assert np.abs(back.samples - tone().samples).max() <= tolerance


def test_channels_are_mixed(tmp_path: Path) -> None:
    left, right = tone(frequency=300).samples, tone(frequency=700).samples
    soundfile.write(tmp_path / "s.wav", np.stack([left, right], 1), 24_000, subtype="FLOAT")
    assert np.allclose(files.read(tmp_path / "s.wav").samples, (left + right) / 2, atol=1e-6)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp4"])
def test_surround_speech_is_heard_from_the_centre(tmp_path: Path, suffix: str) -> None:
    channels = np.zeros((24_000, 6), np.float32)
    channels[:, 2] = tone().samples
    channels[:, 3] = 0.9  # rumble of the bass channel must not come through
    path = tmp_path / f"s{suffix}"
    if suffix == ".mp4":
        write_with_ffmpeg(path, channels, "aac", "fltp", "5.1")
    else:
        soundfile.write(path, channels, 24_000, subtype="PCM_24")
    back = files.read(path).samples[4000:20_000]
    assert np.abs(back).max() == pytest.approx(0.5 / 3.414, rel=0.03)
    assert abs(back.mean()) < 1e-3


def write_with_ffmpeg(
    path: Path, channels: np.ndarray, codec: str, sample_format: str, layout: str
) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24_000, layout=layout)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(channels.T), format=sample_format, layout=layout
        )
        frame.sample_rate = 24_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("codec", ["pcm_u8", "pcm_s16le", "pcm_s32le", "pcm_f64le", "alac"])
def test_ffmpeg_sample_formats(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "a.mkv"
    write_with_ffmpeg(path, tone().samples[:, None], codec, "fltp", "mono")
    back = files.read(path)
    assert len(back.samples) == 24_000
    assert np.abs(back.samples - tone().samples).max() < (0.009 if codec == "pcm_u8" else 1e-4)


def test_reading_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write(tone(), tmp_path / "a.wav")
    data = (tmp_path / "a.wav").read_bytes()

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.inner = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            chunk = self.inner.read(len(buffer))
            buffer[: len(chunk)] = chunk
            return len(chunk)

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Pipe())))
    from_stdin = files.read("-")
    from_memory = files.read(io.BytesIO(data))
    assert np.array_equal(from_stdin.samples, from_memory.samples)
    assert np.array_equal(from_stdin.samples, files.read(tmp_path / "a.wav").samples)


def test_info(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", np.zeros((4410, 2), np.float32), 44_100, subtype="PCM_24")
    info = files.info(tmp_path / "a.flac")
    assert (info.sample_rate, info.channels, info.format, info.codec) == (
        44_100,
        2,
        "FLAC",
        "PCM_24",
    )
    assert info.seconds == pytest.approx(0.1)


def bad_file(folder: Path, kind: str) -> Path:
    """A file that can't be read, and why."""
    path = folder / f"{kind.replace(' ', '_')}.wav"
    good = folder / "good.wav"
    soundfile.write(good, tone(2.0).samples, 24_000, subtype="PCM_16")
    if kind == "text":
        path.write_text("Dear diary, this is no sound at all.\n" * 20, encoding="utf-8")
    elif kind == "empty":
        path.touch()
    elif kind == "cut off":
        path.write_bytes(good.read_bytes()[: 44 + 30_000])
    elif kind == "no samples":
        path.write_bytes(struct.pack("<4sI4s", b"RIFF", 36, b"WAVE") + good.read_bytes()[12:40])
        path.write_bytes(path.read_bytes() + struct.pack("<I", 0))
    elif kind == "NaN":
        samples = tone().samples
        samples[12_000] = np.nan
        soundfile.write(path, samples, 24_000, subtype="FLOAT")
    elif kind == "infinite":
        samples = tone().samples
        samples[6_000] = -np.inf
        soundfile.write(path, samples, 24_000, subtype="FLOAT")
    elif kind == "unscaled":
        soundfile.write(path, tone().samples * 30_000, 24_000, subtype="FLOAT")
    elif kind == "noise":
        path.write_bytes(np.random.default_rng(0).bytes(5000))
    elif kind == "picture":
        from PIL import Image

        Image.new("RGB", (64, 64)).save(path, format="PNG")
    elif kind == "folder":
        path.mkdir()
    elif kind == "odd rate":
        soundfile.write(path, np.zeros(100, np.float32), 1000)
    return path


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("text", "is a text file"),
        ("empty", "is empty"),
        ("cut off", "is cut off"),
        ("no samples", "holds no samples"),
        ("NaN", r"NaN or infinite.*0\.50 s"),
        ("infinite", r"NaN or infinite.*0\.25 s"),
        ("unscaled", "full scale"),
        ("noise", "can't be read as a sound"),
        ("picture", "is a PNG picture"),
        ("folder", "is a folder"),
        ("odd rate", "1000 samples a second"),
        ("missing", "There is no file"),
    ],
)
def test_bad_files_say_what_is_wrong(tmp_path: Path, kind: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        files.read(bad_file(tmp_path, kind))


@pytest.mark.parametrize("suffix", [".flac", ".m4a", ".mp3", ".ogg"])
def test_a_cut_off_file_is_refused_or_shorter(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    files.write(Audio(np.random.default_rng(0).normal(0, 0.1, 96_000).astype("f4"), 24_000), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    try:
        assert 1.0 < files.read(path).seconds < 3.9
    except BadInput as error:
        assert "cut off" in str(error)


def test_a_video_without_sound_is_refused(tmp_path: Path) -> None:
    from likewise.video.writer import VideoWriter

    with VideoWriter(tmp_path / "v.mp4", fps=25, size=(64, 64)) as video:
        video.write_frame(np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(BadInput, match="no sound in it, only video"):
        files.read(tmp_path / "v.mp4")


@pytest.mark.parametrize("suffix", [".wav", ".ogg", ".m4a"])
def test_too_long_names_the_limit(tmp_path: Path, suffix: str) -> None:
    files.write(tone(3.0), tmp_path / f"a{suffix}")
    with pytest.raises(BadInput, match=r"3 seconds long; the limit here is 2\.5 seconds"):
        files.read(tmp_path / f"a{suffix}", max_seconds=2.5)
    assert files.read(tmp_path / f"a{suffix}", max_seconds=None).seconds == pytest.approx(
        3, abs=0.1
    )


def test_a_playlist_opens_no_other_file(tmp_path: Path) -> None:
    files.write(tone(), tmp_path / "secret.m4a")
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\nsecret.m4a\n#EXT-X-ENDLIST\n",
        encoding="utf-8",
    )
    with pytest.raises(BadInput, match="text file"):
        files.read(playlist)


def test_parts_written_are_the_whole_written(tmp_path: Path) -> None:
    whole = tone(2.0)
    files.write(whole, tmp_path / "whole.flac")
    with AudioWriter(tmp_path / "parts.flac", sample_rate=24_000) as writer:
        for start in np.arange(0, 2, 0.3):
            writer.write(whole.between(start, min(2.0, start + 0.3)))
        assert writer.seconds == pytest.approx(2.0)
        assert listing(tmp_path)[-1] == "whole.flac"  # not there before it is whole
    parts, full = files.read(tmp_path / "parts.flac"), files.read(tmp_path / "whole.flac")
    assert np.array_equal(parts.samples, full.samples)


@pytest.mark.parametrize("suffix", [".wav", ".mp3"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_stop_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, suffix: str, error: type[BaseException]
) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"old")
    with pytest.raises(error), AudioWriter(path, sample_rate=24_000) as writer:
        writer.write(tone())
        raise error
    assert path.read_bytes() == b"old"
    assert listing(tmp_path) == [path.name]


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputFailed, match="folder doesn't exist"):
        files.write(tone(), tmp_path / "nowhere" / "a.wav")


def test_a_folder_as_target_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.wav").mkdir()
    with pytest.raises(OutputFailed, match="is a folder"):
        files.write(tone(), tmp_path / "a.wav")


def test_an_unknown_suffix_is_refused_before_writing(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.xyz is no sound format.*\.flac"):
        files.write(tone(), tmp_path / "a.xyz")
    assert listing(tmp_path) == []


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg", ".m4a"])
def test_a_full_disk_is_said_and_nothing_stays(tmp_path: Path, suffix: str) -> None:
    resource = pytest.importorskip("resource", reason="file size limits are POSIX")
    noise = np.random.default_rng(0).normal(0, 0.2, 24_000 * 20).astype(np.float32)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(OutputFailed, match="disk is full"):
            files.write(Audio(noise, 24_000), tmp_path / f"a{suffix}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert listing(tmp_path) == []


@pytest.mark.parametrize("format", [".wav", ".pcm"])
def test_standard_output_is_a_stream(
    capfdbinary: pytest.CaptureFixture[bytes], format: str
) -> None:
    with AudioWriter("-", sample_rate=24_000, format=format) as writer:
        writer.write(tone())
    data = capfdbinary.readouterr().out
    header = 44 if format == ".wav" else 0
    assert len(data) == header + 48_000
    if header:
        assert np.abs(files.read(io.BytesIO(data)).samples - tone().samples).max() < 2e-5


def test_a_part_of_another_rate_is_resampled(tmp_path: Path) -> None:
    with AudioWriter(tmp_path / "a.wav", sample_rate=16_000) as writer:
        writer.write(tone(rate=48_000))
    back = files.read(tmp_path / "a.wav")
    assert back.sample_rate == 16_000
    assert len(back.samples) == 16_000
    assert frequency_of(back) == pytest.approx(440, abs=2)
