"""Make the compact table of Kokoro's 54 stock voices that ships in `likewise/data/voice`.

A stock voice is a float32 array (510, 256): one style vector for each possible number of tokens.
Over its rows a voice moves in a subspace of about eight dimensions, so a mean and eight directions
hold it to 1e-5, and float16 rounding (5e-4) is then the whole error: 0.7 MB instead of 28 MB.

    npm pack kokoro-js@1.2.1 && tar xf kokoro-js-1.2.1.tgz
    python tools/build_stock_voices.py package/voices \
        src/likewise/data/voice/stock_voices.safetensors

The catalogue entry `kokoro-stock-voices` states the sha256 of the result.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

RANK = 8
ROWS, WIDTH = 510, 256


def factor(pack: NDArray[np.float32]) -> tuple[NDArray[np.float16], ...]:
    """Mean (256,), places (510, RANK) and directions (RANK, 256) of one voice."""
    mean = pack.mean(axis=0)
    left, sizes, right = np.linalg.svd(pack - mean, full_matrices=False)
    # The square root of each size on both sides keeps all three arrays near 1, where float16
    # is finest.
    root = np.sqrt(sizes[:RANK])
    places = left[:, :RANK] * root
    directions = right[:RANK] * root[:, None]
    return mean.astype(np.float16), places.astype(np.float16), directions.astype(np.float16)


def build(folder: Path, target: Path) -> None:
    """Read every `*.bin` of `folder`, write the table, print its error and hash."""
    sources = sorted(folder.glob("*.bin"))
    packs = [np.fromfile(source, "<f4").reshape(ROWS, WIDTH) for source in sources]
    factors = [factor(pack) for pack in packs]
    means, places, directions = (np.stack(parts) for parts in zip(*factors, strict=True))
    metadata = {
        "voices": " ".join(source.stem for source in sources),
        "licence": "Apache-2.0",
        "origin": "Kokoro-82M voices by hexgrad, as packaged in npm kokoro-js 1.2.1",
    }
    tensors = {"mean": means, "places": places, "directions": directions}
    save_file(tensors, str(target), metadata=metadata)
    errors = []
    for index, pack in enumerate(packs):
        mean, place, direction = (
            part[index].astype(np.float32) for part in (means, places, directions)
        )
        rebuilt = mean + place @ direction
        errors.append(np.linalg.norm(rebuilt - pack) / np.linalg.norm(pack))
    print(f"{len(sources)} voices, {target.stat().st_size} bytes")
    print(f"relative error: mean {np.mean(errors):.2e}, largest {np.max(errors):.2e}")
    print(f"sha256 {hashlib.sha256(target.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder with the *.bin files")
    parser.add_argument("target", type=Path, help="the table to write")
    arguments = parser.parse_args()
    build(arguments.folder, arguments.target)
