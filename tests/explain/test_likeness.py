import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likewise.errors import BadInput
from likewise.explain.likeness import Known, Rule, conformal_threshold, whole_percents

LENGTH = 64
SEEDS = st.integers(0, 10_000)


def clouds(seed: int, names: str = "AB", count: int = 12) -> dict[str, np.ndarray]:
    """For each name a cloud of examples around a direction of its own."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(0, 1, LENGTH) + rng.normal(0, 0.35, (count, LENGTH)) for name in names}


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_copy_is_the_copied(seed: int) -> None:
    examples = clouds(seed, "ABC")
    likeness = Known(examples).compare(examples["B"][3])
    assert (likeness.decision, likeness.name) == ("known", "B")
    assert likeness.shares["B"] >= 97 and likeness.novelty <= 2
    assert likeness.cosine == pytest.approx(1)


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_even_mix_is_between_and_names_both(seed: int) -> None:
    examples = clouds(seed)
    a, b = (rows[0] / np.linalg.norm(rows[0]) for rows in examples.values())
    likeness = Known(examples).compare(a + b)
    assert likeness.decision == "between"
    assert set(likeness.shares) == {"A", "B"}
    assert abs(likeness.shares["A"] - likeness.shares["B"]) <= 20
    assert "A (" in likeness.sentence and "B (" in likeness.sentence


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_noise_is_new(seed: int) -> None:
    likeness = Known(clouds(seed)).compare(np.random.default_rng([seed, 1]).normal(size=LENGTH))
    assert likeness.decision == "new"
    assert likeness.novelty > 50


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_order_of_what_is_known_does_not_matter(seed: int) -> None:
    examples = clouds(seed, "ABC")
    rng = np.random.default_rng(seed)
    unknown = examples["A"].mean(0) + 0.8 * examples["C"].mean(0) + rng.normal(0, 0.3, LENGTH)
    shuffled = {name: rng.permutation(examples[name]) for name in "CAB"}
    one, other = Known(examples).compare(unknown), Known(shuffled).compare(unknown)
    assert one.shares == other.shares and one.decision == other.decision
    assert one.calibration.novelty_threshold == pytest.approx(other.calibration.novelty_threshold)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(1, 5))
def test_percents_sum_to_a_hundred(seed: int, names: int) -> None:
    examples = clouds(seed, "ABCDE"[:names])
    unknown = np.random.default_rng([seed, 2]).normal(size=LENGTH) + sum(
        rows[0] for rows in examples.values()
    )
    likeness = Known(examples).compare(unknown)
    assert sum(likeness.shares.values()) + likeness.novelty == 100


def test_length_of_an_embedding_does_not_matter() -> None:
    examples = clouds(3)
    known = Known(examples)
    assert known.compare(examples["A"][0] * 7) == known.compare(examples["A"][0])


def test_the_stated_error_rate_holds_on_fresh_examples() -> None:
    wrong = total = 0
    for seed in range(12):
        cloud = clouds(seed, "ABC", count=60)
        known = Known({name: rows[:30] for name, rows in cloud.items()})
        for name, rows in cloud.items():
            for row in rows[30:]:
                likeness = known.compare(row, error_rate=0.2)
                assert likeness.calibration.calibrated
                wrong += likeness.decision != "known" or likeness.name != name
                total += 1
    # 1080 fresh examples; 12 draws of the thresholds leave about 3 points of play.
    assert wrong / total <= 0.2 + 0.03


def test_too_few_examples_promise_nothing() -> None:
    likeness = Known(clouds(0, count=4)).compare(np.ones(LENGTH), error_rate=0.1)
    assert not likeness.calibration.calibrated
    assert likeness.calibration.needed == 19 and likeness.calibration.examples == 8
    assert "needs 19" in likeness.calibration.sentence


def test_overlapping_names_promise_nothing() -> None:
    rng = np.random.default_rng(0)
    same = rng.normal(0, 1, LENGTH) + rng.normal(0, 0.4, (40, LENGTH))
    calibration = Known({"A": same[:20], "B": same[20:]}).compare(same[0]).calibration
    assert not calibration.calibrated and "overlap" in calibration.sentence
    assert calibration.measured_error is not None and calibration.measured_error > 0.1


def test_centre_separates_what_shares_a_large_common_part() -> None:
    examples = clouds(5)
    common = np.full(LENGTH, 5.0)
    raised = {name: rows + common for name, rows in examples.items()}
    fresh = np.random.default_rng(9).normal(size=LENGTH) + common
    assert Known(raised, centre=common).compare(fresh).decision == "new"
    assert Known(raised).compare(fresh).cosine > 0.8  # without it everything is alike


def test_nothing_known_is_new() -> None:
    likeness = Known({}).compare(np.ones(8))
    assert likeness.decision == "new" and likeness.novelty == 100 and likeness.cosine is None
    assert likeness.as_json()["sentence"].startswith("New")


@pytest.mark.parametrize("wrong", [np.zeros(LENGTH), np.full(LENGTH, np.nan), np.ones(LENGTH + 1)])
def test_what_is_no_embedding_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(BadInput):
        Known(clouds(0)).compare(wrong)


RULE = Rule(0.6, "a published rule")


@pytest.mark.parametrize(
    ("unknown", "decision"),
    [
        ([0.8, 0.5, 0, 0], "known"),
        ([0.8, 0.7, 0, 0], "new"),
        ([0.55, 0, 0.25, 0], "known"),
        ([0.4, 0, 0.4, 0], "between"),
        ([0.7, 0, 0.7, 0], "new"),  # even of both, but too far from each
    ],
)
def test_published_rule_decides_while_nothing_can_be_calibrated(
    unknown: list[float], decision: str
) -> None:
    examples = {"A": 0.8 * np.eye(4)[:1], "C": 0.8 * np.eye(4)[2:3]}
    likeness = Known(examples, rule=RULE).compare(np.array(unknown))
    assert likeness.decision == decision
    nearest = min(np.linalg.norm(np.array(unknown) - rows[0]) for rows in examples.values())
    assert likeness.distance == pytest.approx(nearest)
    assert (nearest < RULE.distance) == (decision != "new")
    assert "a published rule, the same below a distance of 0.6" in likeness.calibration.sentence
    assert not likeness.calibration.calibrated


def test_published_rule_gives_way_to_calibration() -> None:
    examples = clouds(0)  # lengths of 8 or so: by the rule nothing would be known
    ruled = Known(examples, rule=RULE).compare(examples["A"][0] * 1.2)
    assert ruled.decision == "known" and ruled.distance > RULE.distance
    assert ruled.calibration.calibrated and ruled.calibration.rule == ""
    assert Known(examples).compare(examples["A"][0]).distance is None


def test_conformal_threshold_is_the_right_rank() -> None:
    scores = list(range(1, 20))  # 19 scores
    assert conformal_threshold(scores, 0.05) == 19
    assert conformal_threshold(scores, 0.1) == 18
    assert conformal_threshold(scores[:18], 0.05) == math.inf


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30).filter(lambda x: sum(x) > 1e-3))
def test_whole_percents_sum_and_stay_near(parts: list[float]) -> None:
    percents = whole_percents(parts)
    assert sum(percents) == 100
    exact = 100 * np.array(parts) / sum(parts)
    assert np.abs(np.array(percents) - exact).max() <= 1
