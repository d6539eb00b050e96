"""Motion templates: saved and loaded, and the authors' pickles read without running them."""

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from likewise.errors import BadInput
from likewise.face.liveportrait.template import Template, import_pickle, is_template
from likewise.motion.template import save_template
from likewise.values import Motion


def content(*, old: bool) -> dict[str, Any]:
    random = np.random.default_rng(3)
    frames = [
        {
            "scale": np.full((1, 1), 1.2 + n, np.float32),
            "R_d" if old else "R": random.normal(size=(1, 3, 3)).astype(np.float32),
            "exp": random.normal(size=(1, 21, 3)).astype(np.float32),
            "t": random.normal(size=(1, 3)).astype(np.float32),
        }
        for n in range(3)
    ]
    found: dict[str, Any] = {"n_frames": 3, "output_fps": 30, "motion": frames}
    if old:
        found["c_d_eyes_lst"] = [np.full((1, 2), 0.3, np.float32)] * 3
        found["c_d_lip_lst"] = [np.full((1, 1), 0.1, np.float32)] * 3
    return found


@pytest.mark.parametrize("old", [True, False])
def test_both_versions_of_the_authors_format(tmp_path: Path, old: bool) -> None:
    path = tmp_path / "nod.pkl"
    path.write_bytes(pickle.dumps(content(old=old)))
    template = import_pickle(path)
    assert (len(template), template.fps) == (3, 30)
    wanted = content(old=old)["motion"][2]
    assert template[2].scale == pytest.approx(3.2)
    assert np.array_equal(template[2].expression, wanted["exp"][0])
    assert np.array_equal(template[2].rotation, wanted["R_d" if old else "R"][0])
    openness = template.openness(1)
    assert (openness is not None) == old
    if openness is not None:
        assert (openness.left_eye, openness.lips) == pytest.approx((0.3, 0.1))


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize("anchor", [None, 2])
def test_saved_and_loaded(tmp_path: Path, suffix: str, anchor: int | None) -> None:
    (tmp_path / "nod.pkl").write_bytes(pickle.dumps(content(old=True)))
    template = replace(import_pickle(tmp_path / "nod.pkl"), anchor=anchor)
    path = tmp_path / f"nod{suffix}"
    template.save(path)
    assert is_template(path)
    again = Template.load(path)
    assert (again.fps, again.anchor) == (template.fps, anchor)
    for name in ("scale", "rotation", "expression", "translation", "canonical", "ratios"):
        assert np.array_equal(getattr(again, name), getattr(template, name)), name


def test_another_suffix_and_a_score_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "nod.pkl").write_bytes(pickle.dumps(content(old=True)))
    with pytest.raises(BadInput, match="npz or"):
        import_pickle(tmp_path / "nod.pkl").save(tmp_path / "nod.json")
    for name in ("score.safetensors", "score.npz"):
        save_template(Motion.still(2, 25), tmp_path / name)
        assert not is_template(tmp_path / name)
    (tmp_path / "cut.safetensors").write_bytes(b"cut")
    assert not is_template(tmp_path / "cut.safetensors")
    with pytest.raises(BadInput, match="no motion template"):
        Template.load(tmp_path / "cut.safetensors")


class Attack:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_pickle_that_runs_code_is_refused(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    (tmp_path / "bad.pkl").write_bytes(pickle.dumps({"motion": Attack(victim)}))
    with pytest.raises(BadInput, match="names"):
        import_pickle(tmp_path / "bad.pkl")
    assert not victim.exists()


@pytest.mark.parametrize("data", [b"", b"no pickle", pickle.dumps([1]), pickle.dumps({})])
def test_other_files_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.pkl").write_bytes(data)
    with pytest.raises(BadInput):
        import_pickle(tmp_path / "x.pkl")
    with pytest.raises(BadInput):
        Template.load(tmp_path / "x.pkl")


@pytest.mark.media
def test_real_templates_have_rotations_and_the_measured_slopes(shared_media: Path) -> None:
    slopes = []
    for name in ("d5", "d8", "talking", "wink"):
        template = import_pickle(shared_media / "templates" / f"{name}.pkl")
        identity = template.rotation @ template.rotation.transpose(0, 2, 1)
        assert np.abs(identity - np.eye(3)).max() < 1e-3
        if template.openness(0) is not None:
            lips = template.ratios[:, 2]
            assert lips.min() >= 0 and lips.max() < 0.7
            slopes.append(np.polyfit(lips, template.expression[:, 19, 1], 1)[0])
    assert slopes == pytest.approx([0.122, 0.122], abs=0.01)
