"""What the decoder shall play: the recording's own timing, pitch and loudness, and its sound."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likewise.hearing.pitch import STEP_SECONDS
from likewise.voice.kokoro.adapting.alignment import align, energy
from likewise.voice.kokoro.character import VOICED_HZ
from likewise.voice.kokoro.model import FRAME_SAMPLES, KokoroModel
from likewise.voice.kokoro.reference import Reference

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """A recording taken apart; T frames of 1/40 s.

    Attributes:
        features: float32 (1, 512, T), text features.
        f0: float32 (1, 2T), Hz at 80 Hz, unvoiced frames as the model has them.
        energy: float32 (1, 2T).
        harmonics: float32 (1, 22, 120T+1).
        sound: float32 (600T,), the recording at the model's level.
        misfit: Mean distance of the words from the recording, see `Alignment.cost`.
    """

    features: Array
    f0: Array
    energy: Array
    harmonics: Array
    sound: Array
    misfit: float

    @property
    def frames(self) -> int:
        """T."""
        return int(self.features.shape[-1])

    @property
    def voiced(self) -> NDArray[np.bool_]:
        """Whether the voice sounds, bool (2T,)."""
        return np.asarray(self.f0[0] > VOICED_HZ)


def targets(model: KokoroModel, ids: list[int], style: Array, reference: Reference) -> Targets:
    """Take a recording apart with the help of its transcript.

    Args:
        model: Renders the transcript and makes the harmonic source.
        ids: The transcript's tokens.
        style: float32 (256,), the voice found so far.
        reference: The recording.
    """
    rendered = model.front(ids, style)
    sound = model.decode(rendered, style)
    frames = len(reference.speech) // FRAME_SAMPLES
    recording = reference.speech[: frames * FRAME_SAMPLES]
    found = align(rendered.durations, sound, recording)
    unaligned = _first_of_each(rendered.features, rendered.durations)
    features = np.repeat(unaligned, found.durations, axis=2)
    recording = recording * np.float32(sound.std() / recording.std())
    unvoiced = rendered.f0[rendered.f0 < VOICED_HZ]
    f0 = _f0(reference, 2 * frames, float(np.median(unvoiced)) if unvoiced.size else 5.0)
    heard = energy(sound, rendered.energy.shape[1])
    slope, offset = np.polyfit(heard, rendered.energy[0], 1)
    loudness = np.asarray(slope * energy(recording, 2 * frames) + offset, np.float32)[None]
    return Targets(features, f0, loudness, model.harmonics(f0), recording, found.cost)


def _first_of_each(features: Array, durations: NDArray[np.int64]) -> Array:
    """Text features of each token, float32 (1, 512, L+2); the model only repeats them."""
    starts = np.concatenate([[0], np.cumsum(durations)[:-1]])
    return features[:, :, np.minimum(starts, features.shape[-1] - 1)]


def _f0(reference: Reference, frames: int, unvoiced: float) -> Array:
    """The recording's F0 at 80 Hz, float32 (1, frames)."""
    track = reference.track
    nearest = np.round(np.arange(frames) / 80 / STEP_SECONDS).astype(int)
    nearest = np.minimum(nearest, len(track.hz) - 1)
    hz = np.where(track.voiced[nearest], track.hz[nearest], unvoiced)
    return np.asarray(hz, np.float32)[None]
