from pathlib import Path

import numpy as np
import pytest

from likewise.errors import BadInput
from likewise.seeing import imagenet


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """Coarse random patches: something to see in every place."""
    patches = np.random.default_rng(0).integers(0, 256, (7, 9, 3), np.uint8)
    return patches.repeat(40, 0).repeat(40, 1)


def test_stages_halve_as_stated(picture: np.ndarray) -> None:
    seen = imagenet.see(picture)
    assert [stage.shape[1] for stage in seen.stages] == [224 // s for s in imagenet.STRIDES]
    assert seen.probabilities.sum() == pytest.approx(1.0, abs=1e-4)
    assert sum(seen.kinds.values()) == pytest.approx(1.0, abs=1e-4)
    assert seen.embedding.shape == (imagenet.SIZE,)


def test_kinds_do_not_overlap_and_hold_the_named_animals() -> None:
    indices = [i for ranges in imagenet.KINDS.values() for part in ranges for i in part]
    assert len(indices) == len(set(indices)) and max(indices) < 1000
    names = imagenet.class_names()
    assert {names[i] for i in imagenet.KINDS["fox"][0]} == {
        "red fox",
        "kit fox",
        "Arctic fox",
        "grey fox",
    }
    assert "tabby cat" in [names[i] for i in imagenet.KINDS["cat"][0]]
    assert names[imagenet.KINDS["dog"][0][0]] == "Chihuahua"


def test_mirrored_picture_has_the_same_embedding(picture: np.ndarray) -> None:
    plain, mirrored = imagenet.embed(picture), imagenet.embed(picture[:, ::-1].copy())
    np.testing.assert_allclose(plain, mirrored, atol=1e-4)


def test_whole_picture_keeps_its_shape(picture: np.ndarray) -> None:
    seen = imagenet.see(picture, side=448)
    assert seen.input_size == (352, 448)
    assert seen.stages[4].shape == (80, 22, 28)


def test_expected_embedding_is_within_the_activations_range() -> None:
    mean = imagenet.expected()
    assert mean.shape == (imagenet.SIZE,)
    assert mean.min() >= 0 and mean.max() <= 6


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((20, 20), np.uint8),
        np.zeros((20, 20, 4), np.uint8),
        np.zeros((20, 20, 3), np.float32),
        np.zeros((4, 200, 3), np.uint8),
    ],
)
def test_not_a_picture_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(BadInput):
        imagenet.embed(wrong)


@pytest.mark.media
@pytest.mark.parametrize(
    ("name", "kind"), [("dog_shiba_local.jpg", "dog"), ("cat_local.jpg", "cat")]
)
def test_dog_is_dog_like_and_cat_is_cat_like(shared_media: Path, name: str, kind: str) -> None:
    from PIL import Image

    path = shared_media / "pictures" / name
    if not path.is_file():
        pytest.skip(f"{name} is not here")
    kinds = imagenet.see(np.asarray(Image.open(path).convert("RGB"))).kinds
    assert kinds[kind] > 0.4
    assert max(kinds, key=lambda name: kinds[name]) == kind
