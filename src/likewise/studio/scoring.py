"""What a user does to a score on its way to the face: mood, sliders, a copy kept as a template."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from likewise.motion import template
from likewise.motion.limits import within_limits
from likewise.motion.moods import Mood, mood_named
from likewise.motion.sliders import Sliders
from likewise.values import Motion, Portrait

MoodLike = Mood | str
"""A mood, its name, or `name=strength`; "" is neutral."""

SlidersLike = Sliders | Mapping[str, float]
"""Sliders over time, or values that are held."""


def chosen_mood(mood: MoodLike) -> Mood:
    """The mood a user means.

    Raises:
        BadInput: No such mood, or a strength out of range.
    """
    return mood if isinstance(mood, Mood) else mood_named(mood)


def chosen_sliders(sliders: SlidersLike | None) -> Sliders:
    """The sliders a user means.

    Raises:
        BadInput: No such slider, or a value out of range.
    """
    return sliders if isinstance(sliders, Sliders) else Sliders.held(sliders or {})


class Scoring:
    """Edits one score as it streams by.

    Args:
        sliders: Sliders to add, None for none.
        save_motion: Where the edited score is kept as a template, None for nowhere.

    Raises:
        BadInput: No such slider, a value out of range, or a template of another suffix.
        OutputFailed: The template can't be written there.
    """

    def __init__(
        self, sliders: SlidersLike | None = None, save_motion: Path | str | None = None
    ) -> None:
        self._sliders = chosen_sliders(sliders)
        self._path = None if save_motion is None else Path(save_motion)
        self._kept: list[Motion] = []
        if self._path is not None:
            template.check_template(self._path)

    def edited(self, parts: Iterable[Motion], portrait: Portrait) -> Iterator[Motion]:
        """The score with the sliders; they turn a head no further than its picture bears."""
        for part in self._sliders.over(parts):
            within = within_limits(part, portrait) if self._sliders.keys else part
            if self._path is not None:
                self._kept.append(within)
            yield within

    def save(self) -> tuple[Path, ...]:
        """Write the template, where one was asked for; answers the files written."""
        if self._path is None:
            return ()
        template.save_template(Motion.joined(self._kept), self._path)
        return (self._path,)
