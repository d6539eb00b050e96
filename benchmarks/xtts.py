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

Every side runs in a process of its own, one after the other; weights of the official size are drawn
once from a seed (`tests/seeded_weights.py`), with a stop code that never comes by itself, so that
both sides make the same number of codes (`XTTS_CODES=30` in the environment makes it a quick look).
Printed are wall seconds and, in brackets, CPU seconds: on a busy machine only the latter count.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
GOLDENS = ROOT / "tests" / "data" / "xtts"
CODES = int(os.environ.get("XTTS_CODES", "130"))  # 130 are 6.04 s of sound
TEXT = "a quick brown fox jumps over the dogs"  # a token for each letter and space
IDS = round(CODES / 3.5)  # for as many ids our speaker expects that many codes
STREAM_CHUNK = 20


class Watch:
    """Wall and CPU seconds of named stages."""

    def __init__(self) -> None:
        self.seconds: dict[str, tuple[float, float]] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is done inside."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.seconds[name] = (time.perf_counter() - wall, time.process_time() - cpu)

    def best(self, name: str, run: Callable[[], object], times: int) -> None:
        """The fastest of several runs, by CPU time."""
        found = []
        for _ in range(times):
            with self.stage(name):
                run()
            found.append(self.seconds[name])
        self.seconds[name] = min(found, key=lambda pair: pair[1])


def make_weights(folder: Path) -> None:
    """`model.pth` in the released layout, `vocab.json` of letters, `clip.npy` to listen to."""
    import numpy as np
    import torch

    sys.path.insert(0, str(ROOT / "tests"))
    import seeded_weights
    from likewise.voice.xtts.tokenizer import XttsTokenizer

    shapes = json.loads((GOLDENS / "state_shapes.json").read_text(encoding="utf-8"))["model.pth"]
    state = seeded_weights.seeded_state(shapes, 1, seeded_weights.XTTS_RULES, "model/")
    golden = np.load(GOLDENS / "golden_seed1.npz")
    state |= {key: golden[f"fixed/{key}"] for key in shapes if f"fixed/{key}" in golden}
    state["gpt.mel_head.bias"][1025] = -1e4
    torch.save({"model": seeded_weights.to_torch(state)}, folder / "model.pth")
    np.save(folder / "clip.npy", golden["in/clip"] / np.float32(32768))
    XttsTokenizer.letters()._vocabulary.save(str(folder / "vocab.json"))
    vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    known = vocabulary["model"]["vocab"]
    # The reference takes its number of text tokens from here: the released 6681.
    known |= {f"<{unused}>": unused for unused in set(range(6681)) - set(known.values())}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")


def run_ours(folder: Path, int8: bool) -> dict[str, Any]:
    """This implementation."""
    watch = Watch()
    with watch.stage("import"):
        import numpy as np
        import torch

        from likewise.values import Voice
        from likewise.voice import int8 as eight_bits
        from likewise.voice.xtts import checkpoint, decoding
        from likewise.voice.xtts.config import Sampling, XttsConfig
        from likewise.voice.xtts.speaking import Speaker
        from likewise.voice.xtts.tokenizer import XttsTokenizer
        from likewise.voice.xtts.vocoder import frames_of
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    with watch.stage("load"):
        model = checkpoint.load_model(folder / "model.safetensors", XttsConfig())
        if int8:
            eight_bits.quantise(model.gpt.blocks)
    speaker = Speaker(model, XttsTokenizer.load(folder / "vocab.json"))
    clip = np.load(folder / "clip.npy")
    watch.best("conditioning", lambda: speaker.listen([clip]), 2)
    latents, embedding = speaker.listen([clip])
    voice = Voice("clip", "xtts", {"latents": latents, "speaker": embedding})
    ids = speaker.tokenizer.encode(TEXT, "en")[:IDS]
    # After the codes that these ids should take, the stop is certain.
    stops = Sampling(repetition_penalty=10.0, stop_bias=1e9)

    def decode() -> None:
        prefix = decoding.voice_prefix(model.gpt, torch.from_numpy(latents)[None])
        for _ in decoding.decode(model.gpt, prefix, [ids], stops, expected=[CODES - 1]):
            pass

    with watch.stage("decode"):
        decode()
    states = torch.randn(1, CODES, 1024)
    with torch.inference_mode():
        watch.best(
            "vocoder",
            lambda: model.vocoder(frames_of(states), torch.from_numpy(embedding)[None]),
            2,
        )
    speaker._prefixes.clear()
    with watch.stage("first chunk"):
        stream = speaker.speak([ids], voice, sampling=stops)
        next(stream)
    stream.close()
    with watch.stage("whole"):
        sounds = list(speaker.speak([ids], voice, sampling=stops))
    seconds = sum(len(sound.samples) for sound in sounds) / 24000
    with watch.stage("four sentences"):
        list(speaker.speak([ids] * 4, voice, sampling=stops))
    return _report(watch, seconds)


def run_reference(folder: Path) -> dict[str, Any]:
    """coqui-tts."""
    watch = Watch()
    with watch.stage("import"):
        import numpy as np
        import torch
        from TTS.tts.configs.xtts_config import XttsConfig
        from TTS.tts.models.xtts import Xtts
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
    with watch.stage("load"):
        model = Xtts(config)
        model.load_checkpoint(
            config,
            checkpoint_path=str(folder / "model.pth"),
            vocab_path=str(folder / "vocab.json"),
            eval=True,
        )
    model.gpt.max_gen_mel_tokens = CODES
    clip = torch.from_numpy(np.load(folder / "clip.npy"))[None]
    with torch.inference_mode():

        def listen() -> tuple[torch.Tensor, torch.Tensor]:
            latents = model.get_gpt_cond_latents(clip, 22050, length=30, chunk_length=4)
            return latents, model.get_speaker_embedding(clip, 22050)

        watch.best("conditioning", listen, 2)
        latents, embedding = listen()
        text = torch.IntTensor(model.tokenizer.encode(TEXT, lang="en")[:IDS])[None]
        with watch.stage("decode"):
            model.gpt.generate(
                cond_latents=latents, text_inputs=text, do_sample=True, top_p=0.85, top_k=50,
                temperature=0.75, num_return_sequences=1, num_beams=1, repetition_penalty=10.0,
                output_attentions=False,
            )  # fmt: skip
        states = torch.randn(1, CODES, 1024)
        watch.best("vocoder", lambda: model.hifigan_decoder(states, g=embedding), 2)
        with watch.stage("first chunk"):
            stream = model.inference_stream(
                TEXT, "en", latents, embedding, stream_chunk_size=STREAM_CHUNK
            )
            next(stream)
        stream.close()
        with watch.stage("whole"):
            wave = model.inference(TEXT, "en", latents, embedding, repetition_penalty=10.0)["wav"]
        with watch.stage("four sentences"):
            for _ in range(4):
                model.inference(TEXT, "en", latents, embedding, repetition_penalty=10.0)
    return _report(watch, len(wave) / 24000)


def _report(watch: Watch, seconds: float) -> dict[str, Any]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"seconds": watch.seconds, "sound": seconds, "peak_gb": peak}


def _side(python: str, side: str, folder: Path, threads: int) -> dict[str, Any]:
    command = [python, str(Path(__file__)), "--side", side, "--folder", str(folder)]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=3600
    )
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _print_table(threads: int, sides: dict[str, dict[str, Any]]) -> None:
    base = sides.get("reference")
    print(f"\n{threads} thread{'s' if threads > 1 else ''}: wall seconds [CPU seconds]")
    print(f"{'':<16}" + "".join(f"{name:>34}" for name in sides))
    for stage in next(iter(sides.values()))["seconds"]:
        cells = []
        for side in sides.values():
            wall, cpu = side["seconds"][stage]
            gain = ""
            if base is not None and side is not base:
                before = base["seconds"][stage]
                gain = f"  {before[0] / wall:4.1f}x [{before[1] / cpu:4.1f}x]"
            cells.append(f"{wall:8.2f} [{cpu:7.2f}]{gain:<16}")
        print(f"{stage:<16}" + "".join(f"{cell:>34}" for cell in cells))
    for name, side in sides.items():
        wall, cpu = side["seconds"]["decode"]
        whole, whole_cpu = side["seconds"]["whole"]
        vocoder = side["seconds"]["vocoder"][1] / (CODES * 1024 / 22050)
        print(
            f"{name:<16} {CODES / wall:.1f} codes/s [{CODES / cpu:.1f}], "
            f"vocoder RTF [{vocoder:.2f}], "
            f"RTF {whole / side['sound']:.2f} [{whole_cpu / side['sound']:.2f}], "
            f"peak {side['peak_gb']:.2f} GB"
        )


def main() -> None:
    """Parse, make the weights, run the sides, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--reference", help="Python of the environment with coqui-tts.")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--folder", type=Path, required=True, help="Scratch folder, 4 GB.")
    parser.add_argument("--side", choices=["int8", "float32", "reference", "weights"])
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.side == "weights":
        make_weights(options.folder)
        from likewise.voice.xtts.checkpoint import convert

        convert(options.folder / "model.pth", options.folder / "model.safetensors")
    elif options.side == "reference":
        print(json.dumps(run_reference(options.folder)))
    elif options.side:
        print(json.dumps(run_ours(options.folder, options.side == "int8")))
    else:
        if not (options.folder / "model.safetensors").is_file():
            command = [sys.executable, __file__, "--side", "weights", "--folder", options.folder]
            subprocess.run(command, check=True)
        for threads in options.threads:
            sides = {}
            if options.reference:
                sides["reference"] = _side(options.reference, "reference", options.folder, threads)
            for side in ("int8", "float32"):
                sides[side] = _side(sys.executable, side, options.folder, threads)
            _print_table(threads, sides)


if __name__ == "__main__":
    main()
