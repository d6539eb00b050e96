"""The training loop: losses as XTTS was trained with, steps that can be taken up again.

    for step in tune(model, examples, Plan(steps=500), folder=Path("mine")):
        print(step.number, step.code_loss)

The loss is the cross-entropy of the codes plus a hundredth of that of the text; the optimiser is
AdamW with the reference's settings. What a step sees follows from the seed and its number alone, so
a run that was stopped and goes on ends where one that never stopped does (on a CPU, to the bit).
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from likewise.errors import BadInput
from likewise.files import Draft
from likewise.progress import Progress, ProgressCallback, silent
from likewise.voice.xtts.model import Xtts
from likewise.voice.xtts.training import lora
from likewise.voice.xtts.training.examples import Batch, Example, batch_of

_TEXT_WEIGHT = 0.01
_BETAS, _DECAY = (0.9, 0.96), 0.01
_LONGEST_GRADIENT = 1.0
_STATE = "training.pth"


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train.

    Attributes:
        steps: Updates of the weights, in all.
        batch: Clips at once.
        accumulation: Batches whose gradients make one update; XTTS's authors advise 252 clips or
            more an update, fewer are quicker and learn less evenly.
        learning_rate: 5e-6 suits all weights, 1e-4 the corrections of LoRA.
        lora_rank: Rank of the corrections; 0 trains all weights of the GPT and its conditioning.
        seed: Order of the clips and what is cut from them.
        save_every: Updates between saves of what `resume` needs.
    """

    steps: int = 500
    batch: int = 2
    accumulation: int = 16
    learning_rate: float = 5e-6
    lora_rank: int = 0
    seed: int = 0
    save_every: int = 100

    def __post_init__(self) -> None:
        least = {"steps": 1, "batch": 1, "accumulation": 1, "lora_rank": 0, "save_every": 1}
        for name, bound in least.items():
            if getattr(self, name) < bound:
                raise BadInput(f"{name} is {getattr(self, name)}, but at least {bound} is needed.")
        if not 0 < self.learning_rate < 1:
            raise BadInput(f"A learning rate of {self.learning_rate} is not between 0 and 1.")


@dataclass(frozen=True, slots=True)
class Step:
    """What an update saw.

    Attributes:
        number: From 1.
        code_loss: Cross-entropy of the codes, nats.
        text_loss: Of the text.
    """

    number: int
    code_loss: float
    text_loss: float


def tune(
    model: Xtts,
    examples: Sequence[Example],
    plan: Plan,
    *,
    folder: Path | None = None,
    resume: bool = False,
    on_progress: ProgressCallback = silent,
) -> Iterator[Step]:
    """Train a model in place; when all steps are done it is ready to speak.

    Args:
        model: With weights in 32 bits.
        examples: What to learn from.
        plan: How.
        folder: Where to keep what `resume` needs; nowhere if left out.
        resume: Go on from there.
        on_progress: Told about steps.

    Yields:
        Each step when it is done.

    Raises:
        BadInput: `resume` without a saved run, or with one of another plan.
    """
    gpt = model.gpt
    for parameter in gpt.parameters():  # they may be views of the checkpoint's file
        parameter.data = parameter.data.clone()
    gpt.requires_grad_(plan.lora_rank == 0)
    if plan.lora_rank:
        lora.adapt(gpt.blocks, plan.lora_rank, seed=plan.seed)
    optimiser = torch.optim.AdamW(_groups(gpt), plan.learning_rate, betas=_BETAS)
    precision = _precision(model.scale.device)
    scaler = torch.amp.GradScaler("cuda", enabled=precision == torch.float16)
    done = _restored(folder, plan, len(examples), gpt, optimiser) if resume else 0
    learning = [parameter for parameter in gpt.parameters() if parameter.requires_grad]
    for number in range(done + 1, plan.steps + 1):
        on_progress(Progress("training", number - 1, plan.steps, "steps"))
        seen = np.zeros(2)
        for batch in _batches(examples, plan, number):
            text, code = _losses(model, batch, precision)
            loss = scaler.scale((code + _TEXT_WEIGHT * text) / plan.accumulation)
            torch.autograd.backward(loss)
            seen += [code.item(), text.item()]
        scaler.unscale_(optimiser)
        nn.utils.clip_grad_norm_(learning, _LONGEST_GRADIENT)
        scaler.step(optimiser)
        scaler.update()
        optimiser.zero_grad(set_to_none=True)
        if folder is not None and (number % plan.save_every == 0 or number == plan.steps):
            _save(folder, plan, number, len(examples), gpt, optimiser)
        yield Step(number, *(seen / plan.accumulation).tolist())
    on_progress(Progress("training", plan.steps, plan.steps, "steps"))
    lora.merge(gpt.blocks)
    gpt.requires_grad_(False)


def _losses(model: Xtts, batch: Batch, precision: torch.dtype) -> tuple[Tensor, Tensor]:
    """Losses of text and codes."""
    device = model.scale.device
    with torch.no_grad():
        mels = [model.conditioning_mel(s.to(device)[None], model.scale) for s in batch.slices]
    with torch.autocast(device.type, precision, enabled=precision != torch.float32):
        latents = torch.cat([model.gpt.latents(mel) for mel in mels])  # of different lengths
        text, code, _ = model.gpt.losses(
            latents,
            batch.text.to(device),
            batch.text_lengths.to(device),
            batch.codes.to(device),
            batch.code_lengths.to(device),
            batch.spared.to(device),
        )
    return text, code


def _batches(examples: Sequence[Example], plan: Plan, number: int) -> Iterator[Batch]:
    """The batches of a step: every clip comes once before one comes again."""
    rng = np.random.default_rng([plan.seed, number])
    size = plan.batch * plan.accumulation
    places = range((number - 1) * size, number * size)
    chosen = [examples[_shuffled(place, len(examples), plan.seed)] for place in places]
    for start in range(0, size, plan.batch):
        yield batch_of(chosen[start : start + plan.batch], rng)


def _shuffled(place: int, count: int, seed: int) -> int:
    """The example at a place of an endless list of shuffled rounds."""
    turn, index = divmod(place, count)
    return int(np.random.default_rng([seed, 0, turn]).permutation(count)[index])


def _groups(gpt: nn.Module) -> list[dict[str, Any]]:
    """Weights that decay, and those that don't: biases, norms and tables."""
    tables = {
        id(module.weight)
        for module in gpt.modules()
        if isinstance(module, nn.Embedding | nn.LayerNorm | nn.GroupNorm)
    }
    learning = [parameter for parameter in gpt.parameters() if parameter.requires_grad]
    decaying = [p for p in learning if p.dim() > 1 and id(p) not in tables]
    others = [p for p in learning if p.dim() <= 1 or id(p) in tables]
    groups = [
        {"params": decaying, "weight_decay": _DECAY},
        {"params": others, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def _precision(device: torch.device) -> torch.dtype:
    """16 bits where a GPU computes in them."""
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def _identity(plan: Plan, examples: int) -> dict[str, Any]:
    """What has to be the same when a run goes on."""
    free = {"steps", "save_every"}
    return {name: value for name, value in asdict(plan).items() if name not in free} | {
        "clips": examples
    }


def _save(
    folder: Path,
    plan: Plan,
    number: int,
    examples: int,
    gpt: nn.Module,
    optimiser: torch.optim.Optimizer,
) -> None:
    learnt = {name: p.detach() for name, p in gpt.named_parameters() if p.requires_grad}
    content = {
        "run": _identity(plan, examples),
        "step": number,
        "parameters": learnt,
        "optimiser": optimiser.state_dict(),
    }
    with Draft(folder / _STATE) as draft:
        torch.save(content, draft.path)


def _restored(
    folder: Path | None, plan: Plan, examples: int, gpt: nn.Module, optimiser: torch.optim.Optimizer
) -> int:
    """Take up a saved run; answers the steps it has done."""
    path = folder / _STATE if folder else None
    if path is None or not path.is_file():
        raise BadInput(f"There is no run to go on with: {path} is missing.")
    try:
        content = torch.load(path, weights_only=True, map_location="cpu")
        step, run = int(content["step"]), dict(content["run"])
    except (RuntimeError, OSError, KeyError, ValueError, EOFError, UnpicklingError) as error:
        raise BadInput(
            f"{path} can't be read: it is damaged or of another program. Begin again without "
            "--resume."
        ) from error
    wanted = _identity(plan, examples)
    other = {name: run.get(name) for name in wanted if run.get(name) != wanted[name]}
    if other:
        raise BadInput(
            f"{path} is of a run with {other}, which can't go on with "
            f"{ {name: wanted[name] for name in other} }. Give the same options, or another folder."
        )
    own = dict(gpt.named_parameters())
    with torch.no_grad():
        for name, value in content["parameters"].items():
            own[name].copy_(value)
    optimiser.load_state_dict(content["optimiser"])
    return step
