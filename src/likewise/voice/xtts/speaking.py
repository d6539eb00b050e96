"""From token ids and a voice to sound: decoding and vocoder as two stages that run at once.

The vocoder's pieces are computed in a second thread while decoding goes on; PyTorch lets go of
Python's lock in both, and each gets half of its threads while the other works, all of them while it
doesn't: with more threads than cores they wait for each other, and speech took 1.6 times as long.
The first passage is decoded alone, so that sound starts early; the rest in groups, because the
weights are then read once for several passages.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from likewise.errors import BadInput, Unsupported
from likewise.values import Voice
from likewise.voice import int8
from likewise.voice.attention import KeyValueCache
from likewise.voice.xtts import checkpoint
from likewise.voice.xtts.config import Sampling, XttsConfig
from likewise.voice.xtts.decoding import Step, decode, voice_prefix
from likewise.voice.xtts.files import XttsFiles
from likewise.voice.xtts.model import Xtts
from likewise.voice.xtts.tokenizer import XttsTokenizer
from likewise.voice.xtts.vocoder import SAMPLE_RATE, Vocoding

_GROUP = 4  # passages decoded at once after the first
_FIRST_STATES = 10  # states before the first piece of sound: half a second
_MOST_STATES = 40  # later pieces, up to which their size doubles
_CODES_A_TOKEN = 3.5  # usual length of speech: XTTS's tokens take 0.16 s
_STOP_BIAS = 3.0
"""At the end of a text the stop code is among the best few with a few percent; a draw that misses
it babbles on. A stop of 3 % is cut off by the released top-p of 0.85 and never drawn; this makes it
63 % (e ^ (3 / 0.75) times the odds), so 2 draws find it instead of 33 or none."""
_CUT_FADE = 0.005

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sound:
    """A piece of sound.

    Attributes:
        passage: Index of the passage it belongs to.
        samples: float32 at 24 kHz.
        last: Whether the passage ends with it.
        notes: What the user should know.
    """

    passage: int
    samples: Floats
    last: bool
    notes: tuple[str, ...] = ()


class Speaker:
    """A loaded model with its tokenizer."""

    def __init__(self, model: Xtts, tokenizer: XttsTokenizer) -> None:
        self._model = model
        self.tokenizer = tokenizer
        self._prefixes: dict[bytes, KeyValueCache] = {}

    @classmethod
    def load(cls, files: XttsFiles, *, reduced: bool) -> Self:
        """Load a model from its files, onto the GPU where there is one.

        Args:
            files: Where they are.
            reduced: Fewer bits for the GPT: 8 on a CPU, 16 on a GPU.

        Raises:
            BadInput: A file is damaged, or they don't belong together.
        """
        config = XttsConfig.load(files.config)
        tokenizer = XttsTokenizer.load(files.vocabulary)
        if tokenizer.size > config.gpt.text_tokens:
            raise BadInput(
                f"{files.vocabulary} has {tokenizer.size} tokens, the model knows "
                f"{config.gpt.text_tokens}. Use the vocab.json that belongs to the checkpoint."
            )
        model = checkpoint.load_model(files.checkpoint, config)
        rounded = any(isinstance(part, int8.Int8Linear) for part in model.gpt.modules())
        device = torch.device("cpu") if rounded else best_device()
        if device.type == "cpu" and reduced and not rounded and int8.available():
            int8.quantise(model.gpt.blocks)
        if device.type != "cpu" and reduced:
            model.gpt.reduce(torch.float16)
        return cls(model.to(device), tokenizer)

    @classmethod
    def small(cls, *, seed: int) -> Self:
        """A reduced model with random weights and a vocabulary of letters."""
        model = Xtts.random(XttsConfig.small(), seed=seed)
        return cls(model, XttsTokenizer.letters())

    @property
    def max_text_tokens(self) -> int:
        """Most ids of a passage."""
        return self._model.config.gpt.max_text_tokens

    def check(self, voice: Voice, language: str) -> None:
        """Whether a voice and a language fit this model.

        Raises:
            BadInput: The voice's tensors have other sizes.
            Unsupported: The vocabulary has no tag for the language.
        """
        config = self._model.config
        wanted = {
            "latents": (config.gpt.perceiver_latents, config.gpt.width),
            "speaker": (config.speaker.width,),
        }
        found = {name: voice.tensors[name].shape for name in wanted if name in voice.tensors}
        if found != wanted:
            raise BadInput(
                f"The voice {voice.name!r} doesn't fit this XTTS model: it holds {found}, the "
                f"model takes {wanted}. Clone it again."
            )
        if language not in self.tokenizer.languages:
            raise Unsupported(
                f"The vocabulary of this model has no {language!r}; it has "
                f"{', '.join(self.tokenizer.languages)}."
            )

    def listen(self, references: Sequence[Floats]) -> tuple[Floats, Floats]:
        """Latents (L, C) and speaker embedding (E,) of recordings at 22.05 kHz."""
        device = self._model.scale.device
        voice = self._model.condition([torch.from_numpy(r).to(device) for r in references])
        return voice.latents[0].cpu().numpy(), voice.speaker[0].cpu().numpy()

    def speak(
        self,
        texts: Sequence[Sequence[int]],
        voice: Voice,
        *,
        speed: float = 1.0,
        seed: int = 0,
        sampling: Sampling | None = None,
    ) -> Iterator[Sound]:
        """Say passages in order.

        Args:
            texts: Token ids of each.
            voice: A voice that `check` let pass.
            speed: 2.0 is twice as fast; at other speeds than 1 a passage comes in one piece.
            seed: Passage n draws its codes with the seed `seed` + n.
            sampling: How codes are drawn; the model's config with a stop bias if left out.

        Yields:
            Pieces of sound, in order.
        """
        sampling = sampling or replace(self._model.config.sampling, stop_bias=_STOP_BIAS)
        device = self._model.scale.device
        embedding = torch.from_numpy(np.array(voice.tensors["speaker"], np.float32))[None]
        prefix = self._prefix(voice)
        with ThreadPoolExecutor(1, "xtts-vocoder") as pool:
            first = 0
            while first < len(texts):
                group = texts[first : first + (1 if first == 0 else _GROUP)]
                expected = [round(_CODES_A_TOKEN * len(ids)) for ids in group]
                steps = decode(
                    self._model.gpt, prefix, group, sampling, seed=seed + first, expected=expected
                )
                outlets = [
                    Vocoding(self._model.vocoder, embedding.to(device), speed=speed) for _ in group
                ]
                for sound in _Pipeline(pool, outlets).run(steps):
                    yield replace(sound, passage=first + sound.passage)
                first += len(group)

    def _prefix(self, voice: Voice) -> KeyValueCache:
        latents = np.ascontiguousarray(voice.tensors["latents"], np.float32)
        key = latents.tobytes()
        if key not in self._prefixes:
            self._prefixes.clear()  # 8 MB each; a job speaks in one voice
            there = torch.from_numpy(latents.copy()).to(self._model.scale.device)
            self._prefixes[key] = voice_prefix(self._model.gpt, there[None])
        return self._prefixes[key]


def best_device() -> torch.device:
    """A GPU where PyTorch finds one, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """PyTorch computes with so many in this thread; what the caller does after keeps its own."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Pipeline:
    """Hands states to the vocoder's thread and answers its sound in order."""

    def __init__(self, pool: ThreadPoolExecutor, outlets: Sequence[Vocoding]) -> None:
        self._pool = pool
        self._outlets = outlets
        self._waiting: list[list[torch.Tensor]] = [[] for _ in outlets]
        self._stopped: dict[int, bool] = {}  # row -> whether the limit cut it off
        self._head = 0  # the row whose sound comes next
        self._size = _FIRST_STATES
        self._jobs: deque[tuple[int, bool, bool, Future[Floats]]] = deque()
        self._all = torch.get_num_threads()
        self._share = max(1, self._all // 2)

    def run(self, steps: Iterator[Step]) -> Iterator[Sound]:
        while True:
            busy = any(not job.done() for *_, job in self._jobs)
            with _threads(self._share if busy else self._all):
                step = next(steps, None)
            if step is None:
                break
            for place, row in enumerate(step.rows):
                self._waiting[row].append(step.states[place])
            self._stopped.update({row: row in step.cut for row in step.stopped})
            self._submit()
            while self._jobs and self._jobs[0][3].done():
                yield from self._answer()
        while self._jobs:
            yield from self._answer()

    def _submit(self) -> None:
        while self._head < len(self._outlets):
            row = self._head
            states, ended = self._waiting[row], row in self._stopped
            if not ended and len(states) < self._size:
                return
            given = torch.stack(states) if states else None
            self._waiting[row] = []
            outlet = self._outlets[row]
            last = len(self._stopped) == len(self._outlets)  # nothing is decoded beside it
            threads = self._all if last else self._share
            job = self._pool.submit(_sound, outlet, given, ended, threads)
            self._jobs.append((row, ended, self._stopped.get(row, False), job))
            if not ended:
                self._size = min(2 * self._size, _MOST_STATES)
                return
            self._head += 1

    def _answer(self) -> Iterator[Sound]:
        row, last, cut, job = self._jobs.popleft()
        samples = job.result()
        notes: tuple[str, ...] = ()
        if cut:
            samples = _faded(samples)
            notes = ("A sentence was cut at the model's longest length; write shorter sentences.",)
        if len(samples) or last:
            yield Sound(row, samples, last, notes)


def _sound(outlet: Vocoding, states: torch.Tensor | None, ended: bool, threads: int) -> Floats:
    with _threads(threads), torch.inference_mode():
        pieces = [] if states is None else [outlet.add(states)]
        if ended:
            pieces.append(outlet.finish())
        return torch.cat(pieces).cpu().numpy()


def _faded(samples: Floats) -> Floats:
    """The end of a sound that was cut off, without a click."""
    length = min(len(samples), round(_CUT_FADE * SAMPLE_RATE))
    samples = samples.copy()
    samples[len(samples) - length :] *= np.linspace(1, 0, length, dtype=np.float32)
    return samples
