"""Commands that train: `train xtts`, `train liveportrait-stitching`."""

from pathlib import Path
from typing import Annotated

import typer

from likewise.cli import options
from likewise.cli.show import print_notes, print_result, progress_bars


def add_to(app: typer.Typer) -> None:
    """Add the group `train`."""
    group = typer.Typer(help="Train models of one's own: a voice, or a face's small networks.")
    group.callback()(_group)
    group.command("xtts")(xtts)
    group.command("liveportrait-stitching")(liveportrait_stitching)
    app.add_typer(group, name="train")


def _group() -> None:
    """Train models of one's own: a voice, or a face's small networks."""


def xtts(
    source: Annotated[
        Path, typer.Argument(help="Folder of sounds with .txt beside them, or a CSV file.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the new model.")],
    consent: options.Consent = "",
    language: Annotated[str, typer.Option(help="Language of clips that don't state one.")] = "en",
    steps: Annotated[int, typer.Option(help="Updates of the weights.")] = 500,
    batch: Annotated[int, typer.Option(help="Clips at once.")] = 2,
    accumulate: Annotated[int, typer.Option(help="Batches an update.")] = 16,
    rate: Annotated[
        float | None, typer.Option(help="Learning rate; 5e-6, or 1e-4 with --lora.")
    ] = None,
    lora: Annotated[int, typer.Option(help="Train corrections of this rank only.")] = 0,
    save_every: Annotated[int, typer.Option(help="Updates between saves.")] = 100,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a stopped run.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the clips' order.")] = 0,
    as_json: options.Json = False,
) -> None:
    """Fine-tune XTTS; needs `likewise weights pull xtts-v2` and `... pull xtts-v2-training`."""
    from likewise.errors import MissingWeights
    from likewise.studio.training import train_xtts

    try:
        from likewise.voice.xtts.training.tuning import Plan
    except ImportError as error:
        raise MissingWeights(
            "Training needs PyTorch. Install it with: pip install 'likewise[torch]'"
        ) from error
    consent = options.asked_consent(consent, str(source), language)
    plan = Plan(
        steps=steps,
        batch=batch,
        accumulation=accumulate,
        learning_rate=rate if rate is not None else (1e-4 if lora else 5e-6),
        lora_rank=lora,
        seed=seed,
        save_every=save_every,
    )
    with progress_bars() as report:
        done = train_xtts(
            source,
            output,
            consent=consent,
            language=language,
            plan=plan,
            resume=resume,
            on_progress=report,
        )
    print_notes(done.notes)
    print_result(
        done,
        as_json=as_json,
        lines=[
            f"{done.folder}: {done.steps} steps on {done.clips} clips, loss of the codes "
            f"{done.first_loss:.3f} -> {done.last_loss:.3f}",
            f"Speak with it: LIKEWISE_XTTS={done.folder} likewise speak --engine xtts ...",
        ],
    )


def liveportrait_stitching(
    source: Annotated[Path, typer.Argument(help="Pictures and films of faces: a folder or file.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the new networks.")],
    part: Annotated[
        list[str] | None,
        typer.Option(help="What learns: stitching, lips or eyes; all if left out."),
    ] = None,
    steps: Annotated[int, typer.Option(help="Updates of the weights.")] = 2000,
    batch: Annotated[int, typer.Option(help="Faces at once.")] = 4,
    rate: Annotated[float, typer.Option(help="Learning rate.")] = 1e-4,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin with random networks, not the published ones.")
    ] = False,
    save_every: Annotated[int, typer.Option(help="Updates between saves.")] = 100,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a stopped run.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the faces' order and of --fresh.")] = 0,
    as_json: options.Json = False,
) -> None:
    """Train LivePortrait's second stage; needs `likewise weights pull liveportrait`."""
    from likewise.errors import MissingWeights
    from likewise.studio.training import train_stitching

    try:
        from likewise.face.liveportrait.training.examples import PARTS
        from likewise.face.liveportrait.training.tuning import Plan
    except ImportError as error:
        raise MissingWeights(
            "Training needs PyTorch. Install it with: pip install 'likewise[torch]'"
        ) from error
    plan = Plan(
        steps=steps,
        batch=batch,
        learning_rate=rate,
        parts=tuple(part) if part else PARTS,  # type: ignore[arg-type]  # checked by Plan
        seed=seed,
        save_every=save_every,
    )
    with progress_bars() as report:
        done = train_stitching(
            source, output, plan=plan, fresh=fresh, resume=resume, on_progress=report
        )
    print_notes(done.notes)
    changes = (
        f"{name} {done.first_losses[name]:.4f} -> {loss:.4f}"
        for name, loss in done.last_losses.items()
    )
    print_result(
        done,
        as_json=as_json,
        lines=[
            f"{done.path}: {done.steps} steps on {done.examples} faces; {', '.join(changes)}",
            f"Use it: LIKEWISE_LIVEPORTRAIT_RETARGETING={done.path} likewise animate "
            "--face liveportrait ...",
        ],
    )
