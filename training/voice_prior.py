"""Learn in which directions voices differ: a low-rank prior over the deltas of adapted voices.

    python training/voice_prior.py collect CLIPS build/voices --minutes 240    # goes on if stopped
    python training/voice_prior.py learn build/voices prior.safetensors
    python training/voice_prior.py measure build/voices prior.safetensors

CLIPS is a folder with one recording a speaker, such as one clip of each LibriSpeech speaker. Each
speaker is adapted as `likewise clone` does it, about 110 core-seconds a speaker, in one fixed
shuffled order of which the first `HELD_OUT` are kept for measuring. `learn` finds the mean and the
main directions of the others' deltas; `measure` says how much of the unseen speakers' deltas they
explain, beside as many random directions. Adapting inside such directions first needs fewer steps
only if they explain a good part, so measure before building on it.
"""

import json
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from likewise.audio import files
from likewise.errors import BadInput
from likewise.voice.kokoro.deltas import SIZE

HELD_OUT = 20
_LEAST_SECONDS = 8.0
_SEED = 0

Array = NDArray[np.float32]
Voices = Annotated[Path, typer.Argument(help="Folder of adapted voices, as `collect` fills it.")]

app = typer.Typer(help=__doc__.splitlines()[0], add_completion=False)


@app.command()
def collect(
    clips: Annotated[Path, typer.Argument(help="Folder of recordings, one a speaker.")],
    voices: Voices,
    minutes: Annotated[float, typer.Option(help="Start no speaker after this time.")] = 60.0,
    seconds: Annotated[float, typer.Option(help="Time a speaker, by the clock.")] = 60.0,
    threads: Annotated[int, typer.Option(help="Threads of both models.")] = 1,
    language: Annotated[str, typer.Option(help="Language of the recordings.")] = "en-us",
) -> None:
    """Adapt speaker after speaker; those that are there already are left alone."""
    import torch

    from likewise.voice.kokoro.engine import KokoroEngine

    torch.set_num_threads(threads)
    engine = KokoroEngine(threads=threads)
    voices.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + 60 * minutes
    for number, path in enumerate(_order(clips)):
        target = voices / f"{number:04d}_{path.stem}.safetensors"
        if target.exists() or time.monotonic() > end:
            continue
        recording = files.read(path)
        if recording.seconds < _LEAST_SECONDS:
            continue
        try:
            voice = engine.enrol(
                [recording], name=path.stem, language=language, tier="adapted", seconds=seconds
            )
        except BadInput as error:
            typer.echo(f"{path.name}: {error}", err=True)
            continue
        deltas = np.asarray(voice.tensors["deltas"])
        facts = json.dumps(voice.facts["adaptation"])
        save_file({"deltas": deltas}, target, metadata={"adaptation": facts})
        typer.echo(f"{path.stem}: {facts}")


@app.command()
def learn(
    voices: Voices,
    prior: Annotated[Path, typer.Argument(help="The file to write, .safetensors.")],
    rank: Annotated[int, typer.Option(min=1, help="How many directions.")] = 16,
) -> None:
    """Find the mean and the main directions of the voices that are not held out."""
    deltas = _read(voices, held_out=False)
    if len(deltas) <= rank:
        raise typer.BadParameter(f"{rank} directions need more than {len(deltas)} voices.")
    mean = deltas.mean(0)
    _, sizes, directions = np.linalg.svd(deltas - mean, full_matrices=False)
    deviations = sizes[:rank] / np.sqrt(len(deltas) - 1)
    save_file(
        {
            "mean": mean.astype(np.float16),
            "directions": directions[:rank].astype(np.float16),
            "deviations": deviations.astype(np.float32),
        },
        prior,
        metadata={"voices": str(len(deltas))},
    )
    typer.echo(f"{prior}: {rank} directions of {len(deltas)} voices")


@app.command()
def measure(
    voices: Voices, prior: Annotated[Path, typer.Argument(help="What `learn` wrote.")]
) -> None:
    """Say how much of the held-out voices' deltas the prior explains."""
    deltas = _read(voices, held_out=True)
    if not len(deltas):
        raise typer.BadParameter("There are no held-out voices; collect some first.")
    tensors = {name: value.astype(np.float32) for name, value in load_file(prior).items()}
    power = np.square(deltas).sum()
    rest = deltas - tensors["mean"]
    chance = np.linalg.qr(
        np.random.default_rng(_SEED).normal(size=(SIZE, len(tensors["deviations"])))
    )
    shares = {
        "the mean": 1 - np.square(rest).sum() / power,
        "mean and directions": 1 - np.square(_beyond(rest, tensors["directions"])).sum() / power,
        "mean and random directions": 1 - np.square(_beyond(rest, chance.Q.T)).sum() / power,
    }
    for name, share in shares.items():
        typer.echo(f"{name:<28}{share:6.1%} of the deltas of {len(deltas)} unseen voices")


def _beyond(rows: Array, directions: Array) -> Array:
    """What is left of the rows outside orthonormal directions."""
    rest: Array = rows - (rows @ directions.T) @ directions
    return rest


def _order(clips: Path) -> list[Path]:
    """All recordings in an order that does not depend on the file system."""
    paths = sorted(path for path in clips.iterdir() if path.suffix in (".flac", ".wav"))
    return [paths[index] for index in np.random.default_rng(_SEED).permutation(len(paths))]


def _read(voices: Path, *, held_out: bool) -> Array:
    """Deltas of the voices, float32 (N, D)."""
    paths = [
        path
        for path in sorted(voices.glob("*.safetensors"))
        if (int(path.stem.partition("_")[0]) < HELD_OUT) == held_out
    ]
    rows = [load_file(path)["deltas"].astype(np.float32) for path in paths]
    return np.stack(rows) if rows else np.zeros((0, SIZE), np.float32)


if __name__ == "__main__":
    app()
