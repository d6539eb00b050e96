"""From recordings to the few seconds of speech that enrolment listens to, with honest warnings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from likewise.audio.level import (
    clipped_share,
    noise_floor_dbfs,
    rms_dbfs,
    speech_activity,
)
from likewise.audio.resampling import resampled
from likewise.errors import BadInput
from likewise.hearing import speaker
from likewise.hearing.pitch import PitchTrack, octaves_mended, pitch
from likewise.values import Audio
from likewise.voice.checking import check_recordings
from likewise.voice.kokoro.likeness import LIKENESS, shrill, sounds_spoken
from likewise.voice.kokoro.ltas import BINS, SIZE, power_frames
from likewise.voice.kokoro.model import SAMPLE_RATE

_MOST_SECONDS = 12.0
_ENOUGH_SECONDS = 6.0  # after which noisier recordings than the best are left out
_MUCH_NOISIER_DB = 12.0
_LEAST_SECONDS = 1.0
_SHORT_SECONDS = 4.0
_LONGEST_HEARD = 120.0  # of each recording: enough to choose from
_STRETCH_SECONDS = 20.0  # what a longer one is judged by
_SILENT_BACKGROUND = 60.0  # dB below the speech: quieter ones are as good
_CLIPPED_SHARE = 5e-4
_NOISY_DB = 18.0
_NARROW_HZ = 4_600.0
_VOICED_SHARE = 0.1
_SUNG_SHARE = 0.93
_WIDE_SPREAD = 0.42
_STEADY_SPREAD = 0.012
_LEVEL_DBFS = -25.0
_FADE_SECONDS = 0.008
_FEWEST_WINDOWS = 4  # 2 s: fewer windows of the encoder say more about the words
_ONE_SPEAKER = 0.72


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What a speaker sounds like, as heard in the recordings.

    Attributes:
        speech: float32 (T,) at 24 kHz, RMS -25 dBFS, 1 to 12 s.
        track: F0 of the chosen speech.
        embedding: float32 (256,), what the speaker encoder hears in it.
        bandwidth_hz: Up to where the recording holds sound.
        snr_db: Speech level above the noise floor.
        warnings: What may make the voice less alike, in words for the user.
        is_speech: Somebody speaks; else it is the sound of an animal, a thing or music.
    """

    speech: NDArray[np.float32]
    track: PitchTrack
    embedding: NDArray[np.float32]
    bandwidth_hz: float
    snr_db: float
    warnings: tuple[str, ...]
    is_speech: bool = True

    @property
    def seconds(self) -> float:
        """How much speech was chosen."""
        return len(self.speech) / SAMPLE_RATE


@dataclass(frozen=True, slots=True, eq=False)
class _Span:
    """Sound between two pauses.

    Attributes:
        order: Its place among all.
        samples: float32 (T,) at 24 kHz.
        hz: F0 in steps of 10 ms.
        quality: How much it tells about the voice; only the order counts.
        snr_db: How far the recording, or the stretch of a long one, is above its background.
        clipped: Share of that whose samples are clipped.
    """

    order: int
    samples: NDArray[np.float32]
    hz: NDArray[np.float64]
    quality: float
    snr_db: float
    clipped: float


def choose(recordings: Sequence[Audio], *, spoken: bool = False) -> Reference:
    """The best seconds of speech in one or more recordings of one speaker.

    Args:
        recordings: Any length and sample rate.
        spoken: They are known to hold speech, such as a small child's that is as high as a bark.

    Raises:
        BadInput: No recording, samples that are not numbers, silence, less than a second of
            sound, or sound without a voice.
    """
    check_recordings(recordings)
    spans: list[_Span] = []
    for number, recording in enumerate(recordings, start=1):
        name = "The recording" if len(recordings) == 1 else f"Recording {number}"
        _check_length(recording, name)
        for stretch in _clearest(recording):
            spans += _spans(stretch, len(spans))
    chosen = _best(spans)
    seconds = sum(len(span.samples) for span in chosen) / SAMPLE_RATE
    if seconds < _LEAST_SECONDS:
        raise BadInput(
            f"Only {seconds:.1f} s of sound stand out of the background; cloning needs at least "
            f"{_LEAST_SECONDS:.0f} s of speech, better 6 to 12. Give a longer recording."
        )
    speech = np.concatenate([span.samples for span in chosen])
    track = octaves_mended(np.concatenate([span.hz for span in chosen]))
    if track.voiced_seconds < _VOICED_SHARE * seconds:
        track = shrill(speech)
    share = track.voiced_seconds / seconds
    if share < _VOICED_SHARE or (track.spread or 0.0) < 1e-4:
        raise BadInput(
            f"No voice is heard in the recording: {share:.0%} of the sound has a pitch. Give a "
            "recording of one person speaking, without music."
        )
    level = 10 ** (_LEVEL_DBFS / 20) / np.sqrt(np.mean(np.square(speech, dtype=np.float64)))
    speech = np.asarray(speech * level, np.float32)
    bandwidth = _bandwidth(speech)
    snr = min(span.snr_db for span in chosen)
    prepared = speaker.prepare(Audio(speech, SAMPLE_RATE))
    windows = speaker.embed_windows(speaker.features(prepared))
    speaking = spoken or sounds_spoken(track)
    warnings = _warnings(seconds, max(span.clipped for span in chosen), bandwidth, snr)
    if not speaking:
        # How long the speech is and how narrow says nothing where there is none.
        warnings = (LIKENESS,)
    elif share > _SUNG_SHARE or not _STEADY_SPREAD <= (track.spread or 0.0) <= _WIDE_SPREAD:
        warnings += (
            "The recording may hold music or singing; one person speaking alone works best.",
        )
    elif likeness_within(windows) < _ONE_SPEAKER:
        warnings += (
            "Two people seem to speak in the recording, so the voice will be a bit of both; give "
            "one in which a single person speaks.",
        )
    return Reference(
        speech, track, speaker.mean_embedding(windows), bandwidth, float(snr), warnings, speaking
    )


def likeness_within(windows: NDArray[np.float32]) -> float:
    """How alike the two parts of a recording are, cut where they are least alike.

    Measured on LibriSpeech: 0.75 to 0.90 in 24 recordings of one person, 0.20 to 0.69 in 40 of two
    who speak one after the other.

    Args:
        windows: float32 (N, 256), embeddings in the order of time.

    Returns:
        A cosine; 1.0 where there is too little to compare.
    """
    cuts = range(_FEWEST_WINDOWS, len(windows) - _FEWEST_WINDOWS + 1)
    parts = (
        (speaker.mean_embedding(windows[:cut]), speaker.mean_embedding(windows[cut:]))
        for cut in cuts
    )
    return min((float(before @ after) for before, after in parts), default=1.0)


def _check_length(recording: Audio, name: str) -> None:
    if recording.seconds < _LEAST_SECONDS:
        raise BadInput(
            f"{name} has {recording.seconds:.1f} s; cloning needs at least {_LEAST_SECONDS:.0f} s "
            "of speech, better 6 to 12. Give a longer recording."
        )


def _clearest(recording: Audio) -> list[Audio]:
    """The parts of a recording that are listened to, in order: of a long one the clearest."""
    if recording.seconds <= _LONGEST_HEARD:
        return [recording]
    starts = np.arange(0.0, recording.seconds - _STRETCH_SECONDS / 2, _STRETCH_SECONDS)
    stretches = [recording.between(start, start + _STRETCH_SECONDS) for start in starts]
    clear = [
        min(_above_background(part), _SILENT_BACKGROUND) / 20.0 - 50.0 * clipped_share(part)
        for part in stretches
    ]
    best = np.argsort(clear, kind="stable")[::-1][: round(_LONGEST_HEARD / _STRETCH_SECONDS)]
    return [stretches[index] for index in sorted(best)]


def _above_background(sound: Audio) -> float:
    """How far a sound is above its noise floor, dB."""
    return rms_dbfs(sound) - noise_floor_dbfs(sound)


def _spans(recording: Audio, first: int) -> list[_Span]:
    """The stretches of activity of a recording with their pitch and quality."""
    sound = resampled(recording, SAMPLE_RATE)
    track = pitch(sound)
    background, snr = noise_floor_dbfs(sound), _above_background(sound)
    clipped = clipped_share(recording)
    spans = []
    for index, (start, end) in enumerate(speech_activity(sound)):
        part = sound.between(start, end)
        hz = track.hz[round(start * 100) : round(end * 100)]
        voiced = float((hz > 0).mean()) if len(hz) else 0.0
        # Stretches above the background, voiced and unclipped, tell most about a voice.
        clear = min(rms_dbfs(part) - background, _SILENT_BACKGROUND)
        quality = clear / 20.0 + voiced - 50.0 * clipped_share(part)
        spans.append(_Span(first + index, _faded(part.samples), hz, quality, snr, clipped))
    return spans


def _faded(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Soft edges, so that stretches put together don't click over the whole spectrum."""
    length = min(round(_FADE_SECONDS * SAMPLE_RATE), len(samples) // 2)
    ramp = np.sin(np.linspace(0, np.pi / 2, length, dtype=np.float32)) ** 2
    faded = samples.copy()
    faded[:length] *= ramp
    faded[len(faded) - length :] *= ramp[::-1]
    return faded


def _best(spans: Sequence[_Span]) -> list[_Span]:
    """The best spans up to the wanted length, in the order they were said."""
    chosen: list[_Span] = []
    most, enough = (round(seconds * SAMPLE_RATE) for seconds in (_MOST_SECONDS, _ENOUGH_SECONDS))
    taken = 0
    for span in sorted(spans, key=lambda span: -span.quality):
        if taken >= most:
            break
        if taken >= enough and span.snr_db < max(one.snr_db for one in chosen) - _MUCH_NOISIER_DB:
            continue
        samples = span.samples
        if len(samples) > most - taken:
            samples = _faded(samples[: most - taken])
        frames = round(len(samples) / SAMPLE_RATE * 100)
        chosen.append(replace(span, samples=samples, hz=span.hz[:frames]))
        taken += len(samples)
    return sorted(chosen, key=lambda span: span.order)


def _bandwidth(speech: NDArray[np.float32]) -> float:
    """The frequency above which the recording falls off a cliff, Hz."""
    power = power_frames(speech).mean(axis=0)
    level = 10 * np.log10(power + 1e-14)
    smooth = np.convolve(level, np.ones(9) / 9, mode="same")
    floor = smooth[30:300].max() - 65.0
    above = np.flatnonzero(smooth[: BINS - 5] > floor)
    return float((above[-1] if len(above) else BINS - 1) * SAMPLE_RATE / SIZE)


def _warnings(seconds: float, clipped: float, bandwidth: float, snr: float) -> tuple[str, ...]:
    said = []
    if seconds < _SHORT_SECONDS:
        said.append(
            f"Only {seconds:.1f} s of speech were found; 6 to 12 s give a voice that is more alike."
        )
    if clipped > _CLIPPED_SHARE:
        said.append(
            "The recording is clipped (too loud for the microphone); a quieter one sounds cleaner."
        )
    if bandwidth < _NARROW_HZ:
        said.append(
            f"The recording holds nothing above {bandwidth / 1000:.1f} kHz, like a telephone; the "
            "colour of the voice above that is guessed."
        )
    if snr < _NOISY_DB:
        said.append(
            f"The recording is noisy (speech only {snr:.0f} dB above the background); a quieter "
            "room gives a voice that is more alike, or cloning with --denoise."
        )
    return tuple(said)
