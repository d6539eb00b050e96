"""A voice that speaks a language which isn't its own.

The first half of Kokoro's style is how a voice sounds, the second how it says things: durations,
pitch, loudness. Said by a speaker of another language, Chinese is a third misheard. So abroad the
second half is a native voice's, while the first, and how high the voice is, stay the speaker's.
"""

from dataclasses import replace

import numpy as np

from likewise.text.languages import Language
from likewise.values import Voice
from likewise.voice.kokoro import stock
from likewise.voice.kokoro.listening import listening

_SOUND = 128  # numbers of the style that are the decoder's


def speaking(voice: Voice, language: Language) -> Voice:
    """The voice as it speaks a language: itself, or with a native's way of saying things.

    Args:
        voice: Any voice; one whose language isn't known is taken for an English one.
        language: What it is to speak.
    """
    own = voice.language or stock.CLEAREST[0]
    if own.partition("-")[0] == language.tag.partition("-")[0]:
        return voice
    native = stock.default_for(language.tag)
    way = stock.factors(native)
    sound = {part: np.array(voice.tensors[part], np.float32) for part in way}
    sound["directions"][:, _SOUND:] = 0
    way["directions"][:, :_SOUND] = 0
    table = listening()
    median, spread = (float(number) for number in table.f0[table.names.index(native)])
    height = median
    if "speaker_f0" in voice.facts:
        height = float(voice.facts["speaker_f0"][0])
    elif voice.name in table.names:
        height = float(table.f0[table.names.index(voice.name)][0])
    return replace(
        voice,
        tensors={
            **voice.tensors,
            "mean": np.concatenate([sound["mean"][:_SOUND], way["mean"][_SOUND:]]),
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
