"""Models of one's own: XTTS's GPT on a voice, LivePortrait's small networks on faces."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from likewise.audio import files
from likewise.errors import BadInput, MissingWeights
from likewise.files import Draft
from likewise.progress import ProgressCallback, silent
from likewise.provenance.consent import ConsentLike, agreed, missing

if TYPE_CHECKING:
    from likewise.face.liveportrait.training.tuning import Plan as StitchingPlan
    from likewise.voice.xtts.training.tuning import Plan

_ASKED = 3  # recordings that a spoken agreement is compared with


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished training.

    Attributes:
        folder: The model: LIKEWISE_XTTS=FOLDER speaks with it, and coqui-tts loads it.
        clips: Clips that were learnt from.
        steps: Updates of the weights, those of earlier runs included.
        first_loss: Cross-entropy of the codes at this run's first step, nats.
        last_loss: At the last.
        notes: What was left out and why.
    """

    folder: Path
    clips: int
    steps: int
    first_loss: float
    last_loss: float
    notes: tuple[str, ...]


def train_xtts(
    source: Path,
    output: Path,
    *,
    consent: ConsentLike | None,
    language: str = "en",
    plan: "Plan | None" = None,
    resume: bool = False,
    on_progress: ProgressCallback = silent,
) -> Trained:
    """Fine-tune XTTS on clips.

    Args:
        source: Folder or CSV file, see `likewise.voice.xtts.training.clips`.
        output: Folder of the new model.
        consent: Whose voice it is, as for `clone`.
        language: Language of clips that don't state one.
        plan: How to train; `Plan()` if left out.
        resume: Go on with the run that `output` holds.
        on_progress: Told about clips and steps.

    Raises:
        BadInput: Unusable clips; a run that can't go on.
        ConsentMissing: No consent was given.
        MissingWeights: PyTorch or the weights to begin with are missing.
    """
    if consent in (None, ""):
        raise missing(str(source), language)
    try:
        import torch
    except ImportError as error:
        raise MissingWeights(
            "Training needs PyTorch. Install it with: pip install 'likewise[torch]'"
        ) from error
    from likewise.voice.xtts import checkpoint
    from likewise.voice.xtts.config import XttsConfig
    from likewise.voice.xtts.files import find, find_dvae
    from likewise.voice.xtts.speaking import best_device
    from likewise.voice.xtts.tokenizer import XttsTokenizer
    from likewise.voice.xtts.training.clips import read_clips
    from likewise.voice.xtts.training.examples import prepare
    from likewise.voice.xtts.training.tuning import Plan, tune

    plan = plan or Plan()
    clips = read_clips(source, language=language)
    record = agreed(consent, [files.read(clip.path) for clip in clips[:_ASKED]], language=language)
    base, dvae_file = find(), find_dvae()
    if output.is_dir() and base.config.parent.resolve() == output.resolve():
        raise BadInput(f"{output} is the model to begin with. Give another folder for the new one.")
    config = XttsConfig.load(base.config)
    device = best_device()
    model = checkpoint.load_model(base.checkpoint, config).to(device)
    dvae = checkpoint.load_dvae(dvae_file, config).to(device)
    tokenizer = XttsTokenizer.load(base.vocabulary)
    examples, notes = prepare(clips, model, dvae, tokenizer, on_progress=on_progress)
    output.mkdir(parents=True, exist_ok=True)
    steps = list(tune(model, examples, plan, folder=output, resume=resume, on_progress=on_progress))
    if not steps:
        raise BadInput(f"The run in {output} has done its {plan.steps} steps. Ask for more.")
    for path in (base.config, base.vocabulary, base.speakers):
        if path is not None:
            shutil.copyfile(path, output / _name(path, base.config, base.vocabulary))
    with Draft(output / "model.pth") as draft:
        torch.save({"model": checkpoint.released(model)}, draft.path)
    with Draft(output / "training.json") as draft:
        said = {
            "plan": asdict(plan),
            "clips": len(examples),
            "losses": [[step.number, step.code_loss, step.text_loss] for step in steps],
            "consent": record.as_record(),
            "notes": notes,
        }
        draft.path.write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")
    return Trained(
        output, len(examples), steps[-1].number, steps[0].code_loss, steps[-1].code_loss, notes
    )


def _name(path: Path, config: Path, vocabulary: Path) -> str:
    """What a file is called in a model's folder."""
    return {config: "config.json", vocabulary: "vocab.json"}.get(path, "speakers_xtts.pth")


@dataclass(frozen=True, slots=True)
class TrainedStitching:
    """A finished training of stitching and retargeting.

    Attributes:
        path: The networks, in the layout of LivePortrait's own file.
        examples: Faces that were learnt from.
        steps: Updates of the weights, those of earlier runs included.
        first_losses: Of each part at this run's first step.
        last_losses: At the last.
        notes: What was left out and why.
    """

    path: Path
    examples: int
    steps: int
    first_losses: dict[str, float]
    last_losses: dict[str, float]
    notes: tuple[str, ...]


def train_stitching(
    source: Path,
    output: Path,
    *,
    plan: "StitchingPlan | None" = None,
    fresh: bool = False,
    resume: bool = False,
    on_progress: ProgressCallback = silent,
) -> TrainedStitching:
    """Train LivePortrait's stitching, lip and eye networks; the large networks stay as they are.

    Args:
        source: A picture or film of faces, or a folder of them.
        output: Folder of the new networks.
        plan: How to train; `Plan()` if left out.
        fresh: Begin with random networks instead of the published ones.
        resume: Go on with the run that `output` holds.
        on_progress: Told about files and steps.

    Raises:
        BadInput: No face in the source; a run that can't go on.
        MissingWeights: PyTorch or the weights to begin with are missing.
    """
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingWeights(
            "Training needs PyTorch. Install it with: pip install 'likewise[torch]'"
        ) from error
    from likewise.face.liveportrait import networks, weights
    from likewise.face.liveportrait.rendering import Direct, Renderer
    from likewise.face.liveportrait.training.examples import gather
    from likewise.face.liveportrait.training.tuning import Plan, tune

    plan = plan or Plan()
    model = weights.chosen().to(networks.best_device())
    if fresh:
        networks.forget_retargeting(model, seed=plan.seed)
    read = Renderer(model, Direct(model)).read
    examples, notes = gather(source, read, side=model.sizes.image, on_progress=on_progress)
    output.mkdir(parents=True, exist_ok=True)
    steps = list(tune(model, examples, plan, folder=output, resume=resume, on_progress=on_progress))
    if not steps:
        raise BadInput(f"The run in {output} has done its {plan.steps} steps. Ask for more.")
    path = output / f"{weights.RETARGETING}.pth"
    with Draft(path) as draft:
        weights.save_retargeting(model, draft.path)
    with Draft(output / "training.json") as draft:
        said = {
            "plan": asdict(plan),
            "examples": len(examples),
            "losses": [{"step": step.number, **step.losses} for step in steps],
            "notes": notes,
        }
        draft.path.write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")
    first, last = ({str(k): v for k, v in step.losses.items()} for step in (steps[0], steps[-1]))
    return TrainedStitching(path, len(examples), steps[-1].number, first, last, notes)
