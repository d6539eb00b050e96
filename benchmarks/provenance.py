"""What the watermark survives, how often it is seen where it isn't, what it costs and changes.

    python benchmarks/provenance.py [FOLDER] [--clips 24] [--seconds 6] [--json FILE]

Two sets of sounds are marked: sentences of stock voices as `speak` makes them, and recordings of
FOLDER (default: the project's shared LibriSpeech clips, where present). Each is then treated as a
file meets it on its way, and looked for. `found` is the share of sounds in which the mark is
detected; scores are in standard deviations of unmarked sound. The same sounds unmarked count false
alarms. PESQ is printed where the package `pesq` is installed.
"""

import argparse
import io
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import soxr

from likewise.audio import files
from likewise.audio.resampling import resampled
from likewise.errors import LikewiseError
from likewise.hearing import ge2e
from likewise.provenance import detection
from likewise.provenance.watermark import Marker
from likewise.values import Audio, Speech
from likewise.verify import naturalness
from likewise.voice.registry import voice_engine

DEFAULT = Path(__file__).parents[2] / "shared" / "media" / "librispeech_train-clean-100"
RATE = 24_000
VOICES = (
    "af_heart",
    "am_adam",
    "bm_george",
    "jf_alpha",
    "ff_siwis",
    "if_sara",
    "hm_omega",
    "zf_xiaoxiao",
)
SENTENCES = (
    "Yes.",
    "The birch canoe slid on the smooth planks.",
    "The salt breeze came across from the sea, and a pot of tea helps to pass the evening.",
)
Treatment = Callable[[Audio], Audio]


def coded(container: str, encoder: str, bits: int, rate: int = RATE) -> Treatment:
    """Through an encoder at a bit rate, and back."""

    def treat(audio: Audio) -> Audio:
        file = io.BytesIO()
        samples = np.clip(resampled(audio, rate).samples, -1, 1)[None]
        with av.open(file, "w", format=container) as target:
            stream = target.add_stream(encoder, rate=rate, layout="mono")
            stream.bit_rate = bits
            stream.format = "flt" if encoder == "libopus" else "fltp"
            frame = av.AudioFrame.from_ndarray(samples, format=stream.format.name, layout="mono")
            frame.sample_rate, frame.pts = rate, 0
            target.mux(stream.encode(frame))
            target.mux(stream.encode(None))
        file.seek(0)
        return files.read(file)

    return treat


def noisy(decibels: float) -> Treatment:
    """White noise this far below the sound."""

    def treat(audio: Audio) -> Audio:
        noise = np.random.default_rng(0).normal(size=len(audio.samples))
        noise *= np.sqrt(np.square(audio.samples).mean()) * 10 ** (-decibels / 20)
        return Audio((audio.samples + noise).astype(np.float32), audio.sample_rate)

    return treat


def faster(speed: float) -> Treatment:
    """Played faster, and higher, as a tape."""
    return lambda audio: Audio(
        soxr.resample(audio.samples, audio.sample_rate * speed, audio.sample_rate),
        audio.sample_rate,
    )


def filtered(name: str, setting: str) -> Treatment:
    """Through a filter of FFmpeg."""

    def treat(audio: Audio) -> Audio:
        graph = av.filter.Graph()
        source = graph.add_abuffer(
            sample_rate=audio.sample_rate, format="flt", layout="mono", time_base=None
        )
        node, sink = graph.add(name, setting), graph.add("abuffersink")
        source.link_to(node)
        node.link_to(sink)
        graph.configure()
        frame = av.AudioFrame.from_ndarray(audio.samples[None], format="flt", layout="mono")
        frame.sample_rate, frame.pts = audio.sample_rate, 0
        graph.push(frame)
        graph.push(None)
        parts = []
        while True:
            try:
                parts.append(graph.pull().to_ndarray().reshape(-1))
            except (av.error.EOFError, av.error.BlockingIOError):
                return Audio(np.concatenate(parts).astype(np.float32), audio.sample_rate)

    return treat


def chain(*treatments: Treatment) -> Treatment:
    """One after another."""

    def treat(audio: Audio) -> Audio:
        for treatment in treatments:
            audio = treatment(audio)
        return audio

    return treat


def cut(seconds: float) -> Treatment:
    """A piece out of the middle."""

    def treat(audio: Audio) -> Audio:
        start = max(0.0, (audio.seconds - seconds) / 2) + 0.0137
        return audio.between(start, start + seconds)

    return treat


MP3, AAC = coded("mp3", "libmp3lame", 64_000), coded("adts", "aac", 64_000)
TREATMENTS: dict[str, Treatment] = {
    "as made": lambda audio: audio,
    "MP3 64 kbit/s": MP3,
    "MP3 32 kbit/s": coded("mp3", "libmp3lame", 32_000),
    "AAC 64 kbit/s": AAC,
    "Opus 24 kbit/s": coded("ogg", "libopus", 24_000, 48_000),
    "MP3, then AAC, then MP3": chain(MP3, AAC, MP3),
    "resampled to 16 kHz": lambda audio: resampled(audio, 16_000),
    "resampled to 8 kHz": lambda audio: resampled(audio, 8_000),
    "resampled to 44.1 kHz": lambda audio: resampled(audio, 44_100),
    "noise at 30 dB": noisy(30),
    "noise at 20 dB": noisy(20),
    "noise at 10 dB": noisy(10),
    "cut to the middle 3 s": cut(3.0),
    "cut to the middle 1 s": cut(1.0),
    "20 dB quieter": lambda audio: Audio(audio.samples * np.float32(0.1), audio.sample_rate),
    "4 kHz low-pass": filtered("lowpass", "f=4000:p=2"),
    "compressed (acompressor)": filtered("acompressor", "threshold=0.05:ratio=6"),
    "10 % faster, higher": faster(1.1),
    "10 % slower, lower": faster(0.9),
    "10 % faster, same pitch": filtered("atempo", "1.1"),
    "25 % faster, same pitch": filtered("atempo", "1.25"),
}


def spoken() -> Iterator[Audio]:
    """Sentences of stock voices, each read as English."""
    engine = voice_engine("kokoro")
    stock = {voice.name: voice for voice in engine.stock_voices()}
    for name in VOICES:
        for text in SENTENCES:
            yield Speech.joined(engine.speak(text, stock[name], language="en-us")).audio


def recorded(folder: Path, count: int, seconds: float) -> Iterator[Audio]:
    """Beginnings of recordings, evenly chosen."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in {".flac", ".wav", ".mp3"})
    for path in paths[:: max(1, len(paths) // count)][:count]:
        yield files.read(path, sample_rate=RATE).between(0.5, 0.5 + seconds)


def survival(sounds: list[Audio], marked: list[Audio]) -> list[dict[str, Any]]:
    """A row for each treatment: found in marked and unmarked sounds, and scores."""
    rows = []
    for name, treat in TREATMENTS.items():
        found = [detection.detect(treat(sound)) for sound in marked]
        # The search over speeds takes seconds where nothing is found: once is enough.
        speeds = detection.SPEEDS if name == "as made" else ()
        alarms = [detection.detect(treat(sound), speeds=speeds) for sound in sounds]
        right = sum(item is not None and item.message == "cloned voice" for item in found)
        scores = [item.score for item in found if item is not None]
        rows.append(
            {
                "treatment": name,
                "found": right,
                "of": len(marked),
                "score": float(np.median(scores)) if scores else None,
                "false alarms": sum(item is not None for item in alarms),
            }
        )
        print(
            f"{name:<28} {right:>3} of {len(marked):<4} {rows[-1]['score'] or 0:7.1f} "
            f"{rows[-1]['false alarms']:>6}",
            flush=True,
        )
    return rows


def change(sounds: list[Audio], marked: list[Audio]) -> dict[str, float]:
    """What the mark does to the sound: for instruments, as no one was asked to listen."""
    values: dict[str, list[float]] = {}
    for plain, done in zip(sounds, marked, strict=True):
        added = done.samples - plain.samples
        ratio = 10 * np.log10(np.square(plain.samples).sum() / np.square(added).sum())
        values.setdefault("signal to mark, dB", []).append(float(ratio))
        if plain.seconds < 1.6:
            continue
        same = float(ge2e.embed(plain) @ ge2e.embed(done))
        values.setdefault("speaker similarity to the unmarked", []).append(same)
        for before, after in zip(
            naturalness.opinion(plain), naturalness.opinion(done), strict=True
        ):
            if before.value is not None and after.value is not None:
                difference = after.value - before.value
                values.setdefault(f"{before.name}, change", []).append(difference)
        try:
            from pesq import pesq
        except ImportError:
            continue
        wide = [resampled(sound, 16_000).samples for sound in (plain, done)]
        values.setdefault("PESQ (wide band) against the unmarked", []).append(
            float(pesq(16_000, *wide, "wb"))
        )
    return {name: float(np.mean(found)) for name, found in values.items()}


def main() -> None:
    """Print the tables, and write them where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT)
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--alarms", type=int, default=120, help="More unmarked clips, as recorded.")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    print(f"{platform.processor() or platform.machine()}, load {load}")
    sets = {"speech of stock voices": list(spoken())}
    if options.folder.is_dir():
        sets["recordings"] = list(recorded(options.folder, options.clips, options.seconds))
    answer: dict[str, Any] = {"load": load}
    for title, sounds in sets.items():
        seconds = sum(sound.seconds for sound in sounds)
        start = time.process_time()
        marked = [Marker(RATE, "cloned voice").mark(sound) for sound in sounds]
        marking = (time.process_time() - start) / seconds
        start = time.process_time()
        for sound in marked:
            detection.score(sound)
        finding = (time.process_time() - start) / seconds
        print(f"\n{title}: {len(sounds)} of {seconds / len(sounds):.1f} s on average")
        print(f"CPU, share of the duration: marking {marking:.4f}, finding {finding:.4f}")
        changes = change(sounds, marked)
        for name, value in changes.items():
            print(f"{name:<48} {value:.3f}")
        print(f"\n{'':<28} {'found':>9} {'score':>10} {'false':>6}")
        answer[title] = {
            "marking": marking,
            "finding": finding,
            "change": changes,
            "survival": survival(sounds, marked),
        }
    if options.folder.is_dir() and options.alarms:
        scores = []
        for sound in recorded(options.folder, options.alarms, detection.STRETCH):
            try:
                scores.append(detection.score(sound))
            except LikewiseError as error:
                print(error)
        answer["unmarked"] = {"count": len(scores), "highest": max(scores)}
        print(f"\nhighest score of {len(scores)} unmarked recordings: {max(scores):.2f}")
    if options.json:
        options.json.write_text(json.dumps(answer, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
