"""From symbols and a prompt to sound: passage by passage, each continuing what was said before.

With a sliding window the prompt is the voice's own recording and, behind it, as many of the latest
passages as fit the length that the model was trained on: speech flows on as it began, and can't
drift away from the voice, since the recording never leaves the window. Without it every passage
continues the recording alone, and several are decoded in one pass.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from likewise.voice import int8
from likewise.voice.vallex import checkpoint, encodec, vocos
from likewise.voice.vallex.config import (
    FRAME_RATE,
    LANGUAGES,
    SAMPLE_RATE,
    Sampling,
    VallexConfig,
)
from likewise.voice.vallex.decoding import Step, Text, decode, readings
from likewise.voice.vallex.encodec import Encodec, EncodecConfig
from likewise.voice.vallex.files import VallexFiles, missing_codec
from likewise.voice.vallex.model import Vallex
from likewise.voice.vallex.prompts import Prompt
from likewise.voice.vallex.reading import Symbols
from likewise.voice.vallex.vocos import Vocos, VocosConfig

_LONGEST = 22 * FRAME_RATE  # frames of prompt and speech together, as in training
_GROUP = 4  # passages decoded at once after the first
_SYMBOLS_A_FRAME = 2  # faster speech than that is an end drawn by accident
_FADE = 0.005

Floats = NDArray[np.float32]
Heard = Callable[[int, int], None]
"""Told the passage and how many codes it has so far."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A passage's sound.

    Attributes:
        passage: Its index.
        samples: float32 at 24 kHz.
        codes: (T, 8) its codes.
        notes: What the user should know.
    """

    passage: int
    samples: Floats
    codes: NDArray[np.int64]
    notes: tuple[str, ...] = ()


class Speaker:
    """A loaded model with its codec."""

    def __init__(
        self, model: Vallex, codec: Encodec | None, vocoder: Vocos | None, sampling: Sampling
    ) -> None:
        assert codec is not None or vocoder is not None
        self._model = model
        self._codec = codec
        self._vocoder = vocoder
        self._sampling = sampling

    @classmethod
    def load(cls, files: VallexFiles, sampling: Sampling, *, wants_int8: bool) -> Self:
        """Load a model from its files.

        Raises:
            BadInput: A file is damaged, or another model's.
        """
        model = checkpoint.load_model(files.checkpoint, VallexConfig())
        codec = encodec.load(files.encodec) if files.encodec else None
        vocoder = vocos.load(files.vocos) if files.vocos else None
        device = "cuda" if torch.cuda.is_available() else "cpu"
        if device == "cpu" and wants_int8 and int8.available():
            int8.quantise(model.ar.decoder.blocks)
        return cls(
            model.to(device),
            codec.to(device) if codec else None,
            vocoder.to(device) if vocoder else None,
            sampling,
        )

    @classmethod
    def small(cls, sampling: Sampling, *, seed: int) -> Self:
        """A reduced model with random weights: it says noise, about twice as fast as speech."""
        return cls(
            Vallex.random(VallexConfig.small(), seed=seed),
            Encodec.random(EncodecConfig(filters=4), seed=seed),
            Vocos.random(VocosConfig(width=32, hidden=64, layers=2), seed=seed),
            replace(sampling, codes_per_symbol=min(2, sampling.codes_per_symbol)),
        )

    def listen(self, samples: Floats) -> NDArray[np.int64]:
        """Codes (T, 8) of a recording at 24 kHz.

        Raises:
            MissingWeights: This model has no EnCodec.
        """
        if self._codec is None:
            raise missing_codec()
        codes = self._codec.encode(torch.from_numpy(samples).to(self._device))
        found: NDArray[np.int64] = codes.cpu().numpy()
        return found

    def sound(self, codes: Tensor) -> Floats:
        """Samples of codes (T, 8)."""
        vocoder = self._vocoder or self._codec
        assert vocoder is not None
        samples: Floats = vocoder.decode(codes).cpu().numpy()
        return samples

    def speak(
        self,
        passages: Sequence[Symbols],
        prompt: Prompt,
        *,
        sliding: bool,
        seed: int,
        heard: Heard = lambda _, __: None,
    ) -> Iterator[Sound]:
        """Say passages in a voice, one sound each.

        Args:
            passages: What is said.
            prompt: The voice.
            sliding: Continue the passages before, too.
            seed: Seed of the first passage; the next has another one.
            heard: Told while codes are drawn; what it raises ends the speech.
        """
        if not sliding:
            yield from self._separately(passages, prompt, seed, heard)
            return
        window = Window(prompt)
        for index, passage in enumerate(passages):
            before = window.prompt_for(len(passage))
            for sound in self._said([passage], before, index, seed, heard):
                window.add(passage, sound)
                yield sound

    def _separately(
        self, passages: Sequence[Symbols], prompt: Prompt, seed: int, heard: Heard
    ) -> Iterator[Sound]:
        first = 0
        while first < len(passages):
            group = passages[first : first + (_GROUP if first else 1)]
            waiting: dict[int, Sound] = {}
            following = first
            for sound in self._said(group, prompt, first, seed, heard):
                waiting[sound.passage] = sound
                while following in waiting:
                    yield waiting.pop(following)
                    following += 1
            first += len(group)

    def _said(
        self, group: Sequence[Symbols], prompt: Prompt, first: int, seed: int, heard: Heard
    ) -> Iterator[Sound]:
        """Sounds of passages in one pass, in the order in which they end."""
        codes = torch.from_numpy(prompt.codes).to(self._device)
        texts = [self._text(prompt.symbols, symbols) for symbols in group]
        steps = decode(
            self._model.ar,
            self._model.config,
            texts,
            codes[:, 0],
            self._sampling,
            seed=seed + first * self._sampling.best_of,
        )
        watched = _watched(steps, first, heard)
        for reading in readings(watched, len(texts), self._sampling, len(codes)):
            text = texts[reading.text]
            spoken = self._model.complete(text.ids, text.languages, codes, reading.codes)
            samples = self.sound(spoken)
            notes: tuple[str, ...] = ()
            if reading.cut:
                samples = _faded(samples)
                notes = (
                    "A passage was cut at the model's longest length: it found no end. Say it "
                    "again, or write it as shorter sentences.",
                )
            yield Sound(first + reading.text, samples, spoken.cpu().numpy(), notes)

    def _text(self, before: Symbols, symbols: Symbols) -> Text:
        both = before + symbols
        return Text(
            torch.tensor(both.ids, device=self._device),
            torch.tensor([LANGUAGES.index(one) for one in both.languages], device=self._device),
            longest=max(FRAME_RATE, self._sampling.codes_per_symbol * len(symbols)),
            shortest=max(1, len(symbols) // _SYMBOLS_A_FRAME),
        )

    @property
    def _device(self) -> torch.device:
        return self._model.ar.head.weight.device


class Window:
    """The voice's prompt and the latest passages."""

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt
        self._said: deque[tuple[Symbols, NDArray[np.int64]]] = deque()

    def add(self, passage: Symbols, sound: Sound) -> None:
        """Take a passage that was said; one that was cut is no example to follow."""
        if not sound.notes and len(sound.codes):
            self._said.append((passage, sound.codes))

    def prompt_for(self, symbols: int) -> Prompt:
        """What the next passage of so many symbols continues.

        Passages leave as a whole, the oldest first, so that codes and text stay of one length.
        """
        rate = len(self._prompt.codes) / len(self._prompt.symbols)
        room = _LONGEST - len(self._prompt.codes) - round(rate * symbols)
        while self._said and sum(len(codes) for _, codes in self._said) > room:
            self._said.popleft()
        text = self._prompt.symbols
        for passage, _ in self._said:
            text = text + passage
        return Prompt(
            np.concatenate([self._prompt.codes, *(codes for _, codes in self._said)]), text
        )


def _watched(steps: Iterator[Step], first: int, heard: Heard) -> Iterator[Step]:
    for count, step in enumerate(steps, 1):
        if count % FRAME_RATE == 0:
            heard(first, count)
        yield step


def _faded(samples: Floats) -> Floats:
    """The end of a sound that was cut off, without a click."""
    length = min(len(samples), round(_FADE * SAMPLE_RATE))
    samples = samples.copy()
    samples[len(samples) - length :] *= np.linspace(1, 0, length, dtype=np.float32)
    return samples
