"""How many threads matrix products take: a limit is the whole process's, so it is kept here.

Where work is spread over threads of ours, or products are small, further threads of BLAS only wait
for cores that are taken, awake.

    with single_blas_thread():
        embeddings = windows @ weights
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

_lock = Lock()
_inside = 0
_limit: Any = None


@contextmanager
def single_blas_thread() -> Iterator[None]:
    """One thread for each matrix product, until the last who asked for it has left."""
    global _inside, _limit
    from threadpoolctl import threadpool_limits

    with _lock:
        if not _inside:
            _limit = threadpool_limits(1, user_api="blas")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                _limit.restore_original_limits()
