"""Kokoro as a voice engine: stock and enrolled voices, nine languages, exact timings, no torch.

    engine = KokoroEngine()
    voice = engine.stock_voices()[0]
    for part in engine.speak("Hello there. How are you?", voice):
        play(part.audio)                    # a sentence, or the first piece of a long one

Kokoro-82M (hexgrad, Apache-2.0) follows StyleTTS 2 (Li et al. 2023): a style vector decides both
prosody and timbre. Enrolment finds a style for a recording (see `enrolment.py`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput, MissingWeights, Unsupported
from likewise.progress import Progress, ProgressCallback, silent
from likewise.text.checking import check_speakable
from likewise.text.languages import LANGUAGES, Language, resolve
from likewise.text.phonemes import phonemise
from likewise.text.sentences import ends_paragraph, sentences
from likewise.text.words import Word
from likewise.values import Audio, Speech, Voice
from likewise.voice.checking import check_speed, check_voice
from likewise.voice.engine import BEST, Capabilities
from likewise.voice.kokoro import character, pieces, stock, timing
from likewise.voice.kokoro.model import MAX_TOKENS, SAMPLE_RATE, KokoroModel
from likewise.voice.kokoro.vocabulary import Encoding, encode

NAME = "kokoro"
INSTANT, ADAPTED = "instant", "adapted"
TIERS = (INSTANT, ADAPTED)
ADAPT_SECONDS = 60.0

_PAUSES = {"?": 0.40, "!": 0.40, ".": 0.40, "…": 0.55, ";": 0.28, ":": 0.28, "—": 0.25, ",": 0.18}
_PAUSE_IN_SENTENCE = 0.06  # where a long sentence had to be cut between two words
_PARAGRAPH_PAUSE = 0.75
_LEAD = 0.03  # silence kept before the first sound: stops need their closure
_TAIL = 0.05  # and after the last, which fades out in it
_FADE = 0.005
_PACES = (1.0, 0.9, 1.06, 0.82)  # Kokoro has no chance in it: another take is another pace
_TOKENS_A_PART = 180  # about 11 s of speech; memory grows by 2.2 MB a token


class KokoroEngine:
    """The default voice engine."""

    def __init__(self, *, threads: int = 2) -> None:
        """Make the engine; nothing is loaded before it is needed.

        Args:
            threads: Threads of the model.
        """
        self._threads = threads

    @property
    def name(self) -> str:
        """Name under which the engine is registered."""
        return NAME

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return Capabilities(
            clones=True,
            timings=True,
            streams=True,
            speed=True,
            sample_rate=SAMPLE_RATE,
            tiers=TIERS,
        )

    @property
    def languages(self) -> Sequence[str]:
        """Language tags it speaks, the default first."""
        return tuple(LANGUAGES)

    @cached_property
    def model(self) -> KokoroModel:
        """The loaded model.

        Raises:
            MissingWeights: A weight file is missing or changed.
        """
        return KokoroModel(self._threads)

    def stock_voices(self) -> Sequence[Voice]:
        """The 54 voices that come with Kokoro; language and sex are in their facts."""
        return tuple(stock.voice(name) for name in stock.names())

    def enrol(
        self,
        references: Sequence[Audio],
        *,
        name: str,
        transcripts: Sequence[str] | None = None,
        language: str = "",
        tier: str = INSTANT,
        seconds: float = ADAPT_SECONDS,
        on_progress: ProgressCallback = silent,
    ) -> Voice:
        """Make a voice from recordings of one speaker; see `likewise.voice.engine`.

        The tier `instant` mixes stock voices, in seconds. `adapted` fits the decoder to the
        recording as well, which takes `seconds`, the extra [torch], and what is said: in
        `transcripts`, or heard by Whisper. `best` adapts where that is possible.
        """
        from likewise.voice.kokoro.enrolment import enrol

        if tier not in (*TIERS, BEST):
            raise BadInput(f"There is no tier {tier!r}. Choose from {', '.join((*TIERS, BEST))}.")
        if transcripts is not None and len(transcripts) != len(references):
            raise BadInput(
                f"There are {len(references)} recordings and {len(transcripts)} transcripts. Give "
                "one for each."
            )
        tag = resolve(language).tag if language else ""
        if tier == INSTANT:
            return enrol(self.model, references, name=name, language=tag, on_progress=on_progress)
        from likewise.voice.kokoro.adapting.enrolment import adapt, check_torch, is_complete
        from likewise.voice.kokoro.reference import choose

        if tier == ADAPTED:
            check_torch()
        chosen = choose(references)
        voice = enrol(
            self.model,
            references,
            name=name,
            language=tag,
            on_progress=on_progress,
            reference=chosen,
        )
        try:
            return adapt(
                self.model,
                voice,
                chosen,
                complete=is_complete(chosen, references),
                transcripts=transcripts,
                seconds=seconds,
                on_progress=on_progress,
            )
        except (BadInput, MissingWeights) as error:
            if tier == ADAPTED:
                raise
            note = f"Cloned by the quick tier, which is less alike: {error}"
            warnings = [*voice.facts.get("warnings", ()), note]
            return replace(voice, facts={**voice.facts, "warnings": warnings})

    def speak(
        self,
        text: str,
        voice: Voice,
        *,
        language: str = "",
        speed: float = 1.0,
        take: int = 0,
        on_progress: ProgressCallback = silent,
    ) -> Iterator[Speech]:
        """Speak text, a part for each sentence; see `likewise.voice.engine`.

        A long sentence comes in several parts while little was said before it (`pieces.py`); the
        first holds its text.

        Text and options are checked before this returns, not when the first part is asked for.
        """
        spoken_in = resolve(language or voice.language or "en-us")
        check_voice(voice, NAME)
        if spoken_in.tag not in self.languages:
            raise Unsupported(
                f"Kokoro doesn't speak {spoken_in.name}. It speaks: {', '.join(self.languages)}."
            )
        check_speed(speed)
        check_speakable(text, spoken_in)
        pace = speed * _PACES[take % len(_PACES)]
        return self._parts(text, voice, spoken_in, pace, on_progress)

    def _parts(
        self,
        text: str,
        voice: Voice,
        language: Language,
        speed: float,
        on_progress: ProgressCallback,
    ) -> Iterator[Speech]:
        places = list(sentences(text, language))
        said, heard = 0, 0.0
        for done, (start, end) in enumerate(places):
            on_progress(Progress("speaking", done, len(places), "sentences"))
            sentence = text[start:end]
            words = phonemise(sentence, language)
            groups = _cut(words, language.tag)
            for index, (group, encoding) in enumerate(groups):
                first = 0 if index == 0 else group[0].start
                last = groups[index + 1][0][0].start if index + 1 < len(groups) else len(sentence)
                final = index + 1 == len(groups)
                pause = _pause(group, final=final)
                if final and ends_paragraph(text, end):
                    pause = _PARAGRAPH_PAUSE
                if final and done + 1 == len(places):
                    pause = 0.0
                written = sentence[first:last].strip()
                for part in self._say(
                    group, encoding, voice, language, speed, pause / speed, heard
                ):
                    heard += part.audio.seconds
                    said += 1
                    yield replace(part, text=written)
                    written = ""
        if not said:
            raise BadInput(
                f"There is nothing to say in this text: {language.name} has no sounds for its "
                "letters. Write it in words of the language."
            )
        on_progress(Progress("speaking", len(places), len(places), "sentences"))

    def _say(
        self,
        words: Sequence[Word],
        encoding: Encoding,
        voice: Voice,
        language: Language,
        speed: float,
        pause: float,
        heard: float,
    ) -> Iterator[Speech]:
        """Words that the model reads at once, in one part or in pieces; `pause` follows them."""
        style = stock.row(voice, len(encoding.ids))
        prosody = self.model.front(encoding.ids, style, speed=speed)
        prosody = replace(prosody, f0=character.match_pitch(prosody.f0, voice))
        edges = np.concatenate([[0], np.cumsum(prosody.durations)])
        tokens = pieces.first_tokens(encoding)
        begin = [0, *pieces.cuts(prosody.durations, encoding, words, heard), len(words)]
        places = [0, *(tokens[word] for word in begin[1:-1]), len(prosody.durations)]
        bounds = [int(edges[place]) for place in places]
        sounds = pieces.decoded(self.model, prosody, style, voice, bounds)
        for index, samples in enumerate(sounds):
            own = slice(places[index], places[index + 1])
            spans = timing.spans(prosody.durations[own], encoding.padded[own], samples)
            first, last = index == 0, index + 2 == len(places)
            samples, spans = _trimmed(
                samples, spans, first=first, last=last, pause=pause if last else 0.0
            )
            yield Speech(
                audio=Audio(samples, SAMPLE_RATE),
                text="",
                language=language.tag,
                phonemes=timing.phoneme_timings(spans, encoding),
                words=timing.word_timings(
                    spans, encoding, words[begin[index] : begin[index + 1]], begin[index]
                ),
                engine=NAME,
                voice=voice.name,
            )


def _cut(words: Sequence[Word], tag: str) -> list[tuple[list[Word], Encoding]]:
    """Groups of words small enough for the model, cut after punctuation where possible."""
    lengths = [len(encode([word], tag).ids) + 1 for word in words]  # with the space behind
    groups: list[tuple[list[Word], Encoding]] = []
    start = 0
    while start < len(words):
        count = _fitting(words, lengths, start)
        group = list(words[start : start + count])
        encoding = _shortened(encode(group, tag))
        if encoding.phones:
            groups.append((group, encoding))
        start += count
    return groups


def _fitting(words: Sequence[Word], lengths: Sequence[int], start: int) -> int:
    """How many words to take: all, or up to the last pause that fits, or the last that fits."""
    length, fits, after_pause = 0, 0, 0
    for index in range(start, len(words)):
        length += lengths[index]
        if length - 1 > _TOKENS_A_PART:
            return after_pause or max(fits, 1)
        fits = index + 1 - start
        if any(sign in _PAUSES for sign in words[index].after) and length > _TOKENS_A_PART // 4:
            after_pause = fits
    return fits


def _shortened(encoding: Encoding) -> Encoding:
    """An encoding of one endless word, cut to what the model can read."""
    if len(encoding.ids) <= MAX_TOKENS:
        return encoding
    owners = encoding.owners[:MAX_TOKENS]
    return Encoding(
        encoding.ids[:MAX_TOKENS], owners, encoding.phones[: max(owners, default=-1) + 1]
    )


def _pause(words: Sequence[Word], *, final: bool) -> float:
    """Seconds of silence after a part, by its last sign."""
    signs = [sign for sign in words[-1].after if sign in _PAUSES]
    if signs:
        return _PAUSES[signs[-1]]
    return _PAUSES["."] if final else _PAUSE_IN_SENTENCE


def _trimmed(
    samples: NDArray[np.float32], spans: list[timing.Span], *, first: bool, last: bool, pause: float
) -> tuple[NDArray[np.float32], list[timing.Span]]:
    """Sound with a short lead, faded ends and the pause behind it, and its spans.

    Args:
        samples: float32 (T,).
        spans: Its phones and silences.
        first: It begins what the model read at once.
        last: It ends that.
        pause: Seconds of silence put behind it.
    """
    voiced = [span for span in spans if span.owner >= 0]
    start, end = 0, len(samples)
    if first:
        start = max(0, voiced[0].start - round(_LEAD * SAMPLE_RATE))
    if last:
        end = min(len(samples), voiced[-1].end + round(_TAIL * SAMPLE_RATE))
    kept = samples[start:end].copy()
    fade = min(round(_FADE * SAMPLE_RATE), len(kept) // 2)
    ramp = np.sin(np.linspace(0, np.pi / 2, fade, dtype=np.float32)) ** 2
    if first:
        kept[:fade] *= ramp
    if last:
        kept[len(kept) - fade :] *= ramp[::-1]
    silence = np.zeros(round(pause * SAMPLE_RATE), np.float32)
    whole = np.concatenate([kept, silence])
    moved = [
        timing.Span(span.owner, max(span.start - start, 0), min(span.end - start, len(kept)))
        for span in spans
    ]
    moved = [span for span in moved if span.end > span.start or span.owner >= 0]
    if moved[-1].owner == -1:
        moved[-1] = timing.Span(-1, moved[-1].start, len(whole))
    elif len(whole) > moved[-1].end:
        moved.append(timing.Span(-1, moved[-1].end, len(whole)))
    return whole, moved
