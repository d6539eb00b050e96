"""Lips measured on pixels: a picture pulled apart by so much, and beside the face tracker."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from likewise.face.mesh.engine import MeshEngine
from likewise.values import INDEX, Motion
from likewise.verify import lips, pixel_lips
from likewise.verify.lips import closures, sync

DATA = Path(__file__).parents[1] / "data"
MOUTH = np.array([[70.0, 100.0], [100.0, 100.0], [130.0, 100.0], [100.0, 160.0]])


def fur(seed: int = 2) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).uniform(0, 255, (220, 200, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2.5)
    return np.clip((soft - 127) * 5 + 127, 0, 255).astype(np.uint8)


def parted(picture: NDArray[np.uint8], pixels: int) -> NDArray[np.uint8]:
    """Everything below the lips lower by so much, a dark hole between."""
    frame = picture.copy()
    frame[100 + pixels :] = picture[100 : len(picture) - pixels]
    frame[100 : 100 + pixels] = 20
    return frame


def test_a_picture_pulled_apart() -> None:
    picture = fur()
    for pixels in (0, 3, 7, 12):
        (gap,) = pixel_lips.opened(picture, MOUTH, [parted(picture, pixels)])
        assert gap == pytest.approx(pixels / 60, abs=0.01)


def test_a_moving_head_is_no_open_mouth() -> None:
    picture = fur()
    for shift in ((5, 0), (0, 4), (-3, -3)):
        moved = np.roll(picture, shift, axis=(1, 0))
        (gap,) = pixel_lips.opened(picture, MOUTH, [moved])
        assert abs(gap) < 0.01


def test_a_tilted_mouth_opens_along_its_own_axis() -> None:
    picture = fur()
    turn = cv2.getRotationMatrix2D((100, 100), 20, 1)
    tilted = MOUTH @ turn[:, :2].T + turn[:, 2]

    def turned(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return cv2.warpAffine(frame, turn, (200, 220), borderMode=cv2.BORDER_REFLECT)

    (gap,) = pixel_lips.opened(turned(picture), tilted, [turned(parted(picture, 9))])
    assert gap == pytest.approx(9 / 60, abs=0.015)


def test_it_agrees_with_the_tracker_on_a_face_that_both_can_read() -> None:
    engine = MeshEngine()
    head = cv2.imread(str(DATA / "lady_agnew.jpg"))[20:280, 190:450, ::-1]
    picture = cv2.resize(np.ascontiguousarray(head), (384, 384), interpolation=cv2.INTER_CUBIC)
    portrait = engine.prepare(picture)
    motion = Motion.still(24, 25.0)
    motion.coefficients[:, INDEX["jawOpen"]] = 0.2 - 0.2 * np.cos(np.arange(24) / 3)
    motion.pose[:, 0] = np.linspace(-3, 3, 24)
    frames = list(engine.render(portrait, motion))
    tracked = lips.track(frames, 25.0)
    seen = pixel_lips.track(picture, portrait.points, frames, 25.0)
    assert np.corrcoef(seen.gap, tracked.gap)[0, 1] > 0.95
    scorers = {metric.scorer for metric in sync(seen, motion.coefficients[:, INDEX["jawOpen"]])}
    assert scorers == {pixel_lips.SCORER} == {closures(seen, ()).scorer}
