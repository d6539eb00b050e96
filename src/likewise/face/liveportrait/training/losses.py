"""What the small networks are trained for, while the large ones stay as they are.

Each of them moves keypoints; the frozen warping module and generator show what comes of it. Three
terms, as in the paper: the region that must not change stays as in the picture's own
reconstruction; eyes and lips are as far open as asked for; offsets stay small.

Shapes: B examples, K = 21 keypoints, P side of the generated pictures.
Source: LivePortrait (arXiv 2407.03168), section 3.2, equations of stitching, eyes and lips. There
a landmark detector judges how far eyes and lips are open; ours can't be differentiated, so the
frozen motion extractor does, through the measured slopes of `score`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from torch import Tensor

from likewise.face.liveportrait.networks import LivePortrait
from likewise.face.liveportrait.score import EYE_OPENING, LIP_OPENING, Offsets
from likewise.face.liveportrait.sizes import KEYPOINTS
from likewise.face.liveportrait.training.examples import Example, Part


@dataclass(frozen=True, slots=True)
class Term:
    """The loss of one network and what it is made of.

    Attributes:
        loss: What is minimised: the other three, weighted.
        region: Mean absolute difference from the reconstruction where nothing may change, 0..1.
        condition: Mean absolute difference from the wanted ratio; 0 for stitching.
        offsets: Mean absolute offset of the keypoints.
    """

    loss: Tensor
    region: Tensor
    condition: Tensor
    offsets: Tensor


@dataclass(frozen=True, slots=True)
class Weights:
    """How much the terms count.

    Attributes:
        condition: Of the wanted ratio. A region changes by hundredths, a ratio by tenths.
        offsets: Of the size of the offsets.
    """

    condition: float = 0.1
    offsets: float = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Sources with what is asked of them.

    Attributes:
        sources: B examples.
        drivers: Of each the example whose pose and expression stitching meets.
        lips: (B,), lip ratios wanted.
        eyes: (B,), eye ratios wanted.
    """

    sources: Sequence[Example]
    drivers: Sequence[Example]
    lips: Tensor
    eyes: Tensor


def terms(
    model: LivePortrait, batch: Batch, parts: Sequence[Part], weights: Weights
) -> Mapping[Part, Term]:
    """The loss of each part on a batch."""
    device = next(model.parameters()).device
    x_s = _stacked([s.face.keypoints for s in batch.sources], device)
    with torch.no_grad():
        pictures = np.stack([s.picture for s in batch.sources])
        pixels = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 255
        volume = model.appearance(pixels)
        own = model(volume, x_s, x_s)
        read = None if set(parts) == {"stitching"} else _expression(model, own)
    found: dict[Part, Term] = {}
    for part in parts:
        offsets, x_d = _moved(model, batch, part, x_s)
        picture = model(volume, x_s, x_d)
        kept = _kept(batch.sources, part, picture)
        region = ((picture - own).abs() * kept).mean() / kept.mean()
        condition = torch.zeros((), device=device)
        if part != "stitching":
            assert read is not None
            now, wanted = _ratios(batch, part, device)
            slopes = LIP_OPENING if part == "lips" else EYE_OPENING
            opened = now + opening(_expression(model, picture) - read, slopes)
            condition = (opened - wanted).abs().mean()
        size = offsets.abs().mean()
        loss = region + weights.condition * condition + weights.offsets * size
        found[part] = Term(loss, region, condition, size)
    return found


def opening(change: Tensor, slopes: Offsets) -> Tensor:
    """How much a ratio changed, from the change of the expression: (B, K, 3) -> (B,).

    The amount of the measured direction that explains the change best (least squares).
    """
    direction = _direction(tuple(slopes.items())).to(change.device)
    amounts: Tensor = (change.flatten(1) * direction).sum(1) / direction.square().sum()
    return amounts


@cache
def _direction(slopes: tuple[tuple[tuple[int, int], float], ...]) -> Tensor:
    direction = torch.zeros(KEYPOINTS, 3)
    for at, slope in slopes:
        direction[at] = slope
    return direction.flatten()


def _moved(model: LivePortrait, batch: Batch, part: Part, x_s: Tensor) -> tuple[Tensor, Tensor]:
    """What a network adds to the keypoints, and the keypoints that the warping module gets."""
    if part == "stitching":
        pairs = zip(batch.sources, batch.drivers, strict=True)
        # The paper's equation 2: the source's canonical keypoints with the driver's motion.
        met = [replace(d.face, canonical=s.face.canonical).keypoints for s, d in pairs]
        before = _stacked(met, x_s.device)
        x_d = model.stitching(x_s, before)
        return x_d - before, x_d
    now, wanted = _ratios(batch, part, x_s.device)
    if part == "lips":
        offsets = model.lips(x_s, torch.stack([now, wanted], 1))
    else:
        both = [[s.ratios.left_eye, s.ratios.right_eye] for s in batch.sources]
        offsets = model.eyes(x_s, torch.cat([_stacked(both, x_s.device), wanted[:, None]], 1))
    return offsets, x_s + offsets


def _ratios(batch: Batch, part: Part, device: torch.device) -> tuple[Tensor, Tensor]:
    """Ratios now and wanted, (B,) each."""
    if part == "lips":
        return _stacked([s.ratios.lips for s in batch.sources], device), batch.lips.to(device)
    eyes = [(s.ratios.left_eye + s.ratios.right_eye) / 2 for s in batch.sources]
    return _stacked(eyes, device), batch.eyes.to(device)


def _expression(model: LivePortrait, picture: Tensor) -> Tensor:
    """What the motion extractor reads from generated pictures: (B, 3, P, P) -> (B, K, 3)."""
    half = torch.nn.functional.interpolate(picture, size=(model.sizes.image,) * 2, mode="area")
    expression: Tensor = model.motion(half).expression
    return expression.view(-1, KEYPOINTS, 3)


def _kept(sources: Sequence[Example], part: Part, picture: Tensor) -> Tensor:
    """Weights of the pixels that must stay, (B, 1, P, P)."""
    masks = np.stack([source.kept(part, picture.shape[-1]) for source in sources])
    return torch.from_numpy(masks)[:, None].to(picture.device)


def _stacked(values: object, device: torch.device) -> Tensor:
    return torch.as_tensor(np.asarray(values, np.float32), device=device)
