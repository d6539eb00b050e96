"""Is it the same face, steady and sharp? Identity, flicker, sharpness, errors against a driver.

watched = watching.watch(frames, fps=25)
metrics = [*face.identity(picture, watched), *face.steadiness(picture, watched)]
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from likewise import weights
from likewise.values import Metric
from likewise.verify import bootstrap

if TYPE_CHECKING:
    from likewise.verify.watching import Watched

IDENTITY_SCORER = "dlib face recognition ResNet v1 (CC0), likewise alignment"
_TRACK_SCORER = "face landmarker (MediaPipe 64184e22)"
_PICTURE_SCORER = "likewise picture"
_SAME_PICTURE = 0.3  # a face of the bank nearer than this is the source itself
_FACE_SHARE = 0.5
_BLUR_SIGMA = 2.0  # the floor of sharpness, pixels
# Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity".
_SSIM_WINDOW, _SSIM_SIGMA = 11, 1.5
_SSIM_C1, _SSIM_C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)

Picture = NDArray[np.uint8]


def identity(source: Picture, watched: "Watched") -> list[Metric]:
    """How far the face drifts from the picture it was made from.

    Args:
        source: uint8 (H, W, 3), RGB, the picture.
        watched: Its frames.

    Returns:
        Mean and greatest distance; below 0.6 dlib calls two photographs one person. The ceiling is
        the picture against its mirror image, the floor the nearest of two other painted faces.
    """
    from likewise.seeing import identity as network
    from likewise.seeing.landmarks import Tracker

    blanks = [
        Metric.unavailable(name, "", unit="", direction="lower is better", scorer=IDENTITY_SCORER)
        for name in ("identity distance", "identity distance, greatest")
    ]
    tracker = Tracker()
    faces, mirrored = tracker.detect(source), tracker.detect(np.ascontiguousarray(source[:, ::-1]))
    reason = "no face in the picture" if not faces else _unseen(watched)
    if reason or not len(watched.embeddings):
        return [
            replace(metric, status=f"unavailable: {reason or 'no frames'}") for metric in blanks
        ]
    own = network.embed(source, faces[0].points)
    apart = np.linalg.norm(watched.embeddings - own, axis=1)
    ceiling = None
    if mirrored:
        flipped = np.ascontiguousarray(source[:, ::-1])
        ceiling = network.distance(own, network.embed(flipped, mirrored[0].points))
    others = np.linalg.norm(bank() - own, axis=1)
    others = others[others > _SAME_PICTURE]
    return [
        replace(
            metric,
            value=float(value),
            ceiling=ceiling,
            floor=float(others.min()) if len(others) else None,
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


def steadiness(source: Picture, watched: "Watched") -> list[Metric]:
    """Flicker, and fine detail of the moving face compared with the picture's."""
    from likewise.seeing.landmarks import Tracker
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
    faces = Tracker().detect(source)
    reason = "no face in the picture" if not faces else _unseen(watched)
    if reason:
        return [flicker, replace(sharpness, status=f"unavailable: {reason}")]
    own = detail(source, faces[0].points)
    return [
        flicker,
        replace(
            sharpness,
            value=float(np.nanmean(watched.sharpness)) / own,
            ceiling=1.0,
            floor=detail(_blurred(source), faces[0].points) / own,
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


def fidelity(frames: Iterable[Picture], truth: Iterable[Picture]) -> list[Metric]:
    """PSNR and SSIM where the true frames are known, as when a face is driven by itself.

    Args:
        frames: uint8 (H, W, 3), RGB.
        truth: The same number of the same size; what is longer is cut.
    """
    noise: list[float] = []
    likeness: list[float] = []
    for one, other in zip(frames, truth, strict=False):
        if one.shape != other.shape:
            return _fidelity(f"frames of {one.shape} against {other.shape}")
        noise.append(float(np.mean(np.square(one.astype(np.float64) - other))))
        likeness.append(ssim(one, other))
    if not noise:
        return _fidelity("no frames")
    psnr, similarity = _fidelity("")
    mean_error = float(np.mean(noise))
    decibels = 10 * np.log10(255**2 / mean_error) if mean_error else None
    return [
        replace(psnr, value=float(decibels), status="ok")
        if decibels is not None
        else replace(psnr, status="unavailable: the frames are identical"),
        replace(
            similarity,
            value=float(np.mean(likeness)),
            ceiling=1.0,
            interval=bootstrap.interval(likeness),
            status="ok",
        ),
    ]


def ssim(one: Picture, other: Picture) -> float:
    """Structural similarity of two pictures' brightness, 1 when equal (Wang et al. 2004)."""
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
    return float((luminance * structure).mean())


@cache
def bank() -> NDArray[np.float32]:
    """Embeddings of two other painted faces, float32 (2, 128).

    Raises:
        MissingWeights: The shipped file is missing or changed.
    """
    from safetensors.numpy import load_file

    return np.asarray(load_file(str(weights.locate("other-faces")))["faces"], np.float32)


def _fidelity(reason: str) -> list[Metric]:
    return [
        Metric.unavailable(
            name, reason, unit=unit, direction="higher is better", scorer=_PICTURE_SCORER
        )
        for name, unit in (("PSNR", "dB"), ("SSIM", ""))
    ]


def _unseen(watched: "Watched") -> str:
    share = watched.lips.face_share
    if share >= _FACE_SHARE:
        return ""
    return f"a face was found in only {100 * share:.0f} % of the frames"


def _blurred(picture: Picture) -> Picture:
    import cv2

    return np.asarray(cv2.GaussianBlur(picture, (0, 0), _BLUR_SIGMA), np.uint8)
