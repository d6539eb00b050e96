"""Kokoro's 54 stock voices, from the compact table that ships with Likewise.

A voice has one style vector for each number of tokens; the table keeps a mean and eight
directions of it (`tools/build_stock_voices.py`), exact to 2.5e-4.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from likewise import weights
from likewise.errors import BadInput
from likewise.values import Voice

TABLE = "kokoro-stock-voices"
DEFAULT = "af_heart"

_LANGUAGES = {
    "a": "en-us", "b": "en-gb", "e": "es", "f": "fr", "h": "hi", "i": "it", "j": "ja",
    "p": "pt-br", "z": "zh",
}  # fmt: skip
_DEFAULTS = {
    "en-us": "af_heart", "en-gb": "bf_emma", "es": "ef_dora", "fr": "ff_siwis", "hi": "hf_alpha",
    "it": "if_sara", "ja": "jf_alpha", "pt-br": "pf_dora", "zh": "zf_xiaoxiao",
}  # fmt: skip
_MEN = {
    "en-us": "am_michael", "en-gb": "bm_george", "es": "em_alex", "hi": "hm_omega",
    "it": "im_nicola", "ja": "jm_kumo", "pt-br": "pm_alex", "zh": "zm_yunjian",
}  # fmt: skip

CLEAREST = ("en-us", "en-gb")
"""Languages of the voices that were trained on most speech."""


def names() -> tuple[str, ...]:
    """All stock voices: first letter the language, second `f` or `m`."""
    return _table()[0]


def default_for(language: str) -> str:
    """The stock voice that speaks a language unless another is asked for."""
    return _DEFAULTS.get(language, DEFAULT)


def natives(language: str) -> tuple[str, ...]:
    """A woman and a man, where there is one, among the stock voices of a language."""
    return tuple(kind[language] for kind in (_DEFAULTS, _MEN) if language in kind)


def language_of(name: str) -> str:
    """Language tag of a stock voice."""
    return _LANGUAGES[name[0]]


def factors(name: str) -> dict[str, NDArray[np.float32]]:
    """Mean (256,), places (510, 8) and directions (8, 256) of a voice.

    Raises:
        BadInput: No stock voice of that name.
    """
    known, tensors = _table()
    if name not in known:
        raise BadInput(f"Kokoro has no stock voice {name!r}. It has: {', '.join(known)}.")
    index = known.index(name)
    return {part: tensor[index].astype(np.float32) for part, tensor in tensors.items()}


def pack(tensors: "Voice | dict[str, NDArray[np.float32]]") -> NDArray[np.float32]:
    """All style rows of a voice, float32 (510, 256)."""
    parts = tensors.tensors if isinstance(tensors, Voice) else tensors
    mean, places, directions = (
        np.asarray(parts[name], np.float32) for name in ("mean", "places", "directions")
    )
    rows: NDArray[np.float32] = mean + places @ directions
    return rows


def row(voice: Voice, tokens: int) -> NDArray[np.float32]:
    """Style (256,) of a voice for a text of so many tokens."""
    places = np.asarray(voice.tensors["places"], np.float32)
    index = min(max(tokens, 1), len(places)) - 1
    mean = np.asarray(voice.tensors["mean"], np.float32)
    style: NDArray[np.float32] = mean + places[index] @ np.asarray(
        voice.tensors["directions"], np.float32
    )
    return style


def deltas(voice: Voice) -> NDArray[np.float32] | None:
    """What an adapted voice adds inside the decoder (see `deltas.py`), None for all others."""
    found = voice.tensors.get("deltas")
    return None if found is None else np.asarray(found, np.float32)


def voice(name: str) -> Voice:
    """A stock voice as a value.

    Raises:
        BadInput: No stock voice of that name.
    """
    return Voice(
        name=name,
        engine="kokoro",
        tensors=factors(name),
        language=language_of(name),
        facts={"stock": True, "sex": "female" if name[1] == "f" else "male"},
    )


@cache
def _table() -> tuple[tuple[str, ...], dict[str, NDArray[np.float16]]]:
    from safetensors import safe_open

    with safe_open(str(weights.locate(TABLE)), framework="np") as file:
        tensors = {name: file.get_tensor(name) for name in ("mean", "places", "directions")}
        return tuple(file.metadata()["voices"].split()), tensors
