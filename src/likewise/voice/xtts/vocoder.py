"""The HiFi-GAN decoder: GPT states to sound at 24 kHz (Kong et al. 2020, with a speaker term).

States come at 21.5 a second and are interpolated to 93.75 frames of 256 samples. Each sample
depends on about 14 frames on either side, so sound can be made in windows that fit without seams:
`Vocoding` does that, and its pieces joined are the sound made at once.

Shapes: B batch, N states, C state width, T frames, E speaker width, S = 256 T samples.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from likewise.voice.xtts.config import XttsConfig

SAMPLE_RATE = 24000
HOP = 256
CONTEXT_FRAMES = 14
"""Frames on either side that a sample depends on.

3 (first convolution) + 1 (first upsampling) + 7.5, 0.94, 0.47, 0.23 (60 samples of the widest
residual block in each stage) + the small rest = 13.3.
"""

_FRAMES_PER_STATE = 4.0  # 1024 / 256
_RATE_RATIO = 24000 / 22050
_UPSAMPLING = ((8, 16), (8, 16), (2, 4), (2, 4))  # factor, kernel
_KERNELS = (3, 7, 11)
_DILATIONS = (1, 3, 5)
_SLOPE = 0.1
_LAST_SLOPE = 0.01


class ResidualBlock(nn.Module):
    """Three pairs of a dilated and a plain convolution, each beside the identity."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.dilated = nn.ModuleList(
            nn.Conv1d(width, width, kernel, dilation=d, padding=(kernel - 1) * d // 2)
            for d in _DILATIONS
        )
        self.plain = nn.ModuleList(
            nn.Conv1d(width, width, kernel, padding=(kernel - 1) // 2) for _ in _DILATIONS
        )

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, T) -> (B, C, T)."""
        for dilated, plain in zip(self.dilated, self.plain, strict=True):
            hidden = functional.leaky_relu_(dilated(functional.leaky_relu(x, _SLOPE)), _SLOPE)
            x = x + plain(hidden)
        return x


class Stage(nn.Module):
    """Upsampling, the speaker's term, and the mean of three residual blocks."""

    def __init__(self, width_in: int, width: int, speaker: int, factor: int, kernel: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose1d(
            width_in, width, kernel, stride=factor, padding=(kernel - factor) // 2
        )
        self.speaker = nn.Conv1d(speaker, width, 1)
        self.blocks = nn.ModuleList(ResidualBlock(width, size) for size in _KERNELS)

    def forward(self, x: Tensor, speaker: Tensor) -> Tensor:
        """x: (B, C, T), speaker: (B, E, 1) -> (B, C / 2, factor T)."""
        x = self.up(functional.leaky_relu(x, _SLOPE)) + self.speaker(speaker)
        total: Tensor = self.blocks[0](x)
        for block in self.blocks[1:]:
            total = total + block(x)
        return total / len(_KERNELS)


class Vocoder(nn.Module):
    """Frames to sound. Weight norm is folded into the weights when they are loaded."""

    def __init__(self, config: XttsConfig) -> None:
        super().__init__()
        width = config.vocoder.first_width
        self.conv_in = nn.Conv1d(config.gpt.width, width, 7, padding=3)
        self.speaker = nn.Conv1d(config.speaker.width, width, 1)
        self.stages = nn.ModuleList(
            Stage(width >> n, width >> (n + 1), config.speaker.width, factor, kernel)
            for n, (factor, kernel) in enumerate(_UPSAMPLING)
        )
        self.conv_out = nn.Conv1d(width >> len(_UPSAMPLING), 1, 7, padding=3, bias=False)

    def forward(self, frames: Tensor, speaker: Tensor) -> Tensor:
        """frames: (B, C, T), speaker: (B, E) -> sound (B, S)."""
        g = speaker[:, :, None]
        x = self.conv_in(frames) + self.speaker(g)
        for stage in self.stages:
            x = stage(x, g)
        out: Tensor = torch.tanh(self.conv_out(functional.leaky_relu(x, _LAST_SLOPE)))
        return out[:, 0]


def at_speed(states: Tensor, speed: float) -> Tensor:
    """States interpolated so that speech is `speed` times as fast.

    states: (B, N, C) -> (B, N / speed rounded down, C), at least one.
    """
    if speed == 1.0:
        return states
    scale = max(1.0 / speed, 1.0 / states.shape[1])
    return functional.interpolate(
        states.transpose(1, 2), scale_factor=scale, mode="linear"
    ).transpose(1, 2)


def frames_of(states: Tensor) -> Tensor:
    """States at the vocoder's frame rate.

    Two steps, each with its factor given, since that decides positions and rounding.

    states: (B, N, C) -> (B, C, T).
    """
    x = functional.interpolate(
        states.transpose(1, 2), scale_factor=_FRAMES_PER_STATE, mode="linear"
    )
    return functional.interpolate(x, scale_factor=_RATE_RATIO, mode="linear")


def settled_frames(states: int) -> int:
    """How many of the frames of the first `states` states stay as they are when more follow.

    A frame is an average of two neighbours; where the right one is missing, interpolation repeats
    the left one. Two frames are kept back beyond that, against rounding.
    """
    if states < 3:
        return 0  # the second step then changes no length, and PyTorch copies instead
    quadruple = int(_FRAMES_PER_STATE) * states - 2
    return max(0, int(quadruple * _RATE_RATIO) - 2)


class Vocoding:
    """Sound made piece by piece while the states arrive; the pieces joined have no seams.

    Attributes:
        done_frames: Frames whose sound was answered.
    """

    def __init__(self, vocoder: Vocoder, speaker: Tensor, *, speed: float = 1.0) -> None:
        """Begin a sound; speaker: (1, E)."""
        self._vocoder = vocoder
        self._speaker = speaker
        self._speed = speed
        self._states: list[Tensor] = []
        self.done_frames = 0

    def add(self, states: Tensor) -> Tensor:
        """The sound that new states settle.

        states: (N, C) -> sound (S,), possibly empty.
        """
        self._states.append(states)
        # Changing the speed moves every frame by the whole length, so it waits for the end.
        if self._speed != 1.0:
            return states.new_empty(0)
        joined = torch.cat(self._states)
        ready = settled_frames(len(joined)) - CONTEXT_FRAMES
        if ready <= self.done_frames:
            return states.new_empty(0)
        return self._sound(frames_of(joined[None]), ready)

    def finish(self) -> Tensor:
        """The rest of the sound, (S,)."""
        if not self._states:
            return self._speaker.new_empty(0)
        frames = frames_of(at_speed(torch.cat(self._states)[None], self._speed))
        return self._sound(frames, frames.shape[2])

    def _sound(self, frames: Tensor, end: int) -> Tensor:
        """Sound of the frames from where the last piece ended up to `end`."""
        first = max(0, self.done_frames - CONTEXT_FRAMES)
        last = min(frames.shape[2], end + CONTEXT_FRAMES)
        sound: Tensor = self._vocoder(frames[:, :, first:last], self._speaker)[0]
        skip = (self.done_frames - first) * HOP
        piece = sound[skip : skip + (end - self.done_frames) * HOP]
        self.done_frames = end
        return piece
