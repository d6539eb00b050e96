"""LivePortrait behind the face-engine protocol: a picture plays a score through implicit keypoints.

    engine = LivePortraitEngine()                        # the authors' weights
    engine = LivePortraitEngine(networks.build(TINY))    # random weights: tests and examples
    portrait = engine.prepare(picture)
    for frame in engine.render(portrait, motion):
        ...

torch and the weights are loaded when first needed, so that listing engines stays quick.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput, PointsNeeded, Unsupported
from likewise.face.driving import Driving
from likewise.face.engine import Capabilities, Frame, Performance, Scene
from likewise.face.liveportrait.driving import ANIMAL, Corrections, Options, Puppeteer
from likewise.face.liveportrait.template import Template, import_pickle, is_template
from likewise.face.points import HOW_TO_PLACE
from likewise.progress import ProgressCallback, silent
from likewise.values import COEFFICIENTS, Motion, Portrait

if TYPE_CHECKING:
    from likewise.face.liveportrait.cropping import Box
    from likewise.face.liveportrait.networks import LivePortrait
    from likewise.face.liveportrait.rendering import Look, Renderer, Watch
    from likewise.face.liveportrait.weights import Subject
    from likewise.seeing.following import Film
    from likewise.seeing.landmarks import Tracker


class LivePortraitEngine:
    """Animates faces with LivePortrait.

    Args:
        model: The networks; None loads the authors' weights when first needed.
        weights: Folder of the weights; None takes the environment variable LIKEWISE_LIVEPORTRAIT,
            then what `likewise weights pull` fetched.
        stitching: Keep shoulders and border of the crop where they were.
        by_networks: Open lips and lids by the retargeting networks instead of the measured slopes.
        fast: Same pictures with fewer operations and less memory (`fast.Fast`).
        lean: Even less memory for some more time, as `fast.Fast` says.
        workers: Frames made at once on a CPU; None is one for each core.
        device: Where PyTorch computes; None is a CUDA GPU where it finds one, else the CPU. GPUs
            take half precision and neither `fast` nor `workers`. `mps` works as far as PyTorch
            reads volumes there.
        watch: Called with what the model saw while it made each frame (`rendering.Seen`).
        options: How a driver on film moves the picture; its `stitching` is the argument above.
    """

    name = "liveportrait"
    _subject: Subject = "human"
    capabilities = Capabilities(
        kinds=("human", "drawing"),
        pose=True,
        real_time=False,
        reenacts=True,
        films=True,
        driving=tuple(Driving.__annotations__),
    )

    def __init__(
        self,
        model: LivePortrait | None = None,
        *,
        weights: Path | None = None,
        stitching: bool = True,
        by_networks: bool = False,
        fast: bool = True,
        lean: bool = False,
        workers: int | None = None,
        device: str | None = None,
        watch: Watch | None = None,
        options: Options | None = None,
    ) -> None:
        self._options = replace(options or Options(), stitching=stitching)
        self._model, self._folder, self._given = model, weights, model is not None
        self._by_networks, self._device = by_networks, device
        self._fast, self._lean, self._workers, self._watch = fast, lean, workers, watch
        self._renderer: Renderer | None = None
        self._tracker: Tracker | None = None

    def directed(self, driving: Driving, *, film: bool = False) -> Self:
        """The same engine that follows drivers as wished; see `Directed.directed`."""
        directed = copy(self)
        directed._options = self._options.told(driving, film=film)
        return directed

    def fingerprint(self) -> str:
        """What frames are made by: weights and settings; see `Fingerprinted.fingerprint`."""
        from likewise.face.liveportrait import weights

        made_by = self._options, self._by_networks, self._fast, self._device
        if self._given:
            assert self._model is not None
            return f"{made_by} {weights.digest(self._model)}"
        return f"{made_by} {weights.digest_of_files(self._folder, subject=self._subject)}"

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
                f"{len(faces)} faces found, the largest is taken; use --face {self.name}:N (1 to "
                f"{len(faces)}, largest first) for another.",
            )
        return Portrait(picture, chosen.points, chosen.coefficients, notes=notes)

    def render(self, portrait: Portrait, motion: Motion | Iterable[Motion]) -> Iterator[Frame]:
        """Play a score; see `FaceEngine.render`.

        Raises:
            Unsupported: A kind of portrait that the human weights don't animate.
            MissingWeights: The weights are not there.
        """
        renderer, look, box = self._look(portrait)
        from likewise.face.liveportrait.playing import played

        keypoints = played(
            portrait,
            look.motion,
            box,
            (motion,) if isinstance(motion, Motion) else motion,
            self._corrections(),
            stitching=self._options.stitching,
            by_networks=self._by_networks,
        )
        yield from self._pasted(portrait, box, renderer.frames(look, keypoints))

    def watch(
        self,
        film: Film,
        *,
        anchor: float | None = None,
        on_progress: ProgressCallback = silent,
    ) -> Template:
        """Read a driver; see `Reenactor.watch`."""
        from likewise.face.liveportrait.watching import watch

        return watch(film, self._ready().read, anchor=anchor, on_progress=on_progress)

    def remembers(self, path: Path) -> bool:
        """Whether a template holds motion of LivePortrait, in our format or the authors'."""
        return is_template(path)

    def recall(self, path: Path) -> Template:
        """Read a template of ours (.npz) or of the authors (.pkl); see `Reenactor.recall`."""
        return import_pickle(path) if path.suffix.lower() == ".pkl" else Template.load(path)

    def perform(
        self,
        portrait: Portrait,
        performance: Performance,
        *,
        by_hand: Motion | None = None,
        first: int = 0,
    ) -> Iterator[Frame]:
        """Do what the driver did; see `Reenactor.perform`.

        Raises:
            BadInput: A performance of another engine.
            Unsupported: A kind of portrait that these weights don't animate.
        """
        performance = self._own(performance)
        renderer, look, box = self._look(portrait)
        from likewise.face.liveportrait import cropping
        from likewise.face.liveportrait.playing import added

        anchor = performance.anchor
        puppeteer = Puppeteer(
            look.motion,
            self._options,
            self._corrections(),
            ratios=cropping.ratios(portrait.points),
            anchor=None if anchor is None else performance[anchor],
            from_image=anchor is None,
        )
        add = None if by_hand is None else added(portrait, box, by_hand)
        keypoints = (
            puppeteer.keypoints(
                performance[frame],
                performance.openness(frame),
                by_hand=None if add is None else partial(add, frame),
            )
            for frame in range(first, len(performance))
        )
        yield from self._pasted(portrait, box, renderer.frames(look, keypoints))

    def survey(
        self, film: Film, *, most: int | None = None, on_progress: ProgressCallback = silent
    ) -> Scene:
        """Read the film whose face will be moved; see `FilmReenactor.survey`."""
        from likewise.face.liveportrait.filming import survey

        return survey(film, self._ready().read, most=most, on_progress=on_progress)

    def perform_in(
        self, scene: Scene, performance: Performance, *, first: int = 0
    ) -> Iterator[Frame]:
        """Do in a film what the driver did; see `FilmReenactor.perform_in`.

        Raises:
            BadInput: A performance or a scene of another engine.
        """
        from likewise.face.liveportrait.filming import Footage, refilmed

        if not isinstance(scene, Footage):
            raise BadInput(f"The {self.name} engine moves only films that it has surveyed.")
        yield from refilmed(
            scene,
            self._own(performance),
            self._options,
            self._corrections(),
            self._ready(),
            first=first,
        )

    def _own(self, performance: Performance) -> Template:
        """A performance that these options can play."""
        if not isinstance(performance, Template):
            raise BadInput(f"The {self.name} engine performs only what it has watched or recalled.")
        retargets = self._options.eye_retargeting or self._options.lip_retargeting
        if retargets and np.isnan(performance.ratios).any():
            raise BadInput(
                "This template doesn't say how far the driver's eyes and lips are open, so that "
                "they can't be retargeted. Leave retargeting out, or read the driver again."
            )
        return performance

    def _corrections(self) -> Corrections:
        """The small networks."""
        from likewise.face.liveportrait.networks import corrections

        self._ready()
        assert self._model is not None
        return corrections(self._model)

    def _look(self, portrait: Portrait) -> tuple[Renderer, Look, Box]:
        """The renderer, what it sees of the portrait, and where."""
        if portrait.kind not in self.capabilities.kinds:
            raise Unsupported(
                f"The {self.name} engine doesn't animate portraits of kind {portrait.kind!r}, "
                f"only: {', '.join(self.capabilities.kinds)}."
            )
        from likewise.face.liveportrait import cropping

        renderer = self._ready()
        box = cropping.box_around(portrait.points, cropping.eyes_and_mouth(portrait.points))
        return renderer, renderer.look(cropping.crop(portrait.picture, box)), box

    @staticmethod
    def _pasted(portrait: Portrait, box: Box, pictures: Iterable[Frame]) -> Iterator[Frame]:
        """The portrait's picture with each generated crop in its place."""
        from likewise.face.liveportrait import cropping

        paste: cropping.PasteBack | None = None
        for picture in pictures:
            if paste is None:
                paste = cropping.PasteBack(portrait.picture, box, size=picture.shape[0])
            yield paste(picture)

    def _ready(self) -> Renderer:
        """The renderer, with networks loaded."""
        if self._renderer is not None:
            return self._renderer
        try:
            import torch

            from likewise.face.liveportrait import networks, weights
            from likewise.face.liveportrait.fast import Fast
            from likewise.face.liveportrait.rendering import Direct, Pictures, Renderer
        except ModuleNotFoundError as error:
            if error.name != "torch":
                raise
            raise Unsupported(
                "The liveportrait engine needs PyTorch. Install it with: "
                "pip install 'likewise[torch]'"
            ) from error
        if self._model is None:
            self._model = weights.chosen(self._folder, subject=self._subject)
        device = torch.device(self._device) if self._device else networks.best_device()
        self._model.to(device)
        pictures: Pictures
        if device.type != "cpu":
            pictures = Direct(self._model, torch.float16)
        elif self._fast:
            pictures = Fast(self._model, release=not self._given, lean=self._lean)
        else:
            pictures = Direct(self._model)
        workers = self._workers or os.cpu_count() or 1
        self._renderer = Renderer(
            self._model,
            pictures,
            workers=workers if device.type == "cpu" else 1,
            watch=self._watch,
        )
        return self._renderer


class LivePortraitAnimals(LivePortraitEngine):
    """Animates cats, dogs and their like with the weights that were trained on them.

    No detector of ours finds an animal's face: its points are placed by hand.

    Args:
        model: The networks; None loads the authors' animal weights when first needed.
        weights: Folder of the weights, as for `LivePortraitEngine`.
        **settings: As for `LivePortraitEngine`; animals are driven by `driving.ANIMAL`.
    """

    name = "liveportrait-animals"
    capabilities = Capabilities(
        kinds=("animal",),
        pose=True,
        real_time=False,
        reenacts=True,
        driving=("region", "multiplier", "stitching"),
    )
    _subject: Subject = "animal"

    def __init__(
        self, model: LivePortrait | None = None, *, weights: Path | None = None, **settings: Any
    ) -> None:
        animal: dict[str, Any] = {"options": ANIMAL, "stitching": ANIMAL.stitching}
        super().__init__(model, weights=weights, **(animal | settings))

    def prepare(
        self,
        picture: NDArray[np.uint8],
        *,
        face: int | None = None,
        points: NDArray[np.float32] | None = None,
    ) -> Portrait:
        """Take the points that were placed; see `FaceEngine.prepare`.

        Raises:
            PointsNeeded: No points.
            MissingWeights: The weights are not there; said before any work is done.
            Unsupported: torch is not installed.
        """
        if points is None:
            self._ready()
            raise PointsNeeded(
                "An animal's face can't be found by itself. Place ten points by hand: "
                f"{HOW_TO_PLACE}"
            )
        portrait = super().prepare(picture, face=face, points=points)
        return replace(portrait, kind="animal")
