"""The options that say how a driver is followed; what isn't given is left to the face engine."""

from typing import Annotated, cast

import typer

from likewise.face.driving import Driving, Region

WhichRegion = Annotated[
    Region | None,
    typer.Option(
        "--region",
        help="LivePortrait: what is carried over: all, expression, pose, lips or eyes.",
    ),
]
Multiplier = Annotated[
    float | None,
    typer.Option(min=0, max=5, help="LivePortrait: exaggerate (above 1) or calm the motion."),
]
Relative = Annotated[
    bool | None,
    typer.Option(
        "--relative/--absolute",
        help="LivePortrait: add the driver's change since the anchor (if left out), or copy the "
        "driver.",
    ),
]
Friendly = Annotated[
    bool | None,
    typer.Option(
        "--expression-friendly/--pose-friendly",
        help="LivePortrait: add the change at the size of the picture's own face (if left out), or "
        "as large as the driver's, which keeps its poses.",
    ),
]
Stitching = Annotated[
    bool | None,
    typer.Option(
        "--stitching/--no-stitching",
        help="LivePortrait: keep shoulders and border where they were; on if left out, but for "
        "animals.",
    ),
]
NormaliseLip = Annotated[
    bool | None,
    typer.Option("--normalise-lip", help="LivePortrait: close the lips of the picture first."),
]
EyeRetargeting = Annotated[
    bool | None,
    typer.Option("--eye-retargeting", help="LivePortrait: open the eyes as far as the driver's."),
]
LipRetargeting = Annotated[
    bool | None,
    typer.Option("--lip-retargeting", help="LivePortrait: open the lips as far as the driver's."),
]
FixEyes = Annotated[
    bool | None,
    typer.Option(
        "--fix-eyes",
        help="LivePortrait, on a video: hold its eyes as open as they are when a shot begins.",
    ),
]


def wished(**given: object) -> Driving:
    """Those that were given."""
    return cast("Driving", {name: value for name, value in given.items() if value is not None})
