"""Non-negative mixtures are the best there are."""

import numpy as np
import pytest
from scipy.optimize import nnls

from likewise.mixture import nonnegative_shares


@pytest.mark.parametrize(("known", "size"), [(1, 5), (14, 256), (60, 20), (200, 256)])
@pytest.mark.parametrize("ridge", [0.1, 1e-6])
def test_shares_are_scipys(known, size, ridge):
    rng = np.random.default_rng(known)
    rows = rng.normal(size=(known, size)) + 0.3
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    new = rng.normal(size=size) + 0.3
    found = nonnegative_shares(rows @ rows.T + ridge * np.eye(known), rows @ new)
    system = np.concatenate([rows.T, np.sqrt(ridge) * np.eye(known)])
    expected, _ = nnls(system, np.concatenate([new, np.zeros(known)]))
    assert found.min() >= 0
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_known_thing_is_itself():
    rows = np.eye(5)
    np.testing.assert_allclose(nonnegative_shares(rows @ rows.T, rows @ rows[2]), [0, 0, 1, 0, 0])


def test_two_equal_known_things_share():
    shares = nonnegative_shares(np.ones((2, 2)) + 1e-6 * np.eye(2), np.ones(2))
    assert shares.sum() == pytest.approx(1, abs=1e-5)


def test_nothing_in_common_is_no_mixture():
    assert not nonnegative_shares(np.eye(3), np.array([-1.0, 0.0, -0.5])).any()
    assert nonnegative_shares(np.eye(0), np.zeros(0)).shape == (0,)


@pytest.mark.parametrize("gram", [np.eye(2), np.full((3, 3), np.nan)])
def test_shapes_and_numbers_are_checked(gram):
    with pytest.raises(ValueError, match="A mixture wants"):
        nonnegative_shares(gram, np.ones(3))
