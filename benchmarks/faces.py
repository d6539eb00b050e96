"""How well faces speak: every picture in a folder that has one, with one sentence.

    python benchmarks/faces.py [FOLDER] [--engine mesh] [--side 512] [--text TEXT] [--json FILE]

Each picture is animated from the speech of a stock voice, and the face is found again in the
frames: correlation and lag of the lip gap with the commanded jaw and with the speech itself,
bilabials closed, identity distance, sharpness, flicker, CPU milliseconds a frame for rendering.
`NAME.points.json` beside a picture holds the ten points of a face that no tracker reads (an animal,
a drawing); its lips are then measured by optical flow.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.face.engine import FaceEngine
from likewise.face.registry import face_engine
from likewise.motion.from_speech import from_speech
from likewise.studio.choosing import choose_portrait
from likewise.values import Metric, Motion, Speech
from likewise.verify import face, lips, openings, pixel_lips, watching

TEXT = (
    "Please put the big blue map by the pump, my baby boy. "
    "People often remember the first time they saw a puppet speak, "
    "and most of them believed every word."
)
DEFAULT = Path(__file__).parents[2] / "shared" / "media" / "pictures"
FPS = 25.0


class Stopwatch:
    """CPU seconds spent inside a generator."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.frames = 0

    def over(self, frames: Iterator[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
        """The same frames, timed."""
        while True:
            start = time.process_time()
            frame = next(frames, None)
            self.seconds += time.process_time() - start
            if frame is None:
                return
            self.frames += 1
            yield frame


def measured(
    engine: FaceEngine, path: Path, side: int, speech: Speech, motion: Motion
) -> dict[str, Any] | None:
    """All measurements of one picture, None without a face."""
    placed = path.with_suffix(".points.json")
    try:
        portrait = choose_portrait(
            path,
            engine,
            face=None,
            crop="none",
            size=side,
            points=placed if placed.is_file() else None,
        )
    except BadInput as error:
        print(f"{path.stem:<26}{error}")
        return None
    picture = portrait.picture
    watch = Stopwatch()
    frames = watch.over(engine.render(portrait, motion))
    if placed.is_file():
        kept = list(frames)
        lip_track = pixel_lips.track(picture, portrait.points, kept, motion.fps)
        watched = replace(watching.watch(iter(kept), motion.fps), lips=lip_track)
    else:
        watched = watching.watch(frames, motion.fps)
    spoken = openings.spoken(speech.phonemes, watched.lips.seconds)
    metrics: dict[str, Metric] = {}
    for reference, wanted in (("commanded", openings.commanded(motion)), ("spoken", spoken)):
        for metric in lips.sync(watched.lips, wanted, reference=reference):
            metrics[f"{metric.name}, {reference}"] = metric
    for metric in (
        lips.closures(watched.lips, speech.phonemes),
        *face.identity(picture, watched),
        *face.steadiness(picture, watched),
    ):
        metrics[metric.name] = metric
    return {
        "cpu_ms_per_frame": 1000 * watch.seconds / max(watch.frames, 1),
        "frames": watch.frames,
        "size": list(picture.shape[:2]),
        "metrics": {name: metric.as_json() for name, metric in metrics.items()},
    }


def row(name: str, result: dict[str, Any]) -> str:
    """One line of the table."""
    metrics = result["metrics"]

    def cell(metric: str, digits: int = 2) -> str:
        value = metrics[metric]["value"]
        return "–" if value is None else f"{value:.{digits}f}"

    cells = [
        f"{cell('lip correlation, commanded')} @ {cell('lip lag, commanded', 0)} ms",
        f"{cell('lip correlation, spoken')} @ {cell('lip lag, spoken', 0)} ms",
        f"{cell('lips closed on p, b, m', 0)} %",
        f"{cell('identity distance')} / {cell('identity distance, greatest')}",
        cell("sharpness"),
        cell("flicker", 3),
        f"{result['cpu_ms_per_frame']:.1f}",
    ]
    return f"{name:<26}" + "".join(f"{text:<19}" for text in cells)


def spoken_by_stock_voice(text: str) -> Speech:
    """The text in the default voice of the default engine."""
    from likewise.voice.registry import voice_engine

    engine = voice_engine("kokoro")
    return Speech.joined(engine.speak(text, engine.stock_voices()[0], language="en-us"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT)
    parser.add_argument("--engine", default="mesh")
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--text", default=TEXT)
    parser.add_argument("--speech", type=Path, help="a saved Speech instead of --text")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if not given.folder.is_dir():
        raise SystemExit(f"There is no folder {given.folder}; name one with pictures.")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {load:.1f}")
    speech = Speech.load(given.speech) if given.speech else spoken_by_stock_voice(given.text)
    motion = from_speech(speech, FPS, seed=0)
    print(f"{speech.audio.seconds:.1f} s of speech, {len(motion)} frames\n")
    heads = ("r, jaw commanded", "r, speech", "p b m", "identity", "sharpness", "flicker", "CPU ms")
    print(f"{'picture':<26}" + "".join(f"{head:<19}" for head in heads))
    engine = face_engine(given.engine)
    result: dict[str, Any] = {"load": load, "speech": speech.text, "pictures": {}}
    for path in sorted(given.folder.iterdir()):
        if path.suffix.lower() not in (".jpg", ".jpeg", ".png", ".webp"):
            continue
        found = measured(engine, path, given.side, speech, motion)
        if found:
            result["pictures"][path.name] = found
            print(row(path.stem, found), flush=True)
    if given.json:
        given.json.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
