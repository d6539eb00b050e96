"""Damaged files of every kind: a typed error or a valid value, nothing else, and soon.

Each file is mutated many times by a seeded generator: bytes flipped, cut, repeated, cut out. The
readers run in a process of their own, so that a crash of a native decoder fails one test and is
told, with the file that did it.
"""

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from likewise.audio import files
from likewise.errors import LikewiseError
from likewise.values import Audio
from likewise.video.picture import read_picture
from likewise.video.reader import VideoReader
from likewise.video.writer import VideoWriter

SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".m4a")
PICTURES = (".png", ".jpg", ".webp", ".gif", ".tiff", ".bmp")
VIDEOS = (".mp4", ".webm", ".gif")
ROUNDS = 40
SECONDS = 5.0


def seeds(folder: Path) -> None:
    """One small valid file of each kind."""
    times = np.arange(4000) / 8000
    sound = Audio((0.3 * np.sin(2 * np.pi * 440 * times)).astype(np.float32), 8000)
    y, x = np.mgrid[:80, :96]
    for suffix in SOUNDS:
        files.write(sound, folder / f"sound{suffix}")
    frames = [np.stack([2 * x, 3 * y, (x + y + 9 * n) % 256], -1).astype("u1") for n in range(8)]
    for suffix in PICTURES:
        Image.fromarray(frames[0]).save(folder / f"picture{suffix}")
    for suffix in VIDEOS:
        with VideoWriter(
            folder / f"video{suffix}", fps=12, size=(96, 80), audio_rate=8000
        ) as video:
            video.write_audio(sound)
            for frame in frames:
                video.write_frame(frame)


def mutated(data: bytes, random: np.random.Generator) -> bytes:
    """The same file, damaged; mostly in its first bytes, where headers are."""
    changed = bytearray(data)
    span = min(len(data), 256) if random.random() < 0.6 else len(data)
    place, length = int(random.integers(span)), int(random.integers(1, 64))
    match int(random.integers(5)):
        case 0:
            for index in random.integers(span, size=random.integers(1, 12)):
                changed[index] = int(random.integers(256))
        case 1:
            del changed[int(random.integers(len(data))) :]
        case 2:
            changed[place : place + length // 8] = b"\xff" * (length // 8)
        case 3:
            del changed[place : place + length]
        case _:
            other = int(random.integers(len(data)))
            changed[place:place] = data[other : other + length]
    return bytes(changed)


def read_sound(file: io.BytesIO) -> None:
    sound = files.read(file, sample_rate=16_000, max_seconds=600)
    assert np.isfinite(sound.samples).all()
    assert len(sound.samples)


def read_a_picture(file: io.BytesIO) -> None:
    picture = read_picture(file, max_side=64).picture
    assert picture.dtype == np.uint8
    assert picture.ndim == 3


def read_video(file: io.BytesIO) -> None:
    with VideoReader(file, max_seconds=600) as video:
        for frame in video.frames(fps=12, max_side=64):
            assert frame.picture.dtype == np.uint8


READERS: dict[str, Callable[[io.BytesIO], None]] = {
    "sound": read_sound,
    "picture": read_a_picture,
    "video": read_video,
}


def run(folder: Path) -> None:
    """Read mutations of each file; prints what happened as JSON. Runs in its own process."""
    random = np.random.default_rng(20_250)
    told = {"read": 0, "refused": 0, "escaped": [], "slow": []}
    for path in sorted(folder.iterdir()):
        for number in range(ROUNDS):
            data = mutated(path.read_bytes(), random)
            for kind in {path.stem, "sound" if path.stem == "video" else path.stem}:
                start = time.perf_counter()
                try:
                    READERS[kind](io.BytesIO(data))
                    told["read"] += 1
                except LikewiseError:
                    told["refused"] += 1
                except Exception as error:  # the very thing that is looked for
                    told["escaped"].append(f"{path.name} #{number}: {error!r}")
                if time.perf_counter() - start > SECONDS:
                    told["slow"].append(f"{path.name} #{number}")
    sys.stdout.write(json.dumps(told))


@pytest.mark.filterwarnings("ignore")
def test_damaged_media_never_surprise(tmp_path: Path) -> None:
    seeds(tmp_path)
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", __file__, str(tmp_path)],
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    told = json.loads(done.stdout)
    assert told["escaped"] == []
    assert told["slow"] == []
    assert told["read"] > 100
    assert told["refused"] > 100


if __name__ == "__main__":
    run(Path(sys.argv[1]))
