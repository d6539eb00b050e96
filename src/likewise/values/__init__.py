"""The values that flow through Likewise: frozen, plain, each with save and load.

Every arrow of `docs/architecture.md` is one of these. A stage takes values and answers values, so
any of them can be saved, shown, replayed, or made by another program.
"""

from likewise.values.audio import Audio
from likewise.values.consent import Consent, ConsentKind
from likewise.values.metric import Metric
from likewise.values.motion import COEFFICIENTS, INDEX, LIP_GAPS, Motion
from likewise.values.portrait import Portrait
from likewise.values.speech import Speech, Timing
from likewise.values.voice import Voice, samples_sha256

__all__ = [
    "COEFFICIENTS",
    "INDEX",
    "LIP_GAPS",
    "Audio",
    "Consent",
    "ConsentKind",
    "Metric",
    "Motion",
    "Portrait",
    "Speech",
    "Timing",
    "Voice",
    "samples_sha256",
]
