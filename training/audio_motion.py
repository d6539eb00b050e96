"""Train the net that hears lips: from the mel spectrum of any speech to mouth channels and visemes.

    python training/audio_motion.py speak build/speech          # 20 minutes of our own speech
    python training/audio_motion.py words build/speech          # and 50 of random words
    python training/audio_motion.py train build/speech lips.onnx
    python training/audio_motion.py measure build/speech lips.onnx

Kokoro speaks the sentences of `audio_motion_texts.yaml` in nine languages; its phoneme durations
are exact, so `from_speech` knows each mouth. Some voices and sentences are kept for measuring, and
`train --without hi --without ja` leaves languages out, to see how the net does in those it never
heard. A few sentences hold few of a language's sequences of sounds and few voices: `words` adds
random words of each language's commonest, each line in a voice of its own, between those that are
trained on. Needs the extra [torch], and `words` the package wordfreq, whose lists it draws from;
`measure` and everything at run time need onnxruntime only.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from unicodedata import category

import numpy as np
import typer
import yaml
from scipy.signal import fftconvolve

from likewise.motion.from_speech import from_speech
from likewise.motion.lip_net import BANDS, answer, features
from likewise.motion.phones import PhoneRow, targets
from likewise.motion.visemes import CHANNEL, CHANNELS, VISEMES
from likewise.values import INDEX, Audio, Speech, Voice

TEXTS = Path(__file__).with_name("audio_motion_texts.yaml")
UNHEARD_VOICES = frozenset(
    """af_bella am_michael bf_alice bm_fable em_alex hf_beta hm_psi im_nicola jf_nezumi
    jm_kumo pf_dora pm_santa zf_xiaoyi zm_yunxia""".split()  # noqa: SIM905 - names, not data
)
RATE = 16_000
MOMENTS = 100  # a second
VOICES_A_SENTENCE = 4  # of the heard ones; the third and fourth say its words in another order

app = typer.Typer(help=__doc__.splitlines()[0], add_completion=False)


@app.callback()
def _several() -> None:
    """Commands keep their names, however many there are."""


@app.command()
def speak(folder: Path, threads: int = 1) -> None:
    """Speak all sentences; each becomes a file of sound, channels and visemes."""
    from likewise.voice.kokoro.engine import KokoroEngine

    engine = KokoroEngine(threads=threads)
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    seconds = 0.0
    for number, (language, sentence, voice, heard) in enumerate(_lines(engine, rng)):
        pace = float(rng.uniform(0.85, 1.2))
        target = folder / f"{number:04d}_{language}_{voice.name}_{'heard' if heard else 'new'}.npz"
        if not target.exists():
            seconds += _spoken(engine, sentence, voice, language, pace, target)
            print(f"{target.name}  {seconds / 60:.1f} min", flush=True)


@app.command()
def words(
    folder: Path,
    lines: int = 840,
    part: Annotated[int, typer.Option(help="Which lines: one process each.")] = 0,
    parts: int = 1,
    threads: int = 1,
) -> None:
    """Speak lines of random words, each in a random voice between those that are trained on."""
    from likewise.voice.kokoro.engine import KokoroEngine

    engine = KokoroEngine(threads=threads)
    folder.mkdir(parents=True, exist_ok=True)
    known, _ = _voices(engine)
    seconds = 0.0
    for number in range(part, lines, parts):
        rng = np.random.default_rng([1, number])
        language = list(known)[number % len(known)]
        text, voice = _random_words(language, rng), _between_voices(known, language, rng)
        pace = float(rng.uniform(0.85, 1.2))
        target = folder / f"w{number:04d}_{language}_{voice.name}_heard.npz"
        if not target.exists():
            seconds += _spoken(engine, text, voice, language, pace, target)
            print(f"{target.name}  {seconds / 60:.1f} min", flush=True)


def _spoken(engine, text, voice, language, pace, target) -> float:
    """Speak a line into a file and answer how many seconds it is long."""
    from likewise.audio.resampling import resampled

    speech = Speech.joined(engine.speak(text, voice, language=language, speed=pace))
    sound = resampled(speech.audio, RATE)
    np.savez_compressed(
        target,
        samples=np.round(sound.samples * 32767).astype(np.int16),
        channels=true_channels(speech).astype(np.float16),
        visemes=true_visemes(speech),
    )
    return sound.seconds


def _voices(engine):
    """Stock voices of each language, those that are trained on and those that are not."""
    from likewise.voice.kokoro.stock import language_of

    known, new = {}, {}
    for voice in engine.stock_voices():
        side = new if voice.name in UNHEARD_VOICES else known
        side.setdefault(language_of(voice.name), []).append(voice)
    new["fr"] = new["it"] = [*new["it"], *new["es"]]  # French has one voice: others lend theirs
    known["fr"] = [*known["fr"], *known["it"], *known["es"]]
    known["it"] = [*known["it"], *known["es"]]
    return known, new


def _random_words(language, rng):
    """Five to eleven of a language's 6,000 commonest words, written as it writes them."""
    from wordfreq import top_n_list

    latin = language not in ("hi", "ja", "zh")
    common = [
        word
        for word in top_n_list(language.partition("-")[0], 6000)
        if all(category(letter)[0] in "LM" and latin == (letter < "\u0250") for letter in word)
    ]
    chosen = [common[index] for index in rng.integers(len(common), size=rng.integers(5, 12))]
    comma = int(rng.integers(2, len(chosen)))
    if language in ("ja", "zh"):
        mark = "、" if language == "ja" else "，"
        return "".join(chosen[:comma]) + mark + "".join(chosen[comma:]) + "。"
    text = " ".join(chosen[:comma]) + ", " + " ".join(chosen[comma:])
    return text + str(rng.choice([".", "?", "!"], p=[0.8, 0.1, 0.1]))


def _between_voices(known, language, rng) -> Voice:
    """A voice between two to four, half of it from the language, so that it speaks like one."""
    own, every = known[language], [voice for voices in known.values() for voice in voices]
    count = int(rng.integers(1, 4))
    chosen = [
        own[rng.integers(len(own))],
        *(every[i] for i in rng.integers(len(every), size=count)),
    ]
    shares = np.array([0.5, *(0.5 * rng.dirichlet(np.ones(count)))])
    tensors = [voice.tensors for voice in chosen]
    return Voice(
        name="-".join(voice.name.replace("_", "") for voice in chosen),
        engine=chosen[0].engine,
        language=language,
        tensors={
            "mean": np.sum([s * t["mean"] for s, t in zip(shares, tensors, strict=True)], axis=0),
            "places": np.hstack([s * t["places"] for s, t in zip(shares, tensors, strict=True)]),
            "directions": np.vstack([t["directions"] for t in tensors]),
        },
    )


def _lines(engine, rng):
    """Language, sentence, voice and whether it is trained on; languages take turns."""
    texts = yaml.safe_load(TEXTS.read_text(encoding="utf-8"))
    known, new = _voices(engine)
    queues = []
    for language, parts in texts.items():
        queue = [
            (language, _shuffled(text, rng) if turn > 1 else text, known[language], True)
            for turn in range(VOICES_A_SENTENCE)
            for text in parts["heard"]
        ]
        # In the midst of the others, so that an early stop leaves something to measure with.
        repeated = [*parts["unheard"], *reversed(parts["unheard"])]
        queue[11:11] = [(language, text, new[language], False) for text in repeated]
        queues.append(
            [
                (language, text, voices[index % len(voices)], heard)
                for index, (language, text, voices, heard) in enumerate(queue)
            ]
        )
    for row in itertools.zip_longest(*queues):
        yield from (line for line in row if line is not None)


def _shuffled(text, rng):
    """The words in another order: other neighbours for every sound."""
    words = text.split()
    return " ".join(words[index] for index in rng.permutation(len(words)))


def true_channels(speech: Speech) -> np.ndarray:
    """Mouth channels (N, 12), a hundred a second."""
    motion = from_speech(speech, MOMENTS, liveliness=0.0)
    channels = np.zeros((len(motion), len(CHANNELS)))
    for name, coefficients in CHANNELS.items():
        column = (
            motion.tongue if not coefficients else motion.coefficients[:, INDEX[coefficients[0]]]
        )
        channels[:, CHANNEL[name]] = column
    return channels


def true_visemes(speech: Speech) -> np.ndarray:
    """Number of the viseme that is sounding, int8 (N,)."""
    row = PhoneRow()
    row.push(speech, 0.0, speech.audio.seconds)
    labels = np.zeros(int(np.ceil(speech.audio.seconds * MOMENTS)), np.int8)
    for target in targets(row.phones):
        first, end = round(target.start * MOMENTS), round(target.end * MOMENTS)
        labels[first:end] = VISEMES.index(target.mouth.viseme)
    return labels


@app.command()
def train(
    folder: Path,
    target: Path,
    without: Annotated[list[str] | None, typer.Option(help="Languages to leave out.")] = None,
    steps: int = 3600,
    threads: int = 1,
    seed: int = 0,
) -> None:
    """Train the net on what `speak` wrote, and write it as ONNX."""
    import torch
    from torch.nn import functional

    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    left_out = set(without or ())
    clips = [clip for clip in _clips(folder, "heard") if clip.language not in left_out]
    views = [
        (features(Audio(heard_in_a_room(clip.samples, rng) if turn else clip.samples, RATE)), clip)
        for clip in clips
        for turn in range(VIEWS)
    ]
    print(
        f"{len(clips)} clips, {sum(len(c.samples) for c in clips) / RATE / 60:.1f} min", flush=True
    )
    spread = torch.tensor(np.concatenate([c.channels for c in clips]).std(axis=0) + 0.02)
    net = build()
    optimiser = torch.optim.AdamW(net.parameters(), lr=PEAK_RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total_steps=steps)
    mean = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(KEPT), use_buffers=True
    )
    for step in range(steps):
        mel, channels, visemes = map(torch.tensor, _batch(views, rng))
        lips, logits = net(mel)
        error = ((lips - channels) / spread[None, :, None]).square().mean()
        wrong = functional.cross_entropy(logits, visemes, label_smoothing=0.05)
        loss = error + wrong
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        mean.update_parameters(net)
        if step % 50 == 49:
            print(f"{step + 1}  {error.item():.3f}  {wrong.item():.3f}", flush=True)
    _write(mean.module.eval(), target)


@app.command()
def measure(
    folder: Path,
    net: Path,
    only: Annotated[list[str] | None, typer.Option(help="Languages to measure on.")] = None,
    noisy: Annotated[bool, typer.Option(help="In a noisy room.")] = False,
) -> None:
    """Measure on sentences and voices that were not trained on."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(net), providers=["CPUExecutionProvider"])
    clips = [clip for clip in _clips(folder, "new") if not only or clip.language in only]
    rng = np.random.default_rng(1)
    rows = []
    for clip in clips:
        samples = heard_in_a_room(clip.samples, rng) if noisy else clip.samples
        heard = answer(features(Audio(samples, RATE)), session)
        count = min(len(heard.channels), len(clip.channels), len(clip.visemes))
        channels, truth = heard.channels[:count], clip.channels[:count]
        right = heard.visemes[:count].argmax(axis=1) == clip.visemes[:count]
        sounding = clip.visemes[:count] > 0
        spoken = [np.corrcoef(channels[:, c], truth[:, c])[0, 1] for c in SHOWN.values()]
        offset = offset_seconds(channels[:, CHANNEL["jaw"]], truth[:, CHANNEL["jaw"]])
        rows.append([*spoken, right.mean(), right[sounding].mean(), abs(offset)])
    for language in [*sorted({clip.language for clip in clips}), ""]:
        chosen = [row for row, clip in zip(rows, clips, strict=True) if language in clip.language]
        mean = np.nanmean(chosen, axis=0)
        found = ", ".join(f"{n} {v:.2f}" for n, v in zip(SHOWN, mean, strict=False))
        within = np.mean([row[-1] <= 0.04 for row in chosen])
        print(
            f"{language or 'all':6} {len(chosen):3} clips  r: {found};  visemes {mean[-3]:.2f} "
            f"(sounding {mean[-2]:.2f});  offset within 40 ms {within:.2f}, mean "
            f"{1000 * mean[-1]:.0f} ms"
        )


SHOWN = {name: CHANNEL[name] for name in ("jaw", "pucker", "press", "smile", "lower")}
VIEWS = 4  # of each clip: as it is, and in three rooms
WINDOW = 200  # moments
BATCH = 16
WIDTH = 96
PEAK_RATE = 4e-3
KEPT = 0.995  # of the running mean of weights at each step; what is written is that mean


@dataclass(frozen=True)
class Clip:
    """One sentence: samples (T,), channels (N, 12), visemes (N,)."""

    language: str
    samples: np.ndarray
    channels: np.ndarray
    visemes: np.ndarray


def _clips(folder: Path, side: str) -> list[Clip]:
    clips = []
    for path in sorted(folder.glob(f"*_{side}.npz")):
        with np.load(path) as stored:
            clips.append(
                Clip(
                    path.stem.split("_")[1],
                    (stored["samples"] / 32767).astype(np.float32),
                    stored["channels"].astype(np.float32),
                    stored["visemes"].astype(np.int64),
                )
            )
    return clips


def heard_in_a_room(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Reverberation, a microphone's colour, and noise 5 to 35 dB below the speech."""
    seconds = np.arange(round(0.4 * RATE)) / RATE
    decay = rng.uniform(0.03, 0.12)
    room = rng.normal(0, 1, len(seconds)) * np.exp(-seconds / decay) * rng.uniform(0.0, 0.05)
    room[0] = 1.0
    colour = np.array([1.0, rng.uniform(-0.6, 0.6)])
    heard = np.convolve(fftconvolve(samples, room), colour)[: len(samples)]
    noise = np.fft.rfft(rng.normal(0, 1, len(samples)))
    noise *= (1 + np.arange(len(noise))) ** -rng.uniform(0.0, 0.6)
    noise = np.fft.irfft(noise, len(samples))
    level = heard.std() / noise.std() * 10 ** (-rng.uniform(5, 35) / 20)
    return (heard + noise * level).astype(np.float32)


def _batch(views, rng):
    """Mel (B, 40, T), channels (B, 12, T), visemes (B, T)."""
    rows = []
    while len(rows) < BATCH:
        mel, clip = views[rng.integers(len(views))]
        tempo = rng.uniform(0.85, 1.18)
        room = min(len(mel), len(clip.channels), len(clip.visemes)) - 2 - int(WINDOW * tempo)
        if room <= 0:
            continue
        moments = rng.integers(room) + tempo * np.arange(WINDOW)
        # Mouths of other lengths: all resonances a little higher or lower.
        bands = np.clip(np.arange(BANDS) * rng.uniform(0.9, 1.1), 0, BANDS - 1.001)
        shown = _between(_between(mel, moments).T, bands).T
        shown = shown + rng.normal(0, 0.15) + rng.normal(0, 0.15) * np.linspace(-1, 1, BANDS)
        shown = shown + rng.normal(0, 0.05, shown.shape)
        first = int(rng.integers(BANDS))
        shown[:, first : first + int(rng.integers(7))] = 0.0
        channels = _between(clip.channels, moments)
        visemes = clip.visemes[np.round(moments).astype(int)]
        rows.append((shown.T.astype(np.float32), channels.T.astype(np.float32), visemes))
    return tuple(map(np.stack, zip(*rows, strict=True)))


def _between(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Rows of `values` at fractional places."""
    left = places.astype(int)
    share = (places - left)[:, None]
    return values[left] * (1 - share) + values[left + 1] * share


def build():
    """The net: a convolution, five ConvNeXt blocks (Liu et al. 2022) in time, two heads."""
    import torch
    from torch import nn

    class Block(nn.Module):
        def __init__(self, dilation: int) -> None:
            super().__init__()
            self.across_time = nn.Conv1d(
                WIDTH, WIDTH, 7, padding=3 * dilation, dilation=dilation, groups=WIDTH
            )
            self.norm = nn.BatchNorm1d(WIDTH)
            self.wide = nn.Conv1d(WIDTH, 2 * WIDTH, 1)
            self.narrow = nn.Conv1d(2 * WIDTH, WIDTH, 1)
            self.drop = nn.Dropout(0.1)

        def forward(self, x):  # (B, C, T)
            y = nn.functional.gelu(self.wide(self.norm(self.across_time(x))))
            return x + self.drop(self.narrow(y))

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Conv1d(BANDS, WIDTH, 5, padding=2)
            self.blocks = nn.Sequential(*map(Block, (1, 2, 4, 8, 1)))
            self.norm = nn.BatchNorm1d(WIDTH)
            self.channels = nn.Conv1d(WIDTH, len(CHANNELS), 1)
            self.visemes = nn.Conv1d(WIDTH, len(VISEMES), 1)

        def forward(self, mel):  # (B, 40, T) -> (B, 12, T), (B, 15, T)
            x = self.norm(self.blocks(nn.functional.gelu(self.first(mel))))
            return self.channels(x), self.visemes(x)

    del torch
    return Net()


def _write(net, target: Path) -> None:
    """Write ONNX; weights as 16-bit floats that are widened when the net is loaded."""
    import onnx
    import torch
    from onnx import TensorProto, helper, numpy_helper

    torch.onnx.export(
        net,
        (torch.zeros(1, BANDS, WINDOW),),
        str(target),
        input_names=["mel"],
        output_names=["channels", "visemes"],
        dynamic_axes={name: {2: "moments"} for name in ("mel", "channels", "visemes")},
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load(str(target))
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 256:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)
    onnx.checker.check_model(model)
    onnx.save(model, str(target))
    print(f"{target}: {target.stat().st_size} bytes, {sum(p.numel() for p in net.parameters())}")


def offset_seconds(heard: np.ndarray, truth: np.ndarray) -> float:
    """By how much one track lags another, by correlation within 0.4 s."""
    reach = round(0.4 * MOMENTS)
    middle = truth[reach : len(truth) - reach]
    scores = [
        np.corrcoef(heard[reach + lag : reach + lag + len(middle)], middle)[0, 1]
        for lag in range(-reach, reach + 1)
    ]
    return float(np.nanargmax(scores) - reach) / MOMENTS


if __name__ == "__main__":
    app()
