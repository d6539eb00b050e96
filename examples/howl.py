"""A howl becomes a voice: the howl above, what it says below, the bands they share marked.

    python examples/howl.py                            # with a synthetic howl
    python examples/howl.py MY_DOG.wav howl.png

A howl holds no words. Likewise takes from it where its bands of energy lie and how high it is, and
lets the nearest stock voice say the words; the voice's facts say so. The bands marked in the
picture are those in which the average spectra of both stand out. How alike the spectra are is
printed, and how alike the stock voice was by itself.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from likewise.audio import files
from likewise.audio.spectrum import log_mel
from likewise.studio.pictures import draw_run
from likewise.values import Audio, Speech
from likewise.voice.registry import voice_engine

TEXT = "I was out in the woods all night, and nobody called me home. Now the moon is up again."
RATE = 24_000
HEARD = slice(5, 80)  # mel bands of 96: 0.2 to 6 kHz
_FORMANTS = ((550.0, 120.0, 1.0), (1150.0, 160.0, 0.6), (2700.0, 300.0, 0.25))
"""Centre and half width in Hz, and height, of a muzzle's resonances; no real dog's."""


def howl(seed: int = 0) -> Audio:
    """Three howls of a synthetic dog: harmonics under the resonances of a muzzle, and breath."""
    rng = np.random.default_rng(seed)
    sounds = []
    for seconds, top in ((3.2, 520.0), (2.6, 470.0), (2.2, 560.0)):
        place = np.linspace(0, 1, int(seconds * RATE))
        f0 = np.interp(place, [0, 0.15, 0.45, 0.75, 1], [230, 0.95 * top, top, 0.9 * top, 260])
        f0 *= 1 + 0.012 * np.sin(2 * np.pi * 5.2 * seconds * place)
        turns = 2 * np.pi * np.cumsum(f0) / RATE
        sound = 0.03 * _breath(len(place), rng)
        for harmonic in range(1, 40):
            hertz = harmonic * f0
            heard = np.where(hertz < 0.45 * RATE, _resonance(hertz) / harmonic, 0.0)
            sound += heard * np.sin(harmonic * turns)
        sounds += [sound * np.interp(place, [0, 0.08, 0.6, 1], [0, 1, 0.9, 0])]
        sounds += [np.zeros(RATE // 2)]
    whole = np.concatenate(sounds)
    return Audio((0.5 * whole / np.abs(whole).max()).astype(np.float32), RATE)


def envelope(audio: Audio) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where a sound has its energy: centres in Hz and level of 96 mel bands, dB."""
    mel = log_mel(audio, bands=96, hop_seconds=0.005, highest=10_000.0)
    power = 10 ** (mel.decibels / 10)
    loud = power[:, power.sum(axis=0) > np.percentile(power.sum(axis=0), 60)].mean(axis=1)
    window = np.hanning(17) / np.hanning(17).sum()
    levels = np.convolve(np.pad(10 * np.log10(loud + 1e-12), 8, mode="edge"), window, "valid")
    return mel.centres, levels


def shared(one: NDArray[np.float64], other: NDArray[np.float64]) -> list[int]:
    """The bands in which both of two envelopes stand out of their slopes."""
    both = np.minimum(_without_slope(one), _without_slope(other))
    peaks, _ = find_peaks(both, prominence=0.1, height=0.0)
    return [int(peak) for peak in peaks if HEARD.start <= peak < HEARD.stop]


def alike(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Correlation of two envelopes where voices have their formants."""
    return float(np.corrcoef(one[HEARD], other[HEARD])[0, 1])


def main(arguments: list[str]) -> Path:
    """Enrol the howl, speak, draw; answers where the picture is."""
    sound = files.read(arguments[0]) if arguments else howl()
    path = Path(arguments[1] if len(arguments) > 1 else "howl.png")
    engine = voice_engine("kokoro")
    voice = engine.enrol([sound], name="howl", language="en-us")
    speech = Speech.joined(engine.speak(TEXT, voice))
    (stock,) = [v for v in engine.stock_voices() if v.name == max(voice.facts["mixture"])]
    plain = Speech.joined(engine.speak(TEXT, stock))

    figure = draw_run(sound, speech)
    centres, howled = envelope(sound)
    _, said = envelope(speech.audio)
    for panel in figure.axes[:2]:
        for number, band in enumerate(shared(howled, said)):
            panel.axhspan(band - 2, band + 2, color="#ff8c1a", alpha=0.30, linewidth=0)
            panel.axhline(band, color="#ff8c1a", linewidth=1.2)
            label = f"{centres[band] / 1000:.1f} kHz" + ("" if number else ", in both")
            panel.text(0.02, band + 3, label, color="white", fontsize=9)
    figure.axes[0].set_title("A howl", loc="left", fontsize=12)
    figure.axes[1].set_title("What it says", loc="left", fontsize=12)
    figure.savefig(path)
    print(*voice.facts["warnings"], sep="\n")
    print(f"Envelope of the voice and of the sound: correlation {alike(howled, said):.2f};")
    print(f"of the stock voice {stock.name} alone: {alike(howled, envelope(plain.audio)[1]):.2f}")
    print(path)
    return path


def _without_slope(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    places = np.arange(len(levels))
    flat = levels - np.polyval(np.polyfit(places, levels, 1), places)
    return np.asarray(flat / flat.std(), np.float64)


def _resonance(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    heights = [height / (1 + ((hertz - at) / width) ** 2) for at, width, height in _FORMANTS]
    return np.asarray(0.02 + sum(heights), np.float64)


def _breath(length: int, rng: np.random.Generator) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(rng.normal(size=length))
    return np.fft.irfft(spectrum * _resonance(np.fft.rfftfreq(length, 1 / RATE)), length)


if __name__ == "__main__":
    main(sys.argv[1:])
