r"""XTTS v2 side by side: this implementation and coqui-tts 0.28.0, same random weights, same CPU.

The reference needs an environment of its own; this makes one that can be thrown away:

    python -m venv xtts-reference && . xtts-reference/bin/activate
    pip install torch==2.13.0 coqui-tts==0.28.0 six soundfile
    pip install --no-deps torchaudio==2.11.0 torchcodec
    deactivate

torchaudio from PyPI is built for CUDA; on a machine without it, rename its `lib/*.so` (only Python
parts of it are used here). Then, in the environment of Likewise with the extra [torch]:

    python benchmarks/xtts.py --folder xtts-weights --threads 1 2 \
        --reference xtts-reference/bin/python

Weights of the official size are drawn once from a seed (`tests/seeded_weights.py`), with a stop
code that never comes by itself, so that all sides make the same number of codes. Each side is a
process of its own that waits for its turn: stage by stage the sides run one after the other, round
after round, so that a busy machine disturbs all of them alike. Printed is each side's best round,
wall seconds and, in brackets, CPU seconds.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
GOLDENS = ROOT / "tests" / "data" / "xtts"
CODES = 130  # 6.04 s of sound
TEXT = "a quick brown fox jumps over the dogs"  # a token for each letter and space
IDS = round(CODES / 3.5)  # for as many ids our speaker expects that many codes
STREAM_CHUNK = 20
LONG = "four sentences"
STAGES = ("conditioning", "decode", "vocoder", "first chunk", "whole", LONG)
OURS = ("int8", "float32")
GOALS = {"whole": 2.8, "first chunk": 3.0, "decode": 2.9}

Work = dict[str, Callable[[], object]]
Seconds = tuple[float, float]  # wall, CPU


def make_weights(folder: Path) -> None:
    """`model.pth` in the released layout, `vocab.json` of letters, `clip.npy` to listen to."""
    import numpy as np
    import torch

    sys.path.insert(0, str(ROOT / "tests"))
    import seeded_weights
    from likewise.voice.xtts.checkpoint import convert
    from likewise.voice.xtts.tokenizer import XttsTokenizer

    shapes = json.loads((GOLDENS / "state_shapes.json").read_text(encoding="utf-8"))["model.pth"]
    state = seeded_weights.seeded_state(shapes, 1, seeded_weights.XTTS_RULES, "model/")
    golden = np.load(GOLDENS / "golden_seed1.npz")
    state |= {key: golden[f"fixed/{key}"] for key in shapes if f"fixed/{key}" in golden}
    state["gpt.mel_head.bias"][1025] = -1e4
    torch.save({"model": seeded_weights.to_torch(state)}, folder / "model.pth")
    del state
    for name, int8 in (("model.safetensors", False), ("model-int8.safetensors", True)):
        convert(folder / "model.pth", folder / name, int8=int8)
    (folder / "config.json").write_text(
        '{"model": "xtts", "model_args": {"gpt_use_perceiver_resampler": true}}', encoding="utf-8"
    )
    np.save(folder / "clip.npy", golden["in/clip"] / np.float32(32768))
    XttsTokenizer.letters()._vocabulary.save(str(folder / "vocab.json"))
    vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    known = vocabulary["model"]["vocab"]
    # The reference takes its number of text tokens from here: the released 6681.
    known |= {f"<{unused}>": unused for unused in set(range(6681)) - set(known.values())}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")


def ours(folder: Path, int8: bool, imported: Callable[[], None]) -> Work:
    """This implementation."""
    import numpy as np
    import torch

    from likewise.values import Voice
    from likewise.voice.xtts import decoding
    from likewise.voice.xtts.config import Sampling
    from likewise.voice.xtts.files import XttsFiles
    from likewise.voice.xtts.speaking import Speaker
    from likewise.voice.xtts.vocoder import frames_of

    imported()
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    checkpoint = folder / ("model-int8.safetensors" if int8 else "model.safetensors")
    files = XttsFiles(checkpoint, folder / "config.json", folder / "vocab.json", None)
    speaker = Speaker.load(files, reduced=int8)
    model = speaker._model
    clip = np.load(folder / "clip.npy")
    rng = np.random.default_rng(1)
    latents = rng.normal(size=(32, 1024)).astype(np.float32)
    embedding = rng.normal(size=512).astype(np.float32)
    voice = Voice("clip", "xtts", {"latents": latents, "speaker": embedding})
    ids = speaker.tokenizer.encode(TEXT, "en")[:IDS]
    # After the codes that these ids should take, the stop is certain.
    stops = Sampling(repetition_penalty=10.0, stop_bias=1e9)
    states = torch.randn(1, CODES, 1024)

    def decode() -> None:
        prefix = decoding.voice_prefix(model.gpt, torch.from_numpy(latents)[None])
        for _ in decoding.decode(model.gpt, prefix, [ids], stops, expected=[CODES - 1]):
            pass

    @torch.inference_mode()
    def vocode() -> None:
        model.vocoder(frames_of(states), torch.from_numpy(embedding)[None])

    def first() -> None:
        speaker._prefixes.clear()
        stream = speaker.speak([ids], voice, sampling=stops)
        next(stream)
        stream.close()

    def say(times: int) -> None:
        sounds = list(speaker.speak([ids] * times, voice, sampling=stops))
        seconds = sum(len(sound.samples) for sound in sounds) / 24000
        assert abs(seconds - times * CODES * 1024 / 22050) < 0.1 * times, seconds

    return {
        "conditioning": lambda: speaker.listen([clip]),
        "decode": decode,
        "vocoder": vocode,
        "first chunk": first,
        "whole": lambda: say(1),
        LONG: lambda: say(4),
    }


def reference(folder: Path, imported: Callable[[], None]) -> Work:
    """coqui-tts."""
    import numpy as np
    import torch
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.models.xtts import Xtts

    imported()
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    config = XttsConfig()
    sizes = {
        "gpt_layers": 30, "gpt_n_model_channels": 1024, "gpt_n_heads": 16,
        "gpt_number_text_tokens": 6681, "gpt_start_text_token": 261, "gpt_stop_text_token": 0,
        "gpt_num_audio_tokens": 1026, "gpt_start_audio_token": 1024, "gpt_stop_audio_token": 1025,
        "gpt_use_perceiver_resampler": True, "gpt_use_masking_gt_prompt_approach": True,
        "gpt_max_audio_tokens": 605, "gpt_max_text_tokens": 402, "gpt_max_prompt_tokens": 70,
        "gpt_code_stride_len": 1024, "d_vector_dim": 512, "decoder_input_dim": 1024,
    }  # fmt: skip
    for name, value in sizes.items():
        setattr(config.model_args, name, value)
    model = Xtts(config)
    model.load_checkpoint(
        config,
        checkpoint_path=str(folder / "model.pth"),
        vocab_path=str(folder / "vocab.json"),
        eval=True,
    )
    model.gpt.max_gen_mel_tokens = CODES
    clip = torch.from_numpy(np.load(folder / "clip.npy"))[None]
    latents, embedding = torch.randn(1, 32, 1024), torch.randn(1, 512, 1)
    text = torch.IntTensor(model.tokenizer.encode(TEXT, lang="en")[:IDS])[None]
    states = torch.randn(1, CODES, 1024)

    @torch.inference_mode()
    def listen() -> None:
        model.get_gpt_cond_latents(clip, 22050, length=30, chunk_length=4)
        model.get_speaker_embedding(clip, 22050)

    @torch.inference_mode()
    def decode() -> None:
        model.gpt.generate(
            cond_latents=latents, text_inputs=text, do_sample=True, top_p=0.85, top_k=50,
            temperature=0.75, num_return_sequences=1, num_beams=1, repetition_penalty=10.0,
            output_attentions=False,
        )  # fmt: skip

    @torch.inference_mode()
    def vocode() -> None:
        model.hifigan_decoder(states, g=embedding)

    def first() -> None:
        stream = model.inference_stream(
            TEXT, "en", latents, embedding, stream_chunk_size=STREAM_CHUNK
        )
        next(stream)
        stream.close()

    def say(times: int) -> None:
        for _ in range(times):
            wave = model.inference(TEXT, "en", latents, embedding)["wav"]
            assert abs(len(wave) / 24000 - CODES * 1024 / 22050) < 0.1, len(wave)

    return {
        "conditioning": listen,
        "decode": decode,
        "vocoder": vocode,
        "first chunk": first,
        "whole": lambda: say(1),
        LONG: lambda: say(4),
    }


def serve(side: str, folder: Path) -> None:
    """Make a side ready, then do the stages that standard input names, and answer their times."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer

    def answer(began: Seconds) -> Seconds:
        now = (time.perf_counter(), time.process_time())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps([now[0] - began[0], now[1] - began[1], peak]), file=answers, flush=True)
        return (time.perf_counter(), time.process_time())

    began = (time.perf_counter(), time.process_time())

    def imported() -> None:
        nonlocal began
        began = answer(began)

    if side == "reference":
        work = reference(folder, imported)
    else:
        work = ours(folder, side == "int8", imported)
    answer(began)
    for line in sys.stdin:
        began = (time.perf_counter(), time.process_time())
        work[line.strip()]()
        answer(began)


class Side:
    """A process that does one side's stages when told to."""

    def __init__(self, python: str, name: str, folder: Path, threads: int) -> None:
        self.times: dict[str, list[Seconds]] = {}
        self.peak_gb = 0.0
        environment = os.environ | dict.fromkeys(
            ("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads)
        )
        self.process = subprocess.Popen(
            [python, __file__, "--side", name, "--folder", str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        for stage in ("import", "load"):
            self._answer(stage)

    def do(self, stage: str) -> None:
        """Have a stage done and keep how long it took."""
        assert self.process.stdin
        print(stage, file=self.process.stdin, flush=True)
        self._answer(stage)

    def best(self, stage: str) -> Seconds:
        """Least wall and least CPU seconds of all rounds."""
        walls, cpus = zip(*self.times[stage], strict=True)
        return min(walls), min(cpus)

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()

    def _answer(self, stage: str) -> None:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"the side ended at {stage!r}; its message is above")
        wall, cpu, self.peak_gb = json.loads(line)
        self.times.setdefault(stage, []).append((wall, cpu))


def compare(
    pythons: dict[str, str], folder: Path, threads: int, rounds: int, stages: Sequence[str]
) -> dict[str, Any]:
    """Run all sides in turn and print a table."""
    began = os.getloadavg()
    sides = {name: Side(python, name, folder, threads) for name, python in pythons.items()}
    for turn in range(rounds):
        for stage in stages:
            if turn and stage == LONG:
                continue
            for name, side in sides.items():
                side.do(stage)
                wall, cpu = side.times[stage][-1]
                print(f"{name}: {stage} {wall:.2f} [{cpu:.2f}]", file=sys.stderr, flush=True)
    for side in sides.values():
        side.close()
    print(f"\n{threads} thread{'s' * (threads > 1)}: wall seconds [CPU seconds], load before and "
          f"after {began[0]:.1f}, {os.getloadavg()[0]:.1f}")  # fmt: skip
    base = sides.get("reference")
    print(f"{'':<16}" + "".join(f"{name:>36}" for name in sides))
    for stage in ("import", "load", *stages):
        cells = []
        for side in sides.values():
            wall, cpu = side.best(stage)
            cell = f"{wall:8.2f} [{cpu:7.2f}]"
            if base is not None and side is not base:
                before = base.best(stage)
                cell += f"  {before[0] / wall:5.1f}x [{before[1] / cpu:4.1f}x]"
            cells.append(cell)
        print(f"{stage:<16}" + "".join(f"{cell:>36}" for cell in cells))
    seconds = CODES * 1024 / 22050
    for name, side in sides.items():
        said = [f"peak {side.peak_gb:.2f} GB"]
        if "decode" in stages:
            said.append(f"{CODES / side.best('decode')[0]:.1f} codes/s")
        said += [
            f"{stage} RTF {side.best(stage)[0] / seconds:.2f}"
            for stage in ("vocoder", "whole")
            if stage in stages
        ]
        print(f"{name:<16} {', '.join(said)}")
    if base is not None and "int8" in sides:
        for stage in (stage for stage in GOALS if stage in stages):
            gain, goal = base.best(stage)[0] / sides["int8"].best(stage)[0], GOALS[stage]
            print(f"{stage}: {gain:.1f}x, goal {goal}x{'' if gain >= goal else ': MISSED'}")
        share = sides["int8"].peak_gb / base.peak_gb
        print(f"peak memory: {share:.2f}x, goal 0.6x{'' if share <= 0.6 else ': MISSED'}")
    return {name: {"times": side.times, "peak_gb": side.peak_gb} for name, side in sides.items()}


def main() -> None:
    """Parse, make the weights, run the sides, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--reference", help="Python of the environment with coqui-tts.")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES)
    parser.add_argument("--sides", nargs="+", choices=OURS, default=OURS)
    parser.add_argument("--folder", type=Path, required=True, help="Scratch folder, 5 GB.")
    parser.add_argument("--json", type=Path, help="Write all rounds here.")
    parser.add_argument("--side", choices=["int8", "float32", "reference", "weights"])
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.side == "weights":
        make_weights(options.folder)
    elif options.side:
        serve(options.side, options.folder)
    else:
        if not (options.folder / "config.json").is_file():
            command = [sys.executable, __file__, "--side", "weights", "--folder", options.folder]
            subprocess.run(command, check=True)
        pythons = {"reference": options.reference} if options.reference else {}
        pythons |= dict.fromkeys(options.sides, sys.executable)
        found = {
            threads: compare(pythons, options.folder, threads, options.rounds, options.stages)
            for threads in options.threads
        }
        if options.json:
            options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
