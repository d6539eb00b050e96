"""Faces that strike a pose while someone moves sliders."""

from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from likewise.server.turns import Turns
from likewise.studio.jobs.requests import PreviewRequest
from likewise.studio.jobs.work import placed

if TYPE_CHECKING:
    from likewise.studio.previewing import Preview

_KEPT = 3
_WAITING = 4


class Previews:
    """The faces that were looked at last, ready to strike another pose."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Preview] = OrderedDict()
        self._turns = Turns(_WAITING, "previews")

    def frame(self, request: PreviewRequest, picture: str) -> NDArray[np.uint8]:
        """A frame, uint8 (H, W, 3), RGB.

        Args:
            request: The face and its sliders.
            picture: Path of the picture.

        Raises:
            BadInput: No face, or points that no face has.
            Busy: As many wait as may.
        """
        from likewise.studio.previewing import Preview

        pose = {"sliders", "mood"}
        key = request.model_dump_json(exclude=pose)
        self._turns.enter()
        try:
            with self._turns.turn():
                found = self._kept.pop(key, None) or Preview(
                    picture,
                    face=None if request.face is None else request.face - 1,
                    size=request.size,
                    points=placed(request),
                    style=request.style,
                )
                frame = found.frame(request.sliders, request.mood)
                self._kept[key] = found  # not where drawing failed: a broken stream stays broken
                if len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        finally:
            self._turns.leave()
        return frame
