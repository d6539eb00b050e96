"""The example `examples/fox.py`, run as a user runs it, and the drawings it stands on."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def fox(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    yield importlib.import_module("fox")
    for name in ("fox", "animals"):
        sys.modules.pop(name, None)


def test_second_fox_is_like_what_was_learned(
    fox: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    dog, first, second = fox.main([])
    print(capsys.readouterr().out)
    assert (dog.decision, dog.name) == ("known", "dog")
    assert first.decision in ("new", "between") and "fox" not in first.shares
    assert (second.decision, second.name) == ("known", "fox")
    for likeness in (dog, first, second):
        assert likeness.calibration.calibrated
        assert sum(likeness.shares.values()) + likeness.novelty == 100


def test_own_folder(fox: ModuleType, tmp_path: Path) -> None:
    animals = importlib.import_module("animals")
    for kind in ("dog", "cat", "fox"):
        (tmp_path / kind).mkdir()
        for seed in range(3):
            drawn = animals.draw(kind, seed + 50)
            Image.fromarray(drawn).save(tmp_path / kind / f"{seed}.png")
    dog, _, second = fox.main([str(tmp_path)])
    assert not dog.calibration.calibrated  # four examples promise nothing, and it says so
    assert (second.decision, second.name) == ("known", "fox")


def test_drawings_are_seeded_and_differ(fox: ModuleType) -> None:
    animals = importlib.import_module("animals")
    one = animals.draw("fox", 1)
    np.testing.assert_array_equal(one, animals.draw("fox", 1))
    assert one.shape == (animals.SIDE, animals.SIDE, 3)
    assert np.abs(one.astype(int) - animals.draw("fox", 2)).mean() > 5
