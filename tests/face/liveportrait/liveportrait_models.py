"""A model smaller than the package's tiny one, for tests that make many frames or gradients."""

from dataclasses import replace

from likewise.face.liveportrait.sizes import TINY

SMALLEST = replace(TINY, image=32, volume_depth=2, hourglass=(8, 12), middles=1)
