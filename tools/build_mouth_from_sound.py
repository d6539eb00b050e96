"""Fit the map of `likewise.motion.from_audio`: mel levels around a moment to mouth channels.

    python tools/build_mouth_from_sound.py src/likewise/data/motion/mouth_from_sound.safetensors

Kokoro speaks sentences in several voices and languages; `from_speech` knows their mouths; ridge
regression does the rest. Prints correlations over sentences left out of the fit.
"""

import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from likewise.motion.from_audio import HEARD
from likewise.motion.from_speech import from_speech
from likewise.motion.listening import listen
from likewise.motion.visemes import CHANNEL, CHANNELS
from likewise.values import INDEX, Speech
from likewise.voice.kokoro.engine import KokoroEngine

RIDGE = 100.0
SPOKEN = {
    "en-us": (
        "The big blue boat, my friend, bumped into five purple balloons.",
        "Good evening. I am a painting, but today I have something to say.",
        "Please watch my mouth very carefully, because the proof is in the pudding.",
        "He hoped there would be stew for dinner, turnips and carrots and bruised potatoes.",
        "A few seconds of a voice, one picture and a sentence become a talking video.",
        "Warm summer breezes move slowly over the quiet village, and nobody speaks.",
        "Who would have thought that a whole garden could grow out of one small seed?",
        "My father bought four fine apples from the old farmer near the bridge.",
        "She sells sea shells, but the shells she sells are not from the sea.",
        "Every morning the baker opens the shop, and the smell of bread fills the street.",
        "You choose the music, and we shall move the chairs out of the room.",
        "Nothing happened for a long while; then the bell rang three times.",
        "Perhaps Bob and Mabel will come by bus, or maybe they will ride a bike.",
        "The law allows all of us to walk along the water and talk about the war.",
        "I like to fly high above the white clouds and see the light of the sky.",
        "Keep these green leaves clean, and leave the cheese on the kitchen table.",
    ),
    "es": ("Mi abuela vive en un pueblo pequeño cerca del mar, y por la mañana bebe café.",),
    "fr": ("Bonjour, je voudrais une baguette et deux pommes pour le petit déjeuner.",),
    "it": ("La mamma prepara la pasta, e il bambino guarda la pioggia dalla finestra.",),
    "ja": ("今日はとても天気がいいので、みんなで公園まで歩きましょう。",),
}
VOICES = {
    "en-us": ("af_heart", "am_michael", "bf_emma", "bm_george", "af_bella", "am_fenrir"),
    "es": ("ef_dora", "em_alex"),
    "fr": ("ff_siwis",),
    "it": ("if_sara", "im_nicola"),
    "ja": ("jf_alpha", "jm_kumo"),
}


def main(target: Path) -> None:
    """Speak, fit, report, write."""
    engine = KokoroEngine()
    stock = {voice.name: voice for voice in engine.stock_voices()}
    groups: list[int] = []
    sounds: list[np.ndarray] = []
    mouths: list[np.ndarray] = []
    for language, sentences in SPOKEN.items():
        for number, sentence in enumerate(sentences):
            names = VOICES[language]
            for name in dict.fromkeys(
                (names[number % len(names)], names[(number + 1) % len(names)])
            ):
                parts = engine.speak(sentence, stock[name], language=language)
                sound, mouth = pair(Speech.joined(parts))
                sounds.append(sound)
                mouths.append(mouth)
                groups.append(number % 5)
                print(language, number, name, len(sound), flush=True)
    for channel in ("jaw", "pucker", "smile", "press", "lower"):
        column = CHANNEL[channel]
        found = []
        for group in range(5):
            inside = [index for index, other in enumerate(groups) if other != group]
            weights = fit([sounds[i] for i in inside], [mouths[i] for i in inside])
            for index, other in enumerate(groups):
                if other == group:
                    guess = np.maximum(sounds[index] @ weights, 0.0)[:, column]
                    found.append(np.corrcoef(guess, mouths[index][:, column])[0, 1])
        print(f"{channel}: r {np.nanmean(found):.2f} over held-out sentences")
    target.parent.mkdir(parents=True, exist_ok=True)
    save_file({"weights": fit(sounds, mouths).astype(np.float32)}, target)


def pair(speech: Speech) -> tuple[np.ndarray, np.ndarray]:
    """Spectral context (N, 121) and mouth channels (N, 11), every 10 ms."""
    context = listen(speech.audio).context
    motion = from_speech(speech, 100, liveliness=0.0)
    channels = np.zeros((len(motion), len(CHANNELS)))
    for name, targets in CHANNELS.items():
        if targets:
            channels[:, CHANNEL[name]] = motion.coefficients[:, INDEX[targets[0]]]
    count = min(len(context), len(channels))
    return context[:count], channels[:count, HEARD]


def fit(sounds: list[np.ndarray], mouths: list[np.ndarray]) -> np.ndarray:
    """Ridge regression, then stretched half way to the spread of the true channels."""
    sound, mouth = np.vstack(sounds), np.vstack(mouths)
    weights = np.linalg.solve(sound.T @ sound + RIDGE * np.eye(sound.shape[1]), sound.T @ mouth)
    spread = (sound @ weights).std(axis=0)
    gain = np.where(spread > 1e-6, np.sqrt(mouth.std(axis=0) / np.maximum(spread, 1e-6)), 1.0)
    weights = weights * gain
    weights[-1] += (1.0 - gain) * mouth.mean(axis=0)
    return weights


if __name__ == "__main__":
    main(Path(sys.argv[1]))
