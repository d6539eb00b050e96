"""Dog, cat, fox: what is neither is remembered, and known the next time.

    python examples/fox.py                  # with drawn animals
    python examples/fox.py MY_FOLDER        # with dog/, cat/ and fox/ full of your own pictures

Dogs and cats are learned. The first fox is unlike both: *new* or *between*. It is remembered, given
a name, and the second, different fox is found to be like it.

What this shows and what it doesn't: the network that looks was trained on ImageNet, which has foxes
among its thousand classes. It is never asked for a class here, only for features; dog, cat and fox
are learned from the examples alone, the fox from a single one.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from animals import draw
from numpy.typing import NDArray
from PIL import Image

from likewise.explain.likeness import Likeness
from likewise.explain.memory import Memory
from likewise.explain.perceiving import Perceived, perceive_picture

KNOWN = ("dog", "cat")
EXAMPLES = 8
ERROR_RATE = 0.2  # seven learned dogs and seven cats are enough to promise this much

Picture = NDArray[np.uint8]


def pictures(kind: str, folder: Path | None, count: int = EXAMPLES) -> Iterator[Picture]:
    """Pictures of a kind: all of the user's, or `count` drawn ones."""
    if folder is None:
        yield from (draw(kind, seed) for seed in range(count))
        return
    endings = {".jpg", ".jpeg", ".png", ".webp"}
    for path in sorted((folder / kind).iterdir()):
        if path.suffix.lower() in endings:
            yield np.asarray(Image.open(path).convert("RGB"))


def main(arguments: list[str]) -> list[Likeness]:
    """Learn dogs and cats, meet two foxes; answers what was said about a dog and both foxes."""
    folder = Path(arguments[0]) if arguments else None
    learned: dict[str, list[Perceived]] = {}
    said: list[Likeness] = []
    with tempfile.TemporaryDirectory() as place, Memory(Path(place) / "memory.sqlite") as memory:
        unseen = {}
        for kind in KNOWN:
            *learned[kind], unseen[kind] = map(perceive_picture, pictures(kind, folder))
            for seen in learned[kind]:
                seen.learned(memory, name=kind)
            print(f"Learned {len(learned[kind])} pictures of a {kind}.")
        first, *_, second = map(perceive_picture, pictures("fox", folder, 2))

        def meet(what: str, seen: Perceived) -> Likeness:
            nearest = memory.nearest(seen.space, seen.embedding, count=1)[0].name
            likeness = seen.recognised(
                memory, compared_with=learned[nearest], error_rate=ERROR_RATE
            )
            said.append(likeness)
            print(f"\n{what}: {likeness.sentence}")
            print(f"  decision: {likeness.decision}. {likeness.calibration.sentence}")
            return likeness

        meet("Another dog", unseen["dog"])
        if meet("A first fox", first).decision != "known":
            thing = first.learned(memory)
            print(f"  Remembered as {memory.thing(thing).label!r}; you call it a fox.")
            memory.rename(thing, "fox")
            learned["fox"] = [first]
        meet("A second fox", second)
    return said


if __name__ == "__main__":
    main(sys.argv[1:])
