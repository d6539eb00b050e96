"""Smooth values in a hole that meet what is around it: Poisson's equation on pixels."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_EXACT = 1e-3  # a grey level or two where the pulls are large; a third of the exact one's time

Part = tuple[slice, slice]


def neighbours() -> Iterator[tuple[tuple[int, int], Part, Part]]:
    """The four steps (right, down) to a neighbour: pixels that have it, and those neighbours."""
    every, first, last = slice(None), slice(None, -1), slice(1, None)
    for step, one, other in (
        ((1, 0), (every, first), (every, last)),
        ((0, 1), (first, every), (last, every)),
    ):
        yield step, one, other
        yield (-step[0], -step[1]), other, one


def membrane(
    hole: NDArray[np.bool_], known: NDArray[np.bool_], pulls: NDArray[np.float32], reach: float
) -> NDArray[np.float32]:
    """Values whose differences from their neighbours add up to what each pixel is pulled by.

    Args:
        hole: (H, W), where values are looked for.
        known: (H, W), where they are 0; the other pixels count as no neighbours.
        pulls: (H, W, C).
        reach: Pixels over which values die away where nothing pulls.

    Returns:
        (H, W, C), 0 outside the hole.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.linalg import cg

    values = np.zeros_like(pulls)
    count = int(hole.sum())
    if not count:
        return values
    numbers = np.zeros(hole.shape, np.int32)
    numbers[hole] = np.arange(count)
    degree = np.full(count, reach**-2.0)
    rows, columns = [], []
    for _, here, there in neighbours():
        inner, edge = hole[here] & hole[there], hole[here] & known[there]
        rows.append(numbers[here][inner])
        columns.append(numbers[there][inner])
        degree += np.bincount(numbers[here][inner | edge], minlength=count)
    row, column = np.concatenate(rows), np.concatenate(columns)
    every = np.arange(count)
    entries = np.concatenate([degree, np.full(len(row), -1.0)]).astype(np.float32)
    places = np.concatenate([every, row]), np.concatenate([every, column])
    matrix = coo_matrix((entries, places), shape=(count, count)).tocsr()
    planes = pulls[hole].T
    values[hole] = np.stack([cg(matrix, plane, rtol=_EXACT)[0] for plane in planes], axis=1)
    return values


def evenly_filled(
    picture: NDArray[np.integer] | NDArray[np.floating], hole: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """A picture (H, W, C) with a hole (H, W) in which colours change evenly from edge to edge."""
    shown = np.where(hole[..., None], 0, picture).astype(np.float32)
    pulls = np.zeros_like(shown)
    for _, one, other in neighbours():
        pulls[one] += shown[other] * hole[one][..., None]
    return shown + membrane(hole, ~hole, pulls, np.inf)
