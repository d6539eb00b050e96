"""In what two things differ: attributes that people have words for.

An embedding says how alike two things are, not in what. These attributes are measured apart from
it, in units, and only those are named in which the unknown lies clearly outside the known ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from likewise.values import Audio

_TURNED_DEGREES = 20.0  # beyond, depth that the tracker guesses becomes width


@dataclass(frozen=True, slots=True)
class Attribute:
    """One measured attribute.

    Attributes:
        name: What is measured, such as `pitch`.
        value: The number.
        unit: Its unit.
        noticeable: Smallest difference worth a word, same unit.
        less: What something with less of it is called: `lower`, `darker`.
        more: What something with more of it is called: `higher`, `lighter`.
    """

    name: str
    value: float
    unit: str
    noticeable: float
    less: str
    more: str


@dataclass(frozen=True, slots=True)
class Difference:
    """An attribute in which the unknown differs from the known.

    Attributes:
        name: The attribute.
        unit: Its unit.
        unknown: Its value in the unknown thing.
        known: Its median over the known examples.
        strength: Distance in noticeable steps or in the known examples' own spread, whichever is
            larger; 1 is just worth a word.
        word: What the unknown is compared with the known: `higher`, `darker`.
    """

    name: str
    unit: str
    unknown: float
    known: float
    strength: float
    word: str

    @property
    def sentence(self) -> str:
        """Such as `higher (pitch 212 against 118 Hz)`."""
        numbers = f"{_short(self.unknown)} against {_short(self.known)}"
        return f"{self.word} ({self.name} {numbers} {self.unit})".replace(" )", ")")


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2g}"


def differences(
    unknown: Sequence[Attribute], known: Sequence[Sequence[Attribute]]
) -> tuple[Difference, ...]:
    """Attributes of the unknown that lie outside the known examples, strongest first.

    Args:
        unknown: Attributes of one thing.
        known: Attributes of each example of the name it is compared with.
    """
    found = []
    for attribute in unknown:
        values = [
            other.value for example in known for other in example if other.name == attribute.name
        ]
        if not values:
            continue
        median = float(np.median(values))
        spread = float(np.median(np.abs(np.array(values) - median))) * 2
        strength = abs(attribute.value - median) / max(attribute.noticeable, spread)
        if strength >= 1:
            found.append(
                Difference(
                    name=attribute.name,
                    unit=attribute.unit,
                    unknown=attribute.value,
                    known=median,
                    strength=strength,
                    word=attribute.more if attribute.value > median else attribute.less,
                )
            )
    return tuple(sorted(found, key=lambda item: (-item.strength, item.name)))


def voice_attributes(audio: Audio) -> tuple[Attribute, ...]:
    """What a voice is like: pitch and its liveliness, brightness, pace.

    Returns:
        Median F0 in Hz and its spread in semitones (left out where nothing is voiced), spectral
        centroid of the sounding part in Hz, onsets a second.

    Raises:
        BadInput: No sound.
    """
    from likewise.audio.spectrum import average_spectrum, onset_strength
    from likewise.hearing.pitch import pitch

    found = []
    track = pitch(audio)
    if track.median_hz is not None and track.spread is not None:
        noticeable = 0.06 * track.median_hz  # one semitone
        found.append(Attribute("pitch", track.median_hz, "Hz", noticeable, "lower", "higher"))
        semitones = track.spread * 12 / np.log(2)
        found.append(
            Attribute("pitch spread", semitones, "semitones", 1.0, "more monotonous", "livelier")
        )
    spectrum = average_spectrum(audio)
    power = 10 ** (spectrum.decibels / 10)
    # Sounds below 100 Hz are rooms and handling, not voices.
    power = np.where(spectrum.frequencies >= 100, power, 0)
    weight = np.sqrt(power)
    centroid = float((weight * spectrum.frequencies).sum() / max(weight.sum(), 1e-12))
    found.append(
        Attribute("spectral centroid", centroid, "Hz", 0.1 * centroid, "duller", "brighter")
    )
    onsets = onset_strength(audio)
    rises = onsets.values
    peaks = (rises[1:-1] > rises[:-2]) & (rises[1:-1] >= rises[2:]) & (rises[1:-1] > 2.0)
    rate = float(peaks.sum() / max(audio.seconds, 1e-6))
    found.append(Attribute("onsets", rate, "a second", 1.5, "slower", "faster"))
    return tuple(found)


def picture_attributes(
    picture: NDArray[np.uint8], kinds: Mapping[str, float]
) -> tuple[Attribute, ...]:
    """What a picture is like: kinds of things seen in it, and its colours.

    Args:
        picture: uint8 (H, W, 3), RGB.
        kinds: Probability of each kind (`likewise.seeing.imagenet.Seen.kinds`).

    Returns:
        Probabilities in percent; means of CIE L* (lightness, 0..100), C* (colourfulness), a*
        (green below 0, red above) and b* (blue below 0, yellow above).
    """
    import cv2

    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    lightness, red, yellow = (float(value) for value in lab.mean(0))
    chroma = float(np.hypot(lab[:, 1], lab[:, 2]).mean())
    seen = [
        Attribute(
            f"{name} probability",
            100 * probability,
            "%",
            8.0,
            f"less {name}-like",
            f"more {name}-like",
        )
        for name, probability in kinds.items()
        if name != "thing"
    ]
    return (
        *seen,
        Attribute("L*", lightness, "", 12.0, "darker", "lighter"),
        Attribute("C*", chroma, "", 8.0, "duller", "more colourful"),
        Attribute("a*", red, "", 6.0, "greener", "redder"),
        Attribute("b*", yellow, "", 8.0, "bluer", "yellower"),
    )


def face_attributes(points: NDArray[np.floating]) -> tuple[Attribute, ...]:
    """What a face is like: its proportions, as far as they say more of the person than of the day.

    Of sixteen proportions these are the ones that differ at least twice as much between people as
    within films of one person who talks and turns (lengths of nose and chin, lips' width and brows
    don't). What is noticeable is the 95 % range of the difference of two frames of one person.
    The tracker's mesh leans to an average face, so differences are larger than they are said to be.

    Args:
        points: (478, 3), the face's landmarks in pixels.

    Returns:
        Proportions in percent; none of a head that is turned too far to measure them.
    """
    from likewise.seeing import canonical

    placed = canonical.place(points)
    yaw, pitch, _ = canonical.pose_of(placed.rotation.T)
    if max(abs(yaw), abs(pitch)) > _TURNED_DEGREES:
        return ()
    shape = placed.to_canonical(points)

    def apart(one: int, other: int) -> float:
        return float(np.linalg.norm(shape[one] - shape[other]))

    width, height = apart(234, 454), apart(10, 152)
    eyes = (apart(33, 133) + apart(263, 362)) / 2
    return (
        Attribute(
            "width of the face over its height",
            100 * width / height,
            "%",
            7.0,
            "longer in the face",
            "broader in the face",
        ),
        Attribute(
            "gap of the eyes over the face's width",
            100 * apart(133, 362) / width,
            "%",
            2.2,
            "closer-eyed",
            "wider apart in the eyes",
        ),
        Attribute(
            "width of an eye over the face's",
            100 * eyes / width,
            "%",
            1.7,
            "smaller-eyed",
            "larger-eyed",
        ),
        Attribute(
            "lower lip over the face's height",
            100 * apart(14, 17) / height,
            "%",
            1.6,
            "thinner in the lower lip",
            "fuller in the lower lip",
        ),
    )
