"""Mouth tracks from phones: dominance blending, then contacts that must be seen.

Every mouth target pulls at each channel with a *dominance* that rises before the phoneme, holds,
and falls after it; a channel's value is the mean of the targets weighted by dominance (Cohen and
Massaro 1993; Löfqvist 1990). Short phonemes so undershoot and lips round ahead of a vowel. What
viewers notice first, lips that must touch, isn't left to a mean: bilabials, labiodentals and
pauses take over through gates that reach exactly 1 on at least one frame.

All curves are minimum-jerk transitions of at least 50 ms, so no track can jitter.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from likewise.motion.curves import Track, either, hold, hold_on_frame
from likewise.motion.phones import Phone, targets
from likewise.motion.visemes import BILABIALS, CHANNEL, CHANNELS, GROUPS, LABIODENTALS, pose

LEAD_SECONDS: Final = 0.04
"""Lips move ahead of the sound: natural, and later looks worse than earlier."""

LONG_SECONDS: Final = 0.4
"""The beginning of a phone this long no longer depends on its length."""

_REACH: Final = {"jaw": 0.09, "lips": 0.08, "shape": 0.14, "tongue": 0.06}
"""Seconds by which dominance reaches past a phoneme's borders; rounding reaches furthest."""

_STRESSED_JAW: Final = 0.15
"""How much further the jaw opens in a vowel of primary stress (Summers 1987: 10 to 25 %)."""

_LIPS_SHUT: Final = pose({"press": 0.22, "roll_lower": 0.20, "roll_upper": 0.15})
_LIP_ON_TEETH: Final = pose({"jaw": 0.08, "roll_lower": 0.55, "upper": 0.22})
_AT_REST: Final = pose({"close": 1.0})
_CONTACT_CHANNELS: Final = [CHANNEL[name] for name in (*GROUPS["jaw"], *GROUPS["lips"], "funnel")]
_ALL_CHANNELS: Final = list(range(len(CHANNELS)))


def mouth_track(
    phones: Sequence[Phone], times: Track, fps: float, *, jaw_gain: Track, end: float | None = None
) -> Track:
    """Mouth channels at given times.

    Args:
        phones: Unbroken row that covers the times and at least half a second around them.
        times: float64 (N,), seconds, each a frame time k / fps.
        fps: Frames per second of the grid on which contacts must be seen.
        jaw_gain: float64 (N,), scales the jaw's opening.
        end: Second of the last frame, where the mouth is shut; None while it isn't known.

    Returns:
        float64 (N, 12), columns as in `visemes.CHANNELS`.
    """
    track = _blend(phones, times)
    track[:, CHANNEL["jaw"]] *= jaw_gain
    teeth = [_contact(phone, times, fps) for phone in phones if phone.symbol in LABIODENTALS]
    lips = [_contact(phone, times, fps) for phone in phones if phone.symbol in BILABIALS]
    rest = [_rest(phone, times, fps, end) for phone in phones if phone.is_pause]
    rest.append(hold(times, -1.0, 0.0, 1.0, 0.09))
    if end is not None:
        rest.append(hold(times, end, end, 0.12, 1.0))
    for gates, target, channels in (
        (teeth, _LIP_ON_TEETH, _CONTACT_CHANNELS),
        (lips, _LIPS_SHUT, _CONTACT_CHANNELS),
        (rest, _AT_REST, _ALL_CHANNELS),
    ):
        gate = either(gates, times)[:, None]
        track[:, channels] = (1.0 - gate) * track[:, channels] + gate * target[channels]
    return track


def _blend(phones: Sequence[Phone], times: Track) -> Track:
    """Mean of the targets weighted by dominance, (N, 12)."""
    heard = times + LEAD_SECONDS
    value = np.zeros((len(times), len(CHANNELS)))
    weight = np.full_like(value, 1e-9)
    for target in targets(phones):
        row, dominance = target.mouth.targets, target.mouth.dominance
        row[CHANNEL["jaw"]] *= 1.0 + _STRESSED_JAW * target.stress
        half = (target.end - target.start) / 2
        for group, members in GROUPS.items():
            columns = [CHANNEL[name] for name in members]
            reach = _REACH[group]
            inside = min(reach, half)
            over = hold(
                heard,
                target.start + inside,
                target.end - inside,
                reach + inside,
                reach + inside,
            )
            pull = over[:, None] * dominance[columns]
            value[:, columns] += pull * row[columns]
            weight[:, columns] += pull
    return value / weight


def _contact(phone: Phone, times: Track, fps: float) -> Track:
    """Gate of a lip contact, exactly 1 on at least one frame."""
    start = phone.start - LEAD_SECONDS + min(0.2 * phone.seconds, 0.02)
    end = phone.end - LEAD_SECONDS - min(0.35 * phone.seconds, 0.035)
    start, end = hold_on_frame(max(start, 0.0), max(end, 0.0), fps)
    return hold(times, start, end, 0.07, 0.06)


def _rest(phone: Phone, times: Track, fps: float, end: float | None) -> Track:
    """Gate of a pause: lips sink together, and part again just before the sound returns."""
    shut = phone.start + min(max(0.35 * phone.seconds, 0.04), 0.18)
    part = phone.end - LEAD_SECONDS - 0.02
    if end is not None and phone.end >= end:
        part = max(end, shut)
    if phone.start <= 0:
        return hold(times, -1.0, max(part, 0.0), 1.0, 0.08)
    shut, part = hold_on_frame(shut, max(part, shut), fps)
    return hold(times, shut, part, shut - phone.start + 0.05, 0.08)
