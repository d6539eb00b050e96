"""The verdict claims what was measured, and says what was not."""

from dataclasses import replace

from likewise.studio.verdict import verdict
from likewise.values import Metric


def similarity(value: float | None, status: str = "ok") -> Metric:
    return Metric("speaker similarity", value, "", "higher is better", "x", 0.8, 0.5, status=status)


def test_likeness_is_told_between_its_controls() -> None:
    assert "50" not in verdict([similarity(0.65)])[0]
    assert "half way" in verdict([similarity(0.65)])[0]
    assert "67 % of the way" in verdict([similarity(0.7)])[0]
    assert "100 % of the way" in verdict([similarity(0.9)])[0]
    assert "no more like" in verdict([similarity(0.5)])[0]


def test_a_stranger_as_near_is_told() -> None:
    near = replace(similarity(0.65), rival=0.66)
    assert "one of the other speakers is as near (0.66, this voice 0.65)" in verdict([near])[0]
    assert "as near" not in verdict([replace(near, rival=0.6)])[0]


def test_too_little_recording_claims_no_share() -> None:
    short = replace(similarity(0.67), ceiling=None, rival=0.71)
    (sentence,) = verdict([short])
    assert "%" not in sentence
    assert "0.67" in sentence
    assert "0.71" in sentence
    assert "too short" in sentence


def test_what_was_not_measured_is_said() -> None:
    (sentence,) = verdict([similarity(None, "unavailable: the clip is silent")])
    assert "could not be measured" in sentence
    assert "silent" in sentence


def test_words_and_lips() -> None:
    metrics = [
        Metric("word error rate", 0.0, "%", "lower is better", "x"),
        Metric("lip lag", -120.0, "ms", "closer to zero is better", "x"),
        Metric("lip correlation", 0.71, "", "higher is better", "x"),
        Metric("lips closed on p, b, m", 93.0, "%", "higher is better", "x"),
    ]
    words, lips = verdict(metrics)
    assert "every one of its words" in words
    assert "120 ms before the sound" in lips
    assert "0.71" in lips
    assert "93 %" in lips


def test_nothing_measured_says_nothing() -> None:
    assert verdict([]) == ()
