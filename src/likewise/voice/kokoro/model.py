"""Kokoro's three sessions on onnxruntime: phonemes to prosody, prosody to sound.

model = KokoroModel()
prosody = model.front(ids, style)
audio = model.decode(prosody, style)
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likewise import weights
from likewise.voice.kokoro import graph
from likewise.voice.kokoro.deltas import DELTAS, accept_deltas

SAMPLE_RATE = 24_000
FRAME_RATE = 40
"""Duration frames a second."""
FRAME_SAMPLES = SAMPLE_RATE // FRAME_RATE
MAX_TOKENS = 508
"""Kokoro's context is 512, with a zero on both sides and a style row for at most 510."""


@dataclass(frozen=True, slots=True, eq=False)
class Prosody:
    """What the front decides and the decoder plays; T frames of 1/40 s.

    Attributes:
        durations: int (L+2,), frames of each token, the zeros around them included.
        f0: float32 (1, 2T), Hz at 80 Hz, unvoiced frames about 3 to 10.
        energy: float32 (1, 2T).
        features: float32 (1, 512, T), text features.
    """

    durations: NDArray[np.int64]
    f0: NDArray[np.float32]
    energy: NDArray[np.float32]
    features: NDArray[np.float32]

    @property
    def frames(self) -> int:
        """T, how many frames of 1/40 s it lasts."""
        return int(self.features.shape[2])

    def between(self, start: int, end: int) -> "Prosody":
        """The curves of frames `start` to `end`; the durations stay those of the whole."""
        half = slice(2 * start, 2 * end)
        features = self.features[:, :, start:end]
        return Prosody(self.durations, self.f0[:, half], self.energy[:, half], features)


class KokoroModel:
    """The loaded model; safe to call from several threads."""

    def __init__(self, threads: int = 2, *, exact: bool = False) -> None:
        """Load the parts, cutting them from the model on first use.

        Args:
            threads: Threads inside an operation. Two do not wait busily for each other, so the
                face can be drawn at the same time.
            exact: Decode with the int8 graph as published instead of float convolutions.

        Raises:
            MissingWeights: The model is missing or changed.
        """
        files = {
            graph.FRONT: graph.part(graph.FRONT),
            graph.SOURCE: graph.part(graph.SOURCE),
            graph.DECODER: graph.part(graph.DECODER) if exact else graph.float_decoder(),
        }
        self._sessions = {cut: _session(str(file), threads) for cut, file in files.items()}
        self._decoder, self._threads = files[graph.DECODER], threads
        self._adaptable = False
        # One run at a time: two at once need twice the memory and are no faster.
        self._lock = threading.Lock()

    def front(
        self, ids: Sequence[int], style: NDArray[np.float32], *, speed: float = 1.0
    ) -> Prosody:
        """Durations, F0, energy and features of a text.

        Args:
            ids: Token numbers, 1 to `MAX_TOKENS`.
            style: float32 (256,).
            speed: Divides all durations.
        """
        feed: dict[str, NDArray[Any]] = {
            "tokens": np.array([[0, *ids, 0]], np.int64),
            "style": style.reshape(1, 256).astype(np.float32),
            "speed": np.array([speed], np.float32),
        }
        durations, f0, energy, features = self._run(graph.FRONT, feed)
        return Prosody(np.round(durations).astype(np.int64).ravel(), f0, energy, features)

    def harmonics(self, f0: NDArray[np.float32]) -> NDArray[np.float32]:
        """Spectrum of the harmonic source, float32 (1, 22, 120T+1).

        Args:
            f0: float32 (1, 2T), Hz at 80 Hz.
        """
        (spectrum,) = self._run(graph.SOURCE, {graph.F0: f0})
        return spectrum

    def decode(
        self,
        prosody: Prosody,
        style: NDArray[np.float32],
        deltas: NDArray[np.float32] | None = None,
        *,
        harmonics: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Sound of a prosody.

        Args:
            prosody: As `front` answers it, F0 and energy perhaps changed.
            style: float32 (256,).
            deltas: float32 (37396,) of an adapted voice, see `deltas.py`.
            harmonics: float32 (1, 22, 120T+1), the source's spectrum where it is known; excerpts
                of one source are in phase with each other.

        Returns:
            float32 (600 T,) at 24 kHz.
        """
        feed = {
            "style": style.reshape(1, 256).astype(np.float32),
            graph.FEATURES: prosody.features,
            graph.F0: prosody.f0,
            graph.ENERGY: prosody.energy,
            graph.HARMONICS: self.harmonics(prosody.f0) if harmonics is None else harmonics,
        }
        if deltas is not None:
            self._accept_deltas()
            feed[DELTAS] = deltas
        (audio,) = self._run(graph.DECODER, feed)
        samples: NDArray[np.float32] = np.asarray(audio, np.float32).ravel()
        return samples

    def _accept_deltas(self) -> None:
        """Change to a decoder that reads deltas, which only adapted voices need."""
        with self._lock:
            if not self._adaptable:
                recipe = self._decoder.stem.partition("-decoder-")[2]
                file = weights.derived(
                    graph.MODEL,
                    f"decoder-{recipe}-deltas-1",
                    lambda _, target: accept_deltas(self._decoder, target),
                )
                del self._sessions[graph.DECODER]  # never two of them in memory
                self._sessions[graph.DECODER] = _session(str(file), self._threads)
                self._adaptable = True

    def _run(self, cut: graph.Cut, feed: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        with self._lock:
            answers: list[NDArray[Any]] = self._sessions[cut].run(list(cut.outputs), feed)
        return answers


def _session(path: str, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
