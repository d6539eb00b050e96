"""Work ahead: run an iterator in a thread of its own, a few items in front of whoever consumes it.

Speaking and rendering overlap this way on two cores, and because the queue is bounded the memory of
a ten-minute text is that of a one-minute one.
"""

import queue
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """Iterate over `source`, which runs up to `depth` items ahead in a thread.

    A context manager: leaving it, by whatever way, stops the thread after its current item. Errors
    of the source are raised where the items are consumed.

    Example:
        >>> with Ahead(iter([1, 2, 3]), depth=2) as items:
        ...     list(items)
        [1, 2, 3]
    """

    def __init__(self, source: Iterator[T], *, depth: int) -> None:
        self._source = source
        self._items: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(depth)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="likewise-ahead", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def __iter__(self) -> Iterator[T]:
        while True:
            item, error = self._items.get()
            if error is not None:
                if isinstance(error, StopIteration):
                    return
                raise error
            yield item  # type: ignore[misc]  # an item without an error is a T

    def _run(self) -> None:
        try:
            for item in self._source:
                if not self._put(item, None):
                    return
            self._put(None, StopIteration())
        except BaseException as error:  # handed to the consumer, whatever it is
            self._put(None, error)

    def _put(self, item: T | None, error: BaseException | None) -> bool:
        while not self._stop.is_set():
            try:
                self._items.put((item, error), timeout=0.1)
            except queue.Full:
                continue
            return True
        return False
