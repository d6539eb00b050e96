"""How fast the main job is, stage by stage, and how much memory it takes.

    python benchmarks/talk.py                 # 10 s of video at 512x512, enrolment, start-up
    python benchmarks/talk.py --long          # also one minute against ten minutes of text
    python benchmarks/talk.py --json FILE

Every measured run is a process of its own, so that peak memory is that of one job. Ratios are wall
time over the duration of the video; the machine's load before the run is printed with them.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path

import psutil

SENTENCES = (
    "Hello, I am a painting, and today I have something to say. "
    "Please watch my mouth, because the proof is in the pudding. "
    "Five big blue boats were moving past the window. "
)
JOB = """
import json, sys
from pathlib import Path
import likewise
options = json.loads(sys.argv[1])
voice = likewise.Voice.load(options["voice"])
video = likewise.talk(options["picture"], options["text"], voice=voice, output=options["output"],
                      crop="head", size=512)
print(json.dumps({"seconds": video.seconds, "frames": video.frames, "took": video.took,
                  "stages": video.stages}))
"""
ENROL = """
import json, sys, time
import likewise
from likewise.audio import files
from likewise.voice.registry import voice_engine
options = json.loads(sys.argv[1])
start = time.perf_counter()
voice = voice_engine("kokoro").enrol([files.read(options["sample"])], name="benchmark")
took = time.perf_counter() - start
voice.save(options["voice"])
print(json.dumps({"took": took}))
"""


def run(code: str, options: dict[str, str]) -> dict:
    """Run code in a fresh process; answers its JSON with wall seconds and peak memory in MB."""
    start = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-c", code, json.dumps(options)], stdout=subprocess.PIPE, text=True
    )
    process, peak = psutil.Process(child.pid), 0
    while child.poll() is None:
        try:
            peak = max(peak, process.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.02)
    output = child.communicate()[0]
    if child.returncode:
        raise SystemExit(f"the measured run failed with exit code {child.returncode}")
    answer = json.loads(output.strip().splitlines()[-1]) if output.strip() else {}
    return answer | {"wall": time.perf_counter() - start, "peak_mb": peak / 1e6}


def best_of(code: str, times: int = 5) -> float:
    """Smallest wall seconds of a start-up; the noise of a machine only ever adds."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
        found.append(time.perf_counter() - start)
    return min(found)


def measure(folder: Path, *, long: bool) -> dict:
    """All figures, as one JSON-ready dictionary."""
    samples = Path(str(files("likewise") / "data" / "demo"))
    voice = str(folder / "voice.safetensors")
    figures: dict = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "python -c pass": best_of("pass"),
        "import likewise": best_of("import likewise"),
        "likewise --help": best_of("from likewise.cli.app import run; run(['--help'])"),
    }
    figures["enrol"] = run(ENROL, {"sample": str(samples / "voice.flac"), "voice": voice})
    options = {"picture": str(samples / "portrait.jpg"), "voice": voice}
    texts = {"10 s": SENTENCES}
    if long:
        texts |= {"1 min": SENTENCES * 6, "10 min": SENTENCES * 60}
    for name, text in texts.items():
        figures[name] = run(JOB, options | {"text": text, "output": str(folder / "out.mp4")})
    return figures


def table(figures: dict) -> str:
    """The figures for people."""
    lines = [f"{figures['machine']}, Python {figures['python']}, load {figures['load_before']}"]
    for name in ("python -c pass", "import likewise", "likewise --help"):
        lines.append(f"{name:<18} {figures[name]:6.2f} s")
    enrol = figures["enrol"]
    lines.append(f"{'enrolment':<18} {enrol['took']:6.2f} s   peak {enrol['peak_mb']:.0f} MB")
    for name in ("10 s", "1 min", "10 min"):
        if name not in figures:
            continue
        run_ = figures[name]
        ratio = run_["took"] / run_["seconds"]
        lines.append(
            f"{'talk ' + name:<18} {run_['took']:6.2f} s for {run_['seconds']:.1f} s of video: "
            f"{ratio:.2f}x, whole process {run_['wall'] / run_['seconds']:.2f}x, "
            f"peak {run_['peak_mb']:.0f} MB"
        )
        for stage, seconds in run_["stages"].items():
            lines.append(f"  {stage:<22} {seconds:6.2f} s  {seconds / run_['seconds']:.2f}x")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--long", action="store_true", help="also one and ten minutes of text")
    parser.add_argument("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), long=arguments.long)
    print(table(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
