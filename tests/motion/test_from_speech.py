"""Lips that say the phonemes, the same however the speech arrives."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from likewise.errors import BadInput
from likewise.motion.from_speech import SpeechActor, from_speech
from likewise.values import INDEX, Audio, Motion, Speech, Timing

FIELDS = ("coefficients", "pose", "shift", "gaze", "tongue", "lip_gap")
OPENING = [
    INDEX[name]
    for name in (
        "jawOpen",
        "mouthLowerDownLeft",
        "mouthLowerDownRight",
        "mouthUpperUpLeft",
        "mouthUpperUpRight",
        "mouthFunnel",
    )
]
CLOSE = INDEX["mouthClose"]
MOUTH = [
    index
    for name, index in INDEX.items()
    if name.startswith(("mouth", "jaw")) and name != "mouthClose"
]


def opening(motion: Motion) -> np.ndarray:
    """How far the lips are commanded apart, (N,)."""
    return motion.coefficients[:, OPENING].sum(axis=1)


def streamed(parts: Sequence[Speech], fps: float, **options: Any) -> Motion:
    actor = SpeechActor(fps, **options)
    return Motion.joined([*(actor.feed(part) for part in parts), actor.finish()])


def assert_same(first: Motion, second: Motion) -> None:
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name), err_msg=name)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    borders=st.lists(st.integers(0, 75), max_size=12), fps=st.sampled_from([10, 24, 25, 29.97, 60])
)
def test_streamed_equals_whole_for_any_cuts(
    sentence: Speech, cut_speech: Callable[..., list[Speech]], borders: list[int], fps: float
) -> None:
    borders = [min(border, len(sentence.phonemes)) for border in borders]
    whole = from_speech(sentence, fps, seed=5)
    assert_same(streamed(cut_speech(sentence, borders), fps, seed=5), whole)


@settings(max_examples=25, deadline=None)
@given(
    samples=st.lists(st.integers(1, 30000), min_size=1, max_size=5),
    fps=st.floats(10, 60),
    rate=st.sampled_from([16000, 22050, 24000, 44100]),
)
def test_frames_cover_the_sound_exactly(samples: list[int], fps: float, rate: int) -> None:
    parts = [
        Speech(
            Audio(np.zeros(count, np.float32), rate),
            "",
            "",
            phonemes=(Timing("a", 0.0, count / rate),),
        )
        for count in samples
    ]
    motion = streamed(parts, fps)
    assert abs(len(motion) - sum(samples) / rate * fps) < 1 + 1e-5
    assert len(motion) >= sum(samples) / rate * fps - 1e-5


def test_no_drift_over_many_short_parts(make_speech: Callable[..., Speech]) -> None:
    part = make_speech([("m", 0.0713), ("a", 0.1), ("", 0.137)])
    motion = streamed([part] * 200, 29.97)
    seconds = 200 * len(part.audio.samples) / part.audio.sample_rate
    assert len(motion) == math.ceil(seconds * 29.97)
    last_m = 199 * len(part.audio.samples) / part.audio.sample_rate
    near = opening(motion)[int((last_m - 0.1) * 29.97) : int((last_m + 0.09) * 29.97)]
    assert near.min() == 0.0


@pytest.mark.parametrize("fps", [10, 12, 25, 30, 50, 60])
def test_every_bilabial_shuts_the_lips_on_a_frame(sentence: Speech, fps: int) -> None:
    motion = from_speech(sentence, fps)
    gaps = opening(motion)
    bilabials = [timing for timing in sentence.phonemes if timing.text in {"p", "b", "m"}]
    assert len(bilabials) == 8
    for timing in bilabials:
        first = max(0, math.ceil((timing.start - 0.04 - 0.5 / fps) * fps))
        last = math.floor((timing.end + 0.5 / fps) * fps)
        assert gaps[first : last + 1].min() == 0.0, timing
        shut = first + np.flatnonzero(gaps[first : last + 1] == 0.0)
        # At 10 fps a /b/ after a pause may only show as the end of the pause's rest.
        assert fps < 25 or motion.coefficients[shut, INDEX["mouthPressLeft"]].max() > 0.2


@pytest.mark.parametrize("fps", [25, 30, 60])
def test_labiodentals_bring_the_lip_to_the_teeth(
    make_speech: Callable[..., Speech], fps: int
) -> None:
    speech = make_speech("_ɑfɑvɑ_")
    motion = from_speech(speech, fps)
    for timing in speech.phonemes:
        if timing.text in {"f", "v"}:
            frames = slice(round((timing.start - 0.06) * fps), round(timing.end * fps) + 1)
            here = motion.coefficients[frames]
            contact = here[here[:, INDEX["mouthRollLower"]].argmax()]
            assert contact[INDEX["mouthRollLower"]] == pytest.approx(0.55, abs=1e-6)
            assert contact[INDEX["jawOpen"]] == pytest.approx(0.08, abs=1e-6)
            assert contact[INDEX["mouthLowerDownLeft"]] == 0.0


@pytest.mark.parametrize("fps", [25, 30, 60])
@pytest.mark.parametrize("pause", [0.12, 0.2, 0.6])
def test_pauses_shut_the_mouth_and_gaps_do_not(
    make_speech: Callable[..., Speech], fps: int, pause: float
) -> None:
    around = [("", 0.3), ("t", 0.08), ("ɑ", 0.25)]
    paused = make_speech([*around, ("", pause), ("ɑ", 0.25), ("t", 0.08), ("", 0.5)])
    frames = slice(math.ceil(0.63 * fps), math.floor((0.63 + pause) * fps) + 1)
    mouth = from_speech(paused, fps).coefficients[frames]
    shut = np.abs(mouth[:, MOUTH]).max(axis=1) == 0
    assert shut.any() and mouth[shut, CLOSE].max() == 1.0
    fluent = make_speech([*around, ("", 0.06), ("ɑ", 0.25), ("t", 0.08), ("", 0.5)])
    jaw = from_speech(fluent, fps).coefficients[:, INDEX["jawOpen"]]
    assert jaw[math.ceil(0.5 * fps) : math.floor(0.8 * fps)].min() > 0.3


def test_lips_sink_together_in_a_pause_they_do_not_snap(
    make_speech: Callable[..., Speech],
) -> None:
    motion = from_speech(make_speech([("", 0.3), ("ɑ", 0.4), ("", 0.6), ("ɑ", 0.2)]), 100)
    jaw = motion.coefficients[:, INDEX["jawOpen"]]
    falling = jaw[65:95]
    partly = (falling > 0.1 * jaw.max()) & (falling < 0.9 * jaw.max())
    assert partly.sum() >= 7


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_the_first_and_last_frames_are_neutral_with_shut_lips(sentence: Speech, fps: int) -> None:
    motion = from_speech(sentence, fps, seed=11)
    assert motion.coefficients[[0, -1], CLOSE] == pytest.approx(1.0, abs=1e-6)
    motion.coefficients[:, CLOSE] = 0.0
    for name in FIELDS[:-1]:
        track = getattr(motion, name)
        assert np.abs(track[[0, -1]]).max() == pytest.approx(0.0, abs=1e-6), name
    assert np.isnan(motion.lip_gap).all()


def test_speech_without_any_silence_still_starts_and_ends_shut(
    make_speech: Callable[..., Speech],
) -> None:
    motion = from_speech(make_speech([("ɑ", 0.5)]), 25)
    jaw = motion.coefficients[:, INDEX["jawOpen"]]
    assert jaw[0] == jaw[-1] == 0.0
    assert jaw[6] > 0.35


def test_coefficients_stay_in_range_and_finite(sentence: Speech) -> None:
    motion = from_speech(sentence, 30, liveliness=3.0)
    for name in FIELDS[:-1]:
        assert np.isfinite(getattr(motion, name)).all()
    assert motion.coefficients.min() >= 0.0 and motion.coefficients.max() <= 1.0
    assert motion.tongue.min() >= 0.0 and motion.tongue.max() <= 1.0
    assert np.abs(motion.gaze).max() <= 1.0


def test_nothing_jitters(sentence: Speech) -> None:
    """Second differences at 200 fps stay below what a 50 ms full-range movement needs."""
    motion = from_speech_at_control_rate(sentence)
    acceleration = np.abs(np.diff(motion.coefficients[:, MOUTH], n=2, axis=0)).max() * 100**2
    assert acceleration < 5.8 * 0.9 / 0.06**2
    jaw = motion.coefficients[:, INDEX["jawOpen"]].astype(float)
    turns = np.count_nonzero(np.diff(np.sign(np.diff(jaw)[np.abs(np.diff(jaw)) > 1e-4])))
    assert turns <= 2 * len(sentence.phonemes)


def from_speech_at_control_rate(speech: Speech) -> Motion:
    return from_speech(speech, 100)


def test_lips_lead_the_sound(make_speech: Callable[..., Speech]) -> None:
    speech = make_speech([("", 0.5), ("t", 0.1), ("ɑ", 0.2), ("t", 0.1), ("", 0.5)])
    jaw = from_speech(speech, 100).coefficients[:, INDEX["jawOpen"]]
    centre = np.average(np.arange(len(jaw)) / 100, weights=np.maximum(jaw - 0.25, 0))
    assert 0.7 - centre == pytest.approx(0.04, abs=0.02)


def test_rounding_reaches_into_consonants(make_speech: Callable[..., Speech]) -> None:
    def pucker_in_k(vowel: str) -> float:
        speech = make_speech([("", 0.3), ("k", 0.1), (vowel, 0.15), ("", 0.3)])
        return float(from_speech(speech, 100).coefficients[35, INDEX["mouthPucker"]])

    assert pucker_in_k("u") > 0.3 > 0.02 > pucker_in_k("i")


def test_louder_and_stressed_vowels_open_more(make_speech: Callable[..., Speech]) -> None:
    plain = make_speech([("", 0.3), ("ɑ", 0.2), ("t", 0.1), ("ɑ", 0.2), ("", 0.4)])
    stressed = make_speech([("", 0.3), ("ˈɑ", 0.2), ("t", 0.1), ("ɑ", 0.2), ("", 0.4)])
    gain = np.ones(len(plain.audio.samples), np.float32)
    gain[: round(0.55 * plain.audio.sample_rate)] = 0.05
    quiet = Speech(
        Audio(plain.audio.samples * gain, plain.audio.sample_rate), "", "", plain.phonemes
    )

    def jaw(speech: Speech) -> float:
        return float(from_speech(speech, 50).coefficients[15:24, INDEX["jawOpen"]].max())

    assert 1.05 < jaw(stressed) / jaw(plain) < 1.3
    assert 0.75 < jaw(quiet) / jaw(plain) < 0.97


def test_marks_with_times_of_their_own_belong_to_their_letters(
    make_speech: Callable[..., Speech],
) -> None:
    marked = make_speech([("", 0.3), ("ˈ", 0.05), ("ɑ", 0.1), ("ː", 0.1), ("", 0.4)])
    merged = make_speech([("", 0.3), ("ˈɑː", 0.25), ("", 0.4)])
    audio = merged.audio
    one = from_speech(Speech(audio, "", "", marked.phonemes), 25)
    assert_same(one, from_speech(merged, 25))


def test_diphthongs_move_within_the_vowel(make_speech: Callable[..., Speech]) -> None:
    motion = from_speech(make_speech([("", 0.3), ("I", 0.3), ("", 0.4)]), 100)
    jaw = motion.coefficients[:, INDEX["jawOpen"]]
    smile = motion.coefficients[:, INDEX["mouthSmileLeft"]]
    assert jaw[:60].argmax() < 45 < 48 < smile[:60].argmax()


def test_seeds_reproduce_and_differ(sentence: Speech) -> None:
    first, again, other = (from_speech(sentence, 25, seed=seed) for seed in (1, 1, 2))
    assert_same(first, again)
    assert np.abs(first.pose - other.pose).max() > 0.5
    np.testing.assert_array_equal(first.coefficients[:, MOUTH], other.coefficients[:, MOUTH])


def test_liveliness_zero_moves_the_mouth_only(sentence: Speech) -> None:
    motion = from_speech(sentence, 25, liveliness=0.0)
    assert np.abs(motion.pose).max() == 0.0 == np.abs(motion.gaze).max()
    assert motion.coefficients[:, INDEX["eyeBlinkLeft"]].max() == 0.0
    assert motion.coefficients[:, INDEX["jawOpen"]].max() > 0.3


def test_little_is_held_back(sentence: Speech) -> None:
    actor = SpeechActor(25)
    frames = len(actor.feed(sentence))
    assert frames / 25 > sentence.audio.seconds - 1.1


def test_memory_stays_flat_over_long_speech(sentence: Speech) -> None:
    actor = SpeechActor(25)
    sizes = []
    for _ in range(60):
        actor.feed(sentence)
        sizes.append(
            len(actor._row.phones) + len(actor._loudness._decibels) + len(actor._idle._blinks)
        )
    assert max(sizes[30:]) <= max(sizes[3:30])


def test_bad_input_is_refused(sentence: Speech) -> None:
    with pytest.raises(BadInput, match="phoneme timings"):
        from_speech(Speech(sentence.audio, "", ""), 25)
    with pytest.raises(BadInput, match="frames per second"):
        SpeechActor(0)
    with pytest.raises(BadInput, match="liveliness"):
        SpeechActor(25, liveliness=-1)
    actor = SpeechActor(25)
    actor.feed(sentence)
    with pytest.raises(ValueError, match="Hz"):
        actor.feed(Speech(Audio(np.zeros(10, np.float32), 8000), "", ""))
    actor.finish()
    with pytest.raises(ValueError, match="finished"):
        actor.feed(sentence)


def test_no_speech_is_no_motion() -> None:
    assert len(SpeechActor(25).finish()) == 0
