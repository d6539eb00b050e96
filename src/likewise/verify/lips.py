"""Do the lips say it? Offset and correlation of the mouth on the rendered picture, and closures.

The mouth is found again in the finished frames by the face tracker, and its opening compared with
what should be there: the opening that the motion commanded, or one derived from speech timings or
from the sound. Every number comes with null controls: what the same comparison answers when the
speech is moved to another place (by chance), and whether known shifts are recovered.

    track = lips.track(frames, fps=25)
    wanted = openings.spoken(speech.phonemes, track.seconds)
    metrics = [*lips.sync(track, wanted), lips.closures(track, speech.phonemes)]
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from likewise.values import Metric, Timing
from likewise.verify import bootstrap

SCORER = "face landmarker (MediaPipe 64184e22) lip gap"
MAX_LAG_SECONDS = 0.4
LAG_STEP_SECONDS = 0.005
CLOSED_GAP = 0.015
"""Lip gap over face height below which lips count as closed: about 3 mm on an adult's face. Closed
lips of films read .003 to .014, of rendered pictures below .003."""

BILABIALS = frozenset("pbmɓʙ")
CONTROL_SHIFTS = (-0.16, -0.08, -0.04, 0.04, 0.08, 0.16)

_FEWEST_FRAMES = 12
_FACE_SHARE = 0.5
_STILL = 1e-6
_NULL_DRAWS = 40
_PART_SECONDS = 2.0  # independent enough for the bootstrap: several syllables
_BILABIAL_REACH = 0.04  # seconds around the closure in which a frame must show it: one of 25 fps


@dataclass(frozen=True, slots=True, eq=False)
class LipTrack:
    """The mouth found in every frame.

    Attributes:
        seconds: float64 (N,), when each frame is shown, ascending.
        gap: float64 (N,), lip gap over face height, NaN where no face was found.
        scorer: What measured it.
    """

    seconds: NDArray[np.float64]
    gap: NDArray[np.float64]
    scorer: str = SCORER

    def __post_init__(self) -> None:
        if self.seconds.shape != self.gap.shape or self.gap.ndim != 1:
            raise ValueError(f"LipTrack: {self.seconds.shape} times for {self.gap.shape} gaps")

    @property
    def face_share(self) -> float:
        """Share of the frames in which a face was found."""
        return float(np.isfinite(self.gap).mean()) if len(self.gap) else 0.0


@dataclass(frozen=True, slots=True)
class Fit:
    """How one track follows another.

    Attributes:
        lag_ms: By how much it comes later.
        correlation: Pearson's r at that lag.
        at_zero: Pearson's r without a lag.
    """

    lag_ms: float
    correlation: float
    at_zero: float


def track(frames: Iterable[NDArray[np.uint8]], fps: float) -> LipTrack:
    """Find the mouth again in rendered frames.

    Args:
        frames: uint8 (H, W, 3), RGB, evenly spaced.
        fps: Frames a second.
    """
    from likewise.seeing.landmarks import Tracker
    from likewise.seeing.measures import lip_gap

    tracker = Tracker()
    gaps = []
    for frame in frames:
        found = tracker.track(frame)
        gaps.append(np.nan if found is None else lip_gap(found.points))
    return LipTrack(np.arange(len(gaps)) / fps, np.array(gaps, np.float64))


def fit(
    found: NDArray[np.float64], wanted: NDArray[np.float64], seconds: NDArray[np.float64]
) -> Fit | None:
    """Best lag within 0.4 s and the correlation there.

    Args:
        found: (N,) measured track, NaN where missing.
        wanted: (N,) track it should follow.
        seconds: (N,) times of both.

    Returns:
        None when either doesn't move, or too little is left to compare.
    """
    usable = np.isfinite(found)
    if usable.sum() < _FEWEST_FRAMES or np.ptp(found[usable]) < _STILL or np.ptp(wanted) < _STILL:
        return None
    steps = round(MAX_LAG_SECONDS / LAG_STEP_SECONDS)
    lags = np.arange(-steps, steps + 1) * LAG_STEP_SECONDS
    origin = seconds - lags[:, None]  # (lags, N)
    moved = np.interp(origin, seconds, wanted)
    inside = (origin >= seconds[0]) & (origin <= seconds[-1]) & usable
    correlations = _correlations(np.where(usable, found, 0.0), moved, inside)
    if not np.isfinite(correlations).any():
        return None
    best = int(np.nanargmax(correlations))
    return Fit(float(1000 * lags[best]), float(correlations[best]), float(correlations[steps]))


def sync(
    lips: LipTrack, wanted: NDArray[np.float64], *, reference: str = "timings"
) -> list[Metric]:
    """Lag and correlation of the lips, each with controls.

    Args:
        lips: The mouth found in the picture.
        wanted: float64 (N,), opening that should be there at `lips.seconds`; where it is shorter
            than the track, only the common part is compared.
        reference: What `wanted` was made from, for the note.

    Returns:
        `lip lag` in milliseconds (positive: the picture is late), `lip correlation`, and
        `lip lag recovery`: the largest error, in milliseconds, when the speech is moved by 40, 80
        and 160 ms to both sides on purpose.
    """
    lag = Metric.unavailable(
        "lip lag", "", unit="ms", direction="closer to zero is better", scorer=lips.scorer
    )
    correlation = Metric.unavailable(
        "lip correlation", "", unit="", direction="higher is better", scorer=lips.scorer
    )
    recovery = Metric.unavailable(
        "lip lag recovery", "", unit="ms", direction="lower is better", scorer=lips.scorer
    )
    blanks = [lag, correlation, recovery]
    count = min(len(lips.gap), len(wanted))
    seconds, gap, wanted = lips.seconds[:count], lips.gap[:count], wanted[:count]
    reason = _unusable(gap, wanted)
    best = None if reason else fit(gap, wanted, seconds)
    if reason or best is None:
        status = f"unavailable: {reason or 'too little to compare'}"
        return [replace(metric, status=status) for metric in blanks]
    chance = _by_chance(gap, wanted, seconds)
    note = (
        f"against the {reference}; face in {100 * lips.face_share:.0f} % of the frames; "
        f"by chance r reaches {chance.max():.2f}"
    )
    correlation = replace(
        correlation,
        value=best.correlation,
        ceiling=1.0,
        floor=float(chance.mean()),
        interval=_spread(gap, wanted, seconds, best.lag_ms / 1000),
        status="ok",
        note=f"{note}; without the lag r {best.at_zero:.2f}",
    )
    if best.correlation <= chance.max():
        reason = (
            f"the lips don't follow the {reference} better than chance "
            f"(r {best.correlation:.2f}, by chance up to {chance.max():.2f})"
        )
        return [
            replace(lag, status=f"unavailable: {reason}"),
            correlation,
            replace(recovery, status=f"unavailable: {reason}"),
        ]
    errors = _recovery_errors(gap, wanted, seconds, best.lag_ms)
    return [
        replace(lag, value=best.lag_ms, ceiling=0.0, status="ok", note=note),
        correlation,
        replace(recovery, value=max(errors), ceiling=0.0, status="ok", note=note),
    ]


def closures(lips: LipTrack, phonemes: Sequence[Timing]) -> Metric:
    """Share of the sounds p, b and m in which the lips meet.

    The floor is the share at moments spread over the same speech at random.
    """
    blank = Metric.unavailable(
        "lips closed on p, b, m", "", unit="%", direction="higher is better", scorer=lips.scorer
    )
    if lips.face_share < _FACE_SHARE:
        return replace(blank, status=f"unavailable: {_no_face(lips.face_share)}")
    middles = [
        (phoneme.start + phoneme.end) / 2
        for phoneme in phonemes
        if BILABIALS.intersection(phoneme.text) and phoneme.start <= lips.seconds[-1]
    ]
    shut = [_shut(lips, moment) for moment in middles]
    seen = [float(state) for state in shut if state is not None]
    if not seen:
        return replace(blank, status="unavailable: no p, b or m in view")
    spoken = [phoneme for phoneme in phonemes if phoneme.text]
    random = np.random.default_rng(0).uniform(spoken[0].start, spoken[-1].end, 200)
    elsewhere = [float(state) for at in random if (state := _shut(lips, at)) is not None]
    spread = bootstrap.interval(seen)
    return replace(
        blank,
        value=100 * sum(seen) / len(seen),
        ceiling=100.0,
        floor=100 * sum(elsewhere) / len(elsewhere) if elsewhere else None,
        interval=(100 * spread[0], 100 * spread[1]) if spread else None,
        status="ok",
        note=f"{round(sum(seen))} of {len(seen)}; closed: gap below {CLOSED_GAP:.1%} of the face",
    )


def _shut(lips: LipTrack, moment: float) -> bool | None:
    """Whether some frame within 40 ms shows closed lips; None when no frame shows a face."""
    near = lips.gap[np.abs(lips.seconds - moment) <= _BILABIAL_REACH]
    near = near[np.isfinite(near)]
    return bool(near.min() < CLOSED_GAP) if len(near) else None


def _unusable(gap: NDArray[np.float64], wanted: NDArray[np.float64]) -> str:
    found = np.isfinite(gap)
    if len(gap) < _FEWEST_FRAMES:
        return f"only {len(gap)} frames"
    if found.mean() < _FACE_SHARE:
        return _no_face(float(found.mean()))
    if np.ptp(gap[found]) < _STILL:
        return "the mouth never moves"
    if np.ptp(wanted) < _STILL:
        return "nothing is said"
    return ""


def _no_face(share: float) -> str:
    return f"a face was found in only {100 * share:.0f} % of the frames"


def _correlations(
    found: NDArray[np.float64], moved: NDArray[np.float64], inside: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Pearson's r of `found` with each row of `moved` over the frames inside; NaN if too few."""
    weight = inside.astype(np.float64)
    count = weight.sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        one = (found - (weight @ found / count)[:, None]) * weight
        other = (moved - ((moved * weight).sum(1) / count)[:, None]) * weight
        r = (one * other).sum(1) / np.sqrt((one**2).sum(1) * (other**2).sum(1))
    return np.where(count >= _FEWEST_FRAMES, r, np.nan)


def _by_chance(
    gap: NDArray[np.float64], wanted: NDArray[np.float64], seconds: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Best correlations when the speech sits elsewhere: rotated in time, or cut up and shuffled."""
    random = np.random.default_rng(0)
    step = float(np.median(np.diff(seconds)))
    away = min(len(gap) // 4, round((MAX_LAG_SECONDS + 0.2) / step))
    blocks = np.array_split(wanted, max(2, round(len(wanted) * step / 0.4)))
    best = []
    for draw in range(_NULL_DRAWS):
        if draw % 2:
            other = np.roll(wanted, int(random.integers(away, len(gap) - away + 1)))
        else:
            other = np.concatenate([blocks[at] for at in random.permutation(len(blocks))])
        found = fit(gap, other, seconds)
        best.append(found.correlation if found else 0.0)
    return np.array(best)


def _recovery_errors(
    gap: NDArray[np.float64],
    wanted: NDArray[np.float64],
    seconds: NDArray[np.float64],
    lag_ms: float,
) -> list[float]:
    """Errors in ms when the speech is moved by known amounts."""
    errors = []
    for shift in CONTROL_SHIFTS:
        found = fit(gap, np.interp(seconds - shift, seconds, wanted), seconds)
        if found is not None:
            errors.append(abs(found.lag_ms - (lag_ms - 1000 * shift)))
    return errors


def _spread(
    gap: NDArray[np.float64],
    wanted: NDArray[np.float64],
    seconds: NDArray[np.float64],
    lag: float,
) -> tuple[float, float] | None:
    """Interval of the correlation: bootstrap over stretches of two seconds."""
    moved = np.interp(seconds - lag, seconds, wanted)
    usable = np.isfinite(gap)
    part = (seconds[usable] / _PART_SECONDS).astype(int)
    parts = [np.flatnonzero(part == index) for index in np.unique(part)]
    if len(parts) < bootstrap.FEWEST:
        return None
    one, other = gap[usable], moved[usable]
    random = np.random.default_rng(0)
    drawn = []
    for _ in range(500):
        rows = np.concatenate([parts[at] for at in random.integers(0, len(parts), len(parts))])
        drawn.append(np.corrcoef(one[rows], other[rows])[0, 1])
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return float(low), float(high)
