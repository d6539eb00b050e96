"""LivePortrait behind the face-engine protocol: a picture plays a score through implicit keypoints.

    engine = LivePortraitEngine()                        # weights named by LIKEWISE_LIVEPORTRAIT
    engine = LivePortraitEngine(networks.build(TINY))    # random weights: tests and examples
    portrait = engine.prepare(picture)
    for frame in engine.render(portrait, motion):
        ...

torch and the weights are loaded when first needed, so that listing engines stays quick.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput, MissingWeights, Unsupported
from likewise.face.engine import Capabilities, Frame
from likewise.face.liveportrait import score
from likewise.face.liveportrait.keypoints import Floats
from likewise.values import COEFFICIENTS, Motion, Portrait

if TYPE_CHECKING:
    from likewise.face.liveportrait.cropping import Box
    from likewise.face.liveportrait.driving import Corrections
    from likewise.face.liveportrait.networks import LivePortrait
    from likewise.face.liveportrait.rendering import Look, Renderer, Watch
    from likewise.seeing.landmarks import Tracker

FOLDER_VARIABLE = "LIKEWISE_LIVEPORTRAIT"


class LivePortraitEngine:
    """Animates faces with LivePortrait.

    Args:
        model: The networks; None loads the authors' weights when first needed.
        weights: Folder of the weights; None takes the environment variable LIKEWISE_LIVEPORTRAIT.
        stitching: Keep shoulders and border of the crop where they were.
        by_networks: Open lips and lids by the retargeting networks instead of the measured slopes.
        fast: Same pictures with fewer operations (`fast.Fast`); its transformed weights take four
            times the memory of the generator's own.
        workers: Frames made at once; None is one for each core on a CPU.
        watch: Called with what the model saw while it made each frame (`rendering.Seen`).
    """

    name = "liveportrait"
    capabilities = Capabilities(kinds=("human", "drawing"), pose=True, real_time=False)

    def __init__(
        self,
        model: LivePortrait | None = None,
        *,
        weights: Path | None = None,
        stitching: bool = True,
        by_networks: bool = False,
        fast: bool = True,
        workers: int | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._model, self._folder = model, weights
        self._stitching, self._by_networks = stitching, by_networks
        self._fast, self._workers, self._watch = fast, workers, watch
        self._renderer: Renderer | None = None
        self._tracker: Tracker | None = None

    def prepare(
        self,
        picture: NDArray[np.uint8],
        *,
        face: int | None = None,
        points: NDArray[np.float32] | None = None,
    ) -> Portrait:
        """Find the face; see `FaceEngine.prepare`.

        Raises:
            BadInput: No face found, or fewer faces than asked for.
            MissingWeights: The weights are not there; said before any work is done.
            Unsupported: torch is not installed.
        """
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise BadInput(
                f"The picture must be uint8 RGB of shape (height, width, 3), got {picture.dtype} "
                f"{picture.shape}. Load it with likewise.video."
            )
        self._ready()
        if points is not None:
            placed = np.asarray(points, np.float32)
            return Portrait(picture, placed, np.zeros(len(COEFFICIENTS), np.float32))
        if self._tracker is None:
            from likewise.seeing.landmarks import Tracker

            self._tracker = Tracker()
        faces = self._tracker.detect(picture)
        if not faces:
            raise BadInput(
                "No face was found in the picture. Use an upright picture with one face, evenly "
                "lit, with both eyes and the mouth free; crop it around the face if that is small."
            )
        if face is not None and not 0 <= face < len(faces):
            raise BadInput(
                f"There {'is one face' if len(faces) == 1 else f'are {len(faces)} faces'} in the "
                f"picture, face {face + 1} was asked for. Faces count from 1, the largest first."
            )
        chosen = faces[face or 0]
        notes: tuple[str, ...] = ()
        if len(faces) > 1 and face is None:
            notes = (
                f"{len(faces)} faces found, the largest is taken; use --face N (1 to {len(faces)}, "
                "largest first) for another.",
            )
        return Portrait(picture, chosen.points, chosen.coefficients, notes=notes)

    def render(self, portrait: Portrait, motion: Motion | Iterable[Motion]) -> Iterator[Frame]:
        """Play a score; see `FaceEngine.render`.

        Raises:
            Unsupported: A kind of portrait that the human weights don't animate.
            MissingWeights: The weights are not there.
        """
        if portrait.kind not in self.capabilities.kinds:
            raise Unsupported(
                f"The liveportrait engine doesn't animate portraits of kind {portrait.kind!r} yet, "
                f"only: {', '.join(self.capabilities.kinds)}."
            )
        from likewise.face.liveportrait import cropping

        renderer = self._ready()
        box = cropping.box_around(portrait.points, cropping.eyes_and_mouth(portrait.points))
        look = renderer.look(cropping.crop(portrait.picture, box))
        parts = (motion,) if isinstance(motion, Motion) else motion
        keypoints = self._keypoints(portrait, look, box, parts)
        paste: cropping.PasteBack | None = None
        for picture in renderer.frames(look, keypoints):
            if paste is None:
                paste = cropping.PasteBack(portrait.picture, box, size=picture.shape[0])
            yield paste(picture)

    def _keypoints(
        self, portrait: Portrait, look: Look, box: Box, parts: Iterable[Motion]
    ) -> Iterator[Floats]:
        """Driving keypoints (21, 3) of every frame of the score."""
        from likewise.face.liveportrait import cropping
        from likewise.face.liveportrait.networks import corrections

        assert self._model is not None
        correct: Corrections = corrections(self._model)
        at_rest = cropping.ratios(portrait.points)
        eyes = (at_rest.left_eye + at_rest.right_eye) / 2
        cheeks = portrait.points[454, :2] - portrait.points[234, :2]
        width = float(np.linalg.norm(cheeks)) / (box.side / 2)
        slopes = not self._by_networks
        source, x_s = look.motion, look.motion.keypoints
        for part in parts:
            for frame in range(len(part)):
                offsets = score.expression_offsets(part, frame, at_rest, lips=slopes, lids=slopes)
                x_d = score.played(
                    source, part, frame, offsets, width=width, angle=box.angle
                ).keypoints
                if self._by_networks:
                    lips = score.lip_ratio(part, frame, at_rest.lips)
                    x_d = x_d + correct.open_lips(x_s, [at_rest.lips, lips])
                    wanted = score.eye_ratio(part, frame, eyes)
                    x_d = x_d + correct.open_eyes(
                        x_s, [at_rest.left_eye, at_rest.right_eye, wanted]
                    )
                yield correct.stitch(x_s, x_d) if self._stitching else x_d

    def _ready(self) -> Renderer:
        """The renderer, with networks loaded."""
        if self._renderer is not None:
            return self._renderer
        try:
            from likewise.face.liveportrait import weights
            from likewise.face.liveportrait.fast import Fast
            from likewise.face.liveportrait.rendering import Direct, Renderer
        except ModuleNotFoundError as error:
            if error.name != "torch":
                raise
            raise Unsupported(
                "The liveportrait engine needs PyTorch. Install it with: "
                "pip install 'likewise[torch]'"
            ) from error
        if self._model is None:
            named = self._folder or os.environ.get(FOLDER_VARIABLE)
            if not named:
                raise MissingWeights(f"No folder of weights is named. {weights.how_to_get()}")
            self._model = weights.load(Path(named))
        self._renderer = Renderer(
            self._model,
            Fast(self._model) if self._fast else Direct(self._model),
            workers=self._workers or os.cpu_count() or 1,
            watch=self._watch,
        )
        return self._renderer
