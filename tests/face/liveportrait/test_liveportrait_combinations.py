"""Every way to drive, against the plain oracle: source, driver, relative, region, option."""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from liveportrait_goldens import apart
from liveportrait_oracle import Face, Networks, Setting, drive, smoothed
from test_liveportrait_driving import random_face

from likewise.face.liveportrait.driving import Corrections, Options, Puppeteer, Ratios
from likewise.face.liveportrait.dubbing import video_keypoints
from likewise.face.liveportrait.keypoints import FaceMotion, Floats
from likewise.seeing.smoothing import smooth

REGIONS = ("all", "exp", "pose", "lip", "eyes")
OPTIONS = ("expression-friendly", "pose-friendly")

_RANDOM = np.random.default_rng(11)
_STITCH, _LIPS, _EYES = (
    _RANDOM.normal(0, 0.05, (63, 126)),
    _RANDOM.normal(0, 0.05, (63, 65)),
    _RANDOM.normal(0, 0.05, (63, 66)),
)


def _stitch(x_s: Floats, x_d: Floats) -> Floats:
    stitched: Floats = x_d + (_STITCH @ np.r_[x_s.ravel(), x_d.ravel()]).reshape(21, 3)
    return stitched


def _lips(x_s: Floats, ratios: Any) -> Floats:
    offsets: Floats = (_LIPS @ np.r_[x_s.ravel(), ratios]).reshape(21, 3)
    return offsets


def _eyes(x_s: Floats, ratios: Any) -> Floats:
    offsets: Floats = (_EYES @ np.r_[x_s.ravel(), ratios]).reshape(21, 3)
    return offsets


NETS, CORRECT = Networks(_stitch, _lips, _eyes), Corrections(_stitch, _lips, _eyes)


def plain(face: FaceMotion) -> Face:
    return Face(face.canonical, face.expression, face.rotation, face.scale, face.translation)


def options_of(how: Setting) -> Options:
    """The same wish in our own words."""
    return Options(
        region=how.region,  # type: ignore[arg-type]
        relative=how.relative,
        expression_friendly=how.option == "expression-friendly",
        multiplier=how.multiplier,
        stitching=how.stitching,
        normalise_lip=how.normalise_lip,
        eye_retargeting=how.eyes,
        lip_retargeting=how.lips,
        keep_motion=how.keep,
        fix_eyes=how.fix_eyes,
        variance=how.variance,
        scaled_change=how.source == "animal",
    )


def ours(
    sources: list[FaceMotion],
    drivings: list[FaceMotion],
    how: Setting,
    source_ratios: list[Ratios],
    driving_ratios: list[Ratios],
    neutral: Floats,
) -> list[Floats]:
    if how.source == "video":
        pairs = video_keypoints(
            sources,
            drivings,
            options_of(how),
            CORRECT,
            source_ratios=source_ratios,
            driving_ratios=driving_ratios,
            neutral=neutral,
        )
        return [x_d for _, x_d in pairs]
    puppeteer = Puppeteer(
        sources[0],
        options_of(how),
        CORRECT,
        ratios=source_ratios[0],
        from_image=how.by_image,
        neutral=neutral,
    )
    return [puppeteer.keypoints(d, r) for d, r in zip(drivings, driving_ratios, strict=True)]


EXTRAS: list[dict[str, Any]] = [
    {"stitching": False},
    {"multiplier": 1.3},
    {"normalise_lip": True},
    {"eyes": True, "lips": True},
    {"eyes": True, "keep": True, "stitching": False},
    {"eyes": True, "lips": True, "keep": True, "multiplier": 0.7},
]


WAYS = [
    Setting(source=source, by_image=by_image, relative=relative, region=region, option=option)
    for source, by_image, relative, region, option in product(
        ("picture", "video", "animal"), (False, True), (True, False), REGIONS, OPTIONS
    )
    if not (source == "animal" and relative)  # they are always driven absolutely
]


@pytest.mark.parametrize("how", WAYS, ids=str)
def test_every_combination(how: Setting) -> None:
    random = np.random.default_rng(5)
    sources = [random_face(random) for _ in range(4 if how.source == "video" else 1)]
    drivings = [random_face(random) for _ in range(1 if how.by_image else 3)]
    table = random.uniform(0.05, 0.5, (8, 3))
    given, asked = table[: len(sources)], table[4 : 4 + len(drivings)]
    neutral = random.normal(0, 0.01, (21, 3))
    extras = EXTRAS + ([{"fix_eyes": True, "normalise_lip": True}] if how.source == "video" else [])
    for extra in extras:
        one = replace(how, **extra)
        wanted = drive(
            [plain(face) for face in sources],
            [plain(face) for face in drivings],
            one,
            NETS,
            source_ratios=given.tolist(),
            driving_ratios=asked.tolist(),
            neutral=neutral,
        )
        found = ours(
            sources,
            drivings,
            one,
            [Ratios(*row) for row in given.tolist()],
            [Ratios(*row) for row in asked.tolist()],
            neutral,
        )
        assert apart(np.stack(found), np.stack([x_d for _, x_d in wanted])) < 1e-9, extra


def test_smoother_is_the_most_probable_path() -> None:
    noise = np.random.default_rng(3).normal(0, 0.01, (9, 2))
    assert apart(smooth(noise, 3e-7), smoothed(noise, 3e-7)) < 1e-10
