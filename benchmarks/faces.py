"""How well faces speak: every picture in a folder that has one, with one sentence.

    python benchmarks/faces.py [FOLDER] [--engine mesh] [--side 512] [--text TEXT] [--json FILE]
    python benchmarks/faces.py --films [FOLDER]     # films driven by themselves
    python benchmarks/faces.py --speed              # CPU milliseconds by stage, 512 and 1080 pixels
    python benchmarks/faces.py --wall               # whether a striped wall stays straight
    python benchmarks/faces.py ... --basis FILE     # with another expression basis

Each picture is animated from the speech of a stock voice, and the face is found again in the
frames: correlation and lag of the lip gap with the commanded jaw and with the speech itself,
bilabials closed, identity distance, sharpness, flicker, CPU milliseconds a frame for rendering.
`NAME.points.json` beside a picture holds the ten points of a face that no tracker reads (an animal,
a drawing); its lips are then measured by optical flow.

With `--films` each film drives two of its own frames, the most frontal and the most turned. SSIM
inside the face, after the similarity that lays eyes and nose over each other, stands beside that of
the still frame laid so; identity is that of the animated face against the frame it was made from.

With `--wall` the demo's sitter is laid before a striped wall and nods and leans as far as a driver
may ask; how far from their places the edges of stripes are found, with the wall as a layer of its
own and with a warp of all.

With `--speed` the demo's portrait speaks and turns on one thread; the least of several runs counts,
since other programs only ever add to it.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise import weights
from likewise.errors import BadInput
from likewise.face.engine import FaceEngine
from likewise.face.mesh.behind import layers
from likewise.face.mesh.engine import MeshEngine
from likewise.face.mesh.eyes import EyeLayer
from likewise.face.mesh.matting import Sitter
from likewise.face.mesh.mouth import MouthLayer
from likewise.face.mesh.rig import Rig, sitter_of
from likewise.face.mesh.topology import OVAL
from likewise.face.mesh.warp import Warp
from likewise.face.registry import face_engine
from likewise.motion.from_speech import from_speech
from likewise.motion.from_video import from_video
from likewise.motion.limits import within_limits
from likewise.seeing.canonical import head_pose
from likewise.seeing.following import Film
from likewise.seeing.landmarks import Tracker
from likewise.studio.choosing import choose_portrait
from likewise.values import INDEX, Metric, Motion, Speech
from likewise.verify import face as face_metrics
from likewise.verify import lips, openings, pixel_lips, watching

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
    sitter = face_metrics.sitter(picture)
    for reference, wanted in (("commanded", openings.commanded(motion)), ("spoken", spoken)):
        for metric in lips.sync(watched.lips, wanted, reference=reference):
            metrics[f"{metric.name}, {reference}"] = metric
    for metric in (
        lips.closures(watched.lips, speech.phonemes),
        *face_metrics.identity(watched, sitter),
        *face_metrics.steadiness(watched, sitter),
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


_ALIGNED = [33, 133, 263, 362, 1, 168, 6, 4]
"""Corners of the eyes and points of the nose, which no expression moves."""


def self_reenactment(engine: FaceEngine, path: Path, fps: float) -> Iterator[dict[str, Any]]:
    """A film drives its own most frontal and most turned frame."""
    film = Film(path, fps=fps)
    seen = [(s.seconds, s.picture, s.face) for s in film.sightings() if s.face is not None]
    yaws = np.array([head_pose(face.points)[0] for _, _, face in seen])
    for name, chosen in (("frontal", np.abs(yaws).argmin()), ("turned", np.abs(yaws).argmax())):
        seconds, picture, face = seen[int(chosen)]
        portrait = engine.prepare(picture, points=face.points)
        motion = within_limits(from_video(film, anchor=seconds).motion, portrait)
        rendered = list(engine.render(portrait, motion))
        tracker = Tracker()
        found, still = [], []
        for frame, (when, truth, true_face) in zip(rendered, seen, strict=False):
            if when == seconds or (tracked := tracker.track(frame)) is None:
                continue
            found.append(_face_ssim(frame, tracked.points, truth, true_face.points))
            still.append(_face_ssim(picture, face.points, truth, true_face.points))
        watched = watching.watch(iter(rendered), fps)
        metrics = face_metrics.identity(watched, face_metrics.sitter(picture))
        distance = {metric.name: metric.value for metric in metrics}
        yield {
            "film": path.stem,
            "source": name,
            "yaw": float(yaws[chosen]),
            "ssim": float(np.mean(found)),
            "ssim_still": float(np.mean(still)),
            "identity": distance["identity distance"],
            "identity_greatest": distance["identity distance, greatest"],
        }


def _face_ssim(
    picture: NDArray[np.uint8],
    points: NDArray[np.float32],
    truth: NDArray[np.uint8],
    true_points: NDArray[np.float32],
) -> float:
    """SSIM within the true face's oval, of a picture laid over the true one."""
    way, _ = cv2.estimateAffinePartial2D(points[_ALIGNED, :2], true_points[_ALIGNED, :2])
    laid = cv2.warpAffine(picture, way, truth.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros(truth.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(true_points[list(OVAL), :2]).astype(np.int32)], 1)
    return float(face_metrics.ssim_map(laid, truth)[mask > 0].mean())


STAGES = {"warp": (Warp, "__call__"), "eyes": (EyeLayer, "paint"), "mouth": (MouthLayer, "paint")}


def speed(side: int, frames: int = 40, runs: int = 5) -> dict[str, float]:
    """CPU milliseconds a frame by stage, the least of several runs; one thread."""
    cv2.setNumThreads(1)
    picture = Path(str(files("likewise") / "data" / "demo" / "portrait.jpg"))
    engine = face_engine("mesh")
    portrait = choose_portrait(picture, engine, face=None, crop="head", size=side)
    times = np.arange(frames) / FPS
    motion = Motion.still(frames, FPS)
    motion.pose[:] = np.stack(
        [6 * np.sin(3 * times), 3 * np.sin(5 * times), 2 * np.sin(4 * times)], 1
    )
    motion.coefficients[:, INDEX["jawOpen"]] = 0.3 - 0.3 * np.cos(12 * times)
    for side_name in ("Left", "Right"):
        motion.coefficients[:, INDEX[f"mouthSmile{side_name}"]] = 0.2
        motion.coefficients[8:12, INDEX[f"eyeBlink{side_name}"]] = 0.8
    found: dict[str, list[float]] = {}
    for _ in range(runs):
        spent = dict.fromkeys((*STAGES, "all"), 0.0)
        with _timed(spent):
            rendered = engine.render(portrait, motion)
            next(rendered)
            spent.update(dict.fromkeys(spent, 0.0))
            start = time.process_time()
            for _ in rendered:
                pass
            spent["all"] = time.process_time() - start
        spent["shape and pose"] = spent["all"] - sum(spent[stage] for stage in STAGES)
        for stage, seconds in spent.items():
            found.setdefault(stage, []).append(1000 * seconds / (frames - 1))
    return {stage: min(values) for stage, values in found.items()}


def wall(side: int = 512) -> dict[str, dict[str, float]]:
    """Pixels by which edges of stripes behind a moving head are off, by way of drawing."""
    picture = Path(str(files("likewise") / "data" / "demo" / "portrait.jpg"))
    engine = MeshEngine()
    portrait = choose_portrait(picture, engine, face=None, crop="head", size=side)
    sitter, rig = sitter_of(portrait), Rig(portrait)
    everywhere = np.array([[0.0, 0.0], [side, side]])
    cut = layers(portrait.picture, sitter, everywhere, rig.face_width).sitter.astype(np.float64)
    stripes = np.where(np.arange(side) // _STRIPE % 2 == 0, 0.0, 1.0)[None, :, None]
    striped = _DARK + stripes * (_LIGHT - _DARK)
    shown = cut[..., :3] + (1 - cut[..., 3:] / 255) * striped
    before = replace(portrait, picture=np.clip(shown, 0, 255).astype(np.uint8))
    found = {}
    for way, confidence in (("layers", {}), ("warp of all", {"trusted": False})):
        with _changed(Sitter, **confidence):
            off: list[float] = []
            seen = replace(before)  # what is remembered of a portrait would be the other way
            at_rest = _edges_off(before.picture)
            for pose in ((0, 0, 10), (0, 0, -10), (0, 10, 0), (0, -10, 0)):
                motion = Motion.still(1, FPS)
                motion.pose[0] = pose
                (frame,) = engine.render(seen, motion)
                moved = _edges_off(frame)
                off += moved[(at_rest < 1) & np.isfinite(moved)].tolist()
        found[way] = {
            "mean": float(np.mean(off)),
            "p95": float(np.quantile(off, 0.95)),
            "above_2": float(np.mean(np.array(off) > 2)),
        }
    return found


_STRIPE = 28  # pixels
_LIGHT, _DARK = np.array((176.0, 160.0, 132.0)), np.array((120.0, 96.0, 84.0))


def _edges_off(frame: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How far edges of stripes are from where they belong, (rows, edges); NaN where none is."""
    across = (_LIGHT - _DARK) / np.sum((_LIGHT - _DARK) ** 2)
    seen = cv2.blur(frame, (1, 5)).astype(np.float64)
    share = (seen - _DARK) @ across  # 0 in a dark stripe, 1 in a light one
    strange = np.linalg.norm(seen - _DARK - share[..., None] * (_LIGHT - _DARK), axis=2)
    wall = (strange < 22) & (np.abs(share - 0.5) < 0.85)
    half = _STRIPE // 2 - 1
    columns = []
    for number, edge in enumerate(range(_STRIPE, frame.shape[1] - _STRIPE, _STRIPE)):
        near = np.s_[:, edge - half : edge + half]
        rising = share[near] if number % 2 == 0 else 1 - share[near]
        crosses = (rising[:, :-1] < 0.5) & (rising[:, 1:] >= 0.5)
        away = np.where(crosses, np.abs(np.arange(2 * half - 1) - half + 1), half).min(axis=1)
        columns.append(np.where(wall[near].all(axis=1), away, np.nan))
    return np.stack(columns, axis=1)


@contextmanager
def _changed(owner: type, **values: Any) -> Iterator[None]:
    """A class with other attributes for a while."""
    kept = {name: getattr(owner, name) for name in values}
    try:
        for name, value in values.items():
            setattr(owner, name, value)
        yield
    finally:
        for name, value in kept.items():
            setattr(owner, name, value)


@contextmanager
def _timed(spent: dict[str, float]) -> Iterator[None]:
    """Add the CPU seconds of every stage to `spent`."""
    kept = {stage: getattr(*place) for stage, place in STAGES.items()}

    def timing(stage: str) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            start = time.process_time()
            result = kept[stage](*given, **named)
            spent[stage] += time.process_time() - start
            return result

        return call

    try:
        for stage, (owner, name) in STAGES.items():
            setattr(owner, name, timing(stage))
        yield
    finally:
        for stage, (owner, name) in STAGES.items():
            setattr(owner, name, kept[stage])


def spoken_by_stock_voice(text: str) -> Speech:
    """The text in the default voice of the default engine."""
    from likewise.voice.registry import voice_engine

    engine = voice_engine("kokoro")
    return Speech.joined(engine.speak(text, engine.stock_voices()[0], language="en-us"))


def use_basis(path: Path) -> None:
    """Let the mesh engine take expressions from a file of `tools/build_expression_basis.py`."""
    shipped = weights.locate
    weights.locate = lambda name: path if name == "expression-basis" else shipped(name)


def print_speed(given: argparse.Namespace) -> dict[str, Any]:
    """CPU milliseconds by stage of a square and of a large picture."""
    result = {}
    for side in (512, 1080):
        result[str(side)] = found = speed(side)
        stages = ", ".join(f"{name} {ms:.1f}" for name, ms in found.items() if name != "all")
        print(f"{side}x{side}: {found['all']:.1f} ms = {1000 / found['all']:.0f} fps; {stages}")
    return result


def print_wall(given: argparse.Namespace) -> dict[str, Any]:
    """How straight a wall stays, with and without layers."""
    result = wall(given.side)
    for way, found in result.items():
        print(
            f"{way:<12} edges off by {found['mean']:.2f} pixels, 95 % within {found['p95']:.1f}, "
            f"{100 * found['above_2']:.1f} % by more than 2"
        )
    return result


def print_films(given: argparse.Namespace) -> dict[str, Any]:
    """Every film of a folder, driving itself."""
    engine = face_engine(given.engine)
    heads = ("source", "yaw", "SSIM", "still frame", "identity")
    print(f"{'film':<14}" + "".join(f"{head:<14}" for head in heads))
    rows = []
    for path in sorted(given.folder.iterdir()):
        if path.suffix.lower() not in (".mp4", ".mov", ".webm", ".mkv"):
            continue
        for found in self_reenactment(engine, path, given.fps):
            rows.append(found)
            cells = [found["source"], f"{found['yaw']:.0f}", f"{found['ssim']:.3f}"]
            cells += [f"{found['ssim_still']:.3f}"]
            cells += [f"{found['identity']:.2f} / {found['identity_greatest']:.2f}"]
            print(f"{found['film']:<14}" + "".join(f"{cell:<14}" for cell in cells), flush=True)
    return {"films": rows}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT)
    parser.add_argument("--engine", default="mesh")
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--text", default=TEXT)
    parser.add_argument("--speech", type=Path, help="a saved Speech instead of --text")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--films", action="store_true", help="films driven by themselves")
    parser.add_argument("--fps", type=float, default=3.0, help="at which --films reads them")
    parser.add_argument("--speed", action="store_true", help="CPU milliseconds by stage")
    parser.add_argument("--wall", action="store_true", help="whether a wall stays straight")
    parser.add_argument("--basis", type=Path, help="another expression basis")
    given = parser.parse_args()
    if given.basis:
        use_basis(given.basis)
    if given.films and given.folder == DEFAULT:
        given.folder = DEFAULT.parent / "drivers"
    chosen = (given.wall, print_wall), (given.speed, print_speed), (given.films, print_films)
    measure = next((print_it for wanted, print_it in chosen if wanted), None)
    if measure not in (print_wall, print_speed) and not given.folder.is_dir():
        raise SystemExit(f"There is no folder {given.folder}; name one with pictures.")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {load:.1f}")
    if measure is not None:
        result = {"load": load, **measure(given)}
        if given.json:
            given.json.write_text(json.dumps(result, indent=1), encoding="utf-8")
        return
    speech = Speech.load(given.speech) if given.speech else spoken_by_stock_voice(given.text)
    motion = from_speech(speech, FPS, seed=0)
    print(f"{speech.audio.seconds:.1f} s of speech, {len(motion)} frames\n")
    heads = ("r, jaw commanded", "r, speech", "p b m", "identity", "sharpness", "flicker", "CPU ms")
    print(f"{'picture':<26}" + "".join(f"{head:<19}" for head in heads))
    engine = face_engine(given.engine)
    result = {"load": load, "speech": speech.text, "pictures": {}}
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
