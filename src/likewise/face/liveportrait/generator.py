"""The generator G: SPADE residual blocks paint the warped feature, twice the input's size.

Shapes: B frames; 256 x s x s the warped feature (s = 64), which conditions every block; C x H x W
what a block works on (512 x 64 x 64 up to 64 x 256 x 256).
Sources: SPADE (arXiv 1903.07291), figures 3 and 4; LivePortrait (arXiv 2407.03168), section 3.1.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from likewise.face.liveportrait.sizes import PUBLISHED, Sizes

SLOPE = 0.2


class Spade(nn.Module):
    """Instance norm whose scale and offset are painted by the condition."""

    def __init__(self, channels: int, condition: int, hidden: int) -> None:
        super().__init__()
        self.shared = nn.Conv2d(condition, hidden, 3, padding=1)
        self.gamma = nn.Conv2d(hidden, channels, 3, padding=1)
        self.beta = nn.Conv2d(hidden, channels, 3, padding=1)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """x: (B, C, H, W), condition: (B, 256, s, s) -> (B, C, H, W)."""
        seen: Tensor = F.relu(self.shared(F.interpolate(condition, size=x.shape[2:])))
        painted: Tensor = F.instance_norm(x) * (1 + self.gamma(seen)) + self.beta(seen)
        return painted


class SpadeBlock(nn.Module):
    """Two convolutions, each after SPADE and LeakyReLU, beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, condition: int, hidden: int) -> None:
        super().__init__()
        middle = min(inputs, outputs)
        self.norm_0 = Spade(inputs, condition, hidden)
        self.conv_0 = nn.Conv2d(inputs, middle, 3, padding=1)
        self.norm_1 = Spade(middle, condition, hidden)
        self.conv_1 = nn.Conv2d(middle, outputs, 3, padding=1)
        self.narrows = inputs != outputs
        if self.narrows:
            self.norm_s = Spade(inputs, condition, hidden)
            self.conv_s = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """x: (B, inputs, H, W), condition: (B, 256, s, s) -> (B, outputs, H, W)."""
        y: Tensor = self.conv_0(F.leaky_relu(self.norm_0(x, condition), SLOPE))
        y = self.conv_1(F.leaky_relu(self.norm_1(y, condition), SLOPE))
        shortcut = self.conv_s(self.norm_s(x, condition)) if self.narrows else x
        return shortcut + y


class SpadeGenerator(nn.Module):
    """G: the warped feature becomes a picture."""

    def __init__(self, sizes: Sizes = PUBLISHED) -> None:
        super().__init__()
        wide, condition, hidden = sizes.generator, sizes.warped, sizes.spade
        self.first = nn.Conv2d(condition, wide, 3, padding=1)
        self.middles = nn.ModuleList(
            SpadeBlock(wide, wide, condition, hidden) for _ in range(sizes.middles)
        )
        self.ups = nn.ModuleList(
            SpadeBlock(i, o, condition, hidden)
            for i, o in zip((wide, *sizes.ups[:-1]), sizes.ups, strict=True)
        )
        self.to_image = nn.Conv2d(sizes.ups[-1], 3 * 4, 3, padding=1)

    def forward(self, warped: Tensor) -> Tensor:
        """warped: (B, 256, s, s) -> (B, 3, 8s, 8s), RGB in 0..1."""
        x = self.first(warped)
        for middle in self.middles:
            x = middle(x, warped)
        for up in self.ups:
            x = up(F.interpolate(x, scale_factor=2), warped)
        return torch.sigmoid(F.pixel_shuffle(self.to_image(F.leaky_relu(x, SLOPE)), 2))
