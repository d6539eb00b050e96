"""Codes a second of VALL-E X's first half: our cached step against one that rebuilds everything.

    python benchmarks/vallex.py                 # official size, 500 steps, needs 1 GB
    python benchmarks/vallex.py --json --steps 100

Weights of the official size are drawn from a seed (`tests/seeded_weights.py`), the same for all
ways of stepping, which are timed in turns within one run:

  cached    what Likewise does: keys and values stay where they are, one new position a step
  rebuilt   what the reference does: keys and values kept, but the embeddings of all codes and the
            mask of all positions are made again at every step, and the cache is copied to grow
  uncached  the whole sequence through the transformer (timed once a turn, counted for each step)
  int8      cached, with 8-bit weights

A step is timed at several lengths, since what is rebuilt grows with them; the table shows codes a
second up to each. On a busy machine compare the columns of one run, not the figures of two.
"""

import argparse
import copy
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SHAPES = ROOT / "tests" / "data" / "vallex" / "state_shapes.json"
PROMPT_FRAMES, SYMBOLS = 225, 100  # three seconds of a voice, and a sentence
TURN = 25  # steps of one way before the next has its turn


def seeded_half(seed: int) -> Any:
    """The first half with weights from a seed."""
    sys.path.insert(0, str(ROOT / "tests"))
    import seeded_weights
    from likewise.voice.checkpoint import hollow, renamed
    from likewise.voice.vallex.checkpoint import _RULES
    from likewise.voice.vallex.config import VallexConfig
    from likewise.voice.vallex.model import Autoregressive

    content = json.loads(SHAPES.read_text(encoding="utf-8"))["vallex-checkpoint.pt"]
    shapes = {name: shape for name, shape in content.items() if name.startswith("ar_")}
    drawn = seeded_weights.seeded_state(
        shapes, seed, seeded_weights.VALLEX_RULES, "vallex-checkpoint/"
    )
    state = renamed(drawn, _RULES, "seed", "VALL-E X")
    with hollow():
        half = Autoregressive(VallexConfig())
    half.load_state_dict(
        {name.removeprefix("ar."): tensor for name, tensor in state.items()}, assign=True
    )
    return half.requires_grad_(False).eval()


def cached(ar: Any, ids: Any, languages: Any, prompt: Any, steps: int) -> Iterator[int]:
    """Greedy codes as Likewise makes them."""
    from likewise.voice.vallex.config import CODES, Sampling, VallexConfig
    from likewise.voice.vallex.decoding import Text, decode

    text = Text(ids[0], languages[0], steps, shortest=steps)
    for step in decode(ar, VallexConfig(), [text], prompt[0], Sampling(temperature=0)):
        assert int(step.codes[0]) != CODES
        yield int(step.codes[0])


def rebuilt(ar: Any, ids: Any, languages: Any, prompt: Any, steps: int) -> Iterator[int]:
    """Greedy codes with everything around the transformer made again at each step."""
    import torch
    from torch.nn import functional

    from likewise.voice.vallex.config import BEGIN, CODES
    from likewise.voice.vallex.model import opening_mask

    heads = ar.decoder.blocks[0].attention.heads
    symbols = ids.shape[1]
    codes = functional.pad(prompt, (1, 0), value=BEGIN)
    kept: list[tuple[Any, Any]] = []
    text = ar.text(ids, languages)
    for _ in range(steps):
        embedded = torch.cat([text, ar.embed_codes(codes, 0)], dim=1)
        mask = opening_mask(symbols, codes.shape[1])
        x = embedded[:, -1:] if kept else embedded
        rows = mask[:, :, -x.shape[1] :]
        grown = []
        for layer, block in enumerate(ar.decoder.blocks):
            inner = block.attention
            qkv = inner.qkv(block.norm1(x)).unflatten(2, (3, heads, -1))
            q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
            if kept:
                k = torch.cat([kept[layer][0], k], dim=2)
                v = torch.cat([kept[layer][1], v], dim=2)
            grown.append((k, v))
            mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=rows)
            x = x + inner.out(mixed.transpose(1, 2).flatten(2))
            x = x + block.feed_forward(block.norm2(x))
        kept = grown
        logits = ar.head(ar.decoder.norm(x)[:, -1])
        logits[:, CODES] = -torch.inf
        code = logits.argmax(dim=1)
        codes = torch.cat([codes, code[:, None]], dim=1)
        yield int(code)


def uncached(ar: Any, ids: Any, languages: Any, codes: Any) -> int:
    """One greedy code after `codes`, from the whole sequence."""
    from likewise.voice.vallex.config import CODES
    from likewise.voice.vallex.model import opening_mask

    mask = opening_mask(ids.shape[1], codes.shape[1] + 1)
    logits = ar.head(ar(ar.opening(ids, languages, codes), mask)[:, -1])
    return int(logits[:, :CODES].argmax(dim=1))


def measure(steps: int, threads: int, seed: int) -> dict[str, Any]:
    """Time all ways in turns.

    Returns:
        Seconds of each way up to each length, and what they were measured on.
    """
    import torch

    from likewise.voice import int8

    if threads:
        torch.set_num_threads(threads)
    ar = seeded_half(seed)
    made = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, 70, (1, SYMBOLS), generator=made)
    languages = torch.zeros_like(ids)
    prompt = torch.randint(0, 1024, (1, PROMPT_FRAMES), generator=made)
    given = (ids, languages, prompt)
    ways: dict[str, Iterator[int]] = {
        "cached": cached(ar, *given, steps + 1),
        "rebuilt": rebuilt(ar, *given, steps + 1),
    }
    if int8.available():
        rounded = copy.copy(ar)
        rounded._modules = dict(ar._modules) | {"decoder": copy.deepcopy(ar.decoder)}
        int8.quantise(rounded.decoder.blocks)
        ways["int8"] = cached(rounded, *given, steps + 1)
    codes: dict[str, list[int]] = {}
    seconds: dict[str, list[float]] = {name: [] for name in (*ways, "uncached")}
    with torch.inference_mode():
        for name, way in ways.items():
            codes[name] = [next(way)]  # the opening belongs to no step
        for first in range(0, steps, TURN):
            size = min(TURN, steps - first)
            for name, way in ways.items():
                start = time.perf_counter()
                codes[name] += [next(way) for _ in range(size)]
                seconds[name].append(time.perf_counter() - start)
            before = torch.cat([prompt, torch.tensor([codes["cached"]])], dim=1)
            start = time.perf_counter()
            uncached(ar, ids, languages, before)
            seconds["uncached"].append(size * (time.perf_counter() - start))
    alike = sum(a == b for a, b in zip(codes["cached"], codes["rebuilt"], strict=True))
    return {
        "steps": steps,
        "turn": TURN,
        "seconds": seconds,
        "codes_a_second": {name: steps / sum(each) for name, each in seconds.items()},
        "cached_over_rebuilt": sum(seconds["rebuilt"]) / sum(seconds["cached"]),
        "same_codes": alike / (steps + 1),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "machine": platform.machine(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def print_table(result: dict[str, Any]) -> None:
    """Codes a second up to each length, and how much faster than rebuilding that is."""
    names = [
        name for name in ("rebuilt", "uncached", "cached", "int8") if name in result["seconds"]
    ]
    print(f"{'steps':>6}" + "".join(f"{name + ' /s':>12}{'':>8}" for name in names))
    turns = len(result["seconds"]["cached"])
    for part in sorted({max(1, turns // 5), max(1, turns // 2), turns}):
        done = min(part * result["turn"], result["steps"])
        base = sum(result["seconds"]["rebuilt"][:part])
        cells = ""
        for name in names:
            took = sum(result["seconds"][name][:part])
            cells += f"{done / took:>12.2f}{f'({base / took:.2f}x)':>8}"
        print(f"{done:>6}{cells}")
    print(
        f"{result['same_codes']:.1%} of the codes of cached and rebuilt are the same; "
        f"{result['threads']} threads, torch {result['torch']}, load {result['load']}"
    )


def main() -> None:
    """Draw the weights, step in turns, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--threads", type=int, default=0, help="PyTorch's own number if left out.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="Print one JSON object.")
    options = parser.parse_args()
    result = measure(options.steps, options.threads, options.seed)
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        print_table(result)


if __name__ == "__main__":
    main()
