"""The fast path answers what the direct one does, and what the reference does."""

from collections.abc import Callable
from typing import Any

import pytest
from liveportrait_goldens import Golden, apart, check_stage, relative

import seeded_weights

torch = pytest.importorskip("torch", reason="LivePortrait needs the extra [torch]")

from likewise.face.liveportrait.fast_generator import (  # noqa: E402 - needs torch
    FastGenerator,
    _moments,
)
from likewise.face.liveportrait.fast_warping import FastWarping  # noqa: E402
from likewise.face.liveportrait.fourier import FourierConv3d  # noqa: E402
from likewise.face.liveportrait.networks import build  # noqa: E402
from likewise.face.liveportrait.sizes import TINY  # noqa: E402
from likewise.face.liveportrait.winograd import WinogradConv  # noqa: E402


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 12, 20), (1, 7, 9), (1, 2, 3)])
def test_winograd_is_the_convolution_of_a_picture(shape: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(5, 6, 3, 3, generator=generator)
    bias = torch.randn(5, generator=generator)
    x = torch.randn(*shape, 6, generator=generator)
    found = WinogradConv(weight, bias)(x)[0].permute(2, 0, 1)
    wanted = torch.nn.functional.conv2d(x.permute(0, 3, 1, 2), weight, bias, padding=1)[0]
    assert relative(found.numpy(), wanted.numpy()) < 2e-5


@pytest.mark.parametrize("shape", [(4, 8, 8), (3, 5, 70), (1, 4, 4)])
def test_winograd_is_the_convolution_of_a_volume(shape: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(2)
    weight = torch.randn(7, 3, 3, 3, 3, generator=generator)
    bias = torch.randn(7, generator=generator)
    x = torch.randn(*shape, 3, generator=generator)
    found = WinogradConv(weight, bias)(x).permute(3, 0, 1, 2)
    wanted = torch.nn.functional.conv3d(x.permute(3, 0, 1, 2)[None], weight, bias, padding=1)[0]
    assert relative(found.numpy(), wanted.numpy()) < 2e-5


@pytest.mark.parametrize("shape", [(4, 40, 70), (9, 8, 8), (1, 64, 64)])
def test_fourier_is_the_convolution_of_a_volume(shape: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(3)
    weight = torch.randn(3, 5, 7, 7, 7, generator=generator)
    bias = torch.randn(3, generator=generator)
    x = torch.randn(5, *shape, generator=generator)
    wanted = torch.nn.functional.conv3d(x[None], weight, bias, padding=3)[0]
    assert relative(FourierConv3d(weight, bias)(x).numpy(), wanted.numpy()) < 5e-6


def test_instance_norm_of_a_large_offset_keeps_its_precision() -> None:
    x = torch.randn(96, 80, 6, generator=torch.Generator().manual_seed(4)) * 0.01 + 100.0
    centre, gain = _moments(x)
    wide = x.double().reshape(-1, 6)
    assert relative(centre, wide.mean(0).float().numpy()) < 1e-6
    wanted = (wide.var(0, correction=0) + 1e-5).rsqrt().float().numpy()
    assert relative(gain, wanted) < 1e-4


@torch.inference_mode()
def test_tiny_model_answers_the_same_on_both_paths() -> None:
    model = build(TINY, seed=4)
    volume = model.appearance(torch.rand(1, 3, TINY.image, TINY.image))
    source = torch.rand(1, 21, 3) - 0.5
    driving = source + 0.05 * torch.randn(1, 21, 3)
    direct = model.warping(volume, source, driving)
    fast = FastWarping(model.warping)
    for _ in range(2):  # the second time, what belongs to the picture is remembered
        warped = fast(volume, source, driving)
        assert relative(warped.feature.numpy(), direct.feature.numpy()) < 5e-5
        assert relative(warped.motion.mask.numpy(), direct.motion.mask.numpy()) < 5e-5
    other = fast(volume, driving, source).feature
    wanted = model.warping(volume, driving, source).feature
    assert relative(other.numpy(), wanted.numpy()) < 5e-5
    picture = FastGenerator(model.generator)(direct.feature)
    assert apart(picture.numpy(), model.generator(direct.feature).numpy()) < 1e-4


@pytest.mark.slow
@torch.inference_mode()
def test_fast_path_follows_the_reference(golden: Golden, filled: Callable[[str], Any]) -> None:
    seed = int(golden["meta.seed"])
    warped = 0.5 * seeded_weights.seeded_normal("input/G_small", seed, (1, 256, 16, 16))
    generator = FastGenerator(filled("spade_generator"))
    picture = generator(torch.from_numpy(warped))
    assert apart(picture.numpy(), golden["G_small.out"]) <= 5e-6
    del generator
    warping = FastWarping(filled("warping_module"))
    volume = seeded_weights.seeded_normal("input/W_small", seed, (1, 32, 16, 32, 32))
    source, driving = (torch.from_numpy(golden["T.x"][i][None]) for i in (0, 2))
    out = warping(torch.from_numpy(volume), source, driving)
    assert relative(out.motion.occlusion.numpy(), golden["W_small.occlusion"]) <= 5e-5
    check_stage(golden, "W_small.out", out.feature, 5e-5)
