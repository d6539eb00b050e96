"""Frames from keypoints: the picture is looked at once, then each frame is warped and painted.

look = renderer.look(crop)                       # appearance, pose and keypoints of the picture
picture = renderer.frame(look, driving)          # one frame, uint8
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Semaphore
from typing import Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from likewise.face.liveportrait.cropping import network_input
from likewise.face.liveportrait.keypoints import FaceMotion, Floats, face_motion
from likewise.face.liveportrait.motion import degrees
from likewise.face.liveportrait.networks import LivePortrait
from likewise.face.liveportrait.warping import Warped


@dataclass(frozen=True, slots=True)
class Seen:
    """What the model saw while it made one frame: the hook for `explain`.

    Attributes:
        frame: Number of the frame, from 0.
        volume: float32 (1, 32, 16, 64, 64), appearance.
        source: float32 (21, 3), implicit keypoints of the picture, x y z in -1..1 of the crop.
        driving: float32 (21, 3), implicit keypoints of the frame.
        warped: Warped feature (1, 256, 64, 64), and the dense motion: mask (1, 22, 16, 64, 64),
            deformation (1, 16, 64, 64, 3), occlusion (1, 1, 64, 64).
    """

    frame: int
    volume: Tensor
    source: Tensor
    driving: Tensor
    warped: Warped


Watch = Callable[[Seen], None]
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Look:
    """A picture as the networks know it; shared by all its frames.

    Attributes:
        volume: (1, C, D, s, s), appearance.
        source: (1, 21, 3), keypoints.
        motion: Pose, expression and canonical keypoints.
    """

    volume: Tensor
    source: Tensor
    motion: FaceMotion


class Pictures(Protocol):
    """Warping and painting, by whatever arithmetic."""

    def warp(self, look: Look, driving: Tensor) -> Warped:
        """Carry the appearance along: keypoints (1, 21, 3) -> warped feature."""

    def paint(self, feature: Tensor) -> Tensor:
        """(1, 256, s, s) -> (1, 3, 8s, 8s) in 0..1."""


class Direct:
    """The networks as they are.

    Args:
        model: The networks, on any device.
        precision: What convolutions are computed in. Half is for GPUs: CPUs without instructions
            for it take 40 to 90 times as long.
    """

    def __init__(self, model: LivePortrait, precision: torch.dtype = torch.float32) -> None:
        self._model, self._precision = model, precision
        self._device = next(model.parameters()).device.type

    def warp(self, look: Look, driving: Tensor) -> Warped:
        """Carry the appearance along."""
        with self._reduced():
            warped: Warped = self._model.warping(look.volume, look.source, driving)
        return warped

    def paint(self, feature: Tensor) -> Tensor:
        """Paint the warped feature."""
        with self._reduced():
            picture: Tensor = self._model.generator(feature)
        return picture.float()

    def _reduced(self) -> torch.autocast:
        enabled = self._precision != torch.float32
        return torch.autocast(self._device, self._precision, enabled=enabled)


class Renderer:
    """Makes frames, several at a time where asked for.

    Args:
        model: The networks, in evaluation mode.
        pictures: How frames are warped and painted.
        workers: Frames made at once, each by one thread; 1 leaves the threads to torch.
        watch: Called with what the model saw of a picture, frame by frame in order.
    """

    def __init__(
        self,
        model: LivePortrait,
        pictures: Pictures,
        *,
        workers: int = 1,
        watch: Watch | None = None,
    ) -> None:
        self._model, self._pictures = model, pictures
        self._workers, self._watch = workers, watch
        self._free = Semaphore(workers)  # several faces of a picture are drawn at the same time
        self._device = next(model.parameters()).device

    @torch.inference_mode()
    def read(self, cut: NDArray[np.uint8]) -> FaceMotion:
        """Pose, expression and keypoints of an upright crop (S, S, 3)."""
        heads = self._model.motion(self._tensor(cut))
        pitch, yaw, roll = (
            float(degrees(logits)[0]) for logits in (heads.pitch, heads.yaw, heads.roll)
        )
        return face_motion(
            heads.canonical[0].cpu().numpy(),
            heads.expression[0].cpu().numpy(),
            float(heads.scale[0, 0]),
            heads.translation[0].cpu().numpy(),
            (pitch, yaw, roll),
        )

    @torch.inference_mode()
    def look(self, cut: NDArray[np.uint8]) -> Look:
        """Everything about a picture that its frames share, from its crop (S, S, 3)."""
        motion = self.read(cut)
        volume = self._model.appearance(self._tensor(cut))
        return Look(volume, self._keypoints(motion.keypoints), motion)

    def frames(self, look: Look, keypoints: Iterable[Floats]) -> Iterator[NDArray[np.uint8]]:
        """One picture uint8 (8s, 8s, 3) for each set of driving keypoints (21, 3), in order."""
        made = self.in_order(partial(self._frame, look, driving) for driving in keypoints)
        for number, (picture, x_d, warped) in enumerate(made):
            if self._watch is not None:
                self._watch(Seen(number, look.volume, look.source[0], x_d[0], warped))
            yield picture

    @torch.inference_mode()
    def face(
        self, cut: NDArray[np.uint8], source: FaceMotion, driving: Floats
    ) -> NDArray[np.uint8]:
        """A frame of a film: its own crop (S, S, 3), whose motion is known, with other keypoints.

        Returns:
            uint8 (8s, 8s, 3).
        """
        volume = self._model.appearance(self._tensor(cut))
        look = Look(volume, self._keypoints(source.keypoints), source)
        return self._frame(look, driving)[0]

    def in_order(self, work: Iterable[Callable[[], Made]]) -> Iterator[Made]:
        """What each piece of work answers, in order; several are done at once, none far ahead."""
        if self._workers == 1:
            for piece in work:
                yield piece()
            return
        # Each frame stays on one thread: torch's own threads would fight over the cores.
        with ThreadPoolExecutor(
            self._workers, initializer=torch.set_num_threads, initargs=(1,)
        ) as pool:
            waiting: deque[Future[Made]] = deque()
            for piece in work:
                waiting.append(pool.submit(self._when_free, piece))
                if len(waiting) > self._workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _when_free(self, piece: Callable[[], Made]) -> Made:
        with self._free:
            return piece()

    @torch.inference_mode()
    def _frame(self, look: Look, driving: Floats) -> tuple[NDArray[np.uint8], Tensor, Warped]:
        x_d = self._keypoints(driving)
        warped = self._pictures.warp(look, x_d)
        picture = self._pictures.paint(warped.feature)[0].permute(1, 2, 0)
        levels = (picture * 255).round_().to(torch.uint8)
        return levels.cpu().numpy(), x_d, warped

    def _keypoints(self, keypoints: Floats) -> Tensor:
        return torch.as_tensor(keypoints.astype(np.float32), device=self._device)[None]

    def _tensor(self, cut: NDArray[np.uint8]) -> Tensor:
        small = network_input(cut, self._model.sizes.image)
        pixels = torch.as_tensor(small, device=self._device).permute(2, 0, 1)
        return pixels[None].float() / 255
