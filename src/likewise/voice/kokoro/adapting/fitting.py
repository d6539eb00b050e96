"""Fit style and deltas to a recording: analysis by synthesis within a time budget.

Excerpts of half a second are played with the recording's own words, timing, pitch and loudness;
Adam (Kingma and Ba 2015) changes the decoder's style and the deltas until they sound like the
recording. What comes out is the mean over the last steps, and never worse than the beginning.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from likewise.progress import Progress, ProgressCallback
from likewise.voice.kokoro.adapting.decoder import Decoder
from likewise.voice.kokoro.adapting.loss import spectral_distance
from likewise.voice.kokoro.adapting.surroundings import Surroundings
from likewise.voice.kokoro.adapting.targets import Targets
from likewise.voice.kokoro.model import FRAME_SAMPLES

STAGE = "adapting"
_LISTENING_SHARE = 0.25  # of the time, for listening anew on the way
START, END = (Progress(STAGE, done, 100, "%") for done in (0, 100))


@dataclass(frozen=True, slots=True)
class Settings:
    """How a voice is fitted.

    Attributes:
        seconds: Time for all, by the clock.
        most_steps: Steps after which it ends in any case; 64 take 140 to 160 core-seconds.
        excerpt_frames: Length of an excerpt, 1/40 s.
        excerpts: How many different ones.
        style_rate: Learning rate of the style.
        delta_rate: Learning rate of the deltas.
        style_pull: Weight of the squared distance of the style from its beginning.
        delta_pull: Weight of the squared deltas.
        voiced_share: Least share of voiced frames in an excerpt.
        listened: How often the whole recording is played anew on the way, since what surrounds an
            excerpt changes with the voice; less often where that would take a quarter of the time.
        seed: Decides which excerpts, in which order.
    """

    seconds: float = 60.0
    most_steps: int = 64
    excerpt_frames: int = 20
    excerpts: int = 32
    style_rate: float = 0.02
    delta_rate: float = 0.03
    style_pull: float = 0.05
    delta_pull: float = 0.002
    voiced_share: float = 0.7
    listened: int = 2
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A fitted voice.

    Attributes:
        style: float32 (128,), the decoder's half of the style.
        deltas: float32 (D,), zeros where nothing better than the beginning was found.
        before: Distance of the whole recording at the beginning, nepers.
        after: The same of what was accepted; equal to `before` if nothing was.
        steps: Steps made.
        seconds: Time taken.
    """

    style: NDArray[np.float32]
    deltas: NDArray[np.float32]
    before: float
    after: float
    steps: int
    seconds: float


def fit(
    decoder: Decoder,
    targets: Targets,
    style: NDArray[np.float32],
    *,
    settings: Settings,
    on_progress: ProgressCallback,
    clock: Callable[[], float] = time.monotonic,
) -> Fit:
    """Fit a voice to a recording.

    Args:
        decoder: Kokoro's decoder with its weights.
        targets: The recording, taken apart.
        style: float32 (128,), the decoder's half of the style to begin with.
        settings: How, and for how long.
        on_progress: Told the share of the time or the steps that is over; may raise `Cancelled`.
        clock: Seconds, for tests.
    """
    began = clock()
    whole = _tensors(targets)
    start = torch.from_numpy(np.array(style, np.float32))[None]
    size = sum(layer.fc.out_features for _, layer in decoder.adains())
    deltas = torch.zeros(size)
    around = Surroundings(_excerpts(targets, settings), targets.frames)
    on_progress(START)
    with around.listening(decoder):
        before = _distance(decoder, whole, start, deltas)
    one_pass = clock() - began

    style_now = start.clone().requires_grad_()
    deltas_now = deltas.clone().requires_grad_()
    adam = Adam([(style_now, settings.style_rate), (deltas_now, settings.delta_rate)])
    most_listened = min(
        settings.listened, int(_LISTENING_SHARE * settings.seconds / max(one_pass, 1e-3))
    )
    mean = _RunningMean()
    order = _order(len(around.excerpts), settings)
    step, listened = 0, 0
    while step < settings.most_steps:
        spent = clock() - began
        # The last pass over the whole must fit in, too; one step at least is made.
        share = max(step / settings.most_steps, spent / max(settings.seconds - one_pass, 1e-3))
        if share >= 1 and step:
            break
        if share * (most_listened + 1) >= listened + 1 and listened < most_listened:
            listened += 1
            with around.listening(decoder):
                _distance(decoder, whole, style_now, deltas_now)
        excerpt = int(order[step])
        with around.of(decoder, excerpt):
            sound, wanted = _played(decoder, whole, around.excerpts[excerpt], style_now, deltas_now)
        loss = spectral_distance(sound, wanted)
        loss = loss + settings.style_pull * (style_now - start).square().sum()
        loss = loss + settings.delta_pull * deltas_now.square().sum()
        adam.descend(loss, _rate(share))
        step += 1
        mean.add(style_now, deltas_now, share)
        on_progress(Progress(STAGE, round(100 * min(share, 1.0)), 100, "%"))
    found_style, found_deltas = mean.value()
    after = _distance(decoder, whole, found_style, found_deltas)
    if not after < before:
        found_style, found_deltas, after = start, deltas, before
    on_progress(END)
    return Fit(
        found_style[0].numpy().copy(),
        found_deltas.numpy().copy(),
        before,
        after,
        step,
        clock() - began,
    )


class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1) for tensors with rates of their own.

    PyTorch's takes seconds to load, as it brings the compiler with it.

    Args:
        parameters: Tensors that require gradients, each with its learning rate.
    """

    _BETAS = (0.8, 0.95)
    _EPSILON = 1e-8

    def __init__(self, parameters: Sequence[tuple[Tensor, float]]) -> None:
        self._tensors = [tensor for tensor, _ in parameters]
        self._rates = [rate for _, rate in parameters]
        self._means = [torch.zeros_like(tensor) for tensor in self._tensors]
        self._squares = [torch.zeros_like(tensor) for tensor in self._tensors]
        self._steps = 0

    def descend(self, loss: Tensor, rate: float) -> None:
        """One step down, at a share of the full rates."""
        gradients = torch.autograd.grad(loss, self._tensors)
        self._steps += 1
        first, second = self._BETAS
        for index, gradient in enumerate(gradients):
            mean, square = self._means[index], self._squares[index]
            mean.mul_(first).add_(gradient, alpha=1 - first)
            square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
            size = (square / (1 - second**self._steps)).sqrt_().add_(self._EPSILON)
            step = rate * self._rates[index] / (1 - first**self._steps)
            with torch.no_grad():
                self._tensors[index].addcdiv_(mean, size, value=-step)


class _RunningMean:
    """Mean of the parameters over the last part of the way (Polyak averaging)."""

    _FROM = 0.6  # share of the budget from which on it counts

    def __init__(self) -> None:
        self._sums: list[Tensor] = []
        self._count = 0

    def add(self, style: Tensor, deltas: Tensor, share: float) -> None:
        values = [style.detach().clone(), deltas.detach().clone()]
        if not self._count or share < self._FROM:
            self._sums, self._count = values, 1
            return
        self._sums = [total + value for total, value in zip(self._sums, values, strict=True)]
        self._count += 1

    def value(self) -> tuple[Tensor, Tensor]:
        style, deltas = (total / self._count for total in self._sums)
        return style, deltas


def _rate(share: float) -> float:
    """The learning rate's share over the budget's: full, then down to a fifth."""
    return 1.0 if share < 0.5 else 1.0 - 0.8 * (share - 0.5) / 0.5


def _excerpts(targets: Targets, settings: Settings) -> list[tuple[int, int]]:
    """First and last frame of the excerpts: mostly voiced ones, spread over the recording."""
    length = min(settings.excerpt_frames, targets.frames)
    starts = np.arange(0, targets.frames - length + 1)
    voiced = np.concatenate([[0], np.cumsum(targets.voiced)])
    shares = (voiced[2 * (starts + length)] - voiced[2 * starts]) / (2 * length)
    good = starts[shares >= min(settings.voiced_share, float(np.quantile(shares, 0.7)))]
    places = np.linspace(0, len(good) - 1, min(settings.excerpts, len(good))).round().astype(int)
    return [(int(start), int(start) + length) for start in good[places]]


def _order(count: int, settings: Settings) -> NDArray[np.int64]:
    """Which excerpt at each step: all once, shuffled, then again."""
    rng = np.random.default_rng(settings.seed)
    rounds = -(-settings.most_steps // count)
    return np.concatenate([rng.permutation(count) for _ in range(rounds)])


def _tensors(targets: Targets) -> tuple[Tensor, ...]:
    parts = (targets.features, targets.f0, targets.energy, targets.harmonics, targets.sound)
    return tuple(torch.from_numpy(np.ascontiguousarray(part)) for part in parts)


def _played(
    decoder: Decoder,
    whole: tuple[Tensor, ...],
    frames: tuple[int, int],
    style: Tensor,
    deltas: Tensor,
) -> tuple[Tensor, Tensor]:
    """An excerpt as the decoder plays it, and as it was recorded, both (T,)."""
    features, f0, energy, harmonics, recorded = whole
    start, end = frames
    sound = decoder(
        features[:, :, start:end],
        f0[:, 2 * start : 2 * end],
        energy[:, 2 * start : 2 * end],
        harmonics[:, :, 120 * start : 120 * end + 1],
        style,
        deltas,
    )[0]
    return sound, recorded[FRAME_SAMPLES * start : FRAME_SAMPLES * end]


def _distance(decoder: Decoder, whole: tuple[Tensor, ...], style: Tensor, deltas: Tensor) -> float:
    with torch.no_grad():
        sound, wanted = _played(decoder, whole, (0, whole[0].shape[-1]), style, deltas)
        return float(spectral_distance(sound, wanted))
