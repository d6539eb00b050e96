"""Is it the same voice? Cosine similarity by two independent speaker encoders, with controls.

The ceiling is what another recording of the real speaker reaches, or each part of a recording
against its other parts together, the floor what 40 other speakers reach (LibriSpeech
train-clean-100, CC BY 4.0; only their embeddings are shipped). Long stands against short in value,
ceiling and floor alike: the less is heard, the lower a cosine, so a ceiling of two short parts
would flatter. The first encoder is the headline: enrolment never sees it. The d-vector is what
enrolment optimises, so its number flatters a clone and only confirms.

    metrics = speaker.similarity([clone], [other_recording], enrolled=reference)
    metrics[0].value, metrics[0].normalised         # raw cosine; 0 other speaker .. 1 same
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from likewise import weights
from likewise.errors import BadInput, MissingWeights
from likewise.hearing import ge2e
from likewise.hearing import speaker as dvector
from likewise.values import Audio, Metric, samples_sha256
from likewise.verify import bootstrap

HEADLINE = "speaker similarity"
_SHORTEST_PART = 1.6  # seconds: one window of the encoders
_FEWEST_PARTS, _MOST_PARTS = 3, 4
_TOGETHER = (
    ", all that is said together"  # part of a scorer's name: values before were of sentences
)

Embedding = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Encoder:
    """One of the judges.

    Attributes:
        key: Short name, which is also that of its part of the bank of other speakers.
        metric: Name of the metric it makes.
        scorer: Package, version and kind.
        embed: Sound to an embedding of length 1.
        optimised: Enrolment optimises it, so it may not be the headline.
    """

    key: str
    metric: str
    scorer: str
    embed: Callable[[Audio], Embedding]
    optimised: bool


ENCODERS = (
    Encoder("ge2e", HEADLINE, ge2e.SCORER + _TOGETHER, ge2e.embed, optimised=False),
    Encoder(
        "dvector",
        f"{HEADLINE}, d-vector",
        dvector.SCORER + _TOGETHER,
        dvector.embed,
        optimised=True,
    ),
)


def similarity(
    clones: Sequence[Audio], references: Sequence[Audio], *, enrolled: Audio | None = None
) -> list[Metric]:
    """How much the clone sounds like the person.

    Args:
        clones: What the cloned voice said, one sound a sentence or all in one.
        references: Recordings of the real person, best of all others than the enrolled one. One or
            two are cut into parts.
        enrolled: The recording the voice was made from, for the ceiling; without it each reference
            is compared with the others together, if there are three or more.

    Returns:
        One metric an encoder, the headline first. Value, ceiling and floor are mean cosines with
        the same references, the rival is the other speaker who comes closest to them; the interval
        is over the clone's sentences.
    """
    inputs = {f"clone {index}": _hash(audio) for index, audio in enumerate(clones)}
    inputs |= {f"reference {index}": _hash(audio) for index, audio in enumerate(references)}
    if enrolled is not None:
        inputs["enrolled"] = _hash(enrolled)
    return [
        replace(_by(encoder, clones, references, enrolled), inputs=inputs) for encoder in ENCODERS
    ]


def _by(
    encoder: Encoder, clones: Sequence[Audio], references: Sequence[Audio], enrolled: Audio | None
) -> Metric:
    blank = Metric.unavailable(
        encoder.metric, "", unit="", direction="higher is better", scorer=encoder.scorer
    )
    try:
        spoken, unheard = _embedded(encoder, clones)
        real, _ = _embedded(
            encoder, references if len(references) >= _FEWEST_PARTS else _parts(references)
        )
        own = None if enrolled is None else encoder.embed(enrolled)
        others = bank(encoder.key)
    except (BadInput, MissingWeights) as error:
        return replace(blank, status=f"unavailable: {error}")
    wanted = real.mean(0)
    ceiling = _ceiling(real, own)
    notes = [f"sounds compared: {len(spoken)} with {len(real)} of the person"]
    if ceiling is None:
        notes.append(
            "no ceiling: too little is known of the person; "
            f"{_FEWEST_PARTS * _SHORTEST_PART:.0f} s of recording give one"
        )
    elif len(references) == 1 and enrolled is None:
        notes.append("ceiling from parts of one recording, so it is a high one")
    if unheard:
        notes.append(f"left out: {unheard}")
    if encoder.optimised:
        notes.append("enrolment optimises this encoder: it confirms, it doesn't judge")
    rival = float((others @ wanted).max())
    notes.append(f"closest of {len(others)} other speakers {rival:.2f}")
    whole = _together(spoken)
    value = float(whole @ wanted)
    # How much each sentence moves the value, to first order: their mean is the value itself.
    length = np.linalg.norm(spoken.sum(0))
    moved = value + len(spoken) * (spoken @ wanted - value * (spoken @ whole)) / length
    return replace(
        blank,
        value=value,
        ceiling=ceiling,
        floor=float((others @ wanted).mean()),
        rival=rival,
        interval=bootstrap.interval([float(each) for each in moved]),
        status="ok",
        note="; ".join(notes),
    )


@cache
def bank(key: str) -> Embedding:
    """Embeddings of 40 other speakers by one encoder.

    Args:
        key: `ge2e` or `dvector`.

    Returns:
        float32 (40, size), each of length 1; 20 women, then 20 men.

    Raises:
        MissingWeights: The shipped file is missing or changed.
    """
    from safetensors.numpy import load_file

    rows = load_file(str(weights.locate("other-speakers")))[key].astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _embedded(encoder: Encoder, sounds: Sequence[Audio]) -> tuple[Embedding, str]:
    """Embeddings (N, size) of what can be embedded, and why the rest can't."""
    rows: list[Embedding] = []
    reasons: list[str] = []
    for audio in sounds:
        try:
            rows.append(encoder.embed(audio))
        except BadInput as error:
            reasons.append(str(error))
    if not rows:
        raise BadInput(reasons[0] if reasons else "there is no sound to compare")
    return np.stack(rows), "; ".join(dict.fromkeys(reasons))


def _parts(sounds: Sequence[Audio]) -> list[Audio]:
    """Each recording as up to four parts of at least one window each."""
    parts: list[Audio] = []
    for audio in sounds:
        count = int(np.clip(audio.seconds // _SHORTEST_PART, 1, _MOST_PARTS))
        edges = np.linspace(0, audio.seconds, count + 1)
        parts += [audio.between(start, end) for start, end in pairwise(edges)]
    return parts


def _ceiling(real: Embedding, own: Embedding | None) -> float | None:
    """What the person reaches: the enrolled recording, or each sound against all the others."""
    if own is not None:
        return float((real @ own).mean())
    if len(real) < _FEWEST_PARTS:
        return None
    others = [_together(np.delete(real, number, axis=0)) for number in range(len(real))]
    return float(np.mean([one @ rest for one, rest in zip(real, others, strict=True)]))


def _together(rows: Embedding) -> Embedding:
    """Embedding of several sounds as one: encoders average over windows too."""
    total = rows.sum(0)
    return np.asarray(total / np.linalg.norm(total), np.float32)


def _hash(audio: Audio) -> str:
    return samples_sha256(audio.samples)
