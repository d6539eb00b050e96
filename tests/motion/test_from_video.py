"""Motion from a driver: faces of known pose and expression come out as the score they were."""

import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.motion import from_video as module
from likewise.motion.from_video import Driven, from_video
from likewise.motion.limits import FURTHEST, SHIFT, soft, within_limits
from likewise.motion.template import load_template, save_template
from likewise.seeing.canonical import FACE_WIDTH, NECK, Placement, head_rotation, mesh
from likewise.seeing.following import Sighting
from likewise.seeing.landmarks import Tracked
from likewise.seeing.shots import absences, bridged, shots
from likewise.values import COEFFICIENTS, INDEX, Motion, Portrait

FPS = 25.0
PIXELS = 10.0  # a canonical centimetre
UPPER, LOWER = (80, 81, 82, 13, 312, 311, 310), (88, 178, 87, 14, 317, 402, 318)
LIDS = {
    "Right": ((246, 161, 160, 159, 158, 157, 173), (7, 163, 144, 145, 153, 154, 155)),
    "Left": ((466, 388, 387, 386, 385, 384, 398), (249, 390, 373, 374, 380, 381, 382)),
}
EYES = {"Right": (33, 133, range(468, 473)), "Left": (263, 362, range(473, 478))}


def face(
    yaw: float = 0,
    pitch: float = 0,
    roll: float = 0,
    *,
    at: tuple[float, float] = (256, 256),
    size: float = 1.0,
    gap: float = 0.0,
    shut: float = 0.0,
    gaze: tuple[float, float] = (0, 0),
    **coefficients: float,
) -> Tracked:
    """A tracked face of the canonical mesh; `at` is where the point below its chin is."""
    points = np.vstack([mesh().vertices, np.zeros((10, 3))])
    middle = points[[*UPPER, *LOWER], 1].mean()
    points[list(UPPER), 1] = middle + gap / 2
    points[list(LOWER), 1] = middle - gap / 2
    for side, (upper, lower) in LIDS.items():
        upper_y, lower_y = points[list(upper), 1].copy(), points[list(lower), 1].copy()
        points[list(upper), 1] = upper_y - shut * (upper_y - lower_y)
        outer, inner, iris = EYES[side]
        width = np.linalg.norm(points[outer] - points[inner])
        way = np.array([gaze[0] * 0.22 * width, gaze[1] * 0.10 * width, 0])
        points[list(iris)] = (points[outer] + points[inner]) / 2 + way
    turn = head_rotation(yaw, pitch, roll)
    # The head turns about the neck, which is the origin here.
    place = Placement(1 / (PIXELS * size), turn.T, np.zeros(3))
    pixels = place.to_picture(points - NECK) + np.array([*at, 0])
    scores = np.zeros(len(COEFFICIENTS), np.float32)
    for name, value in coefficients.items():
        scores[INDEX[name]] = value
    return Tracked(pixels.astype(np.float32), 1.0, scores)


def film(faces: Sequence[Tracked | None], fps: float = FPS) -> Any:
    def sightings(notes: list[str]) -> Iterator[Sighting]:
        for frame, seen in enumerate(faces):
            yield Sighting(frame / fps, np.zeros((1, 1, 3), np.uint8), seen)

    return SimpleNamespace(fps=fps, frames=len(faces), path=Path("driver.mp4"), sightings=sightings)


def read(faces: Sequence[Tracked | None], **options: Any) -> Driven:
    return from_video(film(faces), **options)


def test_a_still_driver_is_a_still_score() -> None:
    motion = read([face()] * 12).motion
    assert len(motion) == 12 and motion.fps == FPS
    for track in (motion.coefficients, motion.pose, motion.shift, motion.gaze):
        assert np.abs(track).max() < 1e-3
    assert np.abs(motion.lip_gap[:, 2:9]).max() < 1e-4


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_pose_is_what_the_head_does_and_nothing_else(axis: int) -> None:
    wave = 10 * np.sin(np.linspace(0, 2 * np.pi, 60))
    poses = np.zeros((60, 3))
    poses[:, axis] = wave
    motion = read([face(*pose) for pose in poses], anchor=0.0).motion
    np.testing.assert_allclose(motion.pose, poses, atol=0.15)
    assert np.abs(motion.shift).max() < 0.01
    assert np.abs(motion.coefficients).max() < 0.02


def test_pose_counts_from_the_anchor() -> None:
    faces = [face(yaw) for yaw in np.linspace(-20, 20, 41)]
    driven = read(faces)
    assert abs(driven.anchor - 20) <= 1  # the frontal frame is the neutral one
    np.testing.assert_allclose(driven.motion.pose[:, 0], np.linspace(-20, 20, 41), atol=1.2)
    late = read(faces, anchor=1.6).motion
    np.testing.assert_allclose(late.pose[:, 0], np.linspace(-40, 0, 41), atol=0.2)


def test_shift_and_size_are_in_face_widths() -> None:
    steps = np.linspace(0, 1, 40)
    width = FACE_WIDTH * PIXELS
    faces = [face(at=(256 + 0.2 * width * s, 256 - 0.1 * width * s)) for s in steps]
    motion = read(faces, anchor=0.0).motion
    np.testing.assert_allclose(motion.shift[:, 0], 0.2 * steps, atol=2e-3)
    np.testing.assert_allclose(motion.shift[:, 1], -0.1 * steps, atol=2e-3)
    grown = read([face(size=float(np.exp(0.1 * s))) for s in steps], anchor=0.0).motion
    np.testing.assert_allclose(grown.shift[:, 2], 0.1 * steps, atol=2e-3)


def test_lips_are_as_far_apart_as_the_drivers_whatever_the_anchor_does() -> None:
    gaps = 0.8 - 0.8 * np.cos(np.linspace(0, 8 * np.pi, 100))
    motion = read([face(gap=float(gap)) for gap in gaps], anchor=0.24).motion
    np.testing.assert_allclose(motion.lip_gap[:, 5], gaps, atol=0.06)


def test_a_touch_of_the_lips_and_a_blink_of_one_frame_survive_smoothing() -> None:
    faces = [face(gap=0.0 if n == 20 else 1.5, shut=0.95 if n == 30 else 0.0) for n in range(60)]
    motion = read(faces, anchor=2.0).motion
    assert motion.lip_gap[20, 5] < 0.05
    for side in ("Left", "Right"):
        blink = motion.coefficients[:, INDEX[f"eyeBlink{side}"]]
        assert blink[30] > 0.9
        assert blink[[10, 20, 40, 55]].max() < 0.05


def test_trembling_is_taken_out_and_delays_nothing() -> None:
    rng = np.random.default_rng(1)
    wave = 8 * np.sin(np.linspace(0, 4 * np.pi, 150))
    noise = rng.normal(0, 0.4, 150)
    motion = read([face(yaw + e) for yaw, e in zip(wave, noise, strict=True)]).motion
    rest = motion.pose[:, 0] - wave
    rest -= rest.mean()
    assert rest.std() < 0.65 * noise.std()
    lags = [np.corrcoef(np.roll(motion.pose[:, 0], lag), wave)[0, 1] for lag in (-1, 0, 1)]
    assert np.argmax(lags) == 1


def test_gaze_goes_right_and_up() -> None:
    faces = [face(gaze=(0, 0))] * 10 + [face(gaze=(0.5, -0.4))] * 10
    motion = read(faces, anchor=0.0).motion
    np.testing.assert_allclose(motion.gaze[15], [0.5, -0.4], atol=0.03)


def test_expression_counts_from_the_anchors() -> None:
    faces = [face(mouthSmileLeft=0.2)] * 10 + [face(mouthSmileLeft=0.6, browInnerUp=0.3)] * 10
    row = read(faces, anchor=0.0).motion.coefficients[15]
    assert row[INDEX["mouthSmileLeft"]] == pytest.approx(0.4 / 0.8, abs=0.02)
    assert row[INDEX["browInnerUp"]] == pytest.approx(0.3, abs=0.02)


def test_a_short_absence_is_bridged_and_a_long_one_is_rest() -> None:
    turned = [face(12, gap=1.0, mouthSmileLeft=0.5)]
    short = read([face()] * 20 + turned * 20 + [None] * 5 + turned * 20, anchor=0.0)
    assert not short.notes
    np.testing.assert_allclose(short.motion.pose[40:45, 0], 12, atol=0.3)
    driven = read([face()] * 20 + turned * 20 + [None] * 50 + turned * 40, anchor=0.0)
    assert "1.6 to 3.6 s" in driven.notes[0]
    motion = driven.motion
    assert np.abs(motion.pose[60:70]).max() == 0 and np.abs(motion.coefficients[60:70]).max() == 0
    assert np.isnan(motion.lip_gap[60:70]).all()
    assert motion.pose[-1, 0] == pytest.approx(12, abs=0.3)
    assert np.abs(np.diff(motion.pose[:, 0])[25:]).max() < 3  # eases, doesn't jump


def test_a_cut_does_not_throw_the_head_about() -> None:
    near = [face(2, at=(200, 200)) for _ in range(30)]
    far = [face(-15, at=(400, 300), size=1.6) for _ in range(30)]
    driven = read([*near, *far], anchor=0.0)
    assert "cut at 1.2 s" in driven.notes[0]
    motion = driven.motion
    for track, most in ((motion.pose, 0.5), (motion.shift, 0.01)):
        assert np.abs(np.diff(track, axis=0)).max() < most
        assert np.abs(track).max() < most


def test_many_cuts_are_summed_up() -> None:
    faces = [face(at=(200 + 200 * (n // 10 % 2), 200)) for n in range(100)]
    notes = read(faces).notes
    assert len(notes) == 5 and notes[-1].startswith("5 more")


def test_one_frame_is_its_expression_without_a_pose() -> None:
    motion = read([face(20, gap=1.2, shut=1.0, mouthSmileLeft=0.7)]).motion
    assert len(motion) == 1
    assert np.abs(motion.pose).max() == 0 and np.abs(motion.shift).max() == 0
    assert motion.coefficients[0, INDEX["mouthSmileLeft"]] == pytest.approx(0.7)
    assert motion.coefficients[0, INDEX["eyeBlinkLeft"]] > 0.9
    assert motion.lip_gap[0, 5] == pytest.approx(1.2, abs=0.01)


def test_memory_stays_flat_with_the_drivers_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """5,000 frames cost what their numbers take, not what their pictures do."""
    known: dict[int, NDArray[np.float64]] = {}
    measured = module.measured

    def remembered(picture: NDArray[np.uint8], seen: Tracked) -> NDArray[np.float64]:
        if id(seen) not in known:
            known[id(seen)] = measured(picture, seen)
        return known[id(seen)].copy()

    monkeypatch.setattr(module, "measured", remembered)  # the slow part keeps nothing
    faces = [face(float(yaw)) for yaw in 5 * np.sin(np.linspace(0, 6, 50))]
    assert len(read(faces).motion) == 50  # models and tables are loaded
    long = film(faces * 100)
    sightings = long.sightings

    def with_pictures(notes: list[str]) -> Iterator[Sighting]:
        for sighting in sightings(notes):
            yield Sighting(sighting.seconds, np.ones((64, 64, 3), np.uint8), sighting.face)

    long.sightings = with_pictures
    tracemalloc.start()
    assert len(from_video(long).motion) == 5000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5000 * 4_000  # a 64 x 64 picture has 12,288 bytes


def test_without_a_face_there_is_nothing_to_read() -> None:
    with pytest.raises(BadInput, match="No face"):
        read([None] * 5)
    with pytest.raises(BadInput, match=r"anchor at 9 s"):
        read([face()] * 5, anchor=9.0)
    with pytest.raises(BadInput, match="anchor"):
        read([face(), None, face()], anchor=0.04)


def test_shots_cover_the_film_and_slow_films_may_move_more_between_frames() -> None:
    way = np.zeros((10, 2))
    way[5:, 0] = 0.5
    still = np.zeros(10), np.tile(np.eye(3), (10, 1, 1))
    every = np.ones(10, bool)
    assert [(s.first, s.end) for s in shots(every, way, *still, 25.0)] == [(0, 5), (5, 10)]
    assert [(s.first, s.end) for s in shots(every, way, *still, 8.0)] == [(0, 10)]
    seen = every.copy()
    seen[2:8] = False
    assert list(absences(seen, 10.0)) == [(2, 8)] and list(absences(seen, 20.0)) == []
    filled = bridged(np.arange(10.0)[:, None] * seen[:, None], seen)
    np.testing.assert_allclose(filled[:, 0], np.arange(10.0))


def test_limits_leave_small_motion_alone_and_are_never_passed() -> None:
    portrait = Portrait(np.zeros((8, 8, 3), np.uint8), face().points, np.zeros(52, np.float32))
    motion = Motion.still(41, FPS)
    motion.pose[:] = np.linspace(-80, 80, 41)[:, None]
    motion.shift[:] = np.linspace(-1, 1, 41)[:, None]
    held = within_limits(motion, portrait)
    small = (np.abs(motion.pose) < 16).all(axis=1)
    np.testing.assert_allclose(held.pose[small], motion.pose[small], atol=1e-4)
    assert (np.abs(held.pose) <= FURTHEST + 1e-3).all()
    assert (np.abs(held.shift) <= SHIFT + 1e-6).all()
    assert (np.diff(held.pose, axis=0) > 0).all()
    assert soft(np.array([0.0]), 1.0) == 0


def test_a_turned_picture_turns_less_further_aside() -> None:
    portrait = Portrait(np.zeros((8, 8, 3), np.uint8), face(25).points, np.zeros(52, np.float32))
    motion = Motion.still(2, FPS)
    motion.pose[:, 0] = 25, -25
    right, left = within_limits(motion, portrait).pose[:, 0]
    assert right < 13 and left == pytest.approx(-25, abs=0.1)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_templates_keep_every_number(tmp_path: Path, suffix: str) -> None:
    motion = read([face(n, gap=0.1 * n) for n in range(10)]).motion
    save_template(motion, tmp_path / f"nod{suffix}")
    again = load_template(tmp_path / f"nod{suffix}")
    assert again.fps == motion.fps
    for name in ("coefficients", "pose", "shift", "gaze", "tongue", "lip_gap"):
        np.testing.assert_array_equal(getattr(again, name), getattr(motion, name))


def test_what_is_no_template_is_said(tmp_path: Path) -> None:
    motion = Motion.still(2, FPS)
    with pytest.raises(BadInput, match=r"\.npz"):
        save_template(motion, tmp_path / "nod.pkl")
    (tmp_path / "text.npz").write_text("no zip", encoding="utf-8")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    np.savez(tmp_path / "objects.npz", fps=np.array([object()]), allow_pickle=True)
    for name in ("text.npz", "other.npz", "objects.npz", "missing.npz", "missing.safetensors"):
        with pytest.raises(BadInput):
            load_template(tmp_path / name)
