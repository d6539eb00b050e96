"""How wide and deep the networks are: the published model, and a tiny one of the same make."""

from dataclasses import dataclass

KEYPOINTS = 21
POSE_BINS = 66


@dataclass(frozen=True, slots=True)
class Sizes:
    """Widths, depths and resolutions.

    Attributes:
        image: Side of the network's input in pixels; its output is twice that.
        appearance: Channels after the first and each down-sampling block of the appearance
            extractor; each block halves the side.
        volume_channels: Channels of the appearance volume.
        volume_depth: Depth of the appearance volume.
        residuals: Residual blocks on the volume.
        motion_depths: ConvNeXt blocks of each stage of the motion extractor.
        motion_widths: Channels of each stage.
        compressed: Channels of the volume as the dense-motion network sees it.
        hourglass: Channels after each encoder block of the hourglass.
        warped: Channels of the warped feature, the generator's condition.
        generator: Channels of the generator's middle blocks.
        middles: Number of middle blocks.
        ups: Channels after each up-sampling block.
        spade: Hidden channels of each SPADE normalisation.
    """

    image: int = 256
    appearance: tuple[int, ...] = (64, 128, 256)
    volume_channels: int = 32
    volume_depth: int = 16
    residuals: int = 6
    motion_depths: tuple[int, ...] = (3, 3, 9, 3)
    motion_widths: tuple[int, ...] = (96, 192, 384, 768)
    compressed: int = 4
    hourglass: tuple[int, ...] = (64, 128, 256, 512, 1024)
    warped: int = 256
    generator: int = 512
    middles: int = 6
    ups: tuple[int, ...] = (256, 64)
    spade: int = 128

    @property
    def feature(self) -> int:
        """Side of the appearance volume and of the warped feature."""
        return self.image >> (len(self.appearance) - 1)

    @property
    def output(self) -> int:
        """Side of the generated picture."""
        return self.feature << (len(self.ups) + 1)

    @property
    def folded(self) -> int:
        """Channels of the volume with its depth folded in."""
        return self.volume_channels * self.volume_depth


PUBLISHED = Sizes()
"""The sizes of the authors' checkpoints: 130,077,432 parameters."""

TINY = Sizes(
    image=64,
    appearance=(8, 12, 16),
    volume_channels=4,
    volume_depth=4,
    residuals=1,
    motion_depths=(1, 1, 1, 1),
    motion_widths=(8, 12, 16, 24),
    hourglass=(8, 12, 16),
    warped=16,
    generator=16,
    middles=2,
    ups=(8, 4),
    spade=8,
)
"""A model of the same make that runs in milliseconds, for tests and examples."""
