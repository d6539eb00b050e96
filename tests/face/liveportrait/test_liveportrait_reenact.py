"""A driver on film moves a picture through LivePortrait: random networks, real media."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from liveportrait_models import SMALLEST
from numpy.typing import NDArray

from likewise.audio import files
from likewise.cli.app import run
from likewise.errors import BadInput
from likewise.face.driving import Region
from likewise.face.engine import Reenactor
from likewise.face.liveportrait.driving import ANIMAL, Options, carried, size_ratio
from likewise.face.liveportrait.keypoints import FaceMotion, rotation
from likewise.face.liveportrait.score import SMILE
from likewise.face.mesh.engine import MeshEngine
from likewise.motion.sliders import Sliders
from likewise.seeing.following import Film, Sighting
from likewise.seeing.landmarks import Tracked, Tracker
from likewise.values import Motion, Portrait
from likewise.video.reader import VideoReader
from likewise.video.reader import info as video_info

torch = pytest.importorskip("torch", reason="LivePortrait needs the extra [torch]")

from likewise.face.liveportrait import cropping, watching  # noqa: E402 - needs torch
from likewise.face.liveportrait.engine import (  # noqa: E402
    LivePortraitAnimals,
    LivePortraitEngine,
)
from likewise.face.liveportrait.networks import LivePortrait  # noqa: E402
from likewise.face.liveportrait.template import Template  # noqa: E402

Picture = NDArray[np.uint8]
DATA = Path(__file__).parents[2] / "data"
FRAMES = 12


@pytest.fixture(scope="module")
def tiny(smallest: LivePortrait) -> LivePortrait:
    return smallest


@pytest.fixture(scope="module")
def painting() -> Picture:
    picture = cv2.imread(str(DATA / "lady_agnew.jpg"))[20:280, 190:450, ::-1]
    return np.ascontiguousarray(cv2.resize(picture, (320, 320), interpolation=cv2.INTER_CUBIC))


def test_engine_reads_drivers_itself(tiny: LivePortrait) -> None:
    engine = LivePortraitEngine(tiny)
    assert engine.capabilities.reenacts and isinstance(engine, Reenactor)


def test_a_driver_is_watched_saved_recalled_and_performed(
    tiny: LivePortrait, painting: Picture, driver: Path, tmp_path: Path
) -> None:
    engine = LivePortraitEngine(tiny)
    portrait = engine.prepare(painting)
    template = engine.watch(Film(driver))
    assert len(template) == FRAMES and template.fps == 25
    assert template.anchor is not None and template.ratios[template.anchor, 2] < 0.2
    assert template.ratios[-1, 2] > template.ratios[0, 2] + 0.1
    for matrix in template.rotation:
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-6)
    frames = list(engine.perform(portrait, template))
    assert len(frames) == FRAMES
    box = cropping.box_around(portrait.points, cropping.eyes_and_mouth(portrait.points))
    outside = cropping.PasteBack(painting, box, size=SMALLEST.output).mask == 0
    for frame in frames:
        assert frame.shape == painting.shape
        assert (frame[outside] == painting[outside]).all()
    template.save(tmp_path / "nod.npz")
    assert engine.remembers(tmp_path / "nod.npz")
    again = engine.recall(tmp_path / "nod.npz")
    assert again.anchor == template.anchor
    for one, other in zip(frames, engine.perform(portrait, again), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_performance_goes_on_at_any_frame(
    tiny: LivePortrait, painting: Picture, driver: Path
) -> None:
    engine = LivePortraitEngine(tiny)
    portrait, template = engine.prepare(painting), engine.watch(Film(driver))
    whole = list(engine.perform(portrait, template))
    rest = list(engine.perform(portrait, template, first=9))
    assert len(rest) == 3
    for one, other in zip(whole[9:], rest, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1


@pytest.mark.parametrize("region", ["all", "lip"])
def test_sliders_are_added_to_what_the_engine_read_itself(
    tiny: LivePortrait, painting: Picture, driver: Path, region: Region
) -> None:
    """Whatever is carried over of the driver, and however large its keypoints are."""
    seen: list[Any] = []
    options = Options(region=region)
    engine = LivePortraitEngine(
        tiny, stitching=False, watch=seen.append, workers=1, options=options
    )
    portrait, template = engine.prepare(painting), engine.watch(Film(driver), anchor=0.0)
    by_hand = Sliders.held({"smile": 1.0, "yaw": 10.0}).added(Motion.still(FRAMES, 25))
    list(engine.perform(portrait, template))
    list(engine.perform(portrait, template, by_hand=by_hand))
    source = face_of(tiny, painting)
    for frame in (0, FRAMES - 1):
        moved = carried(source, template[frame], template[0], options)
        smile = np.zeros((21, 3))
        for at, step in SMILE.items():
            smile[at] += 0.85 * step
        turned = replace(moved, rotation=rotation(0, -10, 0) @ moved.rotation)
        wanted = turned.keypoints - moved.keypoints + moved.scale * smile
        found = (seen[FRAMES + frame].driving - seen[frame].driving).numpy()
        others = [k for k in range(21) if k not in (11, 15)]  # a smile squints, too
        np.testing.assert_allclose(found[others], wanted[others], atol=1e-4)


def test_another_engines_performance_is_refused(tiny: LivePortrait, painting: Picture) -> None:
    engine = LivePortraitEngine(tiny)
    with pytest.raises(BadInput, match="only what it has watched"):
        next(engine.perform(engine.prepare(painting), Motion.still(2, 25)))  # type: ignore[arg-type]


def test_the_anchors_frame_shows_the_source_keypoints(
    tiny: LivePortrait, painting: Picture, driver: Path
) -> None:
    """Relative driving leaves the picture as it is in the frame that corresponds to it."""
    seen: list[Any] = []
    engine = LivePortraitEngine(tiny, stitching=False, watch=seen.append, workers=1)
    template = engine.watch(Film(driver), anchor=0.2)
    assert template.anchor == 5
    list(engine.perform(engine.prepare(painting), template))
    np.testing.assert_allclose(seen[5].driving, seen[5].source, atol=1e-5)
    assert np.abs((seen[0].driving - seen[0].source).numpy()).max() > 1e-4


def test_one_picture_drives_expression_alone(tiny: LivePortrait, painting: Picture) -> None:
    engine = LivePortraitEngine(tiny)
    template = engine.watch(Film(DATA / "mona_lisa.jpg"))
    assert len(template) == 1 and template.anchor is None
    (frame,) = engine.perform(engine.prepare(painting), template)
    assert frame.shape == painting.shape


def face_at(x: float, y: float, side: float) -> Tracked:
    tracked = Tracker().track(cv2.imread(str(DATA / "mona_lisa.jpg"))[..., ::-1].copy())
    assert tracked is not None
    points = tracked.points - tracked.points.mean(axis=0)
    points *= side / np.ptp(points[:, :2], axis=0).max()
    return Tracked(points + np.array([x, y, 0], np.float32), 1.0, tracked.coefficients)


def watched(
    faces: Sequence[Tracked | None], reads: Sequence[FaceMotion], **options: Any
) -> Template:
    """What is read from a film of given faces, whose motion the extractor gives one by one."""
    answers = iter([read for read, seen in zip(reads, faces, strict=True) if seen is not None])

    def pictures() -> Iterator[tuple[float, Picture]]:
        for frame in range(len(faces)):
            yield frame / 25, np.zeros((64, 64, 3), np.uint8)

    def sightings(notes: list[str]) -> Iterator[Sighting]:
        for (seconds, picture), seen in zip(pictures(), faces, strict=True):
            yield Sighting(seconds, picture, seen)

    film: Any = SimpleNamespace(
        fps=25.0, frames=len(faces), path=Path("a.mp4"), pictures=pictures, sightings=sightings
    )
    return watching.watch(film, lambda cut: next(answers), **options)


def motions(yaws: Sequence[float]) -> list[FaceMotion]:
    return [
        FaceMotion(np.zeros((21, 3)), np.zeros((21, 3)), rotation(0, yaw, 0), 1.3, np.zeros(3))
        for yaw in yaws
    ]


def test_a_cut_gets_a_box_of_its_own_and_the_head_goes_on_from_where_it_was() -> None:
    faces = [face_at(100, 100, 80)] * 10 + [face_at(300, 200, 160)] * 10
    template = watched(faces, motions([0.0] * 10 + [25.0] * 10), anchor=0.0)
    assert "cut at 0.4 s" in template.notes[0]
    np.testing.assert_allclose(template.rotation, np.tile(np.eye(3), (20, 1, 1)), atol=1e-9)


def test_absences_are_bridged_or_rest() -> None:
    here = face_at(100, 100, 80)
    yaws = [0.0] * 10 + [20.0] * 10
    bridged = watched([*[here] * 14, None, None, *[here] * 4], motions(yaws), anchor=0.0)
    assert not bridged.notes
    np.testing.assert_allclose(bridged.rotation[14], rotation(0, 20, 0), atol=0.01)
    faces = [*[here] * 20, *[None] * 40]
    rests = watched(faces, motions([*yaws, *[0.0] * 40]), anchor=0.0)
    assert "0.8 to 2.4 s" in rests.notes[0]
    np.testing.assert_allclose(rests.rotation[45], np.eye(3), atol=1e-6)
    with pytest.raises(BadInput, match="No face"):
        watched([None] * 3, motions([0.0] * 3))
    with pytest.raises(BadInput, match="anchor"):
        watched(faces, motions([0.0] * 60), anchor=2.0)


@pytest.mark.usefixtures("registered")
def test_animate_from_the_command_line(driver: Path, tmp_path: Path) -> None:
    picture, target = str(DATA / "lady_agnew.jpg"), tmp_path / "out.mp4"
    command = ["animate", "--face", "liveportrait", picture, str(driver), "-o", str(target)]
    template = tmp_path / "nod.npz"
    assert run([*command, "--size", "320", "--save-motion", str(template)]) == 0
    found = video_info(target)
    assert (found.width, found.height, found.fps) == (274, 320, 25)
    with VideoReader(target) as film:
        assert sum(1 for _ in film.frames()) == FRAMES
    sound = files.read(target)
    assert sound.seconds == pytest.approx(FRAMES / 25, abs=0.05)
    assert np.abs(sound.samples).max() > 0.1
    again = ["animate", "--face", "liveportrait", picture, "--motion", str(template)]
    assert run([*again, "-o", str(tmp_path / "again.mp4"), "--size", "320"]) == 0
    assert not video_info(tmp_path / "again.mp4").has_sound
    # Sliders add to it; what was stopped goes on; every format of templates is told apart.
    more = ["--size", "320", "--slider", "smile=0.8", "--resume"]
    assert run([*command, *more, "--save-motion", str(tmp_path / "nod.safetensors")]) == 0
    assert Template.load(tmp_path / "nod.safetensors").fps == 25
    assert run([*command, "--save-motion", str(tmp_path / "nod.json")]) == 2
    # The mesh engine can't play LivePortrait's own motion, and says so.
    assert run(["animate", picture, "--motion", str(template), "-o", str(target)]) == 2


@pytest.mark.usefixtures("registered")
def test_talk_from_the_command_line(painting: Picture, tmp_path: Path) -> None:
    picture, target = tmp_path / "p.png", tmp_path / "talk.mp4"
    cv2.imwrite(str(picture), painting[..., ::-1])
    command = ["talk", str(picture), "--voice", "af_heart", "--text", "Hi.", "-o", str(target)]
    assert run([*command, "--face", "liveportrait", "--size", "160", "--fps", "10"]) == 0
    found = video_info(target)
    assert (found.width, found.height, found.fps) == (160, 160, 10)
    assert files.read(target).seconds == pytest.approx(found.seconds or 0, abs=0.15)


def test_without_weights_exit_code_3_and_the_command(
    driver: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.delenv("LIKEWISE_LIVEPORTRAIT", raising=False)
    picture, target = str(DATA / "lady_agnew.jpg"), tmp_path / "out.mp4"
    command = ["animate", "--face", "liveportrait", picture, str(driver), "-o", str(target)]
    assert run(command) == 3
    assert "likewise weights pull liveportrait" in capsys.readouterr().err
    assert not target.exists()


def test_an_identical_crop_leaves_no_seam(painting: Picture) -> None:
    """The paste-back of what was cut out is the picture again, but for resampling."""
    portrait = MeshEngine().prepare(painting)
    box = cropping.box_around(portrait.points, cropping.eyes_and_mouth(portrait.points))
    cut = cropping.crop(painting, box, 1024)
    pasted = cropping.PasteBack(painting, box, size=1024)(cut)
    difference = np.abs(pasted.astype(int) - painting)
    mask = cropping.PasteBack(painting, box, size=1024).mask
    seam = (mask > 0) & (mask < 1)
    assert seam.any()
    assert difference[seam].mean() < 1.0 and difference.mean() < 1.0


def test_options_reach_the_keypoints(tiny: LivePortrait, painting: Picture, driver: Path) -> None:
    seen: list[Any] = []
    engine = LivePortraitEngine(
        tiny, stitching=False, watch=seen.append, options=Options(region="pose"), workers=1
    )
    portrait, template = engine.prepare(painting), engine.watch(Film(driver), anchor=0.0)
    list(engine.perform(portrait, replace(template, expression=template.expression + 0.1)))
    pose_only = [item.driving for item in seen]
    seen.clear()
    list(engine.perform(portrait, template))
    for one, item in zip(pose_only, seen, strict=True):
        np.testing.assert_allclose(one, item.driving, atol=1e-6)


def test_animals_take_points_by_hand_and_only_the_change_since_the_anchor(
    tiny: LivePortrait, painting: Picture, driver: Path
) -> None:
    seen: list[Any] = []
    engine = LivePortraitAnimals(tiny, watch=seen.append, workers=1)
    with pytest.raises(BadInput, match="by hand"):
        engine.prepare(painting)
    placed = LivePortraitEngine(tiny).prepare(painting).points
    portrait = engine.prepare(painting, points=placed)
    assert portrait.kind == "animal"
    template = engine.watch(Film(driver), anchor=0.0)
    list(engine.perform(portrait, template))
    np.testing.assert_allclose(seen[0].driving, seen[0].source, atol=1e-5)
    source = face_of(tiny, painting)
    moved, first = (carried(source, template[i], template[0], ANIMAL).keypoints for i in (-1, 0))
    grown = 1.75 * size_ratio(source.keypoints, first)
    wanted = source.keypoints + grown * (moved - first)
    np.testing.assert_allclose(seen[-1].driving, wanted, atol=1e-4)


def face_of(tiny: LivePortrait, painting: Picture) -> FaceMotion:
    engine = LivePortraitEngine(tiny)
    _, look, _ = engine._look(engine.prepare(painting))
    return look.motion


def test_portrait_kinds(tiny: LivePortrait, painting: Picture) -> None:
    engine = LivePortraitEngine(tiny)
    human = engine.prepare(painting)
    drawing = Portrait(painting, human.points, human.coefficients, kind="drawing")
    (frame,) = engine.render(drawing, Motion.still(1, 25))
    assert frame.shape == painting.shape
