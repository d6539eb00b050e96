"""Layers that are one: a convolution with its norm, or several convolutions of the same input."""

from typing import Any

import torch
from torch import Tensor, nn


def bias(conv: nn.Conv2d | nn.Conv3d) -> Tensor:
    """Its bias, which every convolution has here but the generator's shortcuts."""
    assert conv.bias is not None
    return conv.bias


def folded(conv: Any, norm: Any) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution with its batch norm."""
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    weight = conv.weight * gain.view(-1, *[1] * (conv.weight.dim() - 1))
    return weight, (conv.bias - norm.running_mean) * gain + norm.bias


def stacked(convs: list[nn.Conv2d]) -> tuple[Tensor, Tensor]:
    """Weight and bias of convolutions of the same input, one after the other."""
    biases = [conv.bias for conv in convs if conv.bias is not None]
    return torch.cat([conv.weight for conv in convs]), torch.cat(biases)
