"""BLAS keeps to one thread for as long as anybody wants it, and gets its threads back."""

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from likewise.threads import single_blas_thread


def blas_threads():
    np.eye(2) @ np.eye(2)  # loads the library
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_the_limit_ends_with_the_last_who_asked_whatever_the_order():
    with threadpool_limits(2, user_api="blas"):
        one, other = single_blas_thread(), single_blas_thread()
        one.__enter__()
        assert blas_threads() == {1}
        other.__enter__()
        one.__exit__(None, None, None)  # not the one that came last
        assert blas_threads() == {1}
        other.__exit__(None, None, None)
        assert blas_threads() == {2}
        with single_blas_thread():
            assert blas_threads() == {1}
        assert blas_threads() == {2}
