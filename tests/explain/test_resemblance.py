"""Whose face is it like? Paintings, told apart, learned and found again."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.explain.attributes import face_attributes
from likewise.explain.memory import Memory
from likewise.explain.perceiving import Perceived, face_space, perceive, perceive_face
from likewise.explain.resemblance import explain_resemblance
from likewise.seeing import canonical, identity
from likewise.video.picture import read_picture
from likewise.video.reader import VideoReader

Picture = NDArray[np.uint8]
DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def mona() -> Picture:
    return read_picture(DATA / "mona_lisa.jpg").picture


@pytest.fixture(scope="module")
def agnew() -> Picture:
    return read_picture(DATA / "lady_agnew.jpg").picture


@pytest.fixture(scope="module")
def learned(mona: Picture, agnew: Picture) -> tuple[Perceived, Perceived]:
    return perceive_face(mona), perceive_face(agnew)


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    with Memory(tmp_path / "memory.sqlite") as opened:
        yield opened


@pytest.fixture(scope="module")
def darker(mona: Picture) -> Picture:
    """The painting in another light, mirrored and small."""
    small = cv2.resize(mona[:, ::-1], None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    return np.asarray(255 * (small / 255) ** 1.6, np.uint8)


def test_new_then_learned_then_known_whatever_the_light(
    memory: Memory, learned: tuple[Perceived, Perceived], darker: Picture, tmp_path: Path
) -> None:
    mona, agnew = learned
    first = explain_resemblance(darker, memory)
    assert first.likeness.decision == "new" and first.remembered == ()
    first.draw(tmp_path / "nobody.png")
    agnew.learned(memory, name="Lady Agnew")
    second = explain_resemblance(darker, memory)
    assert second.likeness.decision == "new"
    assert second.likeness.distance > identity.SAME_PERSON
    mona.learned(memory, name="Mona Lisa")
    third = explain_resemblance(darker, memory)
    assert (third.likeness.decision, third.likeness.name) == ("known", "Mona Lisa")
    assert third.likeness.shares["Mona Lisa"] > 60
    assert third.likeness.distance < 0.42  # what one face was measured to differ by itself
    assert third.remembered[0].picture is not None
    said = " ".join(third.sentences)
    assert "No error rate is promised" in said and "dlib's published rule" in said
    assert third.draw(tmp_path / "why.png").stat().st_size > 10_000
    plain = third.as_json()
    assert plain["scorer"] == identity.SCORER and len(plain["inputs"]["picture"]) == 64


def test_what_is_different_is_measured_on_the_remembered_example(
    memory: Memory, learned: tuple[Perceived, Perceived], mona: Picture
) -> None:
    learned[0].learned(memory, name="Mona Lisa")
    same = learned[0].recognised(memory)
    assert same.differences == ()
    broader = cv2.resize(mona, None, fx=1.25, fy=1.0)
    (difference, *_) = perceive_face(broader).recognised(memory).differences
    assert difference.name == "width of the face over its height"
    assert difference.word == "broader in the face" and difference.unknown > difference.known + 7


def test_proportions_do_not_depend_on_place_size_and_tilt() -> None:
    """The canonical face itself, moved about."""
    face = np.concatenate([canonical.mesh().vertices, np.zeros((10, 3))]) * [1, -1, -1]
    turned = canonical.head_rotation(12.0, -8.0, 20.0)
    straight = face_attributes(face)
    moved = face_attributes(40 * face @ turned.T + [300, 200, 0])
    assert [item.value for item in moved] == pytest.approx([item.value for item in straight])
    aside = canonical.head_rotation(35.0, 0.0, 0.0)
    assert face_attributes(face @ aside.T) == ()


def test_directions_from_nobodys_face_tell_people_apart() -> None:
    from likewise.verify.face import bank

    one, other = bank()
    centre = identity.expected()

    def cosine(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    assert cosine(one, other) > 0.8
    assert abs(cosine(one - centre, other - centre)) < 0.3
    assert face_space().rule.distance == 0.6


def test_several_faces_are_counted_by_size(mona: Picture, agnew: Picture) -> None:
    height = max(len(mona), len(agnew))
    both = np.zeros((height, mona.shape[1] + agnew.shape[1], 3), np.uint8)
    both[: len(mona), : mona.shape[1]] = mona
    both[: len(agnew), mona.shape[1] :] = agnew
    largest, second = perceive_face(both), perceive_face(both, face=1)
    assert "2 faces" in largest.notes[0] and second.notes == ()
    shown = second.example.picture().shape
    assert max(shown) <= 256 and shown[1] < both.shape[1]
    assert identity.distance(largest.embedding, second.embedding) > identity.SAME_PERSON
    with pytest.raises(BadInput, match="There are 2 faces"):
        perceive_face(both, face=2)


def test_no_face_a_tiny_face_and_a_choice_of_nothing_are_refused(
    mona: Picture, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="No face was found"):
        perceive_face(np.full((200, 200, 3), 90, np.uint8))
    with pytest.raises(BadInput, match="pixels wide"):
        perceive_face(cv2.resize(mona, None, fx=0.22, fy=0.22, interpolation=cv2.INTER_AREA))
    with pytest.raises(BadInput, match="--kind face"):
        perceive(DATA / "mona_lisa.jpg", "picture", face=0)


@pytest.mark.media
def test_people_on_film_are_known_in_other_frames(memory: Memory, shared_media: Path) -> None:
    unseen = {}
    for name in ("d10", "d12", "d20"):
        with VideoReader(shared_media / "drivers" / f"{name}.mp4") as film:
            frames = [frame.picture for _, frame in zip(range(21), film.frames(), strict=False)]
        perceive_face(frames[0]).learned(memory, name=name)
        unseen[name] = frames[-1]
    for name, frame in unseen.items():
        likeness = explain_resemblance(frame, memory).likeness
        assert (likeness.decision, likeness.name) == ("known", name)
