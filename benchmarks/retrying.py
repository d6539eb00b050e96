"""What saying misunderstood sentences again is worth: errors removed, and what that costs.

    python benchmarks/retrying.py [FILE.txt] [--voices af_heart am_adam] [--json FILE]

A text is read by stock voices and by the voice of the demo's recording. Every sentence is written
down by Whisper base before and after `likewise speak --verify` had its way with it. The recogniser
that chooses a take is also the one that counts, so what is left is what it can't understand, and
a take is never counted worse than the one before.
"""

import argparse
import json
import os
import platform
import time
from importlib.resources import files
from pathlib import Path

from likewise.audio import files as sounds
from likewise.studio import retrying
from likewise.values import Speech, Voice
from likewise.voice.engine import VoiceEngine
from likewise.voice.registry import voice_engine

# Lewis Carroll, Alice's Adventures in Wonderland (1865), the beginning; public domain.
TEXT = """Alice was beginning to get very tired of sitting by her sister on the bank, and of having
nothing to do. Once or twice she had peeped into the book her sister was reading, but it had no
pictures or conversations in it. "And what is the use of a book," thought Alice, "without pictures
or conversations?" So she was considering in her own mind, as well as she could, for the hot day
made her feel very sleepy and stupid, whether the pleasure of making a daisy-chain would be worth
the trouble of getting up and picking the daisies. Suddenly a White Rabbit with pink eyes ran close
by her. There was nothing so very remarkable in that. Nor did Alice think it so very much out of
the way to hear the Rabbit say to itself, "Oh dear! Oh dear! I shall be late!" But when the Rabbit
actually took a watch out of its waistcoat-pocket, and looked at it, and then hurried on, Alice
started to her feet. Burning with curiosity, she ran across the field after it, and was just in
time to see it pop down a large rabbit-hole under the hedge. In another moment down went Alice
after it, never once considering how in the world she was to get out again. Either the well was
very deep, or she fell very slowly, for she had plenty of time as she went down to look about her.
She took down a jar from one of the shelves as she passed. It was labelled "Orange Marmalade", but
to her great disappointment it was empty."""


def measured(engine: VoiceEngine, voice: Voice, text: str) -> dict:
    """Errors before and after, and the time that speaking and checking took."""
    start = time.perf_counter()
    parts = list(engine.speak(text, voice))
    speaking = time.perf_counter() - start
    first = list(retrying.sentences(parts))
    before = [retrying.check(sentence).error for sentence in first]
    again = 0

    def read(sentence: str, take: int) -> list[Speech]:
        nonlocal again
        again += 1
        return list(engine.speak(sentence, voice, take=take))

    start = time.perf_counter()
    kept = list(retrying.retried(parts, read))
    checking = time.perf_counter() - start
    after = [retrying.check(sentence).error for sentence in kept]
    words = [len(sentence.text.split()) for sentence in first]
    seconds = sum(part.audio.seconds for part in parts)
    return {
        "voice": voice.name,
        "sentences": len(first),
        "bad before": sum(error > 10 for error in before),
        "bad after": sum(error > 10 for error in after),
        "word errors before, %": sum(map(float.__mul__, before, map(float, words))) / sum(words),
        "word errors after, %": sum(map(float.__mul__, after, map(float, words))) / sum(words),
        "takes": again,
        "speaking, share of the duration": speaking / seconds,
        "checking and retrying, share of the duration": checking / seconds,
    }


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text", nargs="?", type=Path, help="a text of your own")
    parser.add_argument("--voices", nargs="*", default=["af_heart", "am_adam", "bf_emma"])
    parser.add_argument("--json", type=Path, help="write the figures here")
    given = parser.parse_args()
    text = given.text.read_text(encoding="utf-8") if given.text else " ".join(TEXT.split())
    engine = voice_engine("kokoro")
    stock = {voice.name: voice for voice in engine.stock_voices()}
    clip = Path(str(files("likewise") / "data" / "demo" / "voice.flac"))
    voices = [stock[name] for name in given.voices]
    voices.append(engine.enrol([sounds.read(clip)], name="demo recording"))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {load}")
    rows = []
    for voice in voices:
        rows.append(measured(engine, voice, text))
        for name, value in rows[-1].items():
            print(f"{name:<46} {value:.2f}" if isinstance(value, float) else f"{name:<46} {value}")
        print(flush=True)
    if given.json:
        given.json.write_text(json.dumps({"load": load, "voices": rows}, indent=1), "utf-8")


if __name__ == "__main__":
    main()
