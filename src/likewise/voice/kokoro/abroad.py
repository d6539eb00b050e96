"""A voice that speaks a language which isn't its own.

The first half of Kokoro's style is how a voice sounds, the second how it says things: durations,
pitch, loudness. Said by a speaker of another language, Chinese is a third misheard. So abroad the
second half is a native voice's, the woman's or the man's that is nearer in height, while the first,
and how high the voice is, stay the speaker's.

Vowels and consonants live in the first half too: French in an English sound is misheard in three
words of ten. So in the languages that are hard to understand in another's sound a cloned voice
takes a third of that from the native as well, and its envelopes are moved to the speaker's anew,
from where they are then (`envelope.py`).
"""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import numpy as np

from likewise.audio.resampling import resampled
from likewise.text.languages import Language
from likewise.values import Audio, Voice
from likewise.voice.kokoro import stock
from likewise.voice.kokoro.enrolment import sample
from likewise.voice.kokoro.envelope import Transport, transport
from likewise.voice.kokoro.listening import listening
from likewise.voice.kokoro.model import SAMPLE_RATE, KokoroModel

_SOUND = 128  # numbers of the style that are the decoder's
# Share of the native's sound in languages where clones of train-clean speakers, who speak English,
# were misheard in more than an eighth of the words. Half of it leaves little of some voices.
_NATIVE_SOUND = dict.fromkeys(("fr", "hi", "it", "zh"), 0.35)
_MOST_KEPT = 32  # voices in languages whose envelopes are remembered

_envelopes: dict[str, Transport] = {}


def speaking(voice: Voice, language: Language, model: Callable[[], KokoroModel]) -> Voice:
    """The voice as it speaks a language: itself, or with a native's way of saying things.

    Args:
        voice: Any voice; one whose language isn't known is taken for an English one.
        language: What it is to speak.
        model: Asked for the model where the voice's envelopes must be moved anew, which takes
            a second or two the first time that it speaks the language.
    """
    own = voice.language or stock.CLEAREST[0]
    if own.partition("-")[0] == language.tag.partition("-")[0]:
        return voice
    heard = listening()
    known = dict(zip(heard.names, heard.f0.tolist(), strict=True))
    natives = stock.natives(language.tag)
    height, _ = voice.facts.get("speaker_f0") or known.get(voice.name) or known[natives[0]]
    # Of the speaker's sex, for less is lost of a voice that is nearer.
    native = min(natives, key=lambda name: abs(known[name][0] - height))
    median, spread = known[native]
    way = stock.factors(native)
    sound = {part: np.array(voice.tensors[part], np.float32) for part in way}
    sound["directions"][:, _SOUND:] = 0
    way["directions"][:, :_SOUND] = 0
    moved = Transport.of(voice.tensors)
    share = np.float32(_NATIVE_SOUND.get(language.tag, 0.0) if moved and voice.reference else 0.0)
    sounding = (1 - share) * sound["mean"][:_SOUND] + share * way["mean"][:_SOUND]
    abroad = replace(
        voice,
        tensors={
            **voice.tensors,
            "mean": np.concatenate([sounding, way["mean"][_SOUND:]]),
            "places": np.concatenate([sound["places"], way["places"]], axis=1),
            "directions": np.concatenate([sound["directions"], way["directions"]]),
        },
        # How far pitch moves belongs to the language: Chinese told flatly is other words.
        facts={
            **voice.facts,
            "speaker_f0": [height, spread],
            "model_f0": [median, spread],
        },
    )
    if not share or voice.reference is None or moved is None:
        return abroad
    again = _moved(abroad, language, voice.reference, moved, model)
    return replace(abroad, tensors={**abroad.tensors, **again.as_tensors()})


def _moved(
    voice: Voice,
    language: Language,
    reference: Audio,
    before: Transport,
    model: Callable[[], KokoroModel],
) -> Transport:
    """How a voice's envelopes are moved to the speaker's, as it sounds abroad."""
    told = sha256(language.tag.encode())
    for name in sorted(voice.tensors):
        told.update(np.ascontiguousarray(voice.tensors[name]).tobytes())
    key = told.hexdigest()
    if key not in _envelopes:
        found = transport(
            sample(model(), voice),
            resampled(reference, SAMPLE_RATE).samples,
            bandwidth_hz=before.bandwidth_hz,
            dynamics=before.dynamics,
        )
        while len(_envelopes) >= _MOST_KEPT:
            _envelopes.pop(next(iter(_envelopes)), None)
        _envelopes[key] = found
    return _envelopes[key]
