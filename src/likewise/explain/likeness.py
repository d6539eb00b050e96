"""Something-like: an unknown thing as a mixture of known ones, and whether it is one of them.

An embedding is centred on the average of its kind and brought to length 1. The unknown one is then
rebuilt as a sparse sum of known examples with weights that can't be negative. What the sum
explains is shared out among the names ("62 % like A, 23 % like B"), what it leaves is new.

Whether the rest is small enough to say "I know this" is decided by a conformal threshold (Vovk,
Gammerman and Shafer 2005, "Algorithmic learning in a random world"): each known example is taken
out and rebuilt from the others, and the unknown one must not be stranger than those were. With too
few examples for that, an encoder's published `Rule` decides where it has one, and no error rate is
promised.

    known = Known({"dog": dogs, "cat": cats}, centre=imagenet.expected())
    likeness = known.compare(imagenet.embed(picture))
    print(likeness.sentence)       # "Between dog (27 %) and cat (21 %); 52 % is new."
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.explain.attributes import Difference
from likewise.mixture import nonnegative_shares

Decision = Literal["known", "between", "new"]
Array = NDArray[np.float64]

SPARSITY = 0.02
"""Weight of the l1 penalty: a known example must explain more than 2 % to be used at all."""

EVEN_SHARE = 0.4
"""A second likeness above this part of what is explained is never called a blemish of the first."""

_RIDGE = 1e-6  # makes the mixture unique when two examples are the same
_LARGEST_MIXTURE = 64  # examples nearest to the unknown one that take part
_MOST_CALIBRATED = 200  # more make the threshold no better, only slower
_DEFAULT_NOVELTY = 0.5  # most of it is new; until there are enough examples to calibrate with


@dataclass(frozen=True, slots=True)
class Rule:
    """When two embeddings are of one, as whoever made the encoder published it.

    Attributes:
        distance: Embeddings nearer than this to each other (Euclidean) are of one.
        source: Whose rule it is, such as `dlib's published rule`.
    """

    distance: float
    source: str

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return f"{self.source}, the same below a distance of {self.distance:g}"


@dataclass(frozen=True, slots=True)
class Calibration:
    """How sure the decision is.

    Attributes:
        error_rate: Stated rate: at most so many new examples of known names are called `new` or
            `between`, as long as they come from the same source as the examples.
        calibrated: False when the rate can't be promised; `note` says why.
        examples: Known examples that could be rebuilt from others of their name.
        needed: How many the rate needs.
        support: Others of its name each was rebuilt from, as few as the likeliest name has.
        novelty_threshold: More novelty than this is `new`, 0..1; 1 where a rule decides that.
        impurity_threshold: More likeness to other names than this is `between`, 0..1.
        measured_error: Part of the known examples that are wrong at these thresholds, None
            when there are too few to calibrate with.
        note: Why nothing is promised, "" otherwise.
        rule: The published rule that decides instead of the thresholds, "" where they decide.
    """

    error_rate: float
    calibrated: bool
    examples: int
    needed: int
    support: int
    novelty_threshold: float
    impurity_threshold: float
    measured_error: float | None
    note: str = ""
    rule: str = ""

    @property
    def sentence(self) -> str:
        """What may be relied on, in words."""
        if self.calibrated:
            return (
                f"At most {self.error_rate:.0%} of new examples of known names are misjudged "
                f"(calibrated on {self.examples} examples)."
            )
        decided = f" Decided by {self.rule}." if self.rule else ""
        return f"No error rate is promised: {self.note}.{decided}"


@dataclass(frozen=True, slots=True)
class Likeness:
    """What an unknown thing is like.

    Attributes:
        decision: `known`, `between` or `new`.
        name: The name it is, or is most like; "" when nothing is known.
        shares: Whole percent for each name that takes part, largest first.
        novelty: Whole percent that no known example explains; with `shares` exactly 100.
        cosine: Cosine with the most similar known example, -1..1; None when nothing is known.
        calibration: How sure the decision is.
        differences: Attributes in which it differs from the likeliest name, strongest first.
        distance: To the nearest known example, for encoders with a published rule, else None.
    """

    decision: Decision
    name: str
    shares: dict[str, int]
    novelty: int
    cosine: float | None
    calibration: Calibration
    differences: tuple[Difference, ...] = field(default=())
    distance: float | None = None

    @property
    def sentence(self) -> str:
        """The likeness in plain words."""
        parts = [f"{name} ({share} %)" for name, share in self.shares.items()]
        if not parts:
            said = "New: like nothing known so far."
        elif self.decision == "known":
            said = f"Like {self.name}, which explains {self.shares.get(self.name, 0)} % of it."
        elif self.decision == "between":
            said = f"Between {' and '.join(parts[:2])}; {self.novelty} % is new."
        else:
            said = f"New: {self.novelty} % is like nothing known; the rest is like {_and(parts)}."
        if self.distance is not None:
            said += f" The nearest known one is at a distance of {self.distance:.2f}."
        if self.differences:
            words = _and([item.sentence for item in self.differences[:3]])
            said += f" Compared with {self.name} it is {words}."
        return said

    def differing(self, differences: Sequence[Difference]) -> "Likeness":
        """The same likeness with the attributes in which the thing differs."""
        return replace(self, differences=tuple(differences))

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {
            "sentence": self.sentence,
            "calibration_sentence": self.calibration.sentence,
        }


class Known:
    """Known names with their examples, ready to be compared with."""

    def __init__(
        self,
        examples: Mapping[str, Sequence[NDArray[Any]] | NDArray[Any]],
        *,
        centre: NDArray[Any] | None = None,
        rule: Rule | None = None,
    ) -> None:
        """Take examples by name.

        Args:
            examples: For each name embeddings of shape (N, D), all of one D.
            centre: Embedding (D,) of an average thing, from which directions are taken;
                None takes zero.
            rule: Decides where there is too little to calibrate with, None for our own guess.

        Raises:
            BadInput: Embeddings of different lengths, or not numbers.
        """
        self._rule = rule
        self.names = sorted(name for name, rows in examples.items() if len(rows))
        self._centre = None if centre is None else np.asarray(centre, float)
        given = [np.asarray(examples[name], float) for name in self.names]
        rows = [self._directions(block) for block in given]
        if len({block.shape[1] for block in rows}) > 1:
            raise BadInput("The known embeddings differ in length; they come from other models.")
        self._rows = np.concatenate(rows) if rows else np.zeros((0, 0))
        self._given = np.concatenate(given) if rows else np.zeros((0, 0))
        self._owner = np.repeat(np.arange(len(rows)), [len(block) for block in rows])
        self._left_out_scores: dict[tuple[int, int], list[tuple[float, float]]] = {}

    def compare(
        self,
        embedding: NDArray[Any],
        *,
        error_rate: float = 0.1,
        seed: int = 0,
    ) -> Likeness:
        """Say what an unknown embedding is like.

        Args:
            embedding: (D,).
            error_rate: Rate of misjudged known things to allow, above 0, below 1; half of it for
                calling them `new`, half for `between`. A smaller one needs more examples.
            seed: For choosing the others that each example is rebuilt from in calibration.

        Raises:
            BadInput: Another length than the known ones, not numbers, or a rate out of range.
        """
        if not 0 < error_rate < 1:
            raise BadInput(f"An error rate lies between 0 and 1, not at {error_rate}.")
        given = np.asarray(embedding, float)
        unknown = self._directions(given[None])[0]
        if not self.names:
            return Likeness("new", "", {}, 100, None, self._calibration(error_rate, 1, seed))
        if len(unknown) != self._rows.shape[1]:
            raise BadInput(
                f"An embedding of {len(unknown)} numbers can't be compared with known ones of "
                f"{self._rows.shape[1]}; they come from different models."
            )
        explained, novelty = self._mixture(unknown, np.arange(len(self._rows)))
        best = int(np.argmax(explained))
        support = int((self._owner == best).sum())
        calibration = self._calibration(error_rate, support, seed)
        impurity = 1 - explained[best] / max(explained.sum(), 1e-12)
        distances = np.linalg.norm(self._given - given, axis=1) if self._rule else None
        mixed = impurity > calibration.impurity_threshold
        decision: Decision = "between" if mixed else "known"
        if novelty > calibration.novelty_threshold or not explained.any():
            decision = "new"
        elif calibration.rule and self._rule and distances is not None:
            near = self._owner[distances < self._rule.distance]
            if not len(near):
                decision = "new"
            elif best not in near:
                decision = "between"
        order = np.argsort(-explained, kind="stable")
        percents = whole_percents([*explained[order], novelty])
        shares = {
            self.names[index]: percent
            for index, percent in zip(order, percents[:-1], strict=True)
            if percent
        }
        return Likeness(
            decision=decision,
            name=self.names[best],
            shares=shares,
            novelty=percents[-1],
            cosine=float((self._rows @ unknown).max()),
            calibration=calibration,
            distance=None if distances is None else float(distances.min()),
        )

    def _directions(self, embeddings: Array) -> Array:
        if embeddings.ndim != 2 or not np.isfinite(embeddings).all():
            raise BadInput("An embedding has to be a row of finite numbers.")
        if self._centre is not None:
            if len(self._centre) != embeddings.shape[1]:
                raise BadInput(
                    f"Embeddings of {embeddings.shape[1]} numbers don't fit a centre of "
                    f"{len(self._centre)}; they come from different models."
                )
            embeddings = embeddings - self._centre
        lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
        if (lengths < 1e-9).any():
            raise BadInput("An embedding of length 0 points nowhere and can't be compared.")
        directions: Array = embeddings / lengths
        return directions

    def _mixture(self, unknown: Array, among: NDArray[np.intp]) -> tuple[Array, float]:
        """Energy of a unit vector that each name explains, and the energy left over; sum 1.

        Minimises |unknown - sum w_i example_i|^2 / 2 + SPARSITY * sum w_i over w >= 0.
        """
        cosines = self._rows[among] @ unknown
        if len(among) > _LARGEST_MIXTURE:
            nearest = np.sort(np.argsort(-cosines, kind="stable")[:_LARGEST_MIXTURE])
            among, cosines = among[nearest], cosines[nearest]
        explained = np.zeros(len(self.names))
        if not (cosines > SPARSITY).any():
            return explained, 1.0
        rows = self._rows[among]
        likeness = rows @ rows.T + _RIDGE * np.eye(len(among))
        weights = nonnegative_shares(likeness, cosines - SPARSITY)
        rest = unknown - weights @ rows
        novelty = float(np.clip(rest @ rest, 0, 1))
        # w_i <unknown, example_i> sums to what the mixture explains: a fair way to share it out.
        np.add.at(explained, self._owner[among], np.maximum(0, weights * cosines))
        if explained.sum() <= 0:
            return explained, 1.0
        return explained * (1 - novelty) / explained.sum(), novelty

    def _calibration(self, error_rate: float, support: int, seed: int) -> Calibration:
        """Rebuild every example from `support` others of its name and all of other names."""
        half = error_rate / 2
        needed = math.ceil(1 / half) - 1
        if (support, seed) not in self._left_out_scores:
            rng = np.random.default_rng(seed)
            rows = self._calibrating_rows(rng)
            self._left_out_scores[support, seed] = [self._left_out(r, support, rng) for r in rows]
        scores = self._left_out_scores[support, seed]
        novelties = [novelty for novelty, _ in scores]
        impurities = [impurity for _, impurity in scores]
        count = len(scores)
        if count < needed:
            note = (
                f"{count} examples can be checked against others of their name, {error_rate:.0%} "
                f"needs {needed}"
            )
            calibration = Calibration(
                error_rate, False, count, needed, support, _DEFAULT_NOVELTY, EVEN_SHARE, None, note
            )
            return self._ruled(calibration)
        novelty_threshold = conformal_threshold(novelties, half)
        impurity_threshold = conformal_threshold(impurities, half)
        overlap = impurity_threshold > EVEN_SHARE
        impurity_threshold = min(EVEN_SHARE, impurity_threshold)
        wrong = sum(
            novelty > novelty_threshold or impurity > impurity_threshold
            for novelty, impurity in scores
        )
        calibration = Calibration(
            error_rate=error_rate,
            calibrated=not overlap,
            examples=count,
            needed=needed,
            support=support,
            novelty_threshold=novelty_threshold,
            impurity_threshold=impurity_threshold,
            measured_error=wrong / count,
            note=(
                f"the known names overlap, {wrong / count:.0%} of their own examples are misjudged"
                if overlap
                else ""
            ),
        )
        return calibration if calibration.calibrated else self._ruled(calibration)

    def _ruled(self, calibration: Calibration) -> Calibration:
        """With the published rule in the place of a novelty threshold that promises nothing."""
        if self._rule is None:
            return calibration
        rule = self._rule.sentence
        return replace(calibration, novelty_threshold=1.0, measured_error=None, rule=rule)

    def _calibrating_rows(self, rng: np.random.Generator) -> NDArray[np.intp]:
        """Examples with others of their name, in an order that doesn't depend on the caller's."""
        counts = np.bincount(self._owner, minlength=len(self.names))
        rows = np.flatnonzero(counts[self._owner] > 1) if len(self._owner) else np.zeros(0, int)
        rows = rows[np.lexsort(self._rows[rows, :2].T)] if len(rows) else rows
        if len(rows) > _MOST_CALIBRATED:
            rows = rng.choice(rows, _MOST_CALIBRATED, replace=False)
        return np.asarray(rows, np.intp)

    def _left_out(self, row: int, support: int, rng: np.random.Generator) -> tuple[float, float]:
        """Novelty of an example rebuilt without itself, and its likeness to other names."""
        owner = self._owner[row]
        own = np.flatnonzero(self._owner == owner)
        own = own[own != row]
        if len(own) > support:
            own = own[np.lexsort(self._rows[own, :2].T)]
            own = rng.choice(own, support, replace=False)
        among = np.sort(np.concatenate([own, np.flatnonzero(self._owner != owner)]))
        explained, novelty = self._mixture(self._rows[row], among)
        return novelty, float(1 - explained[owner] / max(explained.sum(), 1e-12))


def conformal_threshold(scores: Sequence[float], error_rate: float) -> float:
    """The score that a further one of the same source exceeds with at most `error_rate`.

    The ceil((n + 1)(1 - error_rate))-th smallest of n scores; infinite when n is too small.
    """
    rank = math.ceil((len(scores) + 1) * (1 - error_rate) - 1e-9)
    if rank > len(scores):
        return math.inf
    return float(np.sort(np.asarray(scores, float))[rank - 1])


def whole_percents(parts: Sequence[float]) -> list[int]:
    """Parts of a whole as whole percents that sum to exactly 100 (largest remainders rounded up).

    Raises:
        ValueError: Nothing to share out.
    """
    values = np.maximum(0, np.asarray(parts, float))
    if not values.sum() > 0:
        raise ValueError("percents of nothing")
    exact = 100 * values / values.sum()
    percents = np.floor(exact + 1e-9).astype(int)
    missing = 100 - int(percents.sum())
    for index in np.argsort(-(exact - percents), kind="stable")[:missing]:
        percents[index] += 1
    return [int(percent) for percent in percents]


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
