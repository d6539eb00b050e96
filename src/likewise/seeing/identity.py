"""Whose face it is: dlib's face recognition ResNet, for pictures whose face points are known.

The network places faces so that pictures of one person lie less than about 0.6 apart (99.38 % right
on Labeled Faces in the Wild at that threshold, by dlib's author). The face is cut out upright by
five of our own landmarks instead of dlib's; the weights are dlib's, converted by
`tools/convert_dlib_identity.py`.

    apart = identity.distance(identity.embed(one, points), identity.embed(other, other_points))
"""

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from likewise import weights
from likewise.seeing.sessions import session

SCORER = "dlib face recognition ResNet v1 (CC0), likewise alignment"
SAME_PERSON = 0.6
"""Distance below which dlib calls two photographs the same person."""
SIDE = 150

# The person's left eye (outer and inner corner), right eye (outer and inner), and the base of the
# nose: in MediaPipe's order of points, and where dlib puts them in a picture of unit side.
_POINTS = (263, 362, 33, 133, 2)
_PLACES = np.array(
    [
        (0.8595674595992, 0.2134981538014),
        (0.6460604764104, 0.2289674387677),
        (0.1205750620789, 0.2137274526848),
        (0.3340850613712, 0.2290642403242),
        (0.4901123135679, 0.6277975316475),
    ]
)
_PADDING = 0.25


def embed(picture: NDArray[np.uint8], points: NDArray[np.floating]) -> NDArray[np.float32]:
    """Embed a face.

    Args:
        picture: uint8 (H, W, 3), RGB.
        points: (478, 2 or 3), the face's landmarks in pixels.

    Returns:
        float32 (128,); Euclidean distances between these are what counts.

    Raises:
        MissingWeights: The shipped weight file is missing or changed.
    """
    return embed_aligned(aligned(picture, points))


def embed_aligned(face: NDArray[np.float32]) -> NDArray[np.float32]:
    """Embed, float32 (128,), a face as `aligned` answers it."""
    (answer,) = _session().run(None, {"pictures": face[None]})
    return np.asarray(answer[0], np.float32)


def expected() -> NDArray[np.float32]:
    """The embedding of a face that is nobody's, float32 (128,): what all faces share.

    It is the mean answer to faces whose person was washed out (`tools/build_other_faces.py`).
    Directions from here, not from zero, tell people apart: from zero, faces of two people have a
    cosine of about 0.84, from here of about 0.1.

    Raises:
        MissingWeights: The shipped file is missing or changed.
    """
    from safetensors.numpy import load_file

    return np.asarray(load_file(str(weights.locate("other-faces")))["shared"], np.float32)


def distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Distance of two embeddings: 0 the same picture, below 0.6 the same person."""
    return float(np.linalg.norm(one.astype(np.float64) - other))


def aligned(picture: NDArray[np.uint8], points: NDArray[np.floating]) -> NDArray[np.float32]:
    """The face upright and filling the network's input.

    Returns:
        float32 (150, 150, 3), RGB, 0..255.
    """
    target = (_PLACES + _PADDING) / (1 + 2 * _PADDING) * SIDE
    source = np.asarray(points, np.float64)[list(_POINTS), :2]
    transform = _similarity(source, target)
    shrink = 1.0 / float(np.hypot(*transform[:, 0]))
    if shrink > 2:
        # Bilinear sampling skips pixels beyond a factor of two: average them first.
        height, width = picture.shape[:2]
        size = (max(1, round(2 * width / shrink)), max(1, round(2 * height / shrink)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        scale = np.array([size[0] / width, size[1] / height])
        # Pixel centres, not corners, keep their place.
        transform = _similarity((source + 0.5) * scale - 0.5, target)
    return np.asarray(
        cv2.warpAffine(picture, transform, (SIDE, SIDE), flags=cv2.INTER_LINEAR), np.float32
    )


def _similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn, scale and shift (2, 3) that brings `source` nearest to `target` by least squares."""
    moved, wanted = source - source.mean(0), target - target.mean(0)
    spread = float((moved**2).sum())
    cosine = float((moved * wanted).sum()) / spread
    sine = float((moved[:, 0] * wanted[:, 1] - moved[:, 1] * wanted[:, 0]).sum()) / spread
    turn = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([turn, target.mean(0) - turn @ source.mean(0)])


@cache
def _session() -> Any:
    return session("face-identity", 1)
