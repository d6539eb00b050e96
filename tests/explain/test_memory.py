import multiprocessing
import sqlite3
import time
from pathlib import Path

import numpy as np
import pytest

from likewise import home
from likewise.errors import BadInput
from likewise.explain import example
from likewise.explain.directions import Space
from likewise.explain.memory import Memory
from likewise.values import Audio

PICTURES = Space("picture", "tests 1", centre=np.full(16, 0.5, np.float32))


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    with Memory(tmp_path / "memory.sqlite") as opened:
        yield opened


def rows(seed: int, count: int = 1, length: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, length)).astype(np.float32)


def test_what_was_learned_is_found_again_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    picture = np.random.default_rng(0).integers(0, 256, (300, 500, 3), np.uint8)
    with Memory(path) as memory:
        thing = memory.add(PICTURES, rows(1)[0], example=example.of_picture(picture))
        memory.add_many(PICTURES, rows(2, 20), name="others")
        memory.rename(thing, "fox")
    with Memory(path) as memory:
        found = memory.nearest(PICTURES, rows(1)[0] + 0.01, count=3)
        assert found[0].name == "fox" and found[0].cosine > 0.99 and len(found) == 3
        assert [item.name for item in memory.things("picture")] == ["fox", "others"]
        (shown,) = memory.examples(thing)
        assert shown.media_type == "image/png" and shown.data.startswith(b"\x89PNG")


def test_default_place_is_the_users_memory_folder() -> None:
    with Memory() as memory:
        assert memory.path.parent == home.memory_dir()


def test_nearest_agrees_with_the_plain_computation(memory: Memory) -> None:
    known, unknown = rows(3, 500), rows(4)[0]
    for row in known:
        memory.add(PICTURES, row)
    centred, direction = known - PICTURES.centre, unknown - PICTURES.centre
    cosines = centred @ direction / np.linalg.norm(centred, axis=1) / np.linalg.norm(direction)
    found = memory.nearest(PICTURES, unknown, count=7)
    np.testing.assert_allclose([n.cosine for n in found], np.sort(cosines)[::-1][:7], atol=2e-3)
    assert found[0].name == f"unnamed {found[0].thing}"


def test_spaces_never_mix(memory: Memory) -> None:
    memory.add(PICTURES, rows(1)[0], name="fox")
    memory.add(Space("voice", "tests 1"), rows(1, length=8)[0], name="fox")
    assert len(memory.nearest(PICTURES, rows(1)[0], count=9)) == 1
    assert memory.nearest(Space("picture", "tests 2"), rows(1)[0]) == []
    with pytest.raises(BadInput, match="16 numbers"):
        memory.add(PICTURES, rows(1, length=8)[0])


def test_merge_and_rename(memory: Memory) -> None:
    fox, unnamed = memory.add(PICTURES, rows(1)[0], name="fox"), memory.add(PICTURES, rows(2)[0])
    assert memory.nearest(PICTURES, rows(2)[0])[0].thing == unnamed
    with pytest.raises(BadInput, match="Merge"):
        memory.rename(unnamed, "fox")
    memory.merge(unnamed, fox)
    assert memory.nearest(PICTURES, rows(2)[0])[0].name == "fox"
    assert [thing.entries for thing in memory.things()] == [2]
    memory.rename(fox, "red fox")
    assert memory.nearest(PICTURES, rows(2)[0])[0].name == "red fox"
    with pytest.raises(BadInput):
        memory.thing(unnamed)
    with pytest.raises(BadInput):
        memory.merge(fox, fox)


def test_forgotten_leaves_no_trace_in_the_files(memory: Memory) -> None:
    secret = example.Example(b"a face that must not stay" * 40, "image/png")
    kept = memory.add(PICTURES, rows(1)[0], name="kept")
    thing = memory.add(PICTURES, rows(2)[0], name="secret name", example=secret)
    stored = rows(2)[0].astype("<f2").tobytes()
    files = [memory.path, memory.path.with_name(memory.path.name + "-wal")]
    assert any(stored in file.read_bytes() for file in files)
    memory.forget(thing)
    for file in files:
        if file.is_file():
            data = file.read_bytes()
            assert stored not in data and b"must not stay" not in data
            assert b"secret name" not in data
    assert [item.thing for item in memory.nearest(PICTURES, rows(2)[0])] == [kept]
    assert memory.add(PICTURES, rows(3)[0]) > thing  # numbers never return


def test_forgetting_elsewhere_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    with Memory(path) as one, Memory(path) as other:
        thing = one.add(PICTURES, rows(1)[0], name="fox")
        one.add(PICTURES, rows(2)[0], name="cat")
        assert other.nearest(PICTURES, rows(1)[0])[0].name == "fox"
        one.forget(thing)
        assert [item.name for item in other.nearest(PICTURES, rows(1)[0])] == ["cat"]


def _write(path: Path, worker: int) -> None:
    with Memory(path) as memory:
        for number in range(25):
            memory.add(PICTURES, rows(1000 * worker + number)[0], name=f"thing {number}")


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write, args=(path, worker)) for worker in (1, 2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    with Memory(path) as memory:
        assert [thing.entries for thing in memory.things()] == [2] * 25
        assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_hundred_thousand_entries(memory: Memory) -> None:
    space = Space("voice", "tests 256")
    known = rows(7, 100_000, 256)
    memory.add_many(space, known)
    fox = memory.add(space, rows(8, length=256)[0], name="fox")
    memory.nearest(space, known[0])  # reads the file once
    began = time.process_time()
    found = memory.nearest(space, rows(8, length=256)[0] + 0.2)
    seconds = time.process_time() - began
    print(f"nearest of 100,001 entries of 256 numbers: {seconds * 1000:.0f} ms of processor time")
    assert found[0].thing == fox
    assert seconds < 2.0


def test_likeness_of_a_large_memory_looks_at_the_nearest_things(memory: Memory) -> None:
    for number in range(40):
        memory.add_many(
            PICTURES, rows(number) * 3 + 0.2 * rows(100 + number, 10), name=f"thing {number}"
        )
    likeness = memory.likeness(PICTURES, rows(17)[0] * 3, error_rate=0.2)
    assert likeness.decision == "known" and likeness.name == "thing 17"


@pytest.mark.parametrize("wrong", [np.full(16, np.nan), np.full(16, 1e6), np.ones((2, 16))])
def test_what_is_no_embedding_is_refused(memory: Memory, wrong: np.ndarray) -> None:
    with pytest.raises(BadInput):
        memory.add(PICTURES, wrong)
    assert memory.things() == []


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    path.write_text("not a data base, just words that are long enough to be read" * 50)
    with pytest.raises(BadInput, match="can't be used"):
        Memory(path)


def test_newer_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    Memory(path).close()
    base = sqlite3.connect(path)
    base.execute("PRAGMA user_version = 99")
    base.close()
    with pytest.raises(BadInput, match="newer"):
        Memory(path)


def test_example_of_sound_is_its_loudest_two_seconds() -> None:
    import io

    import soundfile

    samples = np.zeros(8 * 8000, np.float32)
    samples[40_000:48_000] = 0.5
    found = example.of_sound(Audio(samples, 8000))
    read, rate = soundfile.read(io.BytesIO(found.data))
    assert rate == 8000 and len(read) == 16_000 and (read > 0.4).sum() == 8000
