"""How a driver on film moves a face: the words that engines have in common for it.

An engine says in `Capabilities.driving` which of them it knows; what isn't given is left to it.
Light on purpose: the command line reads these names before anything else is loaded.
"""

from typing import Literal, TypedDict

Region = Literal["all", "exp", "pose", "lip", "eyes"]


class Driving(TypedDict, total=False):
    """What is wished, as far as it is not left to the engine.

    Attributes:
        region: What is carried over: `all`, `exp` (expression), `pose`, `lip`, `eyes`.
        relative: Add the driver's change since the anchor, or copy the driver.
        expression_friendly: Add the change at the size of the picture's own face, or as it is.
        multiplier: Exaggerates (above 1) or calms the motion, 0..5.
        stitching: Keep shoulders and border of the crop where they were.
        normalise_lip: Close the lips of the picture first.
        eye_retargeting: Open the eyes as far as the driver's.
        lip_retargeting: Open the lips as far as the driver's.
        fix_eyes: On a film: hold its eyes as open as in the first frame of each shot.
    """

    region: Region
    relative: bool
    expression_friendly: bool
    multiplier: float
    stitching: bool
    normalise_lip: bool
    eye_retargeting: bool
    lip_retargeting: bool
    fix_eyes: bool
