"""Embed other faces, the floor control of the identity distance, and what all faces share.

    python tools/build_other_faces.py tests/data/mona_lisa.jpg tests/data/lady_agnew.jpg \
        --target src/likewise/data/seeing/other_faces.safetensors

Only faces that nobody has to fear for: paintings in the public domain.

What all faces share is the mean answer to these faces with the person washed out: squeezed, lit
and coloured by chance, and blurred. From there the directions of seven other faces (people, a
statue, an animal, a drawing) have a mean cosine of 0.10 with each other, from the mean of the two
paintings themselves 0.34, from zero 0.84.
"""

import argparse
import hashlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from likewise.seeing import identity
from likewise.seeing.landmarks import Tracker
from likewise.video.picture import read_picture

WASHED = 200
"""Times that each face is washed out."""


def washed_out(face: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """One of a face's washed-out forms, both float32 (150, 150, 3), 0..255."""
    lit = 255 * (face / 255) ** random.uniform(0.4, 2.5) * random.uniform(0.6, 1.3, 3)
    wider, higher = random.uniform(0.7, 1.4, 2)
    middle, slant = identity.SIDE / 2, random.uniform(-0.1, 0.1)
    squeeze = np.array([[wider, 0, middle * (1 - wider)], [slant, higher, middle * (1 - higher)]])
    size = (identity.SIDE, identity.SIDE)
    bent = cv2.warpAffine(lit, squeeze, size, borderMode=cv2.BORDER_REFLECT)
    soft = cv2.GaussianBlur(bent, (0, 0), random.uniform(0.5, 12.0))
    return np.asarray(np.clip(soft, 0, 255), np.float32)


def main() -> None:
    """Embed and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--target", type=Path, required=True)
    given = parser.parse_args()
    rows, washed, random = [], [], np.random.default_rng(1)
    for path in given.pictures:
        picture = read_picture(path).picture
        points = Tracker().detect(picture)[0].points
        rows.append(identity.embed(picture, points))
        face = identity.aligned(picture, points)
        washed += [identity.embed_aligned(washed_out(face, random)) for _ in range(WASHED)]
    names = " ".join(path.stem for path in given.pictures)
    tensors = {"faces": np.stack(rows), "shared": np.mean(washed, axis=0, dtype=np.float32)}
    data = save(tensors, metadata={"pictures": names})
    given.target.write_bytes(data)
    print(f"size {len(data)}, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
