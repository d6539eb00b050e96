"""The whole model: every network of LivePortrait, built from sizes, filled by a loader or a seed.

model = build(TINY, seed=1)                 # random weights: tests, examples, no download
model = weights.load(folder)                # the authors' weights
look = model.appearance(image)              # (1, 32, 16, 64, 64)
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from likewise.face.liveportrait.appearance import AppearanceExtractor
from likewise.face.liveportrait.driving import Corrections
from likewise.face.liveportrait.generator import SpadeGenerator
from likewise.face.liveportrait.keypoints import Floats
from likewise.face.liveportrait.motion import MotionExtractor, ResponseNorm
from likewise.face.liveportrait.retargeting import (
    EyeRetargeting,
    LipRetargeting,
    Mlp,
    Stitching,
)
from likewise.face.liveportrait.sizes import PUBLISHED, Sizes
from likewise.face.liveportrait.warping import WarpingModule


class LivePortrait(nn.Module):
    """All networks side by side; a checkpoint file fills one part, or the last three.

    Attributes:
        appearance: F, picture -> volume.
        motion: M, picture -> pose, expression, keypoints.
        warping: W, volume and keypoints -> warped feature.
        generator: G, warped feature -> picture.
        stitching: S, keypoints -> keypoints that keep the surroundings.
        lips: R_lip, keypoints -> offsets that open or close the lips.
        eyes: R_eye, keypoints -> offsets that open or close the eyes.
    """

    def __init__(self, sizes: Sizes = PUBLISHED) -> None:
        super().__init__()
        self.sizes = sizes
        self.appearance = AppearanceExtractor(sizes)
        self.motion = MotionExtractor(sizes)
        self.warping = WarpingModule(sizes)
        self.generator = SpadeGenerator(sizes)
        self.stitching = Stitching()
        self.lips = LipRetargeting()
        self.eyes = EyeRetargeting()

    def forward(self, volume: Tensor, source: Tensor, driving: Tensor) -> Tensor:
        """One frame: volume (B, C, D, s, s), keypoints (B, 21, 3) -> picture (B, 3, 8s, 8s)."""
        picture: Tensor = self.generator(self.warping(volume, source, driving).feature)
        return picture


def empty(sizes: Sizes = PUBLISHED) -> LivePortrait:
    """The model in evaluation mode without values, to be filled at once by a loader."""
    with torch.device("meta"):
        model = LivePortrait(sizes)
    return model.eval().requires_grad_(False)


def build(sizes: Sizes = PUBLISHED, *, seed: int = 0) -> LivePortrait:
    """The model in evaluation mode with random weights.

    Gains are chosen so that activations keep their size and the heads answer plausible keypoints:
    pictures are noise, but they move when the keypoints do.

    Args:
        sizes: Widths and depths.
        seed: Seed of the weights; the global generator of torch stays untouched.
    """
    model = empty(sizes).to_empty(device="cpu")
    random = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d | nn.Linear):
            _draw(module, random)
        elif isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d | nn.LayerNorm):
            module.reset_parameters()
        elif isinstance(module, ResponseNorm):
            module.gamma.normal_(0, 0.3, generator=random)
            module.beta.normal_(0, 0.1, generator=random)
    for name, gain in _HEAD_GAINS.items():
        head = model.motion.heads[name]
        assert isinstance(head, nn.Linear)
        head.weight.mul_(gain)
    scale = model.motion.heads["scale"]
    assert isinstance(scale, nn.Linear)
    scale.bias.fill_(1.3)
    for mlp in (model.stitching.mlp, model.lips.mlp, model.eyes.mlp):
        _quieten(mlp)
    return model


@torch.no_grad()
def forget_retargeting(model: LivePortrait, *, seed: int = 0) -> None:
    """Replace stitching, lips and eyes by new ones that hardly move anything, to be trained."""
    device = next(model.parameters()).device
    random = torch.Generator().manual_seed(seed)
    model.stitching, model.lips, model.eyes = Stitching(), LipRetargeting(), EyeRetargeting()
    for part in (model.stitching, model.lips, model.eyes):
        for module in part.modules():
            if isinstance(module, nn.Linear):
                _draw(module, random)
        _quieten(part.mlp)
        part.to(device).eval().requires_grad_(False)


def _draw(layer: nn.Conv2d | nn.Conv3d | nn.Linear, random: torch.Generator) -> None:
    """Random weights that keep the size of activations."""
    fan_in = layer.weight[0].numel()
    layer.weight.normal_(0, (2 / fan_in) ** 0.5, generator=random)
    if layer.bias is not None:
        layer.bias.normal_(0, 0.02, generator=random)


def _quieten(mlp: Mlp) -> None:
    """Let a network answer offsets as small as real ones."""
    last = mlp.layers[-1]
    assert isinstance(last, nn.Linear)
    last.weight.mul_(0.02)
    last.bias.zero_()


def best_device() -> torch.device:
    """A CUDA GPU where PyTorch finds one, else the CPU; MPS has no 5-D grid sample of its own."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


# Of the 768 normalised features of the motion extractor; measured ranges of real clips are
# |expression| < 0.08, scale 1.1..1.7, angles within 30 degrees.
_HEAD_GAINS = {
    "canonical": 0.15,
    "scale": 0.05,
    "pitch": 1.0,
    "yaw": 1.0,
    "roll": 1.0,
    "translation": 0.04,
    "expression": 0.01,
}


def corrections(model: LivePortrait) -> Corrections:
    """The model's small networks as functions of NumPy arrays."""
    device = next(model.stitching.parameters()).device

    def tensor(values: object) -> Tensor:
        return torch.as_tensor(np.asarray(values, np.float32), device=device)[None]

    def stitch(source: Floats, driving: Floats) -> Floats:
        stitched: Floats = model.stitching(tensor(source), tensor(driving))[0].cpu().numpy()
        return stitched

    def open_lips(source: Floats, ratios: Sequence[float]) -> Floats:
        offsets: Floats = model.lips(tensor(source), tensor(ratios))[0].cpu().numpy()
        return offsets

    def open_eyes(source: Floats, ratios: Sequence[float]) -> Floats:
        offsets: Floats = model.eyes(tensor(source), tensor(ratios))[0].cpu().numpy()
        return offsets

    return Corrections(stitch, open_lips, open_eyes)
