"""Ten points placed by hand: their file, the fit, the guess, and faces that speak by them."""

import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from likewise.errors import BadInput, PointsNeeded
from likewise.face.fitting import fitted
from likewise.face.guessing import guess
from likewise.face.mesh.engine import MeshEngine
from likewise.face.mesh.topology import OVAL, triangles
from likewise.face.points import NAMES, FacePoints
from likewise.face.styles import style_of
from likewise.seeing.measures import LOWER_INNER_LIP, UPPER_INNER_LIP
from likewise.studio.choosing import choose_portrait
from likewise.studio.placing import place
from likewise.values import INDEX, Motion, Portrait
from likewise.verify.pixel_lips import opened
from likewise.video.picture import save_picture

EXAMPLES = Path(__file__).parents[2] / "examples"
DATA = Path(__file__).parents[1] / "data"
MOUTH = ("mouth_right", "mouth_centre", "mouth_left", "chin")
Picture = NDArray[np.uint8]
Drawn = tuple[Picture, FacePoints]


@pytest.fixture(scope="module")
def engine() -> MeshEngine:
    return MeshEngine()


@pytest.fixture(scope="module")
def examples() -> Iterator[dict[str, ModuleType]]:
    sys.path.insert(0, str(EXAMPLES))
    yield {name: importlib.import_module(name) for name in ("animals", "drawings")}
    sys.path.remove(str(EXAMPLES))
    for name in ("animals", "drawings"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def dog(examples: dict[str, ModuleType]) -> Drawn:
    return examples["animals"].draw("dog", 0), examples["animals"].face_points("dog", 0)


@pytest.fixture(scope="module")
def drawing(examples: dict[str, ModuleType]) -> Drawn:
    return examples["drawings"].flat_face()


@pytest.fixture(scope="module")
def mona() -> Picture:
    return np.ascontiguousarray(cv2.imread(str(DATA / "mona_lisa.jpg"))[..., ::-1])


def chosen(engine: MeshEngine, drawn: Drawn, **options: object) -> Portrait:
    settings = {"face": None, "crop": "none", "size": 512, "points": drawn[1]} | options
    return choose_portrait(drawn[0], engine, **settings)  # type: ignore[arg-type]


def moved(drawn: Drawn, **places: tuple[float, float]) -> FacePoints:
    return replace(drawn[1], places={**drawn[1].places, **places})


def test_a_file_keeps_the_points(dog: Drawn, tmp_path: Path) -> None:
    points = replace(dog[1], style="fur")
    points.save(tmp_path / "dog.json")
    loaded = FacePoints.load(tmp_path / "dog.json")
    for name in NAMES:
        np.testing.assert_allclose(loaded[name], points[name], atol=0.006)
    np.testing.assert_allclose(loaded.radii, points.radii, atol=0.006)
    assert (loaded.size, loaded.kind, loaded.style) == (points.size, "animal", "fur")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"points": {}}, "lack right_eye"),
        ({"points": {"ear": [1, 2]}}, "names each of"),
        ({"points": 5}, "names each of"),
        ({"size": [512]}, "two numbers"),
        ({"size": [True, "a"]}, "two numbers"),
        ({"size": [0, 512]}, "larger than 0"),
        ({"size": [10**400, 1]}, "beyond all pictures"),
        ({"size": [float("nan"), 1]}, "finite"),
        ({"eye_radii": [-1, 2]}, "larger than 0"),
        ({"kind": "ghost"}, "human, animal, drawing"),
        ({"style": ["fur"]}, "photo, painting"),
        ({"colour": 1}, "no field 'colour'"),
    ],
)
def test_bad_files_are_told_apart(
    dog: Drawn, change: dict[str, object], said: str, tmp_path: Path
) -> None:
    (tmp_path / "bad.json").write_text(json.dumps(dog[1].as_json() | change), encoding="utf-8")
    with pytest.raises(BadInput, match=said):
        FacePoints.load(tmp_path / "bad.json")


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 50_000, b" " * 200_000])
def test_what_is_no_points_file(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_bytes(content)
    with pytest.raises(BadInput):
        FacePoints.load(tmp_path / "bad.json")


def test_points_in_an_order_that_no_face_has(dog: Drawn) -> None:
    places = dog[1].places
    with pytest.raises(BadInput, match="sides are the sitter's"):
        fitted(moved(dog, right_eye=places["left_eye"], left_eye=places["right_eye"]))
    with pytest.raises(BadInput, match="'chin' must lie clearly below 'mouth_centre'"):
        fitted(moved(dog, chin=places["nose"]))
    with pytest.raises(BadInput, match="'mouth_right' must lie clearly to the left"):
        fitted(moved(dog, mouth_right=places["mouth_left"]))


def test_points_fit_any_copy_of_their_picture(dog: Drawn) -> None:
    half = dog[1].scaled(192, 192)
    np.testing.assert_allclose(half["nose"], dog[1]["nose"] / 2)
    np.testing.assert_allclose(half.radii, np.array(dog[1].radii) / 2)
    with pytest.raises(BadInput, match="another shape"):
        dog[1].scaled(384, 200)


def test_the_fit_passes_through_the_points_and_does_not_fold(
    dog: Drawn, drawing: Drawn, examples: dict[str, ModuleType]
) -> None:
    fox = examples["animals"].face_points("fox", 3)
    for points in (dog[1], drawing[1], fox):
        face = fitted(points)
        apart = np.linalg.norm(points["left_eye"] - points["right_eye"])
        for name, index in (("nose", 4), ("chin", 152), ("mouth_right", 78), ("left_eye", 473)):
            assert np.linalg.norm(face[index, :2] - points[name]) < 0.05 * apart  # type: ignore[index]
        np.testing.assert_array_equal(face[list(UPPER_INNER_LIP)], face[list(LOWER_INNER_LIP)])
        a, b, c = (face[triangles()[0][:, corner], :2] for corner in range(3))
        one, other = b - a, c - a
        area = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
        assert (area * np.sign(np.median(area)) < -1e-3 * apart**2).sum() < 12


def test_a_person_fitted_by_ten_points_is_close_to_the_tracked_one(
    engine: MeshEngine, mona: Picture
) -> None:
    tracked = engine.prepare(mona).points
    first = guess(mona)
    assert first.source == "tracked"
    fit = fitted(first.points)
    width = np.linalg.norm(tracked[454] - tracked[234])
    off = np.linalg.norm(fit[:468, :2] - tracked[:468, :2], axis=1) / width
    assert off.mean() < 0.04
    assert off[list(OVAL)].mean() < 0.07


def test_people_are_trusted_and_animals_are_not(
    engine: MeshEngine, mona: Picture, dog: Drawn, examples: dict[str, ModuleType]
) -> None:
    portrait = engine.prepare(mona)
    assert (portrait.doubt, portrait.kind, portrait.style) == ("", "human", "photo")
    assert "when the picture is mirrored" in engine.prepare(dog[0]).doubt
    with pytest.raises(PointsNeeded, match="likewise points PICTURE"):
        chosen(engine, dog, points=None)
    with pytest.raises(PointsNeeded, match="likewise points PICTURE"):
        engine.prepare(examples["animals"].draw("fox", 0))
    taken = chosen(engine, dog, points="auto")
    assert any("mirrored" in note for note in taken.notes)


def test_a_guess_is_always_a_possible_face(dog: Drawn, examples: dict[str, ModuleType]) -> None:
    first = guess(dog[0])
    assert first.source == "doubtful"
    eyes = np.linalg.norm(dog[1]["left_eye"] - dog[1]["right_eye"])
    assert np.linalg.norm(first.points["left_eye"] - dog[1]["left_eye"]) < 0.3 * eyes
    for picture in (examples["animals"].draw("cat", 0), np.full((90, 200, 3), 77, np.uint8)):
        fitted(guess(picture).points)
    assert guess(np.full((90, 200, 3), 77, np.uint8)).source == "proportions"


def test_styles_are_told_apart(mona: Picture, dog: Drawn, drawing: Drawn) -> None:
    assert style_of(mona, guess(mona).points and fitted(guess(mona).points)) == "photo"
    assert style_of(drawing[0], fitted(drawing[1])) == "flat"
    assert style_of(dog[0], fitted(dog[1]), "animal") == "fur"
    moustached = mona.copy()
    face = fitted(guess(mona).points)
    middle, width = face[164, :2], np.linalg.norm(face[291, :2] - face[61, :2])
    axes = (round(float(0.6 * width)), round(float(0.17 * width)))
    cv2.ellipse(moustached, tuple(map(round, middle.tolist())), axes, 0, 0, 360, (38, 26, 20), -1)
    assert style_of(moustached, face) == "moustache"


@pytest.mark.parametrize("name", ["dog", "drawing"])
def test_the_mouth_on_the_frames_follows_the_jaw(
    engine: MeshEngine, name: str, request: pytest.FixtureRequest
) -> None:
    drawn: Drawn = request.getfixturevalue(name)
    portrait = chosen(engine, drawn)
    assert (portrait.kind, portrait.style) == {
        "dog": ("animal", "fur"),
        "drawing": ("drawing", "flat"),
    }[name]
    motion = Motion.still(30, 25.0)
    jaw = 0.2 - 0.2 * np.cos(2 * np.pi * np.arange(30) / 10)
    motion.coefficients[:, INDEX["jawOpen"]] = jaw
    mouth = np.array([drawn[1][part] for part in MOUTH])  # type: ignore[index]
    gaps = opened(portrait.picture, mouth, engine.render(portrait, motion))
    assert np.corrcoef(gaps, jaw)[0, 1] > 0.95
    assert gaps.max() > 0.1
    assert np.abs(gaps[::10]).max() < 0.02  # shut where the jaw is shut
    motion.pose[:, 0] = np.linspace(-6, 6, 30)
    motion.coefficients[:] = 0
    turned = opened(portrait.picture, mouth, engine.render(portrait, motion))
    assert np.abs(turned).max() < 0.5 * gaps.max()  # a turning head is no opening mouth


def test_the_tongue_shows_and_teeth_do_not(engine: MeshEngine, dog: Drawn) -> None:
    motion = Motion.still(1, 25.0)
    motion.coefficients[:, INDEX["jawOpen"]] = 0.5
    fur, photo = (
        next(engine.render(chosen(engine, dog, style=style), motion)).astype(int)
        for style in ("fur", "photo")
    )
    x, y = dog[1]["mouth_centre"].round().astype(int)
    below = slice(y, y + 14), slice(x - 8, x + 9)
    red = fur[below][..., 0] - fur[below][..., 1:].mean(axis=2)
    assert red.max() > 40
    assert photo[below].min(axis=2).max() > fur[below].min(axis=2).max() + 20  # teeth are pale


def test_a_cut_out_head_takes_its_points_along(engine: MeshEngine, drawing: Drawn) -> None:
    portrait = chosen(engine, drawing, crop="head", size=256)
    assert portrait.picture.shape == (256, 256, 3)
    whole = fitted(drawing[1])[:, :2]
    scale = np.polyfit(whole[:, 0], portrait.points[:, 0], 1)[0]
    off = portrait.points[:, 1] - scale * whole[:, 1]
    assert np.ptp(off) < 1.0


def test_points_are_drawn_and_written(dog: Drawn, tmp_path: Path) -> None:
    save_picture(dog[0], tmp_path / "dog.png")
    placed = place(tmp_path / "dog.png", drawn=tmp_path / "points.png")
    assert any("not for certain" in note for note in placed.notes)
    assert placed.points.kind == "animal"
    drawn = cv2.imread(str(tmp_path / "points.png"))
    assert drawn.shape[0] >= 900 and drawn.shape[1] > drawn.shape[0]
    again = place(tmp_path / "dog.png", points=dog[1])
    np.testing.assert_allclose(again.points["chin"], dog[1]["chin"])


def test_portraits_of_old_files_are_photographs(
    engine: MeshEngine, dog: Drawn, tmp_path: Path
) -> None:
    portrait = chosen(engine, dog)
    portrait.save(tmp_path / "dog.safetensors")
    loaded = Portrait.load(tmp_path / "dog.safetensors")
    assert (loaded.kind, loaded.style, loaded.doubt) == ("animal", "fur", "")
