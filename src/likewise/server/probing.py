"""The child process that decodes uploads: nothing else ever reads the bytes a client sent.

    python -m likewise.server.probing '{"megabytes": 2048, ...}'

It takes one JSON line a file on standard input, decodes the whole file within the limits, writes
what it found as a plain file (sound as WAV, picture as PNG without metadata, video checked and
left as it is), and answers one JSON line. Its parent kills it when it takes too long.
"""

import io
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from likewise.errors import BadInput, LikewiseError


@dataclass(frozen=True, slots=True)
class Limits:
    """What an upload may need; see `likewise.server.settings`."""

    megabytes: int
    sound_seconds: float
    video_seconds: float
    megapixels: float
    picture_side: int
    frames: int
    streams: int


def confine(limits: Limits) -> None:
    """Take from this process what decoding doesn't need, where the system allows it."""
    try:
        import resource
    except ImportError:
        return  # Windows: time and the parent's checks remain
    wanted = {
        "RLIMIT_AS": limits.megabytes << 20,
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": 1 << 30,
        "RLIMIT_NOFILE": 64,
    }
    for name, value in wanted.items():
        which = getattr(resource, name, None)
        if which is None:
            continue
        _, hard = resource.getrlimit(which)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(which, (most, most))
        except (ValueError, OSError):
            continue  # macOS refuses some limits; the others stand


def probe(path: Path, kind: str, target: Path, limits: Limits) -> dict[str, Any]:
    """Decode one file, and write it anew.

    Args:
        path: The file as it came.
        kind: `sound`, `picture`, or `media` (a video, or else a sound).
        target: Folder for what comes of it.
        limits: What it may need.

    Returns:
        Facts: `kind`, `name` of the file in `target`, and what there is to know about it.

    Raises:
        BadInput: It is something else, damaged, or beyond a limit.
    """
    match kind:
        case "sound":
            return _sound(path, target, limits)
        case "picture":
            return _picture(path, target, limits)
        case _:
            return _media(path, target, limits)


def _sound(path: Path, target: Path, limits: Limits) -> dict[str, Any]:
    from likewise.audio import files

    _count_streams(path, limits)
    with _open(path) as file:
        sound = files.read(file, max_seconds=limits.sound_seconds)
    files.write(sound, target / "sound.wav")
    return {
        "kind": "sound",
        "name": "sound.wav",
        "seconds": round(sound.seconds, 3),
        "sample_rate": sound.sample_rate,
    }


def _picture(path: Path, target: Path, limits: Limits) -> dict[str, Any]:
    from likewise.video.picture import read_picture, save_picture

    with _open(path) as file:
        found = read_picture(file, max_side=limits.picture_side, max_megapixels=limits.megapixels)
    save_picture(found.picture, target / "picture.png")
    height, width = found.picture.shape[:2]
    return {
        "kind": "picture",
        "name": "picture.png",
        "width": width,
        "height": height,
        "notes": list(found.notes),
    }


def _media(path: Path, target: Path, limits: Limits) -> dict[str, Any]:
    from likewise.video.reader import VideoReader

    _count_streams(path, limits)
    with _open(path) as file:
        try:
            video = VideoReader(file, max_seconds=limits.video_seconds)
        except BadInput:
            if _has_picture(path):
                raise
            return _sound(path, target, limits)
        frames, last = 0, 0.0
        with video:
            for frame in video.frames(max_side=64):
                frames, last = frames + 1, frame.seconds
                if frames > limits.frames:
                    raise BadInput(f"The video has more than {limits.frames} frames. Cut it.")
            facts = video.info
    suffix = ".webm" if "webm" in facts.format else ".mp4"
    name = f"video{suffix}"
    (target / name).write_bytes(path.read_bytes())
    return {
        "kind": "video",
        "name": name,
        "width": facts.width,
        "height": facts.height,
        "frames": frames,
        "seconds": round(last + 1.0 / max(facts.fps, 1.0), 3),
        "fps": round(facts.fps, 3),
        "has_sound": facts.has_sound,
    }


def _open(path: Path) -> io.BufferedReader:
    """A file under the name that messages should use, not its random one."""
    raw = io.FileIO(path)
    raw.name = "The file"
    return io.BufferedReader(raw)


def _count_streams(path: Path, limits: Limits) -> None:
    from likewise.containers import open_container

    with _open(path) as file:
        try:
            with open_container(file, "The file", "a sound or a video") as container:
                count = len(container.streams)
        except BadInput:
            return  # the reader that comes next knows better what it is
    if count > limits.streams:
        raise BadInput(f"The file has {count} streams; at most {limits.streams} are taken.")


def _has_picture(path: Path) -> bool:
    from likewise.containers import open_container

    with _open(path) as file:
        try:
            with open_container(file, "The file", "a video") as container:
                return bool(container.streams.video)
        except BadInput:
            return False


def _answer(line: str, limits: Limits) -> dict[str, Any]:
    order = json.loads(line)
    try:
        facts = probe(Path(order["path"]), order["kind"], Path(order["target"]), limits)
    except LikewiseError as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": "The file needs more memory to decode than is given to an upload."}
    except Exception as error:
        # The boundary of the process: whatever a decoder raises, the file is refused.
        return {"error": f"The file can't be decoded: it is damaged ({type(error).__name__})."}
    return {"facts": facts}


def main() -> None:
    """Answer until standard input ends."""
    limits = Limits(**json.loads(sys.argv[1]))
    # The decoders are loaded before the limits: files of the package stay readable either way.
    import av  # noqa: F401
    import soundfile  # noqa: F401
    from PIL import Image

    Image.init()
    confine(limits)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a decoder prints goes to the log, not among the answers
    for line in sys.stdin:
        answers.write(json.dumps(_answer(line, limits), ensure_ascii=False) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
