"""The default face engine: warp a face mesh, then lay eyes and mouth over it.

    engine = MeshEngine()
    portrait = engine.prepare(picture)
    for frame in engine.render(portrait, motion):
        ...

A 2.5-D puppet: the picture itself is moved, nothing is made up but the inside of a mouth that the
picture doesn't show, and the wall that a moving head uncovers. It turns a head some fifteen degrees
without harm, runs in real time on one core and works on paintings and drawings as on photographs.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput, PointsNeeded
from likewise.face.engine import Capabilities, Frame
from likewise.face.guessing import MOST_DISAGREEMENT, disagreement
from likewise.face.mesh import wrinkles
from likewise.face.mesh.behind import Layers, layers
from likewise.face.mesh.eyes import EyeLayer
from likewise.face.mesh.looks import LOOKS
from likewise.face.mesh.mouth import MouthLayer
from likewise.face.mesh.rig import Rig, sitter_of
from likewise.face.mesh.warp import Warp
from likewise.face.points import HOW_TO_PLACE
from likewise.face.styles import style_of
from likewise.seeing.canonical import head_pose
from likewise.seeing.landmarks import Face, Tracker
from likewise.values import COEFFICIENTS, INDEX, Motion, Portrait

SMALLEST_FACE = 32
"""Pixels from cheek to cheek below which nothing useful can be drawn."""
RECOMMENDED_FACE = 96
"""Pixels from cheek to cheek below which the result looks soft."""


class MeshEngine:
    """Animates faces by warping a mesh.

    Args:
        threads: Threads of the tracker's models.
    """

    name = "mesh"
    capabilities = Capabilities(kinds=("human", "animal", "drawing"), pose=True, real_time=True)

    def __init__(self, *, threads: int = 1) -> None:
        self._threads = threads
        self._tracker: Tracker | None = None

    def prepare(
        self,
        picture: NDArray[np.uint8],
        *,
        face: int | None = None,
        points: NDArray[np.float32] | None = None,
    ) -> Portrait:
        """Find the face; see `FaceEngine.prepare`."""
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise BadInput(
                f"The picture must be uint8 RGB of shape (height, width, 3), got {picture.dtype} "
                f"{picture.shape}. Load it with likewise.video."
            )
        if points is not None:
            placed = np.asarray(points, np.float32)
            return Portrait(picture, placed, np.zeros(len(COEFFICIENTS), np.float32))
        if self._tracker is None:
            self._tracker = Tracker(threads=self._threads)
        faces = self._tracker.detect(picture)
        if not faces:
            raise PointsNeeded(
                "No face was found in the picture. Use an upright picture with one face seen from "
                "the front or slightly turned, evenly lit, with both eyes and the mouth free, at "
                f"least {RECOMMENDED_FACE} pixels wide; crop it around the face if that is small. "
                f"An animal or a drawing needs ten points placed by hand: {HOW_TO_PLACE}"
            )
        if face is not None and not 0 <= face < len(faces):
            raise BadInput(
                f"There {'is one face' if len(faces) == 1 else f'are {len(faces)} faces'} in the "
                f"picture, face {face + 1} was asked for. Faces count from 1, the largest first."
            )
        chosen = faces[face or 0]
        if chosen.width < SMALLEST_FACE:
            raise BadInput(
                f"The face is only {chosen.width:.0f} pixels wide; at least {SMALLEST_FACE} are "
                f"needed, {RECOMMENDED_FACE} look good. Use a larger or closer picture."
            )
        notes = tuple(self._notes(faces, chosen, asked=face is not None))
        style = style_of(picture, chosen.points)
        return Portrait(
            picture,
            chosen.points,
            chosen.coefficients,
            kind="drawing" if style == "flat" else "human",
            notes=notes,
            style=style,
            doubt=self._doubt(picture, chosen),
        )

    def render(self, portrait: Portrait, motion: Motion | Iterable[Motion]) -> Iterator[Frame]:
        """Play a score; see `FaceEngine.render`."""
        puppet = _Puppet(portrait)
        for part in (motion,) if isinstance(motion, Motion) else motion:
            for index in range(len(part)):
                yield puppet.frame(part, index)

    def _doubt(self, picture: NDArray[np.uint8], face: Face) -> str:
        assert self._tracker is not None
        moved = disagreement(self._tracker, picture, face)
        if moved <= MOST_DISAGREEMENT:
            return ""
        return (
            "A face was found, but where its mouth is can't be trusted: the mouth moves by "
            f"{100 * moved:.0f} % of the face's width when the picture is mirrored, as it does "
            f"with animals and some drawings. Place ten points by hand: {HOW_TO_PLACE}"
        )

    def _notes(self, faces: list[Face], chosen: Face, *, asked: bool) -> Iterator[str]:
        if len(faces) > 1 and not asked:
            yield (
                f"{len(faces)} faces found, the largest is taken; use --face N (1 to {len(faces)}, "
                "largest first) for another."
            )
        tilt = abs(head_pose(chosen.points)[2])
        if tilt > 45:
            yield (
                f"The head is tilted by {tilt:.0f} degrees; if the picture lies on its side, turn "
                "it upright first."
            )
        if chosen.width < RECOMMENDED_FACE:
            yield (
                f"The face is {chosen.width:.0f} pixels wide; from {RECOMMENDED_FACE} on it would "
                "look sharper."
            )


class _Puppet:
    """One portrait while it is being rendered; holds nothing of frames gone by."""

    def __init__(self, portrait: Portrait) -> None:
        picture = np.ascontiguousarray(portrait.picture)
        self._rig = Rig(portrait)
        width = self._rig.face_width
        self._warp = Warp(
            picture,
            self._rig.source,
            self._rig.outer,
            self._rig.fillings,
            self._rig.skin,
            width,
            _layers(portrait),
        )
        self._folds = LOOKS[portrait.style].folds
        self._eyes = EyeLayer(picture, portrait.points, width)
        self._mouth = MouthLayer(
            picture,
            portrait.points,
            width,
            own_inside=self._rig.open_mouth,
            look=LOOKS[portrait.style],
        )

    def frame(self, motion: Motion, index: int) -> Frame:
        """Draw one frame."""
        coefficients, pose, shift = (
            track[index] for track in (motion.coefficients, motion.pose, motion.shift)
        )
        gaze = _gaze(motion.gaze[index], coefficients)
        shaped = self._rig.shape(coefficients, motion.lip_gap[index], float(gaze[1]))
        vertices = self._rig.pose(shaped, pose, shift)
        texture = self._rig.texture(shaped, coefficients, float(gaze[1]), float(pose[0]))
        blinking = max(coefficients[INDEX["eyeBlinkLeft"]], coefficients[INDEX["eyeBlinkRight"]])
        details = self._eyes.boxes(vertices) if blinking > 0.3 else []
        lips = self._mouth.box(vertices)
        if lips is not None:
            details.append(lips)
        frame = self._warp(vertices, texture, details)
        if self._folds:
            wrinkles.paint(frame, vertices, coefficients, self._rig.face_width)
        self._eyes.paint(frame, vertices, gaze)
        arch = self._rig.project(self._rig.upper_teeth, pose, shift)
        self._mouth.paint(frame, vertices, arch, tongue=float(motion.tongue[index]))
        return frame


@lru_cache(maxsize=2)
def _layers(portrait: Portrait) -> Layers | None:
    """A portrait in layers, made once for all its scores; None where it can't be taken apart."""
    sitter, rig = sitter_of(portrait), Rig(portrait)
    if sitter is None or not sitter.trusted:
        return None
    return layers(portrait.picture, sitter, rig.source[:, :2], rig.face_width)


def _gaze(gaze: NDArray[np.floating], coefficients: NDArray[np.floating]) -> NDArray[np.floating]:
    """Gaze (right, up) of a frame: dictated, plus what the look coefficients say."""
    value = {name: float(coefficients[INDEX[f"eyeLook{name}"]]) for name in _LOOKS}
    # The person's left eye is on the picture's right: looking out with it is looking right.
    right = value["OutLeft"] - value["InLeft"] + value["InRight"] - value["OutRight"]
    up = value["UpLeft"] + value["UpRight"] - value["DownLeft"] - value["DownRight"]
    return gaze + np.array([right, up]) / 2


_LOOKS = tuple(f"{way}{side}" for way in ("In", "Out", "Up", "Down") for side in ("Left", "Right"))
