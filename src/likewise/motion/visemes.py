"""IPA symbols as mouth shapes: 15 visemes, and what each of them asks of the face.

A *viseme* is what a phoneme looks like. Each has target values for a few mouth *channels* (a left
and a right coefficient move as one) and a *dominance* for each group of channels: how strongly it
insists on them against its neighbours (Cohen and Massaro 1993, "Modeling coarticulation in
synthetic visual speech"). An `s` insists on a narrow jaw, a `k` takes what the vowels leave it.

    >>> [mouth.viseme for mouth in mouths("I")]  # the diphthong of "my"
    ['aa', 'ih']

The symbols are those of Kokoro's front-ends (misaki and espeak IPA for en-us, en-gb, ja, zh, es,
fr, hi, it, pt-br) and the commonest of plain IPA. The targets were set by eye on the face-mesh
renderer, in MediaPipe's coefficient units.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from likewise.values import COEFFICIENTS, INDEX

CHANNELS: Final[Mapping[str, tuple[str, ...]]] = {
    "jaw": ("jawOpen",),
    "lower": ("mouthLowerDownLeft", "mouthLowerDownRight"),
    "upper": ("mouthUpperUpLeft", "mouthUpperUpRight"),
    "press": ("mouthPressLeft", "mouthPressRight"),
    "roll_lower": ("mouthRollLower",),
    "roll_upper": ("mouthRollUpper",),
    "funnel": ("mouthFunnel",),
    "pucker": ("mouthPucker",),
    "stretch": ("mouthStretchLeft", "mouthStretchRight"),
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
    "tongue": (),
    "close": ("mouthClose",),
}
"""Mouth channels and the coefficients that each drives; `tongue` is `Motion.tongue`.

`close` brings lips together that the picture shows parted; no sound asks for it, silence does.
"""

CHANNEL: Final = {name: index for index, name in enumerate(CHANNELS)}
"""Column of each channel in a mouth track (N, 12)."""

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "jaw": ("jaw",),
    "lips": ("lower", "upper", "press", "roll_lower", "roll_upper"),
    "shape": ("funnel", "pucker", "stretch", "smile"),
    "tongue": ("tongue",),
}
"""Channels that share a dominance, because one articulator moves them."""

_TARGETS: Final[Mapping[str, Mapping[str, float]]] = {
    "sil": {},
    "PP": {"press": 0.22, "roll_lower": 0.20, "roll_upper": 0.15},
    "FF": {"jaw": 0.10, "roll_lower": 0.55, "upper": 0.22},
    "TH": {"jaw": 0.17, "lower": 0.12, "tongue": 0.8},
    "DD": {"jaw": 0.15, "lower": 0.15, "upper": 0.08, "tongue": 0.6},
    "kk": {"jaw": 0.18, "lower": 0.10},
    "CH": {"jaw": 0.10, "funnel": 0.30, "pucker": 0.55, "lower": 0.10},
    "SS": {"jaw": 0.07, "stretch": 0.12, "lower": 0.28, "upper": 0.15},
    "nn": {"jaw": 0.13, "lower": 0.12, "tongue": 0.6},
    "RR": {"jaw": 0.12, "funnel": 0.18, "pucker": 0.55},
    "aa": {"jaw": 0.44, "lower": 0.10, "upper": 0.05},
    "E": {"jaw": 0.27, "stretch": 0.12, "smile": 0.12, "upper": 0.08},
    "ih": {"jaw": 0.17, "stretch": 0.15, "smile": 0.18, "upper": 0.10, "lower": 0.10},
    "oh": {"jaw": 0.33, "funnel": 0.30, "pucker": 0.50},
    "ou": {"jaw": 0.13, "funnel": 0.32, "pucker": 0.95},
}

# (jaw, lips, shape, tongue). Contacts and sibilants lead, velars and /h/ follow their vowels;
# consonants leave rounding to the vowels around them: the /k/ of "cool" is already rounded.
_DOMINANCE: Final[Mapping[str, tuple[float, float, float, float]]] = {
    "sil": (0.3, 0.3, 0.3, 0.5),
    "PP": (1.8, 3.0, 0.25, 0.5),
    "FF": (1.6, 2.4, 0.35, 0.5),
    "TH": (1.1, 1.0, 0.30, 2.0),
    "DD": (0.9, 0.9, 0.25, 1.5),
    "kk": (0.55, 0.6, 0.20, 0.5),
    "CH": (1.4, 1.2, 1.50, 1.0),
    "SS": (1.5, 1.3, 0.60, 1.0),
    "nn": (0.8, 0.8, 0.25, 1.5),
    "RR": (0.8, 0.8, 1.20, 0.8),
    "aa": (1.2, 1.0, 0.80, 1.0),
    "E": (1.0, 1.0, 0.90, 1.0),
    "ih": (1.0, 1.0, 1.00, 1.0),
    "oh": (1.1, 1.0, 1.30, 1.0),
    "ou": (1.2, 1.1, 1.60, 1.0),
}

VISEMES: Final = tuple(_TARGETS)
"""Names of the 15 visemes."""


@dataclass(frozen=True, slots=True)
class Mouth:
    """One mouth target of a phoneme.

    Attributes:
        viseme: One of `VISEMES`.
        strength: Scales the targets; a reduced vowel opens less than a full one.
        weight: Scales the dominance; 0.2 all but takes over its neighbours' shape.
    """

    viseme: str
    strength: float = 1.0
    weight: float = 1.0

    @property
    def targets(self) -> NDArray[np.float64]:
        """Channel values, (12,)."""
        return _TARGET_ROWS[self.viseme] * self.strength

    @property
    def dominance(self) -> NDArray[np.float64]:
        """Dominance of each channel, (12,)."""
        return _DOMINANCE_ROWS[self.viseme] * self.weight


def _phones() -> dict[str, tuple[Mouth, ...]]:
    """The table of symbols; several in one row look alike."""
    rows: tuple[tuple[str, tuple[Mouth, ...]], ...] = (
        # Consonants, from the lips backwards.
        ("pbmɓ", (Mouth("PP"),)),
        ("fvɱ", (Mouth("FF"),)),
        ("ʋ", (Mouth("FF", 0.7, 0.8),)),
        ("β", (Mouth("PP", 0.6, 0.6),)),
        ("ɸ", (Mouth("ou", 0.5),)),
        ("wʍ", (Mouth("ou"),)),
        ("ɥ", (Mouth("ou", 0.85),)),
        ("θð", (Mouth("TH"),)),
        ("tdʈɖɗT", (Mouth("DD"),)),
        ("nlɫɭɬɳɲʎ", (Mouth("nn"),)),
        ("ɾɽr", (Mouth("nn", 1.0, 0.8),)),
        ("szʦʣS", (Mouth("SS"),)),
        ("ʃʒʧʤʂʐɕʑʨʥꭧ", (Mouth("CH"),)),
        ("ɹɻ", (Mouth("RR"),)),
        ("j", (Mouth("ih", 0.9, 0.8),)),
        ("cɟçʝ", (Mouth("DD", 0.9, 0.8),)),
        ("kɡgŋqxɣɰɴ", (Mouth("kk"),)),
        ("χʁ", (Mouth("kk", 1.0, 1.2),)),
        ("hɦħʕ", (Mouth("kk", 1.0, 0.3),)),
        ("ʔ", (Mouth("kk", 0.6, 0.2),)),
        # Vowels, from open to close.
        ("ɑaɶ", (Mouth("aa"),)),
        ("æ", (Mouth("aa", 0.85),)),
        ("ɐʌ", (Mouth("aa", 0.75),)),
        ("ɛ", (Mouth("E", 1.1),)),
        ("e", (Mouth("E"),)),
        ("ɜɝɚɘɞ", (Mouth("E", 0.8),)),
        ("əɤ", (Mouth("E", 0.7, 0.7),)),
        ("ᵊ", (Mouth("E", 0.5, 0.5),)),
        ("i", (Mouth("ih", 1.1),)),
        ("ɪ", (Mouth("ih"),)),
        ("ɨᵻ", (Mouth("ih", 0.8, 0.8),)),
        ("ɒɔ", (Mouth("oh"),)),
        ("oɵ", (Mouth("oh", 0.9),)),
        ("œ", (Mouth("oh", 0.85),)),
        ("ø", (Mouth("ou", 0.8),)),
        ("uʉ", (Mouth("ou"),)),
        ("y", (Mouth("ou", 0.9),)),
        ("ʊ", (Mouth("ou", 0.7),)),
        ("ɯ", (Mouth("ou", 0.45),)),
        # Diphthongs of misaki: eɪ, aɪ, aʊ, ɔɪ, oʊ, əʊ.
        ("A", (Mouth("E", 1.2), Mouth("ih", 0.9))),
        ("I", (Mouth("aa"), Mouth("ih"))),
        ("W", (Mouth("aa"), Mouth("ou", 0.8))),
        ("Y", (Mouth("oh"), Mouth("ih"))),
        ("O", (Mouth("oh", 0.9), Mouth("ou", 0.8))),
        ("Q", (Mouth("E", 0.8), Mouth("ou", 0.8))),
    )
    return {symbol: shape for symbols, shape in rows for symbol in symbols}


PHONES: Final[Mapping[str, tuple[Mouth, ...]]] = _phones()
"""One mouth target for each IPA letter, two for a diphthong."""

JOINED: Final[Mapping[str, str]] = {
    "eɪ": "A", "aɪ": "I", "aʊ": "W", "ɔɪ": "Y", "oʊ": "O", "əʊ": "Q",
    "tʃ": "ʧ", "dʒ": "ʤ", "ts": "ʦ", "dz": "ʣ", "tɕ": "ʨ", "dʑ": "ʥ", "tʂ": "ꭧ",
}  # fmt: skip
"""Diphthongs and affricates that plain IPA writes with two letters."""

VOWELS: Final = frozenset("ɑaɶæɐʌɛeɜɝɚɘɞəɤᵊiɪɨᵻɒɔoɵœøuʉyʊɯAIWYOQ")
BILABIALS: Final = frozenset("pbmɓ")
LABIODENTALS: Final = frozenset("fvɱ")
STRESS: Final[Mapping[str, float]] = {"ˈ": 1.0, "ˌ": 0.5}
"""Marks that stress the next vowel; their own time belongs to the next phoneme."""
LENGTHENING: Final = frozenset("ːˑʰʲʷˠᵝ\u0303\u0329\u032f\u0361˞ˤ→↗↘↓↑" + "˥˦˧˨˩")
"""Length, tone, nasality and release: no shape of their own, they prolong the phoneme before."""
PAUSES: Final = frozenset(' ;:,.!?—–…"()“”«»¡¿-\u3000、。！？')
"""Spaces and punctuation: silence."""

_UNKNOWN: Final = (Mouth("kk", 0.8, 0.3),)


def mouths(symbol: str) -> tuple[Mouth, ...]:
    """Mouth targets of one IPA letter, in order.

    An unknown letter gets a slightly open mouth that gives way to its neighbours.
    """
    return PHONES.get(symbol, _UNKNOWN)


def pose(channels: Mapping[str, float]) -> NDArray[np.float64]:
    """Named channel values as a row (12,), 0 where unnamed."""
    row = np.zeros(len(CHANNELS))
    for name, value in channels.items():
        row[CHANNEL[name]] = value
    return row


def coefficients(track: NDArray[np.float64]) -> NDArray[np.float32]:
    """Spread a mouth track (N, 12) onto the expression coefficients, float32 (N, 52) in 0..1."""
    spread = np.zeros((len(track), len(COEFFICIENTS)), np.float32)
    for name, targets in CHANNELS.items():
        for target in targets:
            spread[:, INDEX[target]] = np.clip(track[:, CHANNEL[name]], 0.0, 1.0)
    return spread


_TARGET_ROWS: Final = {name: pose(targets) for name, targets in _TARGETS.items()}
_DOMINANCE_ROWS: Final = {
    name: pose(
        {
            channel: value
            for (_, members), value in zip(GROUPS.items(), values, strict=True)
            for channel in members
        }
    )
    for name, values in _DOMINANCE.items()
}
