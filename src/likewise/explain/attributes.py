"""In what two things differ: attributes that people have words for.

An embedding says how alike two things are, not in what. These attributes are measured apart from
it, in units, and only those are named in which the unknown lies clearly outside the known ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Attribute:
    """One measured attribute.

    Attributes:
        name: What is measured, such as `pitch`.
        value: The number.
        unit: Its unit.
        noticeable: Smallest difference worth a word, same unit.
    """

    name: str
    value: float
    unit: str
    noticeable: float


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
    """

    name: str
    unit: str
    unknown: float
    known: float
    strength: float

    @property
    def sentence(self) -> str:
        """Such as `pitch (212 Hz, not 118 Hz)`."""
        space = " " if self.unit else ""
        return (
            f"{self.name} ({self.unknown:.3g}{space}{self.unit}, "
            f"not {self.known:.3g}{space}{self.unit})"
        )


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
                Difference(attribute.name, attribute.unit, attribute.value, median, strength)
            )
    return tuple(sorted(found, key=lambda item: (-item.strength, item.name)))


def picture_attributes(
    picture: NDArray[np.uint8], kinds: Mapping[str, float]
) -> tuple[Attribute, ...]:
    """What a picture is like: kinds of things seen in it, and its colours.

    Args:
        picture: uint8 (H, W, 3), RGB.
        kinds: Probability of each kind (`likewise.seeing.imagenet.Seen.kinds`).

    Returns:
        Probabilities in percent; lightness and colourfulness (chroma) of CIE L*a*b*; warmth, the
        mean of its b* (blue below 0, yellow above) and of its a* (green below 0, red above).
    """
    import cv2

    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).reshape(-1, 3)
    lightness, red, yellow = (float(value) for value in lab.mean(0))
    chroma = float(np.hypot(lab[:, 1], lab[:, 2]).mean())
    seen = [
        Attribute(f"{name}-likeness", 100 * probability, "%", 8.0)
        for name, probability in kinds.items()
    ]
    return (
        *seen,
        Attribute("lightness", lightness, "L*", 12.0),
        Attribute("colourfulness", chroma, "C*", 8.0),
        Attribute("redness", red, "a*", 6.0),
        Attribute("yellowness", yellow, "b*", 8.0),
    )
