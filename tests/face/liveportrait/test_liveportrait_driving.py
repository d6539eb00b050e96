"""Motion formulas: the reference's keypoints, and a small oracle for every combination."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from liveportrait_goldens import Golden, apart

from likewise.face.liveportrait.driving import (
    NEUTRAL,
    Corrections,
    Options,
    Puppeteer,
    Ratios,
    carried,
    size_ratio,
)
from likewise.face.liveportrait.dubbing import carried_to_video, video_keypoints
from likewise.face.liveportrait.keypoints import EYES, LIPS, FaceMotion, face_motion, rotation
from likewise.seeing.smoothing import OneEuro, smooth

REGIONS = ("all", "exp", "pose", "lip", "eyes")


@pytest.fixture(scope="module")
def faces(golden: Golden) -> list[FaceMotion]:
    """Source, then driving frames 0, 1, 2."""
    return [
        face_motion(
            golden["M.raw.kp"][i],
            golden["M.raw.exp"][i],
            float(golden["M.raw.scale"][i, 0]),
            golden["M.raw.t"][i],
            tuple(golden["M.degrees"][i]),
        )
        for i in range(4)
    ]


@pytest.fixture(scope="module")
def correct(checkpoint: Callable[[str], Any]) -> Corrections:
    from likewise.face.liveportrait import weights
    from likewise.face.liveportrait.networks import corrections, empty

    model = empty()
    groups = checkpoint("stitching_retargeting_module")
    for group, part in weights.GROUPS.items():
        state = {weights._mlp_key(key): value for key, value in groups[group].items()}
        model.get_submodule(part).load_state_dict(state, assign=True)
    return corrections(model.requires_grad_(False))


def ratios(golden: Golden, who: str) -> list[Ratios]:
    eyes, lips = golden[f"ratio.{who}_eye"], golden[f"ratio.{who}_lip"]
    return [Ratios(*map(float, eye), float(lip[0])) for eye, lip in zip(eyes, lips, strict=True)]


def test_rotation_and_transform_follow_the_reference(
    golden: Golden, faces: list[FaceMotion]
) -> None:
    found = np.stack([rotation(*map(float, a)) for a in golden["pose.degrees_in"]])
    assert apart(found, golden["pose.R"]) <= 1e-5
    assert apart(np.stack([face.rotation for face in faces]), golden["T.R"]) <= 1e-5
    assert apart(np.stack([face.keypoints for face in faces]), golden["T.x"]) <= 1e-5
    given = {key: golden[f"xform.in.{key}"] for key in ("kp", "exp", "scale", "t")}
    angles = [golden[f"xform.in.{axis}"][:, 0] for axis in ("pitch", "yaw", "roll")]
    for i, wanted in enumerate(golden["xform.x"]):
        face = face_motion(
            given["kp"][i],
            given["exp"][i],
            float(given["scale"][i, 0]),
            given["t"][i],
            tuple(float(angle[i]) for angle in angles),
        )
        assert apart(face.keypoints, wanted) <= 1e-5


AUTHORS = Options(keep_motion=False)
IMAGE_CASES = {
    "default": AUTHORS,
    "no_stitch": replace(AUTHORS, stitching=False),
    "pose_friendly": replace(AUTHORS, expression_friendly=False),
    "normalize_lip": replace(AUTHORS, normalise_lip=True),
    "multiplier": replace(AUTHORS, multiplier=1.3),
    **{f"region_{r}": replace(AUTHORS, region=r) for r in REGIONS[1:]},
    "absolute": replace(AUTHORS, relative=False),
    **{f"absolute_{r}": replace(AUTHORS, relative=False, region=r) for r in ("exp", "lip", "pose")},
    "retarget": replace(AUTHORS, eye_retargeting=True, lip_retargeting=True),
    "absolute_retarget": replace(
        AUTHORS, relative=False, eye_retargeting=True, lip_retargeting=True
    ),
    "image_driving": AUTHORS,
    "image_driving_lip": replace(AUTHORS, region="lip"),
}


@pytest.mark.parametrize("name", IMAGE_CASES)
def test_picture_is_driven_as_by_the_reference(
    golden: Golden, faces: list[FaceMotion], correct: Corrections, name: str
) -> None:
    from_image = name.startswith("image_driving")
    puppeteer = Puppeteer(
        faces[0],
        IMAGE_CASES[name],
        correct,
        ratios=ratios(golden, "source")[0],
        from_image=from_image,
        neutral=golden["in.lip_array"][0],
    )
    frames = [3] if from_image else [1, 2, 3]
    driving = ratios(golden, "driving")
    found = [puppeteer.keypoints(faces[i], driving[i - 1]) for i in frames]
    assert apart(np.stack(found), golden[f"pipe.{name}.x_d"]) <= 2e-5


VIDEO_CASES = {
    "video_source": AUTHORS,
    "video_source_fix": replace(AUTHORS, normalise_lip=True, fix_eyes=True),
    "video_source_absolute": replace(AUTHORS, relative=False),
    "video_source_image_driving": AUTHORS,
}


@pytest.mark.parametrize("name", VIDEO_CASES)
def test_video_is_driven_as_by_the_reference(
    golden: Golden, faces: list[FaceMotion], correct: Corrections, name: str
) -> None:
    driving = ratios(golden, "driving")
    pairs = video_keypoints(
        [faces[0], faces[2], faces[1]],
        [faces[3]] if name.endswith("image_driving") else faces[1:],
        VIDEO_CASES[name],
        correct,
        source_ratios=[ratios(golden, "source")[0], driving[1], driving[0]],
        neutral=golden["in.lip_array"][0],
    )
    assert apart(np.stack([x_s for x_s, _ in pairs]), golden[f"pipe.{name}.x_s"]) <= 2e-5
    assert apart(np.stack([x_d for _, x_d in pairs]), golden[f"pipe.{name}.x_d"]) <= 2e-5


def random_face(random: np.random.Generator) -> FaceMotion:
    return face_motion(
        random.normal(0, 0.2, 63),
        random.normal(0, 0.01, 63),
        float(random.uniform(1.1, 1.7)),
        random.normal(0, 0.1, 3),
        tuple(random.uniform(-20, 20, 3)),
    )


@pytest.mark.parametrize(
    ("region", "relative", "from_image"), list(product(REGIONS, (True, False), (True, False)))
)
def test_every_combination_for_a_picture(region: str, relative: bool, from_image: bool) -> None:
    random = np.random.default_rng(5)
    source, anchor, now = (random_face(random) for _ in range(3))
    options = Options(region=region, relative=relative)  # type: ignore[arg-type]
    found = carried(source, now, None if from_image else anchor, options)
    poses = region in ("all", "pose")
    # The oracle goes coordinate by coordinate through the table of the facts.
    for k, axis in product(range(21), range(3)):
        at = k, axis
        in_region = (
            region in ("all", "exp")
            or (region == "lip" and k in LIPS)
            or (region == "eyes" and k in EYES)
        )
        copied = k in {1, 2, 6, *range(11, 21)} or at in {
            (3, 1), (4, 1), (5, 2), (8, 2), (9, 1), (9, 2)
        }  # fmt: skip
        wanted = source.expression[at]
        if in_region and relative and from_image:
            wanted += now.expression[at] - (0 if region == "eyes" else NEUTRAL[at])
        elif in_region and relative:
            wanted += now.expression[at] - anchor.expression[at]
        elif in_region and (copied or region in ("lip", "eyes")):
            wanted = now.expression[at]
        assert found.expression[at] == pytest.approx(wanted, abs=1e-12), at
    turned, shifted, scale = source.rotation, source.translation, source.scale
    if relative and not from_image:
        if poses:
            turned = now.rotation @ np.linalg.inv(anchor.rotation) @ source.rotation
            shifted = source.translation + now.translation - anchor.translation
        if region == "all":
            scale = source.scale * now.scale / anchor.scale
    elif not relative and poses:
        turned, shifted = now.rotation, now.translation
    assert apart(found.rotation, turned) < 1e-12
    assert apart(found.translation, shifted) < 1e-12
    assert found.scale == pytest.approx(scale)


@pytest.mark.parametrize(
    ("region", "relative", "count"), list(product(REGIONS, (True, False), (1, 4)))
)
def test_every_combination_for_a_video(region: str, relative: bool, count: int) -> None:
    random = np.random.default_rng(6)
    sources = [random_face(random) for _ in range(5)]
    drivings = [random_face(random) for _ in range(count)]
    options = Options(region=region, relative=relative, variance=1e-12)  # type: ignore[arg-type]
    found = carried_to_video(sources, drivings, options)
    assert len(found) == (5 if count == 1 else 4)
    for i, face in enumerate(found):
        now, source = drivings[min(i, count - 1)], sources[i]
        alone = carried(source, now, drivings[0], replace(options, relative=False))
        wanted = alone.expression
        if relative:
            rest = NEUTRAL if count == 1 else drivings[0].expression
            change = source.expression + now.expression - rest
            wanted = np.where(alone.expression != source.expression, change, source.expression)
        assert apart(face.expression, wanted) < 1e-6
        copied = not relative and region in ("all", "pose")
        assert face.scale == source.scale
        assert apart(face.translation, (now if copied else source).translation) == 0
        turned = source.rotation
        if region in ("all", "pose"):
            first = drivings[0].rotation.T
            turned = now.rotation @ first @ source.rotation if relative else now.rotation
        assert apart(face.rotation, turned) < 1e-6


NOTHING = Corrections(
    stitch=lambda _, driving: driving,
    open_lips=lambda source, _: np.zeros_like(source),
    open_eyes=lambda source, _: np.zeros_like(source),
)


def test_retargeting_keeps_the_driving_motion() -> None:
    random = np.random.default_rng(7)
    source, anchor, now = (random_face(random) for _ in range(3))
    calls: list[list[float]] = []

    def open_eyes(x_s: Any, wanted: Any) -> Any:
        calls.append(list(wanted))
        return np.full_like(x_s, 0.5)

    options = Options(eye_retargeting=True, stitching=False, expression_friendly=False)
    puppeteer = Puppeteer(
        source,
        options,
        replace(NOTHING, open_eyes=open_eyes),
        ratios=Ratios(0.2, 0.3, 0.1),
        anchor=anchor,
    )
    found = puppeteer.keypoints(now, Ratios(0.4, 0.45, 0.0))
    moved = carried(source, now, anchor, options)
    expression = moved.expression.copy()
    expression[list(EYES)] = source.expression[list(EYES)]
    assert apart(found, replace(moved, expression=expression).keypoints + 0.5) < 1e-12
    assert calls == [[0.2, 0.3, 0.4]]
    thrown = replace(options, keep_motion=False)
    puppeteer = Puppeteer(source, thrown, NOTHING, ratios=Ratios(0.2, 0.3, 0.1), anchor=anchor)
    assert apart(puppeteer.keypoints(now, Ratios(0.4, 0.45, 0)), source.keypoints) < 1e-12


def test_anchor_is_where_the_picture_stays_as_it_is() -> None:
    random = np.random.default_rng(8)
    source, anchor, now = (random_face(random) for _ in range(3))
    puppeteer = Puppeteer(source, Options(), NOTHING, anchor=anchor)
    assert apart(puppeteer.keypoints(now), source.keypoints) > 1e-3
    assert apart(puppeteer.keypoints(anchor), source.keypoints) < 1e-12


def test_multiplier_scales_the_change() -> None:
    random = np.random.default_rng(9)
    source, anchor, now = (random_face(random) for _ in range(3))
    once = Puppeteer(source, Options(), NOTHING, anchor=anchor).keypoints(now)
    twice = Puppeteer(source, Options(multiplier=2), NOTHING, anchor=anchor).keypoints(now)
    x_s = source.keypoints
    assert apart(twice - x_s, 2 * (once - x_s)) < 1e-12


def test_retargeting_without_ratios_is_refused() -> None:
    face = random_face(np.random.default_rng(1))
    with pytest.raises(ValueError, match="ratios"):
        Puppeteer(face, Options(eye_retargeting=True), NOTHING)


def test_size_ratio_of_cubes() -> None:
    cube = np.array(list(product((0.0, 1.0), repeat=3)))
    assert size_ratio(4 * cube, cube) == pytest.approx(8.0)


def test_smoother_follows_the_reference(golden: Golden) -> None:
    for name, variance in (("3e-7", 3e-7), ("1e-5", 1e-5)):
        for what in ("exp", "R"):
            found = smooth(golden[f"kalman.{what}_in"], variance)
            assert apart(found, golden[f"kalman.{what}_{name}"]) <= 1e-6


def test_smoother_of_one_frame_and_of_a_constant() -> None:
    assert smooth(np.array([[2.0]]), 1e-5) == pytest.approx(np.array([[2.0]]))
    assert smooth(np.full((9, 3), 0.25), 1e-5) == pytest.approx(np.full((9, 3), 0.25))


def test_one_euro_calms_noise_and_follows_a_step() -> None:
    random = np.random.default_rng(2)
    noise = random.normal(0, 0.001, 200)
    calm = OneEuro(25.0)
    smoothed = np.array([float(calm(np.array([x]))[0]) for x in noise])
    assert smoothed[20:].std() < 0.6 * noise[20:].std()
    follows = OneEuro(25.0)
    steps = [float(follows(np.array([float(n >= 5)]))[0]) for n in range(15)]
    assert steps[4] == 0
    assert steps[-1] > 0.99
