"""Something as a mixture of known things: the shares may be nothing, but never less.

The question behind cloning and explaining alike: which known voices or faces, in which amounts,
come nearest to a new one?
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_NOTHING: Final = 1e-12


def nonnegative_shares(
    likeness: NDArray[np.floating], wanted: NDArray[np.floating]
) -> NDArray[np.float64]:
    """The shares w >= 0 with the least w G w / 2 - c w: non-negative least squares.

    The active-set method of Lawson and Hanson (1974, chapter 23) on the normal equations (Bro and
    de Jong 1997). With known things as the rows of A, G = A A^T and c = A x give the mixture
    nearest to x; a ridge on G's diagonal keeps the shares spread, a number taken from c sparse.

    Args:
        likeness: (N, N), G, positive definite: how alike the known things are.
        wanted: (N,), c: how alike each is to the new one.

    Returns:
        float64 (N,).

    Raises:
        ValueError: Shapes that don't fit, or numbers that are none.
    """
    gram, pull = np.asarray(likeness, np.float64), np.asarray(wanted, np.float64)
    if gram.shape != (len(pull), len(pull)) or not (
        np.isfinite(gram).all() and np.isfinite(pull).all()
    ):
        raise ValueError(
            f"A mixture wants finite G (N, N) and c (N,), got {gram.shape}, {pull.shape}"
        )
    shares = np.zeros(len(pull))
    taken = np.zeros(len(pull), bool)
    tolerance = _NOTHING * max(1.0, float(np.abs(pull).max(initial=0.0)))
    for _ in range(10 * len(pull)):
        gain = np.where(taken, -np.inf, pull - gram @ shares)
        if not len(gain) or gain.max() <= tolerance:
            break
        taken[np.argmax(gain)] = True
        shares = _settled(gram, pull, shares, taken)
    return shares


def _settled(
    gram: NDArray[np.float64],
    pull: NDArray[np.float64],
    shares: NDArray[np.float64],
    taken: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """The best shares of those taken; whatever would fall below zero is dropped from `taken`."""
    while True:
        best = np.zeros(len(pull))
        best[taken] = np.linalg.solve(gram[np.ix_(taken, taken)], pull[taken])
        falling = taken & (best <= 0)
        if not falling.any():
            return best
        step = np.min(shares[falling] / np.maximum(shares[falling] - best[falling], _NOTHING))
        shares = shares + step * (best - shares)
        taken &= shares > _NOTHING
        shares = np.where(taken, shares, 0.0)
