"""From text to sound: sentence by sentence, a long one in pieces.

    for part in spoken(lambda: model, marked, voice, resolve("en-us"), Wish(), silent):
        play(part.audio)

Words become tokens (`lines.py`), tokens a prosody (`model.front`), which takes on the speaker's
pitch and what the marks ask for (`retiming.py`), and then sound, piece by piece (`pieces.py`), with
silences as long as wanted (`pauses.py`) and times that say what is heard when (`timing.py`).
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.progress import Progress, ProgressCallback
from likewise.text.languages import Language
from likewise.text.markup import MarkedText
from likewise.text.reading import read
from likewise.text.sentences import ends_paragraph, sentences
from likewise.values import Audio, Speech, Voice
from likewise.voice.kokoro import abroad, character, manner, pieces, retiming, stock, timing
from likewise.voice.kokoro.lines import Line, breaks_in, cut, pause_after, with_commas
from likewise.voice.kokoro.model import SAMPLE_RATE, KokoroModel
from likewise.voice.kokoro.pauses import paused

NAME = "kokoro"

_PARAGRAPH_PAUSE = 0.75
_LEAD = 0.03  # silence kept before the first sound: stops need their closure
_TAIL = 0.05  # and after the last, which fades out in it
_FADE = 0.005


@dataclass(frozen=True, slots=True)
class Wish:
    """How all of a text is said.

    Attributes:
        speed: Times as fast.
        pitch: Semitones higher.
        pause: Times as long as usual that pauses are.
        pieces: Long sentences come in pieces.
    """

    speed: float = 1.0
    pitch: float = 0.0
    pause: float = 1.0
    pieces: bool = False


def spoken(
    model: Callable[[], KokoroModel],
    marked: MarkedText,
    voice: Voice,
    language: Language,
    wish: Wish,
    on_progress: ProgressCallback,
) -> Iterator[Speech]:
    """Speak a text; joined, the parts are the whole.

    Args:
        model: Asked for the model when the first part is wanted.
        marked: What is said.
        voice: Who says it.
        language: The language of what no mark gives another one.
        wish: How all of it is said.
        on_progress: Told about sentences done.

    Raises:
        BadInput: None of the words has a sound in its language.
    """
    voice = abroad.speaking(voice, language, model)
    own = manner.of(voice)
    wish = replace(wish, speed=wish.speed * own.rate, pause=wish.pause * own.pause)
    places = list(_sentences(marked, language))
    said, heard = 0, 0.0
    for done, (start, end) in enumerate(places):
        on_progress(Progress("speaking", done, len(places), "sentences"))
        following = places[done + 1][0] if done + 1 < len(places) else len(marked.text)
        sentence = marked.between(start, end)
        words = read(sentence, language)
        breaks = breaks_in(marked, words, start, following, opening=done == 0)
        words = with_commas(words, breaks)
        groups = cut(words, language.tag)
        for index, (group, encoding) in enumerate(groups):
            first = 0 if index == 0 else group[0].start
            final = index + 1 == len(groups)
            last = len(sentence.text) if final else groups[index + 1][0][0].start
            pause = pause_after(group, final=final)
            if final and ends_paragraph(marked.text, end):
                pause = _PARAGRAPH_PAUSE
            if final and done + 1 == len(places):
                pause = 0.0
            pause *= wish.pause / wish.speed
            written = sentence.text[first:last].strip()
            line = Line(group, encoding, sentence, breaks, breaks.get(group[-1].end, pause))
            for part in _say(model(), line, voice, language, wish, heard):
                heard += part.audio.seconds
                notes = () if said else marked.notes
                said += 1
                yield replace(part, text=written, notes=notes)
                written = ""
    if not said:
        raise BadInput(
            f"There is nothing to say in this text: {language.name} has no sounds for its "
            "letters. Write it in words of the language."
        )
    on_progress(Progress("speaking", len(places), len(places), "sentences"))


def _say(
    model: KokoroModel, line: Line, voice: Voice, language: Language, wish: Wish, heard: float
) -> Iterator[Speech]:
    """Words that the model reads at once, in one part or in pieces."""
    words, encoding = line.words, line.encoding
    style = stock.row(voice, len(encoding.ids))
    prosody = model.front(encoding.ids, style, speed=wish.speed)
    prosody = replace(prosody, f0=character.match_pitch(prosody.f0, voice))
    manners = line.manners()
    prosody = retiming.at_rates(prosody, [manner.rate for manner in manners])
    prosody = retiming.at_pitches(prosody, [wish.pitch + manner.pitch for manner in manners])
    # Silence tells AdaIN nothing about a first piece, and costs as much time as speech.
    soon = retiming.starting_soon(prosody, pieces.LEAD)
    cuts = pieces.cuts(soon.durations, encoding, words, heard) if wish.pieces else []
    prosody = soon if cuts else prosody
    edges = np.concatenate([[0], np.cumsum(prosody.durations)])
    tokens = pieces.first_tokens(encoding)
    begin = [0, *cuts, len(words)]
    places = [0, *(tokens[word] for word in begin[1:-1]), len(prosody.durations)]
    bounds = [int(edges[place]) for place in places]
    sounds = pieces.decoded(model, prosody, style, voice, bounds)
    for index, samples in enumerate(sounds):
        own = slice(places[index], places[index + 1])
        durations = prosody.durations[own]
        spans = timing.spans(durations, encoding.padded[own], samples)
        samples = retiming.at_volumes(samples, durations, [m.volume for m in manners[own]])
        first, last = index == 0, index + 2 == len(places)
        samples, spans = paused(
            samples,
            spans,
            factor=wish.pause,
            signs=line.signs_by_phone(),
            breaks=line.breaks_by_phone(),
            first=first,
            last=last,
        )
        samples, spans = _trimmed(
            samples,
            spans,
            lead=line.lead if first else None,
            pause=line.pause if last else None,
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


def _sentences(marked: MarkedText, language: Language) -> Iterator[tuple[int, int]]:
    """Where sentences begin and end, by punctuation and by marks."""
    for start, end in sentences(marked.text, language):
        edges = [start, *(place for place in marked.ends if start < place < end), end]
        for first, last in itertools.pairwise(edges):
            piece = marked.text[first:last]
            if piece.strip():
                yield first + len(piece) - len(piece.lstrip()), first + len(piece.rstrip())


def _trimmed(
    samples: NDArray[np.float32],
    spans: list[timing.Span],
    *,
    lead: float | None,
    pause: float | None,
) -> tuple[NDArray[np.float32], list[timing.Span]]:
    """Sound with short faded ends and the silence around it, and its spans.

    Args:
        samples: float32 (T,).
        spans: Its phones and silences.
        lead: Seconds of silence put before it, None where it goes on with what was said before.
        pause: Seconds of silence put behind it, None where it goes on.
    """
    voiced = [span for span in spans if span.owner >= 0]
    start, end = 0, len(samples)
    if lead is not None:
        start = max(0, voiced[0].start - round(_LEAD * SAMPLE_RATE))
    if pause is not None:
        end = min(len(samples), voiced[-1].end + round(_TAIL * SAMPLE_RATE))
    kept = samples[start:end].copy()
    fade = min(round(_FADE * SAMPLE_RATE), len(kept) // 2)
    ramp = np.sin(np.linspace(0, np.pi / 2, fade, dtype=np.float32)) ** 2
    if lead is not None:
        kept[:fade] *= ramp
    if pause is not None:
        kept[len(kept) - fade :] *= ramp[::-1]
    before, behind = (
        np.zeros(round((seconds or 0.0) * SAMPLE_RATE), np.float32) for seconds in (lead, pause)
    )
    whole = np.concatenate([before, kept, behind])
    shift = len(before) - start
    moved = [
        timing.Span(
            span.owner,
            max(span.start + shift, len(before)),
            min(span.end + shift, len(before) + len(kept)),
        )
        for span in spans
    ]
    moved = [span for span in moved if span.end > span.start or span.owner >= 0]
    if len(before):
        head = moved.pop(0).end if moved[0].owner == -1 else len(before)
        moved.insert(0, timing.Span(-1, 0, head))
    if moved[-1].owner == -1:
        moved[-1] = timing.Span(-1, moved[-1].start, len(whole))
    elif len(whole) > moved[-1].end:
        moved.append(timing.Span(-1, moved[-1].end, len(whole)))
    return whole, moved
