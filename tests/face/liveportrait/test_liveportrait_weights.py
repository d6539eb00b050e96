"""Checkpoints in the authors' layout: found, read safely, strictly fitted; wrong ones refused."""

from pathlib import Path
from typing import Any

import pytest

from likewise.cli.app import run
from likewise.errors import BadInput, MissingWeights

torch = pytest.importorskip("torch", reason="LivePortrait needs the extra [torch]")

from safetensors.torch import load_file, save_file  # noqa: E402 - needs torch

from likewise.face.liveportrait import weights  # noqa: E402
from likewise.face.liveportrait.networks import LivePortrait, build, empty  # noqa: E402
from likewise.face.liveportrait.sizes import TINY  # noqa: E402
from likewise.weights import catalogue  # noqa: E402

Files = dict[str, Any]


@pytest.fixture(scope="module")
def tiny() -> LivePortrait:
    return build(TINY, seed=1)


@pytest.fixture(scope="module")
def files(tiny: LivePortrait, state_shapes: dict[str, Any]) -> Files:
    """The tiny model as the authors would have saved it."""
    random = torch.Generator().manual_seed(1)
    found: Files = {}
    for name, part in weights.PARTS.items():
        own = tiny.get_submodule(part).state_dict()
        found[name] = {}
        for key in state_shapes[f"{name}.pth"]:
            if key.endswith(("weight_u", "weight_v")):
                continue
            ours = weights._rename(key.replace("weight_orig", "weight"), weights.TABLE[part])
            if ours not in own:
                continue
            found[name][key] = own[ours].clone()
            if key.endswith("weight_orig"):
                matrix = own[ours].flatten(1)
                u = torch.randn(matrix.shape[0], generator=random)
                v = torch.randn(matrix.shape[1], generator=random)
                found[name][key[:-4] + "u"] = u
                found[name][key[:-4] + "v"] = v / (u @ matrix @ v)
    groups = state_shapes[f"{weights.RETARGETING}.pth"]
    found[weights.RETARGETING] = {
        group: {key: own[weights._mlp_key(key)].clone() for key in groups[group]}
        for group, part in weights.GROUPS.items()
        for own in [tiny.get_submodule(part).state_dict()]
    }
    return found


def write(files: Files, folder: Path) -> None:
    (folder / "base_models").mkdir(parents=True)
    (folder / "retargeting_models").mkdir()
    for name, content in files.items():
        place = "retargeting_models" if name == weights.RETARGETING else "base_models"
        torch.save(content, folder / place / f"{name}.pth")


def same(one: LivePortrait, other: LivePortrait) -> bool:
    pairs = zip(one.state_dict().items(), other.state_dict().items(), strict=True)
    return all(a == b and torch.allclose(x, y, rtol=1e-5) for (a, x), (b, y) in pairs)


def test_published_keys_all_have_a_place(state_shapes: dict[str, Any]) -> None:
    from likewise.face.liveportrait.networks import empty

    model = empty()
    for name, part in weights.PARTS.items():
        keys = {
            weights._rename(key.replace("weight_orig", "weight"), weights.TABLE[part])
            for key in state_shapes[f"{name}.pth"]
            if not key.endswith(("weight_u", "weight_v"))
        }
        assert keys == set(model.get_submodule(part).state_dict()), name


def test_authors_layout_loads(tiny: LivePortrait, files: Files, tmp_path: Path) -> None:
    write(files, tmp_path / "liveportrait")
    assert same(weights.load(tmp_path / "liveportrait", sizes=TINY), tiny)
    assert same(weights.load(tmp_path, sizes=TINY), tiny)


def test_animals_take_the_human_retargeting(
    tiny: LivePortrait, files: Files, tmp_path: Path
) -> None:
    write(files, tmp_path / "liveportrait")
    base = tmp_path / "liveportrait" / "base_models"
    (tmp_path / "liveportrait_animals").mkdir()
    base.rename(tmp_path / "liveportrait_animals" / "base_models_v1.1")
    assert same(weights.load(tmp_path, subject="animal", sizes=TINY), tiny)


def test_safetensors_in_one_folder_load(tiny: LivePortrait, files: Files, tmp_path: Path) -> None:
    for name in weights.PARTS:
        save_file(files[name], tmp_path / f"{name}.safetensors")
    groups = files[weights.RETARGETING]
    flat = {f"{group}_{key}": value for group in groups for key, value in groups[group].items()}
    save_file(flat, tmp_path / f"{weights.RETARGETING}.safetensors")
    assert same(weights.load(tmp_path, sizes=TINY), tiny)


def test_missing_file_is_named_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(
        MissingWeights, match=r"appearance_feature_extractor\.pth.*weights pull liveportrait"
    ):
        weights.load(tmp_path)


def test_wrong_keys_and_shapes_are_listed(files: Files, tmp_path: Path) -> None:
    state = dict(files["appearance_feature_extractor"])
    state["stranger"] = state.pop("first.conv.bias")
    state["second.bias"] = torch.zeros(3)
    write(files | {"appearance_feature_extractor": state}, tmp_path)
    with pytest.raises(BadInput, match="3 differences") as error:
        weights.load(tmp_path, sizes=TINY)
    for words in ("first.conv.bias is missing", "stranger is not known", "lift.bias is (3,)"):
        assert words in str(error.value)


class Attack:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_code_in_a_checkpoint_never_runs(files: Files, tmp_path: Path) -> None:
    write(files, tmp_path)
    victim = tmp_path / "victim"
    torch.save({"x": Attack(victim)}, tmp_path / "base_models" / "motion_extractor.pth")
    with pytest.raises(BadInput, match="motion_extractor"):
        weights.load(tmp_path, sizes=TINY)
    assert not victim.exists()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_damaged_file_is_refused(files: Files, tmp_path: Path, suffix: str) -> None:
    write(files, tmp_path)
    path = tmp_path / "base_models" / "warping_module.pth"
    data = path.read_bytes()[: path.stat().st_size // 2]
    path.unlink()
    path.with_suffix(suffix).write_bytes(data)
    with pytest.raises(BadInput, match="damaged"):
        weights.load(tmp_path, sizes=TINY)


@pytest.mark.parametrize("name", [*weights.PARTS, weights.RETARGETING])
def test_converted_files_hold_the_same_under_the_same_keys(
    files: Files, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "empty", lambda: empty(TINY))
    torch.save(files[name], tmp_path / f"{name}.pth")
    target = tmp_path / f"{name}.safetensors"
    weights.convert(tmp_path / f"{name}.pth", target)
    found = load_file(target)
    wanted = files[name]
    if name == weights.RETARGETING:
        wanted = {
            f"{g}.{key}": value for g, state in wanted.items() for key, value in state.items()
        }
    assert set(found) == set(wanted)
    for key, value in wanted.items():
        assert torch.equal(found[key], value)


def test_the_command_converts(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "empty", lambda: empty(TINY))
    torch.save(files["warping_module"], tmp_path / "warping_module.pth")
    command = ["weights", "convert", str(tmp_path / "warping_module.pth")]
    target = str(tmp_path / "warping_module.safetensors")
    assert run([*command, target]) == 0
    assert set(load_file(target)) == set(files["warping_module"])
    assert run([*command, target, "--int8"]) == 2
    (tmp_path / "warping_module.pth").write_bytes(b"PK\x03\x04 cut off")
    assert run([*command, target]) == 2


def test_only_the_five_files_convert(files: Files, tmp_path: Path) -> None:
    torch.save(files["motion_extractor"], tmp_path / "other.pth")
    with pytest.raises(BadInput, match="not called like"):
        weights.convert(tmp_path / "other.pth", tmp_path / "other.safetensors")
    # The right name with another model's content: TINY does not fit the published sizes.
    torch.save(files["motion_extractor"], tmp_path / "motion_extractor.pth")
    with pytest.raises(BadInput, match="differences"):
        weights.convert(tmp_path / "motion_extractor.pth", tmp_path / "m.safetensors")
    assert not (tmp_path / "m.safetensors").exists()


@pytest.mark.parametrize("subject", ["human", "animal"])
def test_pulled_files_are_verified_and_loaded(
    tiny: LivePortrait, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subject: Any
) -> None:
    asked = []

    def locate(name: str) -> Path:
        asked.append(name)
        part = name.removeprefix(weights.PULLED[subject] + "-")
        file = next((n for n, p in weights.PARTS.items() if p == part), weights.RETARGETING)
        torch.save(files[file], tmp_path / f"{file}.pth")
        return tmp_path / f"{file}.pth"

    monkeypatch.setattr(weights, "locate", locate)
    assembled = weights.assembled
    monkeypatch.setattr(weights, "assembled", lambda paths: assembled(paths, sizes=TINY))
    monkeypatch.delenv(weights.FOLDER_VARIABLE, raising=False)
    monkeypatch.delenv(weights.RETARGETING_VARIABLE, raising=False)
    assert same(weights.chosen(subject=subject), tiny)
    assert set(asked) <= set(catalogue()) and len(asked) == 5
    pinned = {catalogue()[name].revision for name in asked}
    assert len(pinned) == 1 and all(catalogue()[name].licence == "MIT" for name in asked)
