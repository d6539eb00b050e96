"""Embed other faces: the floor control of the identity distance.

    python tools/build_other_faces.py tests/data/mona_lisa.jpg tests/data/lady_agnew.jpg \
        --target src/likewise/data/seeing/other_faces.safetensors

Only faces that nobody has to fear for: paintings in the public domain.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from likewise.seeing import identity
from likewise.seeing.landmarks import Tracker
from likewise.video.picture import read_picture


def main() -> None:
    """Embed and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--target", type=Path, required=True)
    given = parser.parse_args()
    rows = []
    for path in given.pictures:
        picture = read_picture(path).picture
        rows.append(identity.embed(picture, Tracker().detect(picture)[0].points))
    names = " ".join(path.stem for path in given.pictures)
    data = save({"faces": np.stack(rows)}, metadata={"pictures": names})
    given.target.write_bytes(data)
    print(f"size {len(data)}, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
