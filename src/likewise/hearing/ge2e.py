"""Who is speaking, second opinion: the GE2E speaker encoder.

A three-layer LSTM trained so that clips of one speaker lie close together and those of others far
apart (Wan et al. 2018, "Generalized end-to-end loss for speaker verification"). The weights are
Resemblyzer's, converted by `tools/convert_ge2e.py`. Enrolment never optimises this encoder, which
is why verification can let it judge a cloned voice.

    same = float(ge2e.embed(reference) @ ge2e.embed(clone))     # cosine, 0..1
"""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from likewise import weights
from likewise.audio.resampling import resampled
from likewise.errors import BadInput
from likewise.values import Audio

if TYPE_CHECKING:
    import onnxruntime

SCORER = "Resemblyzer 0.1.4 GE2E"
SAMPLE_RATE = 16_000
SIZE = 256
MIN_SECONDS = 0.5
"""Less speech than this says more about the phoneme than about the speaker."""

_WINDOW = 400  # 25 ms
_HOP = 160  # 10 ms
_PARTIAL = 160  # frames of mel in one window of the network: 1.6 s
_PARTIALS_PER_SECOND = 1.3
_MIN_COVERAGE = 0.75
_LEVEL_DBFS = -30.0
_SILENCE_DB = 40.0  # below the loudest window
_SILENCE_WINDOW = 2048
_SILENCE_HOP = 512


def embed(audio: Audio) -> NDArray[np.float32]:
    """Embed a speaker.

    Args:
        audio: Speech of one person, any sample rate; a few seconds are best.

    Returns:
        float32 (256,), length 1, no negative entries; the dot product of two is their cosine.

    Raises:
        BadInput: Less than half a second of sound above silence.
        MissingWeights: The shipped weight file is missing or changed.
    """
    return embed_prepared(prepare(audio))


def prepare(audio: Audio) -> NDArray[np.float32]:
    """Resample to 16 kHz, cut silence and set the level, as the encoder was trained.

    Resemblyzer cuts silence with WebRTC's detector; 40 dB below the loudest window does as well
    on recordings of one person, without another dependency.

    Returns:
        float32 (T,) at 16 kHz, RMS -30 dBFS.

    Raises:
        BadInput: Less than half a second of sound above silence.
    """
    if not np.isfinite(audio.samples).all():
        raise BadInput("The recording holds samples that are not numbers; export it again.")
    samples = resampled(audio, SAMPLE_RATE).samples
    if not samples.any():
        raise BadInput("The recording is silent.")
    speech = samples[loud(samples)]
    if len(speech) < MIN_SECONDS * SAMPLE_RATE:
        raise BadInput(
            f"Only {len(speech) / SAMPLE_RATE:.2f} s of sound above silence; comparing speakers "
            f"needs at least {MIN_SECONDS} s."
        )
    rms = float(np.sqrt(np.mean(np.square(speech, dtype=np.float64))))
    return np.asarray(speech * (10 ** (_LEVEL_DBFS / 20) / rms), np.float32)


def embed_prepared(speech: NDArray[np.float32]) -> NDArray[np.float32]:
    """Embed what `prepare` answered: the mean over overlapping windows of 1.6 s.

    Args:
        speech: float32 (T,) at 16 kHz.

    Returns:
        float32 (256,), length 1.
    """
    mean = embed_partials(partials(speech)).mean(0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


def partials(speech: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network hears of `prepare`d speech: the power spectra of its windows of 1.6 s.

    Returns:
        float32 (B, 160, 201): windows that begin at `partial_starts`, frames of 10 ms, bins of
        40 Hz.
    """
    starts = partial_starts(len(speech))
    missing = (starts[-1] + _PARTIAL) * _HOP - len(speech)
    # Centred windows, as the network was trained: half a window of zeros on both sides.
    padded = np.pad(speech, (_WINDOW // 2, max(0, missing) + _WINDOW // 2))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    power = np.square(np.abs(np.fft.rfft(windows * _hann()))).astype(np.float32)  # (frames, 201)
    return np.stack([power[start : start + _PARTIAL] for start in starts])


def embed_partials(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Embeddings float32 (B, 256) of length 1 of each of the windows that `partials` answers."""
    embeddings: NDArray[np.float32] = _session().run(None, {"power": power})[0]
    return embeddings


def partial_starts(samples: int) -> list[int]:
    """First mel frame of each 1.6 s window over a sound of `samples` samples at 16 kHz.

    A last window that is less than three quarters covered is left out, unless it is the only one.
    """
    frames = -(-(samples + 1) // _HOP)
    step = round(SAMPLE_RATE / _PARTIALS_PER_SECOND / _HOP)
    starts = list(range(0, max(1, frames - _PARTIAL + step + 1), step))
    covered = (samples - starts[-1] * _HOP) / (_PARTIAL * _HOP)
    return starts[:-1] if covered < _MIN_COVERAGE and len(starts) > 1 else starts


def loud(samples: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which samples (T,) at 16 kHz `prepare` keeps: within 40 dB of the loudest 32 ms or so."""
    padded = np.pad(samples, _SILENCE_WINDOW // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, _SILENCE_WINDOW)[::_SILENCE_HOP]
    power = np.einsum("ft,ft->f", windows, windows, dtype=np.float64)
    kept = power > power.max() * 10 ** (-_SILENCE_DB / 10)
    return np.repeat(kept, _SILENCE_HOP)[: len(samples)]


@cache
def _hann() -> NDArray[np.float64]:
    return np.hanning(_WINDOW + 1)[:-1]  # the periodic one


@cache
def _session() -> "onnxruntime.InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        str(weights.locate("ge2e")), options, providers=["CPUExecutionProvider"]
    )
