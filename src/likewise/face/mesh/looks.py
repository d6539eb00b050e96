"""What a mouth looks like inside, by the style of its picture."""

from collections.abc import Mapping
from dataclasses import dataclass

from likewise.values.portrait import Style


@dataclass(frozen=True, slots=True)
class Look:
    """The look of a painted mouth.

    Attributes:
        teeth: Opacity of the teeth, 0..1.
        lower_teeth: Opacity of the lower ones over that of the upper ones.
        brightness: Of the teeth, over those of a photograph.
        relief: How far teeth are told apart and rounded: 1 as in life, 0 one even band.
        shading: How far lips shade what lies behind them: 1 as in life, 0 flat colour.
        least_tongue: How high the tongue lies at least, 0..1.
        depth: Brightness of the cavity, over that of a photograph.
        rim: Thickness of a dark line around the opening over the mouth's width.
        softness: Of the opening's edge, over that of a photograph.
        folds: Whether skin folds where an expression is strong.
        upper_share: How much of an opening the upper lip takes; the jaw does the rest.
    """

    teeth: float = 1.0
    lower_teeth: float = 1.0
    brightness: float = 1.0
    relief: float = 1.0
    shading: float = 1.0
    least_tongue: float = 0.0
    depth: float = 1.0
    rim: float = 0.0
    softness: float = 1.0
    folds: bool = True
    upper_share: float = 0.35


LOOKS: Mapping[Style, Look] = {
    "photo": Look(),
    # Painters hint at teeth: a soft pale band, seldom the brightest thing of a face.
    "painting": Look(brightness=0.86, relief=0.35, softness=1.5),
    "flat": Look(folds=False, lower_teeth=0.0, relief=0.0, shading=0.0, rim=0.028, softness=0.7),
    # A muzzle hides its teeth and stands still above the jaw; its lips are dark skin.
    "fur": Look(
        folds=False,
        teeth=0.0,
        least_tongue=0.45,
        depth=0.45,
        rim=0.03,
        softness=1.5,
        upper_share=0.12,
    ),
    # What hangs over the upper lip hides the upper teeth's edge and moves little.
    "moustache": Look(teeth=0.7, brightness=0.8, softness=1.3, upper_share=0.15),
}
"""The look of each style."""
