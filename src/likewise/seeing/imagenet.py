"""What a picture shows: features of a network that learned the thousand kinds of ImageNet.

EfficientNet-Lite0 (Tan and Le 2019, "EfficientNet"; Lite: without squeeze-and-excite, ReLU6),
converted by `tools/convert_imagenet.py`. Its last layer, averaged over the picture, is an embedding
in which animals of one kind lie close together; the layers before it show how the network gets
there, from edges to parts.

    seen = imagenet.see(picture)
    seen.classes[0]                       # ("Persian cat", 0.23)
    seen.stages[3].shape                  # (40, 28, 28): channels, rows, columns
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from likewise import weights
from likewise.errors import BadInput

if TYPE_CHECKING:
    import onnxruntime

SCORER = "EfficientNet-Lite0 (ImageNet) 0.1.0"
SIZE = 1280
"""Length of an embedding."""

INPUT_SIDE = 224
"""Side of the square that is embedded, pixels, as the network was trained."""

STRIDES = (2, 2, 4, 8, 16, 16, 32, 32)
"""Pixels of the resized picture between neighbouring entries of each stage."""

KINDS: dict[str, tuple[range, ...]] = {
    "dog": (range(151, 269),),
    "wolf or wild dog": (range(269, 277),),
    "fox": (range(277, 281),),
    "cat": (range(281, 286),),
    "wild cat": (range(286, 294),),
    "bear": (range(294, 298),),
    "other mammal": (range(101, 107), range(147, 151), range(298, 300), range(330, 389)),
    "bird": (range(7, 25), range(80, 101), range(127, 147)),
    "fish, reptile or insect": (range(0, 7), range(25, 80), range(107, 127), range(300, 330)),
}
"""Groups of ImageNet classes by index; what is left are things, food and places."""

_MULTIPLE = 32  # every stage halves evenly then


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the network sees in one picture.

    Attributes:
        probabilities: float32 (1000,), of the ImageNet classes.
        embedding: float32 (1280,), last layer averaged over the picture, in 0..6.
        stages: Feature maps, first to last, each float32 (channels, rows, columns).
        input_size: Height and width in pixels of what the network was given.
    """

    probabilities: NDArray[np.float32]
    embedding: NDArray[np.float32]
    stages: tuple[NDArray[np.float32], ...]
    input_size: tuple[int, int]

    @property
    def classes(self) -> list[tuple[str, float]]:
        """The five likeliest classes with their probabilities."""
        order = np.argsort(-self.probabilities, kind="stable")[:5]
        return [(class_names()[index], float(self.probabilities[index])) for index in order]

    @property
    def kinds(self) -> dict[str, float]:
        """Probability of each group of `KINDS`, and of `thing` for all the rest."""
        found = {
            kind: float(sum(self.probabilities[list(indices)].sum() for indices in ranges))
            for kind, ranges in KINDS.items()
        }
        return found | {"thing": max(0.0, 1.0 - sum(found.values()))}


def embed(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Embed a picture by what it shows, whichever way it faces.

    Args:
        picture: uint8 (H, W, 3), RGB; the middle square is taken.

    Returns:
        float32 (1280,), mean over the picture and its mirror image; subtract `expected()` before
        comparing directions.

    Raises:
        BadInput: Not an RGB picture.
        MissingWeights: The shipped weight file is missing or changed.
    """
    square = middle_square(picture)
    pair = np.stack([square, square[:, ::-1]])
    (embeddings,) = _session().run(["embedding"], {"picture": pair})
    return np.asarray(embeddings.mean(0), np.float32)


def see(picture: NDArray[np.uint8], *, side: int | None = None) -> Seen:
    """Look at a picture layer by layer.

    Args:
        picture: uint8 (H, W, 3), RGB.
        side: None looks at the middle square at 224 pixels, as the network was trained. A number
            looks at the whole picture, its longer side resized to about so many pixels: finer maps,
            less trustworthy classes.

    Raises:
        BadInput: Not an RGB picture, or a side below 64.
        MissingWeights: The shipped weight file is missing or changed.
    """
    shown = middle_square(picture) if side is None else whole(picture, side)
    names = ["scores", "embedding", *(f"stage{number}" for number in range(len(STRIDES)))]
    scores, embedding, *stages = _session().run(names, {"picture": shown[None]})
    odds = np.exp(scores[0] - scores[0].max())
    return Seen(
        probabilities=np.asarray(odds / odds.sum(), np.float32),
        embedding=np.asarray(embedding[0], np.float32),
        stages=tuple(np.asarray(stage[0], np.float32) for stage in stages),
        input_size=(shown.shape[0], shown.shape[1]),
    )


def expected() -> NDArray[np.float32]:
    """The embedding of an average ImageNet picture, float32 (1280,), known from the weights.

    Directions from here, not from zero, tell kinds apart: all entries are positive, so two unlike
    pictures have a cosine of 0.2 to 0.4 from zero, and about 0 from here.
    """
    square = np.zeros((1, _MULTIPLE, _MULTIPLE, 3), np.uint8)
    return np.asarray(_session().run(["expected"], {"picture": square})[0], np.float32)


@cache
def class_names() -> tuple[str, ...]:
    """Names of the thousand classes in order."""
    return tuple(json.loads(_session().get_modelmeta().custom_metadata_map["classes"]))


def middle_square(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle square of a picture, uint8 (224, 224, 3)."""
    _check(picture)
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return _resized(picture[top : top + side, left : left + side], INPUT_SIDE, INPUT_SIDE)


def whole(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The whole picture, longer side about `side`, both sides multiples of 32."""
    _check(picture)
    if side < 2 * _MULTIPLE:
        raise BadInput(f"A side of {side} pixels is too small to look at; use 64 or more.")
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    rows, columns = (max(1, round(length * scale / _MULTIPLE)) for length in (height, width))
    return _resized(picture, rows * _MULTIPLE, columns * _MULTIPLE)


def _check(picture: NDArray[np.uint8]) -> None:
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise BadInput(
            f"A picture has to be uint8 RGB (H, W, 3), not {picture.dtype} {picture.shape}."
        )
    if min(picture.shape[:2]) < 8:
        raise BadInput(f"A picture of {picture.shape[1]} x {picture.shape[0]} pixels is too small.")


def _resized(picture: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    from PIL import Image

    resized = Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(resized, np.uint8)


@cache
def _session() -> "onnxruntime.InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        str(weights.locate("imagenet")), options, providers=["CPUExecutionProvider"]
    )
