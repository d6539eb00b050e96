"""The training loop of the second stage; a run that was stopped goes on to the same weights.

    for step in tune(model, examples, Plan(steps=2000), folder=Path("mine")):
        print(step.number, step.losses)

What a step sees follows from the seed and its number alone, so that nothing but the weights, the
optimiser and that number has to be kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from torch import nn

from likewise.errors import BadInput
from likewise.face.liveportrait.networks import LivePortrait
from likewise.face.liveportrait.training.examples import PARTS, Example, Part
from likewise.face.liveportrait.training.losses import Batch, Weights, terms
from likewise.files import Draft
from likewise.progress import Progress, ProgressCallback, silent

WIDEST_LIPS, WIDEST_EYES = 0.7, 0.6  # of real faces, as `driving.Ratios` has them
_STATE = "training.pth"


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train.

    Attributes:
        steps: Updates of the weights, in all.
        batch: Examples at once.
        learning_rate: Of Adam.
        parts: Which of the three networks learn.
        weights: How much the terms of the loss count.
        seed: Which examples meet, and what is asked of them.
        save_every: Updates between saves of what `resume` needs.
    """

    steps: int = 2000
    batch: int = 4
    learning_rate: float = 1e-4
    parts: tuple[Part, ...] = PARTS
    weights: Weights = field(default_factory=Weights)
    seed: int = 0
    save_every: int = 100

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "save_every"):
            if getattr(self, name) < 1:
                raise BadInput(f"{name} is {getattr(self, name)}, but at least 1 is needed.")
        if not 0 < self.learning_rate < 1:
            raise BadInput(f"A learning rate of {self.learning_rate} is not between 0 and 1.")
        unknown = [part for part in self.parts if part not in PARTS]
        if unknown or not self.parts:
            raise BadInput(
                f"There is no part {', '.join(map(repr, unknown)) or 'to train'}; "
                f"known: {', '.join(PARTS)}."
            )


@dataclass(frozen=True, slots=True)
class Step:
    """What an update saw.

    Attributes:
        number: From 1.
        losses: Of each part.
    """

    number: int
    losses: Mapping[Part, float]


def tune(
    model: LivePortrait,
    examples: Sequence[Example],
    plan: Plan,
    *,
    folder: Path | None = None,
    resume: bool = False,
    on_progress: ProgressCallback = silent,
) -> Iterator[Step]:
    """Train the small networks in place.

    Args:
        model: All networks; the large ones stay as they are.
        examples: What to learn from.
        plan: How.
        folder: Where to keep what `resume` needs; nowhere if left out.
        resume: Go on from there.
        on_progress: Told about steps.

    Yields:
        Each step when it is done.

    Raises:
        BadInput: `resume` without a saved run, or with one of another plan or other examples.
    """
    learning = nn.ModuleDict({part: model.get_submodule(part) for part in plan.parts})
    for parameter in learning.parameters():  # they may be views of the checkpoint's file
        parameter.data = parameter.data.clone()
    learning.requires_grad_(True)
    optimiser = torch.optim.Adam(learning.parameters(), plan.learning_rate)
    done = _restored(folder, plan, len(examples), learning, optimiser) if resume else 0
    try:
        for number in range(done + 1, plan.steps + 1):
            on_progress(Progress("training", number - 1, plan.steps, "steps"))
            found = terms(model, batch_of(examples, plan, number), plan.parts, plan.weights)
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward([term.loss for term in found.values()])
            optimiser.step()
            if folder is not None and (number % plan.save_every == 0 or number == plan.steps):
                _save(folder, plan, number, len(examples), learning, optimiser)
            yield Step(number, {part: term.loss.item() for part, term in found.items()})
    finally:
        learning.requires_grad_(False)
    on_progress(Progress("training", plan.steps, plan.steps, "steps"))


def batch_of(examples: Sequence[Example], plan: Plan, number: int) -> Batch:
    """What a step sees: every example is a source once before one is again."""
    rng = np.random.default_rng([plan.seed, number])
    places = range((number - 1) * plan.batch, number * plan.batch)
    sources = [_shuffled(place, len(examples), plan.seed) for place in places]
    others = rng.integers(0, len(examples), plan.batch)
    lips = rng.uniform(0, WIDEST_LIPS, plan.batch).astype(np.float32)
    eyes = rng.uniform(0, WIDEST_EYES, plan.batch).astype(np.float32)
    return Batch(
        [examples[i] for i in sources],
        [examples[i] for i in others],
        torch.from_numpy(lips),
        torch.from_numpy(eyes),
    )


def _shuffled(place: int, count: int, seed: int) -> int:
    """The example at a place of an endless list of shuffled rounds."""
    turn, index = divmod(place, count)
    return int(np.random.default_rng([seed, 0, turn]).permutation(count)[index])


def _identity(plan: Plan, examples: int) -> dict[str, Any]:
    """What has to be the same when a run goes on, as a checkpoint can hold it."""
    free = {"steps", "save_every"}
    same = {name: value for name, value in asdict(plan).items() if name not in free}
    return same | {"parts": list(plan.parts), "examples": examples}


def _save(
    folder: Path,
    plan: Plan,
    number: int,
    examples: int,
    learning: nn.ModuleDict,
    optimiser: torch.optim.Optimizer,
) -> None:
    content = {
        "run": _identity(plan, examples),
        "step": number,
        "parameters": learning.state_dict(),
        "optimiser": optimiser.state_dict(),
    }
    with Draft(folder / _STATE) as draft:
        torch.save(content, draft.path)


def _restored(
    folder: Path | None,
    plan: Plan,
    examples: int,
    learning: nn.ModuleDict,
    optimiser: torch.optim.Optimizer,
) -> int:
    """Take up a saved run; answers the steps it has done."""
    path = folder / _STATE if folder else None
    if path is None or not path.is_file():
        raise BadInput(f"There is no run to go on with: {path} is missing.")
    wanted = _identity(plan, examples)
    try:
        content = torch.load(path, weights_only=True, map_location="cpu")
        step, run = int(content["step"]), dict(content["run"])
        other = {name: run.get(name) for name in wanted if run.get(name) != wanted[name]}
        if not other:
            learning.load_state_dict(content["parameters"])
            optimiser.load_state_dict(content["optimiser"])
    except (RuntimeError, OSError, KeyError, ValueError, EOFError, UnpicklingError) as error:
        raise BadInput(
            f"{path} can't be read: it is damaged or of another program. Begin again without "
            "--resume."
        ) from error
    if other:
        raise BadInput(
            f"{path} is of a run with {other}, which can't go on with "
            f"{ {name: wanted[name] for name in other} }. Give the same options, or another folder."
        )
    return step
