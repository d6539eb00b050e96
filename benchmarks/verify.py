"""How long it takes to verify a talking video: with and without the speech recogniser.

    python benchmarks/verify.py               # 9 s and 45 s of video, some minutes
    python benchmarks/verify.py --quick       # 9 s without the recogniser, under a minute
    python benchmarks/verify.py --quick --times 3 --against ../before/src
    python benchmarks/verify.py --json FILE

A video is made from the demo's picture and a stock voice. Then everything that its report measures
and draws is measured and drawn in a process of its own, from the video, its timings and a
recording. Ratios are wall time over the duration of the video; imports are inside. Another source
tree is measured in turns with this one, so that the machine's load falls on both.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from talk import SENTENCES, run

import likewise
from likewise.values import Speech
from likewise.voice.registry import voice_engine

VOICE = "af_heart"

JOB = """
import json, sys, time
from pathlib import Path
from likewise.audio import files
from likewise.studio.verifying import Evidence, examine
from likewise.values import Speech, Timing
from likewise.video.picture import read_picture
options = json.loads(sys.argv[1])
start, cpu = time.perf_counter(), time.process_time()
sentences = tuple(Timing(*row) for row in options["sentences"])
report = examine(Evidence(
    "benchmark", Path(options["video"]), Speech.load(options["speech"]), sentences,
    reference=files.read(options["sample"]), picture=read_picture(options["picture"]).picture,
    fps=25.0,
))
print(json.dumps({"took": time.perf_counter() - start, "cpu": time.process_time() - cpu,
                  "metrics": len(report.metrics),
                  "unavailable": [m.name for m in report.metrics if m.status != "ok"]}))
"""


def sample(folder: Path, repeats: int) -> dict[str, object]:
    """Make a talking video; answers what is known about it."""
    data = Path(str(files("likewise") / "data" / "demo"))
    picture, video, text = data / "portrait.jpg", folder / f"{repeats}.mp4", SENTENCES * repeats
    engine = voice_engine("kokoro")
    voice = next(voice for voice in engine.stock_voices() if voice.name == VOICE)
    made = likewise.talk(picture, text, voice=voice, output=video, crop="head", size=512)
    parts = list(engine.speak(text, voice))
    speech = Speech.joined(parts)
    speech.save(folder / f"{repeats}.speech")
    sentences, at = [], 0.0
    for part in parts:
        sentences.append([part.text, at, at + part.audio.seconds])
        at += part.audio.seconds
    return {
        "seconds": made.seconds,
        "video": str(video),
        "speech": str(folder / f"{repeats}.speech"),
        "sentences": sentences,
        "sample": str(data / "voice.flac"),
        "picture": str(picture),
    }


def measure(folder: Path, given: argparse.Namespace) -> Iterator[dict]:
    """The figures of one run after the other, JSON-ready."""
    trees = [given.against, None] if given.against else [None]
    for repeats in (1,) if given.quick else (1, 5):
        told(f"making {9 * repeats} s of video")
        known = sample(folder, repeats)
        for recogniser in (False,) if given.quick else (False, True):
            options = known if recogniser else known | {"sentences": []}
            for tree in trees * given.times:
                told(f"verifying it{' with the recogniser' * recogniser}")
                load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
                found = run_from(tree, options) | {"recogniser": recogniser, "load_before": load}
                yield found | {"seconds": known["seconds"], "tree": str(tree or "this one")}


def run_from(tree: Path | None, options: dict[str, object]) -> dict:
    """Run the job with another source tree; None is this one."""
    before = os.environ.get("PYTHONPATH")
    if tree is not None:
        os.environ["PYTHONPATH"] = str(tree)
    try:
        return run(JOB, options)
    finally:
        if tree is not None:
            os.environ.pop("PYTHONPATH")
            if before is not None:
                os.environ["PYTHONPATH"] = before


def told(doing: str) -> None:
    """Say what takes so long, apart from the figures."""
    print(f"... {doing}", file=sys.stderr, flush=True)


def line(found: dict) -> str:
    """A run for people."""
    name = "with recogniser" if found["recogniser"] else "without recogniser"
    return (
        f"{found['seconds']:5.1f} s of video, {name:<19} {found['took']:6.1f} s: "
        f"{found['took'] / found['seconds']:.2f}x, CPU {found['cpu'] / found['seconds']:.2f}x, "
        f"peak {found['peak_mb']:.0f} MB, load before {found['load_before']}, {found['tree']}"
    )


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a short video, no recogniser")
    parser.add_argument("--times", type=int, default=1, help="how often each is measured")
    parser.add_argument("--against", type=Path, help="another source tree (its src folder)")
    parser.add_argument("--json", type=Path, help="write the figures here")
    given = parser.parse_args()
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    print(machine, flush=True)
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for found in measure(Path(folder), given):
            runs.append(found)
            print(line(found), flush=True)
    if given.json:
        given.json.write_text(
            json.dumps({"machine": machine, "runs": runs}, indent=1), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
