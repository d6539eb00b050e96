"""How alike cloned voices are: nearest stock voice and every tier of enrolment, by speaker.

    python benchmarks/voices.py [FOLDER] [--engine kokoro] [--sentences 10] [--json FILE]
    python benchmarks/voices.py --clips FOLDER --speakers 20

FOLDER holds a folder for each speaker with at least two recordings (default: the project's shared
voices, where present): the recording nearest to nine seconds is enrolled, all others judge. With
`--clips` it holds one recording a speaker, cut at a pause after about nine seconds: the rest
judges, from the same session, which is an easier comparison. Per speaker: similarity by two
encoders, raw and normalised (0 another speaker, 1 the same one), predicted opinion, word error
rate, enrolment time and real-time factor; then means with 95 % bootstrap intervals.

A slower tier that finds nothing better than the quick one, as on a busy machine, has no row.

The machine's load is printed, since times on a busy machine say little; CPU seconds stand beside
them. A slower tier's time (`--seconds`) is by the clock: on a busy machine give it more. A run that
was stopped goes on where it was when `--json` names the same file again.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from likewise.audio import files
from likewise.errors import BadInput
from likewise.values import Audio, Metric, Speech, Voice
from likewise.verify import bootstrap, naturalness, speaker, words
from likewise.verify.separation import separation
from likewise.voice.engine import VoiceEngine
from likewise.voice.registry import voice_engine

# Harvard sentences, lists 1 and 2 (IEEE, 1969).
SENTENCES = (
    "The birch canoe slid on the smooth planks.",
    "Glue the sheet to the dark blue background.",
    "It's easy to tell the depth of a well.",
    "These days a chicken leg is a rare dish.",
    "Rice is often served in round bowls.",
    "The juice of lemons makes fine punch.",
    "The box was thrown beside the parked truck.",
    "The hogs were fed chopped corn and garbage.",
    "Four hours of steady work faced us.",
    "A large size in stockings is hard to sell.",
    "The boy was there when the sun rose.",
    "A rod is used to catch pink salmon.",
    "The source of the huge river is the clear spring.",
    "Kick the ball straight and follow through.",
    "Help the woman get back to her feet.",
    "A pot of tea helps to pass the evening.",
    "Smoky fires lack flame and heat.",
    "The soft cushion broke the man's fall.",
    "The salt breeze came across from the sea.",
    "The girl at the booth sold fifty bonds.",
)
ENROLLED_SECONDS = 9.0
LANGUAGE = "en-us"
DEFAULT = Path(__file__).parents[2] / "shared" / "media" / "voices"


def recordings(folder: Path) -> tuple[Audio, list[Audio]]:
    """The recording to enrol, and the others."""
    sounds = [files.read(path) for path in sorted(folder.iterdir()) if path.suffix != ".txt"]
    if len(sounds) < 2:
        raise SystemExit(f"{folder} needs at least two recordings")
    nearest = min(sounds, key=lambda sound: abs(sound.seconds - ENROLLED_SECONDS))
    return nearest, [sound for sound in sounds if sound is not nearest]


def parts(path: Path) -> tuple[Audio, list[Audio]]:
    """One recording as the part to enrol and the part that judges, cut where it is quietest."""
    sound = files.read(path)
    earliest, latest = ENROLLED_SECONDS - 1.5, min(ENROLLED_SECONDS + 2, sound.seconds - 4)
    times = np.arange(earliest, latest, 0.01)
    levels = [np.square(sound.between(at - 0.06, at + 0.06).samples).mean() for at in times]
    cut = float(times[np.argmin(levels)])
    return sound.between(0.0, cut), [sound.between(cut, sound.seconds)]


def clips(folder: Path, count: int) -> list[Path]:
    """Recordings that are long enough for `parts`, spread over the folder."""
    long = [path for path in sorted(folder.glob("*.flac")) if files.read(path).seconds > 13.5]
    return [long[index] for index in np.linspace(0, len(long) - 1, count).astype(int)]


def say(engine: VoiceEngine, voice: Voice, sentences: Sequence[str]) -> tuple[list[Speech], float]:
    """Each sentence on its own, and the CPU seconds of speaking a second of sound."""
    start = time.process_time()
    spoken = [Speech.joined(engine.speak(text, voice, language=LANGUAGE)) for text in sentences]
    taken = time.process_time() - start
    return spoken, taken / sum(speech.audio.seconds for speech in spoken)


def stock_embeddings(engine: VoiceEngine) -> list[tuple[Voice, np.ndarray]]:
    """Every stock voice of the language with its d-vector on one sentence."""
    return [
        (voice, speaker.dvector.embed(say(engine, voice, SENTENCES[-1:])[0][0].audio))
        for voice in engine.stock_voices()
        if voice.language == LANGUAGE
    ]


def judged(
    engine: VoiceEngine,
    voice: Voice,
    sentences: Sequence[str],
    enrolled: Audio,
    others: list[Audio],
) -> dict[str, Any]:
    """All measurements of one voice."""
    spoken, cpu_factor = say(engine, voice, sentences)
    sounds = [speech.audio for speech in spoken]
    whole = Speech.joined(spoken).audio
    metrics: list[Metric] = [
        *speaker.similarity([whole], others, enrolled=enrolled),
        *naturalness.opinion(whole, reference=enrolled),
        *words.intelligibility(list(zip(sounds, sentences, strict=True)), LANGUAGE)[0],
    ]
    return {
        "voice": voice.name,
        "cpu_seconds_per_second": cpu_factor,
        "metrics": {metric.name: metric.as_json() for metric in metrics},
    }


def row(name: str, result: dict[str, Any]) -> str:
    """One line of the table."""
    metrics = result["metrics"]

    def cell(metric: str, digits: int = 2) -> str:
        value = metrics[metric]["value"] if metric in metrics else None
        return "   –" if value is None else f"{value:.{digits}f}"

    def both(metric: str) -> str:
        share = metrics[metric]["normalised"]
        return f"{cell(metric, 3)} ({'–' if share is None else f'{share:+.2f}'})"

    ge2e, dvector = (encoder.metric for encoder in speaker.ENCODERS)
    enrolment, cpu = (result.get(f"enrolment_{kind}") for kind in ("seconds", "cpu_seconds"))
    return (
        f"{name:<22}{result['voice']:<16}{both(ge2e):<16}{both(dvector):<16}"
        f"{cell(naturalness.OVERALL):<9}{cell('word error rate', 1):<8}"
        f"{'–' if enrolment is None else f'{enrolment:.1f}':<9}"
        f"{'–' if cpu is None else f'{cpu:.0f}':<8}"
        f"{result['cpu_seconds_per_second']:.2f}"
    )


def error_rates(folders: Sequence[Path]) -> dict[str, dict[str, float]]:
    """Equal error rate of each encoder over all pairs of real recordings."""
    sounds, who = [], []
    for folder in folders:
        for path in sorted(folder.iterdir()):
            sounds.append(files.read(path))
            who.append(folder.name)
    rows, columns = np.triu_indices(len(sounds), 1)
    same = np.array(who)[rows] == np.array(who)[columns]
    found = {}
    for encoder in speaker.ENCODERS:
        embedded = np.stack([encoder.embed(sound) for sound in sounds])
        cosines = (embedded @ embedded.T)[rows, columns]
        apart = separation(cosines[same], cosines[~same])
        found[encoder.metric] = {
            "equal_error_rate": apart.equal_error_rate,
            "threshold": apart.threshold,
            "same_pairs": apart.same,
            "other_pairs": apart.other,
        }
    return found


def measured(
    engine: VoiceEngine,
    name: str,
    enrolled: Audio,
    others: list[Audio],
    stock: list[tuple[Voice, np.ndarray]],
    sentences: Sequence[str],
    seconds: float,
    tiers: Sequence[str],
    rows: dict[str, Any],
) -> None:
    """Add to the rows of one speaker those that are not there yet."""
    if "nearest" not in rows:
        wanted = speaker.dvector.embed(enrolled)
        nearest = max(stock, key=lambda item: float(item[1] @ wanted))[0]
        rows["nearest"] = judged(engine, nearest, sentences, enrolled, others)
    for tier in (tier for tier in tiers if tier not in rows):
        patience = {"tier": tier, "seconds": seconds} if engine.capabilities.tiers else {}
        start, cpu = time.perf_counter(), time.process_time()
        try:
            voice = engine.enrol([enrolled], name=name, language=LANGUAGE, **patience)
        except BadInput as error:
            print(f"{name} {tier}: {error}")
            continue
        took, cpu = time.perf_counter() - start, time.process_time() - cpu
        rows[tier] = judged(engine, voice, sentences, enrolled, others) | {
            "enrolment_seconds": took,
            "enrolment_cpu_seconds": cpu,
            "facts": {key: voice.facts.get(key) for key in ("adaptation", "warnings")},
            "load": load(),
        }


def load() -> float:
    """How many programs want a core, NaN where that is not known."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT)
    parser.add_argument("--clips", type=Path, help="a folder with one recording a speaker")
    parser.add_argument("--speakers", type=int, default=20, help="how many of --clips")
    parser.add_argument("--engine", default="kokoro")
    parser.add_argument("--sentences", type=int, default=10)
    parser.add_argument("--tiers", nargs="+", help="which tiers (default: all of the engine)")
    parser.add_argument("--seconds", type=float, default=60.0, help="time of a slower tier")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    folder = given.clips or given.folder
    if not folder.is_dir():
        raise SystemExit(f"There is no folder {folder}; name one with recordings of speakers.")
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {load():.1f}"
    )
    result: dict[str, Any] = {"speakers": {}}
    if given.json and given.json.is_file():
        result = json.loads(given.json.read_text(encoding="utf-8"))
    places = sorted(path for path in folder.iterdir() if path.is_dir())
    if given.clips:
        places = clips(folder, given.speakers)
    elif "error_rates" not in result:
        result["error_rates"] = error_rates(places)
    for metric, apart in result.get("error_rates", {}).items():
        print(
            f"{metric}: equal error rate {100 * apart['equal_error_rate']:.1f} % "
            f"({apart['same_pairs']} same, {apart['other_pairs']} other pairs)"
        )
    engine = voice_engine(given.engine)
    sentences = SENTENCES[: given.sentences]
    tiers = given.tiers or engine.capabilities.tiers or ("enrolled",)
    stock = stock_embeddings(engine)
    print(
        f"\n{'speaker':<22}{'voice':<16}{'GE2E (norm.)':<16}{'d-vector (n.)':<16}"
        f"{'opinion':<9}{'WER %':<8}{'enrol s':<9}{'CPU s':<8}CPU s/s"
    )
    for place in places:
        name = place.stem.partition("-")[0]
        rows = result["speakers"].setdefault(name, {})
        if not {"nearest", *tiers} <= rows.keys():
            enrolled, others = parts(place) if given.clips else recordings(place)
            measured(engine, name, enrolled, others, stock, sentences, given.seconds, tiers, rows)
            if given.json:
                given.json.write_text(json.dumps(result, indent=1), encoding="utf-8")
        for kind, one in rows.items():
            print(row(f"{name} {kind}", one), flush=True)
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for rows in result["speakers"].values():
        for kind, one in rows.items():
            by_kind.setdefault(kind, []).append(one)
    for kind, all_of_it in by_kind.items():
        print(row(f"mean {kind}", mean(all_of_it)))
        print(f"{'':<22}{spread(all_of_it)}")


def spread(results: Sequence[dict[str, Any]]) -> str:
    """95 % intervals of the means over speakers."""
    said = []
    for title, metric, key in (
        *((encoder.key, encoder.metric, "normalised") for encoder in speaker.ENCODERS),
        ("opinion", naturalness.OVERALL, "value"),
        ("WER", "word error rate", "value"),
    ):
        values = [result["metrics"][metric][key] for result in results]
        found = bootstrap.interval([value for value in values if value is not None])
        said.append(f"{title} {found[0]:.2f}..{found[1]:.2f}" if found else f"{title} –")
    return "95 %: " + ", ".join(said)


def mean(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The same measurements averaged over speakers."""

    def average(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return float(np.mean(known)) if known else None

    metrics = {
        name: {
            key: average([result["metrics"][name][key] for result in results])
            for key in ("value", "normalised")
        }
        for name in results[0]["metrics"]
    }
    averaged = {
        key: average([result.get(key) for result in results])
        for key in ("cpu_seconds_per_second", "enrolment_seconds", "enrolment_cpu_seconds")
    }
    return {"voice": "", "metrics": metrics} | averaged


if __name__ == "__main__":
    main()
