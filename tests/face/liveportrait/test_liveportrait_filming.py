"""A film's own face follows a driver, and options say how: random networks, real pictures."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
from liveportrait_models import SMALLEST
from numpy.typing import NDArray

import likewise
from likewise.audio import files
from likewise.cli.app import run
from likewise.errors import BadInput, Cancelled, Unsupported
from likewise.face.driving import Driving
from likewise.face.engine import FilmReenactor
from likewise.face.liveportrait.driving import Options
from likewise.progress import Progress
from likewise.seeing.following import Film, Sighting
from likewise.seeing.landmarks import Tracker
from likewise.studio import acting
from likewise.video.picture import read_picture, save_picture
from likewise.video.reader import VideoReader
from likewise.video.reader import info as video_info

torch = pytest.importorskip("torch", reason="LivePortrait needs the extra [torch]")

from likewise.face.liveportrait import cropping, filming  # noqa: E402 - needs torch
from likewise.face.liveportrait.engine import (  # noqa: E402
    LivePortraitAnimals,
    LivePortraitEngine,
)
from likewise.face.liveportrait.filming import Footage  # noqa: E402
from likewise.face.liveportrait.keypoints import FaceMotion  # noqa: E402
from likewise.face.liveportrait.networks import LivePortrait, build  # noqa: E402
from likewise.face.liveportrait.rendering import Renderer  # noqa: E402
from likewise.face.liveportrait.template import Template  # noqa: E402

Picture = NDArray[np.uint8]
DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def engine(smallest: LivePortrait) -> LivePortraitEngine:
    return LivePortraitEngine(smallest, workers=2)


@pytest.fixture(scope="module")
def footage(engine: LivePortraitEngine, film: Path) -> Footage:
    found = engine.survey(Film(film))
    assert isinstance(found, Footage)
    return found


@pytest.fixture(scope="module")
def template(engine: LivePortraitEngine, driver: Path) -> Template:
    return engine.watch(Film(driver, fps=20), anchor=0.0)


def test_a_film_is_moved_and_stays_as_it_is_around_the_face(
    engine: LivePortraitEngine, footage: Footage, template: Template, film: Path
) -> None:
    assert isinstance(engine, FilmReenactor) and engine.capabilities.films
    assert len(footage) == 10 and footage.track.seen.all() and not footage.notes
    frames = list(engine.perform_in(footage, template))
    assert len(frames) == min(10, len(template))
    for number, (frame, (_, picture)) in enumerate(
        zip(frames, Film(film).pictures(), strict=False)
    ):
        box = footage.boxes[number]
        assert box is not None
        outside = cropping.PasteBack(picture, box, size=SMALLEST.output).mask == 0
        assert outside.any() and (frame[outside] == picture[outside]).all()
        assert not np.array_equal(frame, picture)
    rest = list(engine.perform_in(footage, template, first=6))
    assert len(rest) == len(frames) - 6
    for one, other in zip(frames[6:], rest, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1


def test_what_was_cut_out_fits_back_without_a_seam(
    engine: LivePortraitEngine,
    footage: Footage,
    template: Template,
    film: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Networks that answer what they see leave the film as it is, but for resampling."""
    monkeypatch.setattr(Renderer, "face", lambda self, cut, source, driving: cut)
    frames = engine.perform_in(footage, template)
    for frame, (_, picture) in zip(frames, Film(film).pictures(), strict=False):
        assert np.abs(frame.astype(int) - picture).mean() < 1.0


def test_a_driver_at_rest_leaves_the_films_own_motion(
    engine: LivePortraitEngine, footage: Footage, template: Template
) -> None:
    still = np.zeros(len(footage), int)
    resting = replace(
        template,
        scale=template.scale[still],
        rotation=template.rotation[still],
        expression=template.expression[still],
        translation=template.translation[still],
        canonical=template.canonical[still],
        ratios=template.ratios[still],
    )
    options, correct = Options(stitching=False), engine._corrections()
    for wanted, frame in zip(
        filming._keypoints(footage, resting, options, correct), range(10), strict=True
    ):
        np.testing.assert_allclose(wanted, footage.motion[frame].keypoints, atol=2e-3)
    moved = filming._keypoints(footage, template, options, correct)
    assert np.abs(moved[-1] - footage.motion[9].keypoints).max() > 4e-3


def test_frames_without_a_face_stay_and_the_face_fades_beside_them(
    smallest: LivePortrait, template: Template, film: Path
) -> None:
    pictures = [picture for _, picture in Film(film).pictures()]
    face = Tracker().track(pictures[0])

    def sightings(notes: list[str]) -> Iterator[Sighting]:
        notes.append("2 faces found in the driver, ...")
        for frame, picture in enumerate(pictures):
            yield Sighting(frame / 20, picture, None if frame >= 6 else face)

    read: Any = SimpleNamespace(
        fps=20.0,
        frames=10,
        path=film,
        sightings=sightings,
        pictures=lambda: ((0.0, picture) for picture in pictures),
    )
    engine = LivePortraitEngine(smallest, workers=1)
    footage: Any = engine.survey(read)
    assert footage.notes == (
        "Several faces are in the film; the largest is moved. --face N chooses another.",
        "4 frames of the film show no face; they stay as they are.",
    )
    frames = list(engine.perform_in(footage, template))
    changed = [np.abs(f.astype(int) - p).mean() for f, p in zip(frames, pictures, strict=True)]
    assert changed[6:] == [0, 0, 0, 0]
    assert 0 < changed[5] < 0.5 * changed[3] and changed[5] < changed[4] < changed[3]
    with pytest.raises(BadInput, match="No face was found in the film"):
        read.sightings = lambda notes: (Sighting(0.0, picture, None) for picture in pictures)
        engine.survey(read)


FRAMES = 1000


@pytest.mark.slow
def test_a_long_film_is_read_and_drawn_in_flat_memory(
    engine: LivePortraitEngine, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the networks are left out."""
    (_, first), *_ = Film(film).pictures()
    face, process = Tracker().track(first), psutil.Process()
    still = FaceMotion(np.zeros((21, 3)), np.zeros((21, 3)), np.eye(3), 1.3, np.zeros(3))

    def pictures() -> Iterator[tuple[float, Picture]]:
        return ((frame / 25, first.copy()) for frame in range(FRAMES))

    def sightings(notes: list[str]) -> Iterator[Sighting]:
        return (Sighting(seconds, picture, face) for seconds, picture in pictures())

    long: Any = SimpleNamespace(
        fps=25.0, frames=FRAMES, path=film, pictures=pictures, sightings=sightings
    )
    used = {"read": list[int](), "drawn": list[int]()}

    def note(event: Progress) -> None:
        if event.done % 100 == 0:
            used["read"].append(process.memory_info().rss)

    footage = filming.survey(long, lambda crop: still, on_progress=note)
    monkeypatch.setattr(Renderer, "face", lambda self, cut, source, driving: cut)
    for number, _ in enumerate(engine.perform_in(footage, footage.motion), start=1):
        if number % 100 == 0:
            used["drawn"].append(process.memory_info().rss)
    assert len(used["read"]) == len(used["drawn"]) == 10
    # Held frames would take as much as `first` each.
    assert FRAMES * first.nbytes > 48 << 20
    for name, megabytes in used.items():
        assert max(megabytes[2:]) - megabytes[1] < 24 << 20, name


@pytest.mark.usefixtures("registered")
def test_a_film_from_the_command_line(film: Path, driver: Path, tmp_path: Path) -> None:
    """At the film's rate, with the driver's sound, as long as the shorter of both."""
    target = tmp_path / "out.mp4"
    command = ["animate", str(film), "--driver", str(driver), "-o", str(target)]
    assert run([*command, "--face", "liveportrait"]) == 4  # whoever is on it was not asked
    assert run([*command, "--face", "liveportrait", "--consent", "perhaps"]) == 2
    assert not target.exists()
    command += ["--consent", "source:drawn for this test"]
    assert run([*command, "--face", "liveportrait", "--size", "160", "--fix-eyes"]) == 0
    found = video_info(target)
    assert (found.width, found.height, found.fps) == (160, 160, 20)
    with VideoReader(target) as video:
        assert sum(1 for _ in video.frames()) == 10
    assert np.abs(files.read(target).samples).max() > 0.1
    # The mesh engine moves pictures only, and says so; so do options that are a picture's.
    assert run(command) == 2
    assert run([*command, "--face", "liveportrait", "--slider", "smile=1"]) == 2
    assert run([*command, "--face", "liveportrait:all"]) == 2
    assert run(["animate", str(film), "--audio", str(driver), "-o", str(target)]) == 2


@pytest.mark.usefixtures("registered")
def test_a_silent_driver_leaves_a_films_sound(film: Path, driver: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    asked: dict[str, Any] = {"face_engine": "liveportrait", "fps": 10, "size": 128}
    asked["consent"] = "own"
    made = likewise.reenact(
        driver, film, output=tmp_path / "a.mp4", on_progress=seen.append, **asked
    )
    assert made.fps == 10 and video_info(made.path).has_sound
    assert any("sound is that of the film" in note for note in made.notes)
    assert [e.done for e in seen if e.stage == "rendering"] == list(range(1, made.frames + 1))
    assert seen[-1].total == made.frames

    def stop(event: Progress) -> None:
        if event.stage == "rendering" and event.done == 2:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        likewise.reenact(driver, film, output=tmp_path / "b.mp4", on_progress=stop, **asked)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (
            "--region lip --multiplier 1.5 --pose-friendly --no-stitching --eye-retargeting "
            "--lip-retargeting",
            Options(
                region="lip",
                multiplier=1.5,
                expression_friendly=False,
                stitching=False,
                eye_retargeting=True,
                lip_retargeting=True,
            ),
        ),
        ("--absolute", Options(relative=False)),
        ("--normalise-lip", Options(normalise_lip=True)),
    ],
)
@pytest.mark.usefixtures("registered")
def test_options_of_the_command_line_reach_the_engine(
    given: str,
    wanted: Options,
    template: Template,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[Options] = []

    def perform(engine: Any, portrait: Any, *_: object, **__: object) -> Iterator[Picture]:
        told.append(engine._options)
        yield portrait.picture

    monkeypatch.setattr(LivePortraitEngine, "perform", perform)
    path = tmp_path / "nod.npz"
    template.save(path)
    command = ["animate", str(DATA / "lady_agnew.jpg"), "--motion", str(path)]
    command += ["-o", str(tmp_path / "out.mp4"), "--size", "128"]
    assert run([*command, "--face", "liveportrait", *given.split()]) == 0
    assert told == [wanted]
    assert run([*command, *given.split()]) == 2  # the mesh engine doesn't know them


@pytest.mark.parametrize(
    "given",
    [
        ["--region", "nose"],
        ["--multiplier", "9"],
        ["--absolute", "--normalise-lip"],
        ["--lip-retargeting", "--normalise-lip"],
        ["--absolute", "--expression-friendly"],
        ["--fix-eyes"],
    ],
)
@pytest.mark.usefixtures("registered")
def test_options_that_make_no_sense_are_refused(given: list[str], driver: Path) -> None:
    command = ["animate", str(DATA / "lady_agnew.jpg"), "--driver", str(driver), "-o", "out.mp4"]
    assert run([*command, "--face", "liveportrait", *given]) == 2


def test_wishes_are_checked_in_python_too(smallest: LivePortrait) -> None:
    engine = LivePortraitEngine(smallest)
    with pytest.raises(BadInput, match="no region"):
        engine.directed({"region": "nose"})  # type: ignore[typeddict-item]
    with pytest.raises(BadInput, match="0 to 5"):
        engine.directed({"multiplier": -1.0})
    with pytest.raises(BadInput, match="own motion"):
        engine.directed({"expression_friendly": True}, film=True)
    wish: Driving = {"region": "pose"}
    assert engine.directed(wish)._options.region == "pose" and engine._options.region == "all"
    assert "lip_retargeting" not in LivePortraitAnimals.capabilities.driving


@pytest.mark.usefixtures("registered")
def test_settings_of_drivers_are_refused_where_there_is_none(driver: Path, tmp_path: Path) -> None:
    picture, target = str(DATA / "lady_agnew.jpg"), str(tmp_path / "out.mp4")
    audio = ["animate", picture, "--audio", str(driver), "-o", target]
    assert run([*audio, "--region", "lip"]) == 2
    assert run([*audio, "--face", "all"]) == 2
    assert run(["talk", picture, "--text", "Hi.", "--face", "all", "-o", target]) == 2
    score = likewise.Motion.still(2, 25)
    with pytest.raises(BadInput, match="is a score"):
        likewise.reenact(
            picture,
            motion=score,
            output=target,
            driving={"region": "lip"},
            face_engine="liveportrait",
        )
    with pytest.raises(BadInput, match="score can't move"):
        likewise.reenact(
            driver, motion=score, output=target, face_engine="liveportrait", consent="own"
        )


def test_retargeting_needs_a_template_that_knows_openness(
    engine: LivePortraitEngine, template: Template, footage: Footage
) -> None:
    unknown = replace(template, ratios=np.full_like(template.ratios, np.nan))
    told = engine.directed({"eye_retargeting": True})
    with pytest.raises(BadInput, match="can't be retargeted"):
        next(told.perform_in(footage, unknown))
    assert next(told.perform_in(footage, template)).shape == (240, 240, 3)


@pytest.mark.usefixtures("registered")
def test_all_faces_of_a_picture_follow(
    painted: Callable[[str, int], Picture], driver: Path, tmp_path: Path
) -> None:
    picture = np.concatenate(
        [painted("mona_lisa.jpg", 200), painted("lady_agnew.jpg", 200)], axis=1
    )
    both, frames = tmp_path / "both.png", tmp_path / "frames"
    save_picture(picture, both)
    command = ["animate", str(both), str(driver), "-o", str(frames / "%02d.png")]
    for face in ("all", "liveportrait:all"):
        assert run([*command, "--face", face, "--fps", "6"]) == 0
        last = read_picture(sorted(frames.glob("*.png"))[-1]).picture
        change = np.abs(last.astype(int) - picture).max(axis=2)
        assert min(change[:, :200].mean(), change[:, 200:].mean()) > 1.0
    assert run([*command, "--face", "all", "--crop", "head"]) == 2


@pytest.mark.usefixtures("registered")
def test_segments_of_other_settings_are_thrown_away(template: Template, tmp_path: Path) -> None:
    def stop(event: Progress) -> None:
        if event.stage == "rendering" and event.done == 4:
            raise Cancelled("stop")

    template.save(tmp_path / "nod.npz")
    asked: dict[str, Any] = {"output": tmp_path / "out.mp4", "face_engine": "liveportrait"}
    asked |= {"resume": True, "size": 96, "motion": tmp_path / "nod.npz"}
    picture = DATA / "lady_agnew.jpg"
    with pytest.raises(Cancelled):
        likewise.reenact(picture, **asked, driving={"region": "lip"}, on_progress=stop)
    other = likewise.reenact(picture, **asked)
    assert other.frames == len(template) and not any("Went on" in note for note in other.notes)


def test_a_fingerprint_tells_weights_and_settings_apart(
    smallest: LivePortrait, tmp_path: Path
) -> None:
    engine = LivePortraitEngine(smallest)
    assert engine.fingerprint() == LivePortraitEngine(smallest).fingerprint()
    assert engine.fingerprint() in acting.made_by(engine)
    assert likewise.__version__ in acting.made_by(engine)
    assert engine.fingerprint() != LivePortraitEngine(build(SMALLEST, seed=2)).fingerprint()
    assert engine.fingerprint() != engine.directed({"multiplier": 2.0}).fingerprint()
    names = ("appearance_feature_extractor", "motion_extractor", "warping_module")
    for name in (*names, "spade_generator", "stitching_retargeting_module"):
        (tmp_path / f"{name}.pth").write_bytes(name.encode())
    before = LivePortraitEngine(weights=tmp_path).fingerprint()
    (tmp_path / "motion_extractor.pth").write_bytes(b"something else")
    assert before != LivePortraitEngine(weights=tmp_path).fingerprint()


def test_the_mesh_engine_says_what_moves_films(film: Path, driver: Path, tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="likewise dub"):
        likewise.reenact(film, driver, output=tmp_path / "a.mp4")
