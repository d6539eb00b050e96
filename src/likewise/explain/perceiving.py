"""A file as something that can be remembered: what it is, where it lies, how it would be described.

seen = perceive("fox.jpg")
with Memory() as memory:
    likeness = seen.recognised(memory)      # "Between dog (27 %) and cat (21 %); 52 % is new."
    seen.learned(memory, name="fox")
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from likewise.audio import files
from likewise.errors import BadInput
from likewise.explain import example
from likewise.explain.attributes import (
    Attribute,
    differences,
    face_attributes,
    picture_attributes,
    voice_attributes,
)
from likewise.explain.directions import Space
from likewise.explain.example import Example
from likewise.explain.likeness import Likeness, Rule
from likewise.explain.memory import Memory
from likewise.values import Audio

if TYPE_CHECKING:
    from likewise.seeing.landmarks import Face, Tracker

Kind = Literal["voice", "picture", "face"]

_MARGIN = 0.3  # around a face that is cut out, of its box: enough to find it there again
_SMALLEST_FACE = 48  # pixels; a large face made as small as this moves by 0.17 of dlib's 0.6
_EXAMPLES = 8  # of a remembered face that a new one is compared with


@dataclass(frozen=True, slots=True, eq=False)
class Perceived:
    """What a model makes of a file.

    Attributes:
        space: With what it can be compared.
        embedding: float32 (D,).
        example: What reminds people of it.
        attributes: What can be said of it in words.
        notes: What the user should know, such as which face of several it is.
    """

    space: Space
    embedding: NDArray[np.float32]
    example: Example
    attributes: tuple[Attribute, ...]
    notes: tuple[str, ...] = field(default=())

    def recognised(
        self, memory: Memory, *, compared_with: Sequence["Perceived"] = (), error_rate: float = 0.1
    ) -> Likeness:
        """What it is like among what is remembered.

        Args:
            memory: Where to look.
            compared_with: Examples of the likeliest thing, to say in which attributes it differs;
                a face's are looked up in the memory when left out.
            error_rate: See `Known.compare`.
        """
        likeness = memory.likeness(self.space, self.embedding, error_rate=error_rate)
        others = [item.attributes for item in compared_with]
        if not others and self.space.kind == "face":
            shown = remembered_faces(memory, self.space, likeness.name, _EXAMPLES)
            others = [_attributes_of(face) for face in shown]
        return likeness.differing(differences(self.attributes, others)) if others else likeness

    def learned(self, memory: Memory, *, name: str = "", thing: int | None = None) -> int:
        """Remember it, as `Memory.add` does; answers the number of the thing."""
        return memory.add(self.space, self.embedding, name=name, thing=thing, example=self.example)


def perceive(path: Path | str, kind: Kind | None = None, *, face: int | None = None) -> Perceived:
    """Look at a picture, or listen to a recording.

    Args:
        path: A picture or a sound; a video is listened to.
        kind: What to take it for; None finds out whether it is a voice or a picture. A picture is
            taken for a `face` only when asked to.
        face: Which face of several, as `perceive_face` counts them.

    Raises:
        BadInput: The file is neither, has too little sound to tell a voice by or no such face, or a
            face was chosen of something else.
    """
    if face is not None and kind != "face":
        raise BadInput("A face is chosen only where faces are looked at: --kind face.")
    if kind is None:
        kind = "voice" if _has_sound(Path(path)) else "picture"
    if kind == "voice":
        return perceive_voice(files.read(path))
    from likewise.video.picture import read_picture

    picture = read_picture(path).picture
    return perceive_face(picture, face=face) if kind == "face" else perceive_picture(picture)


def perceive_voice(audio: Audio) -> Perceived:
    """Listen to a voice.

    Raises:
        BadInput: Less than half a second of sound above silence.
    """
    from likewise.explain.saliency import other_speakers
    from likewise.hearing import ge2e

    return Perceived(
        Space("voice", ge2e.SCORER, other_speakers().mean(0)),
        ge2e.embed(audio),
        example.of_sound(audio),
        voice_attributes(audio),
    )


def perceive_picture(picture: NDArray[np.uint8]) -> Perceived:
    """Look at a picture, uint8 RGB (H, W, 3)."""
    from likewise.seeing import imagenet

    return Perceived(
        Space("picture", imagenet.SCORER, imagenet.expected()),
        imagenet.embed(picture),
        example.of_picture(picture),
        picture_attributes(picture, imagenet.see(picture).kinds),
    )


def perceive_face(picture: NDArray[np.uint8], *, face: int | None = None) -> Perceived:
    """Look at whose face is in a picture.

    Args:
        picture: uint8 (H, W, 3), RGB, upright.
        face: Which of several, from 0, the largest; None takes the largest and says so.

    Raises:
        BadInput: No face, one too small to be told, or not so many.
    """
    from likewise.seeing import identity

    faces = _tracker().detect(picture)
    chosen = _chosen(faces, face)
    notes: tuple[str, ...] = ()
    if len(faces) > 1 and face is None:
        notes = (f"{len(faces)} faces found, the largest is taken; use --face N for another.",)
    return Perceived(
        face_space(),
        identity.embed(picture, chosen.points),
        example.of_face(_cut_out(picture, chosen)),
        face_attributes(chosen.points),
        notes,
    )


def face_space() -> Space:
    """Where faces are compared: by identity.

    On eight faces (people, paintings, a statue, an animal) pictures of one lay up to 0.42 apart,
    of two from 0.55 on: dlib's rule took 1.9 % of the pairs of two for one, and none of one for
    two. That is too little to promise a rate of.
    """
    from likewise.seeing import identity

    rule = Rule(identity.SAME_PERSON, "dlib's published rule")
    return Space("face", identity.SCORER, identity.expected(), rule)


def remembered_faces(
    memory: Memory, space: Space, name: str, count: int
) -> list[NDArray[np.uint8]]:
    """Pictures uint8 (H, W, 3), RGB, of a remembered face, none where nothing is so called."""
    shown: list[Example] = []
    for thing in memory.things(space.kind):
        if (thing.encoder, thing.label) == (space.encoder, name):
            shown += memory.examples(thing.id, count)
    return [item.picture() for item in shown]


def _attributes_of(cut: NDArray[np.uint8]) -> tuple[Attribute, ...]:
    """Attributes of a face that was cut out; none where it isn't found there any more."""
    faces = _tracker().detect(cut, thorough=False)
    return face_attributes(faces[0].points) if faces else ()


@cache
def _tracker() -> "Tracker":
    from likewise.seeing.landmarks import Tracker

    return Tracker()


def _chosen(faces: Sequence["Face"], number: int | None) -> "Face":
    if not faces:
        raise BadInput(
            "No face was found in the picture. Use an upright picture of a face seen from the "
            f"front or slightly turned, at least {_SMALLEST_FACE} pixels wide."
        )
    if number is not None and not 0 <= number < len(faces):
        there = "is one face" if len(faces) == 1 else f"are {len(faces)} faces"
        raise BadInput(
            f"There {there} in the picture, face {number + 1} was asked for. Faces count from 1, "
            "the largest first."
        )
    face = faces[number or 0]
    if face.width < _SMALLEST_FACE:
        raise BadInput(
            f"The face is only {face.width:.0f} pixels wide; whose it is can be told from "
            f"{_SMALLEST_FACE} on. Use a larger or closer picture."
        )
    return face


def _cut_out(picture: NDArray[np.uint8], face: "Face") -> NDArray[np.uint8]:
    left, top, right, bottom = face.box
    margin = _MARGIN * max(right - left, bottom - top)
    rows = slice(max(0, int(top - margin)), int(bottom + margin))
    return picture[rows, max(0, int(left - margin)) : int(right + margin)]


def _has_sound(path: Path) -> bool:
    from likewise.video.picture import read_picture

    try:
        read_picture(path)
    except BadInput:
        return True  # and if it is no sound either, the reader of sounds says what is wrong
    return False
