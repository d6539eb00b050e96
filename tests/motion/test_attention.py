"""Faces in company look at whoever speaks."""

from itertools import pairwise

import numpy as np
import pytest

from likewise.motion.attention import Aim, Attention, aim
from likewise.values import Motion, Portrait


def portrait(x: float, y: float) -> Portrait:
    points = np.zeros((478, 3), np.float32)
    points[:, :2] = x, y
    points[454, 0] += 50
    points[234, 0] -= 50
    return Portrait(np.zeros((400, 800, 3), np.uint8), points, np.zeros(52, np.float32))


def test_a_face_aims_at_where_another_one_is() -> None:
    left, right, above = portrait(200, 200), portrait(600, 200), portrait(200, 60)
    assert aim(left, right).right == pytest.approx(-aim(right, left).right)
    assert aim(left, right).right > 0.9 and abs(aim(left, right).up) < 1e-6
    assert aim(left, above).up > 0.5 and abs(aim(left, above).right) < 1e-6


def bent(attention: Attention, cuts: list[int]) -> Motion:
    edges = [0, *cuts, 100]
    pieces = []
    for first, end in pairwise(edges):
        motion = Motion.still(end - first, 25)
        attention.bend(motion, np.arange(first, end) / 25)
        attention.forget(end / 25)
        pieces.append(motion)
    return Motion.joined(pieces)


def test_eyes_go_first_and_the_head_follows() -> None:
    attention = Attention()
    attention.turn(1.0, Aim(0.8, 0.2))
    attention.turn(1.5, Aim(0.8, 0.2))
    attention.turn(3.0, Aim())
    motion = bent(attention, [])
    eyes, head = motion.gaze[:, 0], motion.pose[:, 0]
    assert not eyes[:22].any() and not head[:27].any()
    assert eyes[27] > 0.5 > head[27] / 11
    assert head[50] == pytest.approx(0.8 * 11, abs=0.01) and 0.2 < eyes[50] < eyes[27]
    assert np.abs(motion.pose[99]).max() < 1e-5 and np.abs(motion.gaze[99]).max() < 1e-5
    assert np.abs(np.diff(head)).max() < 1.5


def test_streamed_looks_equal_the_whole() -> None:
    takes = []
    for cuts in ([], [10, 33, 34, 90]):
        attention = Attention()
        for seconds, right in ((0.2, 0.5), (1.1, -0.9), (2.6, 0.0)):
            attention.turn(seconds, Aim(right))
        takes.append(bent(attention, cuts))
    np.testing.assert_allclose(takes[0].pose, takes[1].pose, atol=1e-6)
    np.testing.assert_allclose(takes[0].gaze, takes[1].gaze, atol=1e-6)
