"""Work ahead keeps order, hands over errors, and stops when its consumer does."""

import threading
import time
from collections.abc import Iterator

import pytest

from likewise.errors import BadInput
from likewise.studio.ahead import Ahead
from likewise.studio.stopwatch import Stopwatch


def test_order_is_kept() -> None:
    with Ahead(iter(range(50)), depth=3) as items:
        assert list(items) == list(range(50))


def test_never_further_ahead_than_depth() -> None:
    made = []

    def source() -> Iterator[int]:
        for number in range(20):
            made.append(number)
            yield number

    with Ahead(source(), depth=2) as items:
        iterator = iter(items)
        next(iterator)
        time.sleep(0.3)
        assert len(made) <= 1 + 2 + 1  # consumed, queued, and the one waiting for room


def test_errors_arrive_where_the_items_are_used() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise BadInput("no")

    with Ahead(source(), depth=2) as items:
        iterator = iter(items)
        assert next(iterator) == 1
        with pytest.raises(BadInput, match="no"):
            next(iterator)


def test_leaving_early_stops_the_thread() -> None:
    def endless() -> Iterator[int]:
        while True:
            yield 0

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt), Ahead(endless(), depth=2) as items:
        for _ in items:
            raise KeyboardInterrupt
    assert threading.active_count() == before


def test_stopwatch_adds_up_each_stage() -> None:
    watch = Stopwatch()
    for _ in watch.each("making", (time.sleep(0.01) for _ in range(3))):
        with watch.stage("using"):
            time.sleep(0.02)
    assert 0.03 <= watch.seconds["making"] < 0.2
    assert 0.06 <= watch.seconds["using"] < 0.3
