"""Who plays in a dialogue: the script's speakers, their roles, and their faces in the picture."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from likewise.errors import BadInput
from likewise.face.engine import FaceEngine
from likewise.studio.choosing import PictureLike, choose_portrait
from likewise.studio.script import Role, Script, parse_script, read_script
from likewise.values import Portrait


def script_of(script: Script | Path | str) -> Script:
    """A script, or what its file or text says."""
    if isinstance(script, Script):
        return script
    if isinstance(script, str) and "\n" in script:
        return parse_script(script)
    return read_script(script)


def roles_of(
    script: Script, cast: Mapping[str, Role], points: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Role]:
    """A role for every speaker, with faces dealt to those who name none."""
    known = {**script.cast, **cast}
    for name in cast:
        if name in script.cast and cast[name].face is None:
            known[name] = replace(cast[name], face=script.cast[name].face)
        if name in script.cast and not cast[name].points:
            known[name] = replace(known[name], points=script.cast[name].points)
    for name, path in points.items():
        if name not in known:
            raise BadInput(
                f"{name} has points but speaks nowhere. Speakers: {', '.join(script.names)}."
            )
        known[name] = replace(known[name], points=path)
    missing = [name for name in script.names if name not in known]
    if missing:
        raise BadInput(
            f"Nobody gives {' and '.join(missing)} a voice. Cast them, for example: "
            f"--cast {missing[0]}=af_heart"
        )
    roles = {name: known[name] for name in script.names}
    taken: dict[int, str] = {}
    for name, role in roles.items():
        if role.face is not None and role.face < 0:
            raise BadInput(f"{name} has face {role.face}: faces count from 1, 0 is a voice off.")
        if role.face and not role.placed:
            if role.face in taken:
                raise BadInput(f"{taken[role.face]} and {name} can't both be face {role.face}.")
            taken[role.face] = name
    free = (number for number in range(1, len(roles) + len(taken) + 1) if number not in taken)
    return {
        name: role if role.placed or role.face is not None else replace(role, face=next(free))
        for name, role in roles.items()
    }


def portraits_of(
    picture: PictureLike, artist: FaceEngine, roles: Mapping[str, Role], size: int
) -> dict[str, Portrait]:
    """The portrait of every role that has a face, all of the whole picture."""
    if isinstance(picture, Portrait):
        raise BadInput("A dialogue needs the picture itself, in which it finds every face.")
    notes: tuple[str, ...] = ()
    if isinstance(picture, np.ndarray):
        pixels = picture
    else:
        from likewise.video.picture import read_picture

        found = read_picture(picture, max_side=size)
        pixels, notes = found.picture, found.notes
    seen = {
        name: choose_portrait(
            pixels,
            artist,
            face=None if role.placed or not role.face else role.face - 1,
            crop="none",
            size=size,
            points=role.points or None,
        )
        for name, role in roles.items()
        if role.placed or role.face
    }
    if not seen:
        raise BadInput("Every role is a voice off. Give one of them a face: --cast NAME=VOICE@1")
    first = next(iter(seen))
    seen[first] = replace(seen[first], notes=(*notes, *seen[first].notes))
    return seen


def placed(seen: Mapping[str, Portrait], roles: Mapping[str, Role]) -> Iterator[str]:
    """Who is where, in a sentence, where there are several."""
    if len(seen) < 2:
        return
    middles = {name: float(seen[name].points[:, 0].mean()) for name in seen}
    order = sorted(middles, key=lambda name: middles[name])
    row = ", ".join(
        name if roles[name].placed else f"{name} (face {roles[name].face})" for name in order
    )
    yield f"From left to right: {row}."
