r"""LivePortrait side by side: our direct and fast paths, and the modules of mimic-head, one CPU.

mimic-head 0.1.5 on PyPI carries the authors' modules. It needs an environment of its own, which
can be thrown away; only its network modules are imported, in float32:

    python -m venv reference
    reference/bin/pip install torch==2.13.0 numpy scipy && \
        reference/bin/pip install --no-deps mimic-head==0.1.5

Then, in the environment of Likewise with the extra [torch]:

    python benchmarks/liveportrait.py --folder lp-weights --reference reference/bin/python

Weights of the official sizes are drawn once from a seed (`tests/seeded_weights.py`). Each side is a
process of its own that waits while another works; stages alternate between the sides, and the
fastest of several rounds counts, in CPU milliseconds: on a busy machine wall time says little.
`frames` are several frames one after the other, or by our renderer as many at once as there are
threads; what counts there is wall time. Memory compares only where both sides have the same build
of PyTorch: a CUDA build takes 290 MB more from the start. The versions are printed.
`lean` is the fast path that takes less memory for more time. `--isa avx2` holds MKL, oneDNN and
Numba to AVX2 on machines that have more.
"""

import argparse
import importlib
import importlib.util
import json
import os
import resource
import subprocess
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
GOLDENS = ROOT / "tests" / "data" / "liveportrait"
FILES = {
    "F": "appearance_feature_extractor",
    "M": "motion_extractor",
    "W": "warping_module",
    "G": "spade_generator",
}
RETARGETING = "stitching_retargeting_module"
STAGES = ("load", "first frame", "F", "M", "W", "G", "frames")
FRAMES = 2  # of the stage of that name
PATHS = ("reference", "direct", "fast", "lean")
AVX2 = {
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "NUMBA_CPU_NAME": "haswell",
}
Work = dict[str, Callable[[], Any]]


def write_weights(folder: Path, seed: int) -> None:
    """Draw the checkpoints, in the authors' layout, unless they are there."""
    names = (*FILES.values(), RETARGETING)
    missing = [name for name in names if not (folder / f"{name}.pth").is_file()]
    if not missing:
        return
    sys.path.insert(0, str(ROOT / "tests"))
    import torch

    import seeded_weights

    folder.mkdir(parents=True, exist_ok=True)
    shapes = json.loads((GOLDENS / "state_shapes.json").read_text(encoding="utf-8"))
    for name in missing:
        tree = {f"{name}.pth": shapes[f"{name}.pth"]}
        rules = seeded_weights.LIVEPORTRAIT_RULES
        state = seeded_weights.seeded_checkpoint(tree, seed, rules)[f"{name}.pth"]
        torch.save(seeded_weights.to_torch(state), folder / f"{name}.pth")


def inputs() -> tuple[Any, Any, Any]:
    """A picture (1, 3, 256, 256), source and driving keypoints (1, 21, 3)."""
    import numpy as np
    import torch

    gold = np.load(GOLDENS / "golden_seed1.npz")
    picture = torch.from_numpy(gold["in.source_256"]).permute(2, 0, 1)[None].float() / 255
    source, driving = (torch.from_numpy(gold["T.x"][i][None]) for i in (0, 2))
    return picture, source, driving


def reference(folder: Path) -> Work:
    """The modules inside mimic-head, found without running its package."""
    import torch

    found = importlib.util.find_spec("mimic_head")
    assert found is not None and found.submodule_search_locations
    package = types.ModuleType("mimic_head")  # its own __init__ imports video libraries
    package.__path__ = list(found.submodule_search_locations)
    sys.modules["mimic_head"] = package

    def part(module: str, name: str) -> Any:
        return getattr(importlib.import_module(f"mimic_head.modules.{module}"), name)

    dense = {"block_expansion": 32, "max_features": 1024, "num_blocks": 5}
    dense |= {"reshape_depth": 16, "compress": 4}
    models = {
        "F": part("appearance_feature_extractor", "AppearanceFeatureExtractor")(
            3, 64, 2, 512, 32, 16, 6
        ),
        "M": part("motion_extractor", "MotionExtractor")(num_kp=21, backbone="convnextv2_tiny"),
        "W": part("warping_network", "WarpingNetwork")(
            num_kp=21, block_expansion=64, max_features=512, num_down_blocks=2, reshape_channel=32,
            estimate_occlusion_map=True, dense_motion_params=dense,
        ),
        "G": part("spade_generator", "SPADEDecoder")(
            upscale=2, block_expansion=64, max_features=512, num_down_blocks=2
        ),
    }  # fmt: skip
    for name, model in models.items():
        state = torch.load(folder / f"{FILES[name]}.pth", weights_only=True)
        model.load_state_dict(state, strict=True)
        model.eval()
    picture, source, driving = inputs()
    seen: dict[str, Any] = {}

    def appear() -> None:
        seen["F"] = models["F"](picture)

    def warp() -> None:
        seen["W"] = models["W"](seen["F"], kp_driving=driving, kp_source=source)["out"]

    def paint() -> Any:
        return models["G"](feature=seen["W"])

    def frames() -> None:
        for _ in range(FRAMES):
            warp()
            paint()

    work = {"F": appear, "M": lambda: models["M"](picture), "W": warp, "G": paint}
    return work | {"frames": frames}


def ours(folder: Path, *, fast: bool, lean: bool) -> Work:
    """Our networks, as they are or with fewer operations."""
    import numpy as np
    import torch

    from likewise.face.liveportrait import weights
    from likewise.face.liveportrait.fast import Fast
    from likewise.face.liveportrait.keypoints import face_motion
    from likewise.face.liveportrait.rendering import Direct, Look, Renderer

    model = weights.load(folder)
    path = Fast(model, release=True, lean=lean) if fast else Direct(model)
    picture, source, driving = inputs()
    still = face_motion([0.0] * 63, [0.0] * 63, 1.0, [0.0] * 3, (0.0, 0.0, 0.0))
    seen: dict[str, Any] = {}

    def appear() -> None:
        seen["look"] = Look(model.appearance(picture), source, still)

    def warp() -> None:
        seen["W"] = path.warp(seen["look"], driving).feature

    def frames() -> None:
        workers = int(os.environ["OMP_NUM_THREADS"])
        renderer = Renderer(model, path, workers=workers)
        for _ in renderer.frames(seen["look"], [np.asarray(driving[0])] * FRAMES):
            pass
        torch.set_num_threads(workers)

    return {
        "F": appear,
        "M": lambda: model.motion(picture),
        "W": warp,
        "G": lambda: path.paint(seen["W"]),
        "frames": frames,
    }


def serve(side: str, folder: Path) -> None:
    """Answer one line of seconds for each stage asked for on standard input."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    work: Work = {}

    def load() -> None:
        if side == "reference":
            work.update(reference(folder))
        else:
            work.update(ours(folder, fast=side != "direct", lean=side == "lean"))

    def first_frame() -> None:
        picture = None
        for stage in ("F", "M", "W", "G"):
            picture = work[stage]()
        torch.save(picture, folder / f"{side}.frame")

    print(json.dumps(f"PyTorch {torch.__version__}"), flush=True)
    work |= {"load": load, "first frame": first_frame}
    with torch.inference_mode():
        for line in sys.stdin:
            wall, cpu = time.perf_counter(), time.process_time()
            work[line.strip()]()
            took = [time.perf_counter() - wall, time.process_time() - cpu]
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(json.dumps({"wall": took[0], "cpu": took[1], "peak": peak}), flush=True)


class Side:
    """A process that waits for work."""

    def __init__(self, python: str, name: str, folder: Path, threads: int, isa: str) -> None:
        environment = os.environ | {"OMP_NUM_THREADS": str(threads)} | (AVX2 if isa else {})
        self.best: dict[str, dict[str, float]] = {}
        self.process = subprocess.Popen(
            [python, __file__, "--serve", name, "--folder", str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        assert self.process.stdout
        self.version = json.loads(self.process.stdout.readline())

    def do(self, stage: str) -> None:
        """Run a stage once and keep the fastest."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{stage}\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        known = self.best.setdefault(stage, answer)
        self.best[stage] = {key: min(known[key], answer[key]) for key in answer}
        self.best[stage]["peak"] = answer["peak"]

    def close(self) -> None:
        """Let it end."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def compare(pythons: dict[str, str], folder: Path, threads: int, rounds: int, isa: str) -> Any:
    """Milliseconds by side and stage; stages alternate between the sides."""
    sides = {name: Side(python, name, folder, threads, isa) for name, python in pythons.items()}
    print(", ".join(f"{name}: {side.version}" for name, side in sides.items()))
    for stage in ("load", "first frame"):
        for side in sides.values():
            side.do(stage)
    for _ in range(rounds):
        for stage in ("F", "M", "W", "G"):
            for side in sides.values():
                side.do(stage)
    for side in sides.values():  # last, as it may take more memory than one frame
        side.do("frames")
    for side in sides.values():
        side.close()
    return {name: side.best for name, side in sides.items()}


def errors(folder: Path, names: list[str]) -> dict[str, float]:
    """Largest difference from the reference's picture, in grey levels."""
    import torch

    frames = {name: torch.load(folder / f"{name}.frame", weights_only=True) for name in names}
    wanted = frames.get("reference", next(iter(frames.values())))
    return {name: float((frame - wanted).abs().max()) * 255 for name, frame in frames.items()}


def table(found: dict[str, Any], threads: int, off: dict[str, float]) -> str:
    """The figures as text."""
    first = next(iter(found.values()))
    both = {name: (best["W"]["cpu"] + best["G"]["cpu"]) for name, best in found.items()}
    base = next(iter(both.values()))
    lines = [f"{threads} thread(s): CPU ms (wall ms)"]
    lines.append(f"{'':<12}" + "".join(f"{name:>22}" for name in found))
    for stage in (s for s in STAGES if s in first):
        cells = (
            f"{b[stage]['cpu'] * 1e3:8.0f} ({b[stage]['wall'] * 1e3:8.0f})" for b in found.values()
        )
        lines.append(f"{stage:<12}" + "".join(f"{cell:>22}" for cell in cells))
    rows = {
        "W+G, x faster": [f"{base / both[name]:.2f}" for name in found],
        "fps, frames": [f"{FRAMES / best['frames']['wall']:.3f}" for best in found.values()],
        "frames, x": [
            f"{first['frames']['wall'] / best['frames']['wall']:.2f}" for best in found.values()
        ],
        "peak MB": [f"{best['G']['peak']:.0f}" for best in found.values()],
        "peak, frames": [f"{best['frames']['peak']:.0f}" for best in found.values()],
        "off by, of 255": [f"{off[name]:.4f}" for name in found],
    }
    lines += [f"{name:<14}" + "".join(f"{c:>20}  " for c in row) for name, row in rows.items()]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, required=True, help="weights, made when missing")
    parser.add_argument(
        "--reference", default="", help="Python with mimic-head; left out: only ours"
    )
    parser.add_argument("--paths", nargs="+", choices=PATHS, default=list(PATHS))
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--isa", choices=["avx2"], default="")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--serve", choices=PATHS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.folder)
        return
    write_weights(options.folder, options.seed)
    pythons = dict.fromkeys(PATHS, sys.executable) | {"reference": options.reference}
    chosen = [name for name in options.paths if pythons[name]]
    results: dict[int, Any] = {}
    for threads in options.threads:
        print(f"load average {os.getloadavg()[0]:.1f}")
        sides = {name: pythons[name] for name in chosen}
        found = compare(sides, options.folder, threads, options.rounds, options.isa)
        off = errors(options.folder, list(found))
        print(table(found, threads, off), flush=True)
        results[threads] = {"stages": found, "levels off": off}
    alone = results.get(1, {}).get("stages", {}).get("reference")
    if alone is not None and len(options.threads) > 1:
        for threads, result in results.items():
            ours_, whole = result["stages"]["fast"], alone["W"]["wall"] + alone["G"]["wall"]
            ratio = whole * FRAMES / ours_["frames"]["wall"]
            print(f"frames of the fast path by {threads} against the reference by 1: {ratio:.2f} x")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
