"""Sliders: held, keyed, streamed, added to whatever plays; templates as JSON."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likewise.errors import BadInput
from likewise.motion.idle import idle
from likewise.motion.sliders import RANGES, Sliders
from likewise.motion.template import load_template, save_template
from likewise.values import INDEX, LIP_GAPS, Motion

FIELDS = ("coefficients", "pose", "shift", "gaze", "tongue", "lip_gap")


@pytest.mark.parametrize("name", RANGES)
def test_every_slider_moves_something_and_stays_in_range(name: str) -> None:
    for value in RANGES[name]:
        base = idle(2.0, 25, seed=1)
        moved = Sliders.held({name: value}).added(base)
        moves = any(
            np.abs(getattr(moved, field) - getattr(base, field)).max() > 0.05
            for field in ("coefficients", "pose", "shift", "gaze")
        )
        assert moves == (value != 0.0), (name, value)
        assert moved.coefficients.min() >= 0 and moved.coefficients.max() <= 1
        assert np.abs(moved.gaze).max() <= 1


def test_at_rest_nothing_is_changed() -> None:
    base = idle(2.0, 25, seed=1)
    rest = {name: 1.0 if name == "zoom" else 0.0 for name in RANGES}
    moved = Sliders.held(rest).added(base)
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(moved, field), getattr(base, field))
    assert Sliders().added(base) is base


def test_keyframes_glide_each_slider_from_its_own_to_the_next() -> None:
    sliders = Sliders.keyed(
        {
            1.0: {"yaw": -10},
            2.0: {"smile": 0.5},
            3.0: {"yaw": 10},
            4.0: {"yaw": 0, "smile": 1.0, "ease": "step"},
        }
    )
    times = np.array([0.0, 1.0, 2.0, 3.0, 3.9, 4.0, 9.0])
    np.testing.assert_allclose(sliders.at("yaw", times), [-10, -10, 0, 10, 10, 0, 0], atol=1e-9)
    np.testing.assert_allclose(sliders.at("smile", times), [0.5, 0.5, 0.5, 0.5, 0.5, 1, 1])
    fine = sliders.at("yaw", np.linspace(1, 3, 500))
    assert np.all(np.diff(fine) >= 0)
    assert np.abs(np.diff(fine)[[0, -1]]).max() < 1e-3  # sets off and arrives without a jerk
    line = Sliders.keyed({0.0: {"yaw": 0}, 1.0: {"yaw": 10, "ease": "linear"}})
    np.testing.assert_allclose(line.at("yaw", np.array([0.25, 0.5])), [2.5, 5.0])


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, 60), max_size=6))
def test_streamed_equals_whole(cuts: list[int]) -> None:
    sliders = Sliders.keyed({0.0: {"yaw": -5, "mouth": 0}, 2.0: {"yaw": 9, "mouth": 0.5}})
    whole = idle(60 / 25, 25, seed=3)
    edges = [0, *sorted(cuts), 60]
    parts = [whole[first:end] for first, end in pairwise(edges)]
    streamed = Motion.joined(sliders.over(parts))
    for field in FIELDS:
        np.testing.assert_allclose(
            getattr(streamed, field), getattr(sliders.added(whole), field), atol=1e-6
        )


def test_pressed_lips_stay_shut_and_dictated_gaps_open() -> None:
    motion = Motion.still(2, 25)
    motion.coefficients[1, [INDEX["mouthPressLeft"], INDEX["mouthPressRight"]]] = 0.22
    moved = Sliders.held({"mouth": 1.0}).added(motion)
    assert moved.coefficients[0, INDEX["jawOpen"]] > 0.5
    assert moved.coefficients[1, INDEX["jawOpen"]] == 0.0
    driven = Motion.still(1, 25)
    driven.lip_gap[:] = 0.1
    opened = Sliders.held({"mouth": 0.5}).added(driven).lip_gap[0]
    assert opened[LIP_GAPS // 2] == pytest.approx(1.2)
    assert opened[[0, -1]] == pytest.approx(0.1)


def test_as_the_command_line_gives_them(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"0": {"yaw": 1}, "1.5": {"yaw": 3, "ease": "linear"}}))
    sliders = Sliders.parsed(["smile=.4", "gaze-up=-0.5", "yaw=9"], file)
    assert sliders.at("yaw", np.array([0.75]))[0] == pytest.approx(2.0)
    assert sliders.at("smile", np.array([7.0]))[0] == 0.4
    assert sliders.at("gaze_up", np.array([7.0]))[0] == -0.5


@pytest.mark.parametrize(
    "setting", ["smile", "smile=", "smile=wide", "grin=1", "yaw=90", "yaw=nan"]
)
def test_settings_that_set_nothing_are_refused(setting: str) -> None:
    with pytest.raises(BadInput, match="slider"):
        Sliders.parsed([setting])


@pytest.mark.parametrize(
    "content",
    [
        "not json",
        "[1, 2]",
        '{"soon": {"yaw": 1}}',
        '{"0": 3}',
        '{"-1": {"yaw": 1}}',
        '{"NaN": {"yaw": 1}}',
        '{"0": {"yaw": "1"}}',
        '{"0": {"yaw": 1, "ease": "bouncy"}}',
        '{"0": {"ears": 1}}',
    ],
)
def test_files_that_hold_no_keyframes_are_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)
    with pytest.raises(BadInput):
        Sliders.parsed([], file)
    with pytest.raises(BadInput, match="can't be read"):
        Sliders.parsed([], tmp_path / "absent.json")


@pytest.mark.parametrize("suffix", [".json", ".npz", ".safetensors"])
def test_templates_come_back_to_the_last_bit(suffix: str, tmp_path: Path) -> None:
    motion = idle(2.0, 29.97, seed=5)
    motion.tongue[:] = np.random.default_rng(0).uniform(size=len(motion))
    motion.lip_gap[10:20] = 0.1234567
    file = tmp_path / f"motion{suffix}"
    save_template(motion, file)
    back = load_template(file)
    assert back.fps == motion.fps
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(back, field), getattr(motion, field))


def test_json_by_hand_rests_where_it_says_nothing(tmp_path: Path) -> None:
    file = tmp_path / "hand.json"
    said = {"kind": "likewise motion", "schema": 1, "fps": 25, "frames": 2}
    file.write_text(json.dumps(said | {"pose": {"yaw": [0, 5]}}))
    motion = load_template(file)
    assert motion.pose[:, 0].tolist() == [0, 5]
    assert not motion.coefficients.any() and np.isnan(motion.lip_gap).all()
    for wrong in (
        {"schema": 9},
        {"kind": "song"},
        {"frames": 10**12},
        {"frames": -1},
        {"pose": {"yaw": [1]}},
        {"pose": {"bow": [0, 0]}},
        {"coefficients": {"earWiggle": [0, 0]}},
        {"lip_gap": [[1, 2], [3]]},
        {"tongue": None},
    ):
        file.write_text(json.dumps(said | wrong))
        with pytest.raises(BadInput, match="no motion template"):
            load_template(file)
