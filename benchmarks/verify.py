"""How long it takes to verify a talking video: with and without the speech recogniser.

    python benchmarks/verify.py               # 9 s and 45 s of video
    python benchmarks/verify.py --json FILE

A video is made from the demo's picture and voice. Then everything that its report measures and
draws is measured and drawn in a process of its own, from the video, its timings and a recording.
Ratios are wall time over the duration of the video; start of Python and imports are inside.
"""

import argparse
import json
import os
import platform
import tempfile
from importlib.resources import files
from pathlib import Path

from talk import ENROL, SENTENCES, run

import likewise
from likewise.values import Speech, Voice
from likewise.voice.registry import voice_engine

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
    voice = Voice.load(folder / "voice.safetensors")
    picture, video, text = data / "portrait.jpg", folder / f"{repeats}.mp4", SENTENCES * repeats
    made = likewise.talk(picture, text, voice=voice, output=video, crop="head", size=512)
    parts = list(voice_engine("kokoro").speak(text, voice))
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


def measure(folder: Path) -> dict:
    """All figures, as one JSON-ready dictionary."""
    demo = Path(str(files("likewise") / "data" / "demo" / "voice.flac"))
    run(ENROL, {"sample": str(demo), "voice": str(folder / "voice.safetensors")})
    figures: dict = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "runs": []}
    for repeats in (1, 5):
        known = sample(folder, repeats)
        for recogniser in (False, True):
            given = known if recogniser else known | {"sentences": []}
            load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
            found = run(JOB, given) | {"recogniser": recogniser, "load_before": load}
            figures["runs"].append(found | {"seconds": known["seconds"]})
    return figures


def table(figures: dict) -> str:
    """The figures for people."""
    lines = [figures["machine"]]
    for found in figures["runs"]:
        name = "with recogniser" if found["recogniser"] else "without recogniser"
        lines.append(
            f"{found['seconds']:5.1f} s of video, {name:<19} {found['took']:6.1f} s: "
            f"{found['took'] / found['seconds']:.2f}x, CPU {found['cpu'] / found['seconds']:.2f}x, "
            f"peak {found['peak_mb']:.0f} MB, load before {found['load_before']}"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder))
    print(table(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
