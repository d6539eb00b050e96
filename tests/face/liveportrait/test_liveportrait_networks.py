"""Each network under name-seeded weights answers what the reference answers, stage by stage."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from liveportrait_goldens import Golden, apart, check_stage, probe, relative

import seeded_weights

torch = pytest.importorskip("torch", reason="LivePortrait needs the extra [torch]")

from likewise.face.liveportrait import weights  # noqa: E402 - needs torch
from likewise.face.liveportrait.keypoints import face_motion  # noqa: E402
from likewise.face.liveportrait.motion import degrees  # noqa: E402
from likewise.face.liveportrait.networks import LivePortrait, build, empty  # noqa: E402
from likewise.face.liveportrait.rendering import Direct, Look  # noqa: E402
from likewise.face.liveportrait.sizes import TINY  # noqa: E402
from likewise.face.liveportrait.warping import sparse_motions  # noqa: E402

Outputs = dict[str, Any]
_NO_MOTION = face_motion([0.0] * 63, [0.0] * 63, 1.0, [0.0] * 3, (0.0, 0.0, 0.0))


def watched(module: Any, names: dict[str, str], stages: Outputs) -> None:
    """Keep what submodules answer, under the golden file's names."""
    for path, name in names.items():
        module.get_submodule(path).register_forward_hook(
            lambda _module, _inputs, output, name=name: stages.__setitem__(name, output)
        )


def as_input(pictures: Any) -> Any:
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255


@pytest.fixture(scope="module")
def appearance(golden: Golden, filled: Callable[[str], Any]) -> Outputs:
    module, stages = filled("appearance_feature_extractor"), Outputs()
    names = {"first": "F.first", "downs.0": "F.down_0", "downs.1": "F.down_1", "lift": "F.second"}
    names |= {f"residuals.{i}": f"F.res3d_{i}" for i in range(6)}
    watched(module, names, stages)
    stages["F.f_s"] = module(as_input(golden["in.source_256"][None]))
    return stages


@pytest.fixture(scope="module")
def motion(golden: Golden, filled: Callable[[str], Any]) -> Outputs:
    module, stages = filled("motion_extractor"), Outputs()
    names = {"norm": "M.pooled"}
    names |= {f"downsamples.{i}": f"M.downsample_{i}" for i in range(4)}
    names |= {f"stages.{i}": f"M.stage_{i}" for i in range(4)}
    watched(module, names, stages)
    pictures = np.concatenate([golden["in.source_256"][None], golden["in.driving_256"]])
    stages["heads"] = module(as_input(pictures))
    return stages


def test_appearance_follows_the_reference_stage_by_stage(
    golden: Golden, appearance: Outputs
) -> None:
    for name, tensor in appearance.items():
        check_stage(golden, name, tensor, 2e-5)
    piece = appearance["F.f_s"][0, ::8, ::5, 24:40, 24:40].numpy()
    assert relative(piece, golden["F.f_s.slice"]) <= 2e-5


def test_motion_follows_the_reference_stage_by_stage(golden: Golden, motion: Outputs) -> None:
    for i in range(4):
        for name in (f"M.downsample_{i}", f"M.stage_{i}"):
            check_stage(golden, name, motion[name][:1], 2e-5)
    assert relative(motion["M.pooled"].numpy(), golden["M.pooled"]) <= 2e-5


def test_heads_and_degrees_follow_the_reference(golden: Golden, motion: Outputs) -> None:
    names = {"t": "translation", "exp": "expression", "kp": "canonical"}
    heads = motion["heads"]
    for old in ("pitch", "yaw", "roll", "t", "exp", "scale", "kp"):
        found = getattr(heads, names.get(old, old))
        assert relative(found.numpy(), golden[f"M.raw.{old}"]) <= 2e-5, old
    angles = torch.stack([degrees(getattr(heads, axis)) for axis in ("pitch", "yaw", "roll")], 1)
    assert apart(angles.numpy(), golden["M.degrees"]) <= 1e-3
    logits = torch.from_numpy(golden["pose.logits_in"])
    assert apart(degrees(logits).numpy(), golden["pose.degrees"]) <= 1e-3


@pytest.fixture(scope="module")
def warping(filled: Callable[[str], Any]) -> Any:
    return filled("warping_module")


@pytest.fixture(scope="module")
def generator(filled: Callable[[str], Any]) -> Any:
    return filled("spade_generator")


def test_small_warping_follows_the_reference(golden: Golden, warping: Any) -> None:
    seed = int(golden["meta.seed"])
    volume = seeded_weights.seeded_normal("input/W_small", seed, (1, 32, 16, 32, 32))
    source, driving = (torch.from_numpy(golden["T.x"][i][None]) for i in (0, 2))
    out = warping(torch.from_numpy(volume), source, driving)
    assert relative(out.motion.occlusion.numpy(), golden["W_small.occlusion"]) <= 5e-5
    check_stage(golden, "W_small.deformation", out.motion.deformation, 5e-5)
    check_stage(golden, "W_small.out", out.feature, 5e-5)


def test_small_generator_follows_the_reference(golden: Golden, generator: Any) -> None:
    seed = int(golden["meta.seed"])
    warped = 0.5 * seeded_weights.seeded_normal("input/G_small", seed, (1, 256, 16, 16))
    picture = generator(torch.from_numpy(warped))
    assert apart(picture.numpy(), golden["G_small.out"]) <= 5e-6


@pytest.mark.slow
def test_whole_frame_follows_the_reference_stage_by_stage(
    golden: Golden, appearance: Outputs, warping: Any, generator: Any
) -> None:
    stages: Outputs = {}
    dense = "dense_motion"
    names = {f"{dense}.norm": "W.compress_bn", f"{dense}.hourglass": "W.hourglass"}
    names |= {f"{dense}.hourglass.downs.{i}": f"W.down_{i}" for i in range(5)}
    names |= {f"{dense}.hourglass.ups.{i}": f"W.up_{i}" for i in range(5)}
    names |= {f"{dense}.mask": "W.mask_logits", f"{dense}.occlusion": "W.occlusion_logits"}
    watched(warping, names, stages)
    names = {"first": "G.fc", "middles.0.norm_0": "G.middle_0.norm_0"}
    names |= {"middles.0.conv_0": "G.middle_0.conv_0", "ups.1.norm_s": "G.up_1.norm_s"}
    names |= {f"middles.{i}": f"G.middle_{i}" for i in range(6)}
    names |= {f"ups.{i}": f"G.up_{i}" for i in range(2)}
    watched(generator, names, stages)

    source = torch.from_numpy(golden["T.x"][:1])
    driving = torch.from_numpy(golden["pipe.default.x_d"][2:])
    warped = warping(appearance["F.f_s"], source, driving)
    stages["W.sparse_motion"] = sparse_motions((16, 64, 64), source, driving)
    stages["W.deformation"] = warped.motion.deformation
    stages["W.out"] = warped.feature
    assert relative(warped.motion.occlusion.numpy(), golden["W.occlusion"]) <= 5e-5
    piece = warped.motion.deformation[0, ::5, 24:40, 24:40].numpy()
    assert relative(piece, golden["W.deformation.slice"]) <= 5e-5
    piece = warped.feature[0, ::32, 24:40, 24:40].numpy()
    assert relative(piece, golden["W.out.slice"]) <= 5e-5

    picture = generator(warped.feature)
    for name, tensor in stages.items():
        check_stage(golden, name, tensor, 5e-5 if name.startswith("W.") else 2e-4)
    check_picture(golden, picture.numpy()[0])


def check_picture(golden: Golden, picture: Any) -> None:
    """The final image of frame 2, as floats and as bytes."""
    assert apart(picture[:, 208:304, 208:304], golden["G.image.crop96"]) <= 1e-4
    means = picture.reshape(3, 64, 8, 64, 8).mean(axis=(2, 4))
    assert apart(means, golden["G.image.down64"]) <= 1e-4
    assert apart(probe(picture, 4096), golden["G.image.probe"]) <= 1e-4
    levels = (picture.transpose(1, 2, 0) * 255).astype(np.uint8).astype(int)
    differences = np.abs(levels - golden["final.image_u8"])
    assert differences.max() <= 1
    assert (differences > 0).mean() < 0.005


def test_retargeting_follows_the_reference(
    golden: Golden, checkpoint: Callable[[str], Any]
) -> None:
    model = empty()
    for group, part in weights.GROUPS.items():
        state = checkpoint("stitching_retargeting_module")[group]
        model.get_submodule(part).load_state_dict(
            {weights._mlp_key(key): value for key, value in state.items()}, assign=True
        )
    given = {name: torch.from_numpy(golden[f"S.in.{name}"]) for name in _S_INPUTS}
    source, driving = given["kp_source"], given["kp_driving"]
    pair = torch.cat([source.flatten(1), driving.flatten(1)], dim=1)
    assert apart(model.stitching.mlp(pair).detach().numpy(), golden["S.stitch_delta"]) <= 2e-6
    for found, name in (
        (model.stitching(source, driving), "stitched"),
        (model.eyes(source, given["eye_ratio"]), "eye_delta"),
        (model.lips(source, given["lip_ratio"]), "lip_delta"),
    ):
        assert apart(found.detach().numpy(), golden[f"S.{name}"]) <= 2e-6, name


_S_INPUTS = ("kp_source", "kp_driving", "eye_ratio", "lip_ratio")


def test_published_model_has_the_published_number_of_parameters() -> None:
    assert sum(p.numel() for p in empty().parameters()) == 130_077_432


@pytest.fixture(scope="module")
def tiny() -> LivePortrait:
    return build(TINY, seed=1)


def test_tiny_model_has_the_shapes_it_states(tiny: LivePortrait) -> None:
    volume = tiny.appearance(torch.rand(2, 3, TINY.image, TINY.image))
    assert volume.shape == (2, 4, 4, 16, 16)
    heads = tiny.motion(torch.rand(2, 3, TINY.image, TINY.image))
    assert heads.canonical.shape == (2, 63)
    keypoints = heads.canonical.view(2, 21, 3)
    picture = tiny(volume, keypoints, keypoints)
    assert picture.shape == (2, 3, TINY.output, TINY.output)
    assert picture.min() >= 0 and picture.max() <= 1


def test_same_seed_same_model_and_global_generator_untouched() -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    one, other, third = build(TINY, seed=3), build(TINY, seed=3), build(TINY, seed=4)
    assert torch.equal(before, torch.get_rng_state())
    keys = one.state_dict()
    assert all(torch.equal(value, other.state_dict()[key]) for key, value in keys.items())
    weight = "generator.to_image.weight"
    assert not torch.equal(keys[weight], third.state_dict()[weight])


@torch.inference_mode()
def test_reduced_precision_paints_nearly_the_same(tiny: LivePortrait) -> None:
    """What GPUs do in half precision, done here in bfloat16, which CPUs know, too."""
    volume = tiny.appearance(torch.rand(1, 3, TINY.image, TINY.image))
    source = torch.rand(1, 21, 3) - 0.5
    look = Look(volume, source, _NO_MOTION)
    exact, reduced = Direct(tiny), Direct(tiny, torch.bfloat16)
    warped = reduced.warp(look, source + 0.02)
    assert warped.feature.dtype == torch.bfloat16
    picture = reduced.paint(warped.feature)
    wanted = exact.paint(exact.warp(look, source + 0.02).feature)
    assert picture.dtype == torch.float32
    assert 0 < (picture - wanted).abs().mean() < 0.02
