"""Is it the same face, steady and sharp? Identity, flicker, sharpness, errors against a driver.

watched, sitter = watching.watch(frames, fps=25), face.sitter(picture)
metrics = [*face.identity(watched, sitter), *face.steadiness(watched, sitter)]
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from likewise import weights
from likewise.seeing import imagenet
from likewise.values import Metric
from likewise.values.metric import Direction
from likewise.verify import bootstrap

if TYPE_CHECKING:
    from likewise.seeing.landmarks import Face, Tracker
    from likewise.verify.watching import Watched

IDENTITY_SCORER = "dlib face recognition ResNet v1 (CC0), likewise alignment"
_TRACK_SCORER = "face landmarker (MediaPipe 64184e22)"
_PICTURE_SCORER = "likewise picture"
_FACELESS = "no face in the picture"
_SAME_PICTURE = 0.3  # a face of the bank nearer than this is the source itself
_FACE_SHARE = 0.5
_PERCEIVED_EVERY = 5  # frames; looking costs more than all else here
_BLUR_SIGMA = 2.0  # the floor of sharpness, pixels
# Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity".
_SSIM_WINDOW, _SSIM_SIGMA = 11, 1.5
_SSIM_C1, _SSIM_C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Sitter:
    """Whoever is in the picture that frames were made from: found once, for all that asks.

    Attributes:
        picture: uint8 (H, W, 3), RGB.
        face: The largest face in it, None where there is none.
        embedding: float32 (128,), whose face it is; None without a face.
        mirrored: The same in the mirror image, None where no face is found there.
    """

    picture: Picture
    face: "Face | None" = None
    embedding: NDArray[np.float32] | None = None
    mirrored: NDArray[np.float32] | None = None


def sitter(picture: Picture, tracker: "Tracker | None" = None) -> Sitter:
    """Find the sitter of a picture.

    Args:
        picture: uint8 (H, W, 3), RGB.
        tracker: One whose models are loaded already, None for one of its own.
    """
    from likewise.seeing import identity as network
    from likewise.seeing.landmarks import Tracker

    tracker = tracker or Tracker()
    faces = tracker.detect(picture)
    if not faces:
        return Sitter(picture)
    flipped = np.ascontiguousarray(picture[:, ::-1])
    mirrored = tracker.detect(flipped)
    return Sitter(
        picture,
        faces[0],
        network.embed(picture, faces[0].points),
        network.embed(flipped, mirrored[0].points) if mirrored else None,
    )


def identity(watched: "Watched", source: Sitter) -> list[Metric]:
    """How far the face drifts from the picture it was made from.

    Args:
        watched: The frames.
        source: Who is in the picture.

    Returns:
        Mean and greatest distance; below 0.6 dlib calls two photographs one person. The ceiling is
        the picture against its mirror image, the floor the nearest of two other painted faces.
    """
    from likewise.seeing import identity as network

    blanks = [
        Metric.unavailable(name, "", unit="", direction="lower is better", scorer=IDENTITY_SCORER)
        for name in ("identity distance", "identity distance, greatest")
    ]
    own = source.embedding
    reason = _unseen(watched) if own is not None else _FACELESS
    if own is None or reason or not len(watched.embeddings):
        return [
            replace(metric, status=f"unavailable: {reason or 'no frames'}") for metric in blanks
        ]
    apart = np.linalg.norm(watched.embeddings - own, axis=1)
    ceiling = None if source.mirrored is None else network.distance(own, source.mirrored)
    strangers = np.linalg.norm(others(own) - own, axis=1)
    return [
        replace(
            metric,
            value=float(value),
            ceiling=ceiling,
            floor=float(strangers.min()) if len(strangers) else None,
            interval=spread,
            status="ok",
            note=f"{len(apart)} frames; below {network.SAME_PERSON} is the same person",
        )
        for metric, value, spread in zip(
            blanks,
            (apart.mean(), apart.max()),
            (bootstrap.interval([float(value) for value in apart]), None),
            strict=True,
        )
    ]


def steadiness(watched: "Watched", source: Sitter) -> list[Metric]:
    """Flicker, and fine detail of the moving face compared with the picture's.

    Args:
        watched: The frames.
        source: Who is in the picture.
    """
    from likewise.verify.watching import detail

    flicker = Metric.unavailable(
        "flicker",
        "fewer than 3 frames",
        unit="levels",
        direction="lower is better",
        scorer=_PICTURE_SCORER,
    )
    if len(watched.flicker):
        flicker = replace(
            flicker,
            value=float(watched.flicker.mean()),
            ceiling=0.0,
            status="ok",
            note="second difference of brightness from frame to frame, of 255",
        )
    sharpness = Metric.unavailable(
        "sharpness", "", unit="", direction="higher is better", scorer=_PICTURE_SCORER
    )
    face = source.face
    reason = _unseen(watched) if face is not None else _FACELESS
    if face is None or reason:
        return [flicker, replace(sharpness, status=f"unavailable: {reason}")]
    own = detail(source.picture, face.points)
    return [
        flicker,
        replace(
            sharpness,
            value=float(np.nanmean(watched.sharpness)) / own,
            ceiling=1.0,
            floor=detail(_blurred(source.picture), face.points) / own,
            status="ok",
            note=f"fine detail over the picture's; floor: blurred by {_BLUR_SIGMA:g} pixels",
        ),
    ]


def driven(watched: "Watched", driver: "Watched") -> list[Metric]:
    """Errors of head pose (degrees) and expression (0..1) against a driver, frame by frame.

    Both are taken from their own rest, the median over all frames, so that a portrait that looks
    aside or smiles is not blamed for it. The floor is the driver's frames in shuffled order.
    """
    count = min(len(watched.pose), len(driver.pose))
    metrics = []
    for name, unit, ours, theirs in (
        ("pose error", "°", watched.pose, driver.pose),
        ("expression error", "", watched.coefficients, driver.coefficients),
    ):
        blank = Metric.unavailable(
            name, "", unit=unit, direction="lower is better", scorer=_TRACK_SCORER
        )
        both = np.isfinite(ours[:count]).all(1) & np.isfinite(theirs[:count]).all(1)
        if count < 3 or both.mean() < _FACE_SHARE:
            status = "unavailable: a face in both for less than half of the frames"
            metrics.append(replace(blank, status=status))
            continue
        one, other = ours[:count][both], theirs[:count][both]
        one, other = one - np.median(one, 0), other - np.median(other, 0)
        shuffled = other[np.random.default_rng(0).permutation(len(other))]
        metrics.append(
            replace(
                blank,
                value=float(np.abs(one - other).mean()),
                ceiling=0.0,
                floor=float(np.abs(one - shuffled).mean()),
                status="ok",
                note=f"mean over {len(one)} frames",
            )
        )
    return metrics


def fidelity(
    frames: Iterable[Picture], truth: Iterable[Picture], *, still: Picture | None = None
) -> list[Metric]:
    """PSNR, SSIM and perceptual distance where the true frames are known: driven by oneself.

    Args:
        frames: uint8 (H, W, 3), RGB.
        truth: The same number of the same size; what is longer is cut.
        still: A frame of the same size that never moves, as the floor: what no animation reaches.
    """
    names = [metric.name for metric in _fidelity("")]
    found: dict[str, list[float]] = {name: [] for name in names}
    floors: dict[str, list[float]] = {name: [] for name in names}
    for index, (one, other) in enumerate(zip(frames, truth, strict=False)):
        if one.shape != other.shape:
            return _fidelity(f"frames of {one.shape} against {other.shape}")
        _compare_pictures(found, one, other, index)
        if still is not None and still.shape == other.shape:
            _compare_pictures(floors, still, other, index)
    if not found["SSIM"]:
        return _fidelity("no frames")
    ceilings = {"SSIM": 1.0, "perceptual distance": 0.0}
    metrics = []
    for metric in _fidelity(""):
        value, floor = (_mean_fidelity(metric.name, kept[metric.name]) for kept in (found, floors))
        if value is None:
            metrics.append(replace(metric, status="unavailable: the frames are identical"))
            continue
        metrics.append(
            replace(
                metric,
                value=value,
                floor=floor,
                ceiling=ceilings.get(metric.name),
                interval=None if metric.unit else bootstrap.interval(found[metric.name]),
                status="ok",
                note="floor: the still picture" if floor is not None else "",
            )
        )
    return metrics


def _compare_pictures(
    kept: dict[str, list[float]], one: Picture, other: Picture, index: int
) -> None:
    kept["PSNR"].append(float(np.mean(np.square(one.astype(np.float64) - other))))
    kept["SSIM"].append(ssim(one, other))
    if index % _PERCEIVED_EVERY == 0:
        kept["perceptual distance"].append(perceptual_distance(one, other))


def _mean_fidelity(name: str, values: list[float]) -> float | None:
    """Mean over the frames; decibels are of the mean error, not the mean of decibels."""
    if not values:
        return None
    mean = float(np.mean(values))
    if name != "PSNR":
        return mean
    return float(10 * np.log10(255**2 / mean)) if mean else None


def perceptual_distance(one: Picture, other: Picture) -> float:
    """How differently a network sees two pictures, 0 when equal.

    The unweighted form of LPIPS (Zhang et al. 2018, "The unreasonable effectiveness of deep
    features as a perceptual metric", eq. 1 with all weights 1), on our own network, so its numbers
    compare with nobody else's: feature vectors of length 1 at every place of every stage, their
    squared distance averaged over places and stages.
    """
    distances = []
    for a, b in zip(imagenet.see(one).stages, imagenet.see(other).stages, strict=True):
        unit_a, unit_b = (
            maps / np.maximum(np.linalg.norm(maps, axis=0, keepdims=True), 1e-9) for maps in (a, b)
        )
        distances.append(np.square(unit_a - unit_b).sum(axis=0).mean())
    return float(np.mean(distances))


def ssim(one: Picture, other: Picture) -> float:
    """Structural similarity of two pictures' brightness, 1 when equal (Wang et al. 2004)."""
    return float(ssim_map(one, other).mean())


def ssim_map(one: Picture, other: Picture) -> NDArray[np.float32]:
    """Structural similarity at every pixel, float32 (H, W)."""
    import cv2

    def smooth(values: NDArray[np.float32]) -> NDArray[np.float32]:
        size = (_SSIM_WINDOW, _SSIM_WINDOW)
        return np.asarray(cv2.GaussianBlur(values, size, _SSIM_SIGMA), np.float32)

    x = np.asarray(one.astype(np.float32) @ _LUMA)
    y = np.asarray(other.astype(np.float32) @ _LUMA)
    mean_x, mean_y = smooth(x), smooth(y)
    variance_x = smooth(x * x) - mean_x**2
    variance_y = smooth(y * y) - mean_y**2
    covariance = smooth(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + _SSIM_C1) / (mean_x**2 + mean_y**2 + _SSIM_C1)
    structure = (2 * covariance + _SSIM_C2) / (variance_x + variance_y + _SSIM_C2)
    return np.asarray(luminance * structure, np.float32)


@cache
def bank() -> NDArray[np.float32]:
    """Embeddings of two other painted faces, float32 (2, 128).

    Raises:
        MissingWeights: The shipped file is missing or changed.
    """
    from safetensors.numpy import load_file

    return np.asarray(load_file(str(weights.locate("other-faces")))["faces"], np.float32)


def others(embedding: NDArray[np.float32]) -> NDArray[np.float32]:
    """The bank's faces, float32 (N, 128), without one that `embedding` (128,) is itself."""
    rows = bank()
    return np.asarray(rows[np.linalg.norm(rows - embedding, axis=1) > _SAME_PICTURE])


def _fidelity(reason: str) -> list[Metric]:
    better: Direction = "higher is better"
    return [
        Metric.unavailable("PSNR", reason, unit="dB", direction=better, scorer=_PICTURE_SCORER),
        Metric.unavailable("SSIM", reason, unit="", direction=better, scorer=_PICTURE_SCORER),
        Metric.unavailable(
            "perceptual distance",
            reason,
            unit="",
            direction="lower is better",
            scorer=f"{imagenet.SCORER}, unweighted LPIPS",
        ),
    ]


def _unseen(watched: "Watched") -> str:
    share = watched.lips.face_share
    if share >= _FACE_SHARE:
        return ""
    return f"a face was found in only {100 * share:.0f} % of the frames"


def _blurred(picture: Picture) -> Picture:
    import cv2

    return np.asarray(cv2.GaussianBlur(picture, (0, 0), _BLUR_SIGMA), np.uint8)
