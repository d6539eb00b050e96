"""Adapting: gradients through the decoder that speaks, words laid over sound, never worse."""

import itertools
import time

import numpy as np
import pytest

from likewise.errors import BadInput, Cancelled, MissingWeights
from likewise.hearing import asr
from likewise.hearing.asr import Transcript
from likewise.progress import silent
from likewise.values import Audio, Speech
from likewise.voice.kokoro import graph, stock
from likewise.voice.kokoro.adapting import transcript
from likewise.voice.kokoro.adapting.alignment import align, energy
from likewise.voice.kokoro.deltas import SIZE, accept_deltas
from likewise.voice.kokoro.engine import KokoroEngine
from likewise.voice.kokoro.model import KokoroModel

torch = pytest.importorskip("torch")

from likewise.voice.kokoro.adapting.decoder import AdaIN, Decoder  # noqa: E402
from likewise.voice.kokoro.adapting.fitting import Adam, Settings, fit  # noqa: E402
from likewise.voice.kokoro.adapting.loading import load_decoder  # noqa: E402
from likewise.voice.kokoro.adapting.loss import spectral_distance  # noqa: E402
from likewise.voice.kokoro.adapting.surroundings import Surroundings  # noqa: E402
from likewise.voice.kokoro.adapting.targets import Targets  # noqa: E402

RATE = 24_000


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Small tensors only wait for each other on several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# The decoder -----------------------------------------------------------------------------------


def test_torch_decoder_plays_what_onnx_plays_with_and_without_deltas():
    model = KokoroModel()
    ids = [50, 83, 54, 156, 57, 135, 16]
    style = stock.row(stock.voice("af_heart"), len(ids))
    prosody = model.front(ids, style)
    plain = model.decode(prosody, style)
    np.testing.assert_array_equal(model.decode(prosody, style, np.zeros(SIZE, np.float32)), plain)
    np.testing.assert_array_equal(model.decode(prosody, style), plain)
    deltas = np.random.default_rng(0).normal(0, 0.05, SIZE).astype(np.float32)
    adapted = model.decode(prosody, style, deltas)
    assert np.corrcoef(adapted, plain)[0, 1] < 0.99
    decoder = load_decoder()
    assert sum(layer.fc.out_features for _, layer in decoder.adains()) == SIZE
    inputs = [
        torch.from_numpy(part)
        for part in (
            prosody.features,
            prosody.f0,
            prosody.energy,
            model.harmonics(prosody.f0),
            style[None, :128],
        )
    ]
    with torch.no_grad():
        for expected, added in ((plain, None), (adapted, torch.from_numpy(deltas))):
            sound = decoder(*inputs, added)[0].numpy()
            assert sound.shape == expected.shape
            # 45 dB measured: only the style's layers still quantise their input in the graph.
            noise = np.sum((sound - expected) ** 2) / np.sum(expected**2)
            assert 10 * np.log10(noise) < -35


def test_a_graph_of_another_model_takes_no_deltas(tmp_path):
    with pytest.raises(ValueError, match="0 AdaIN biases"):
        accept_deltas(graph.part(graph.SOURCE), tmp_path / "decoder.onnx")


def test_an_excerpt_is_normalised_as_within_the_whole():
    """Closed form: with its surroundings, an excerpt equals the slice of the whole."""
    torch.manual_seed(0)
    layer, style = AdaIN(6), torch.randn(1, 128)
    x = torch.randn(1, 6, 400) * torch.linspace(0.5, 2, 400) + torch.linspace(-1, 1, 400)
    whole = layer(x, style)[..., 100:200]

    class Single(Decoder):
        def adains(self):
            return [("layer", layer)]

    decoder = Single(16)
    around = Surroundings([(0, 10), (10, 20)], 40)
    with around.listening(decoder):
        layer(x, style)
    alone = layer(x[..., 100:200], style)
    with around.of(decoder, 1):
        within = layer(x[..., 100:200], style)
    assert (alone - whole).abs().max() > 0.3
    # The deviation is unbiased in one place and not in the other: 1/100 of it at most.
    torch.testing.assert_close(within, whole, atol=0.03, rtol=0.02)
    torch.testing.assert_close(layer(x[..., 100:200], style), alone)


# Fitting ---------------------------------------------------------------------------------------


def small():
    """A narrow decoder, and what it plays in another style: a voice that can be reached."""
    torch.manual_seed(1)
    decoder = Decoder(16).eval().requires_grad_(False)
    frames, rng = 16, np.random.default_rng(0)
    inputs = (
        rng.normal(size=(1, 512, frames)).astype(np.float32),
        np.full((1, 2 * frames), 120.0, np.float32),
        np.zeros((1, 2 * frames), np.float32),
        rng.normal(size=(1, 22, 120 * frames + 1)).astype(np.float32),
    )
    style = rng.normal(size=128).astype(np.float32)
    with torch.no_grad():
        other = torch.from_numpy(rng.normal(size=(1, 128)).astype(np.float32))
        sound = decoder(*map(torch.from_numpy, inputs), other)[0].numpy()
    return decoder, Targets(*inputs, sound, 0.5), style


def test_fitting_comes_nearer_and_answers_the_same_again():
    decoder, wanted, style = small()
    settings = Settings(seconds=600, most_steps=12, excerpt_frames=8, excerpts=4, delta_rate=0.1)
    reports = []
    found = fit(decoder, wanted, style, settings=settings, on_progress=reports.append)
    assert found.after < 0.9 * found.before
    assert found.steps == 12
    assert np.abs(found.deltas).max() > 0
    assert np.linalg.norm(found.style - style) > 0
    assert [event.done for event in reports] == sorted(event.done for event in reports)
    assert reports[-1].done == reports[-1].total == 100
    again = fit(decoder, wanted, style, settings=settings, on_progress=silent)
    np.testing.assert_array_equal(found.deltas, again.deltas)


def test_a_fit_that_is_no_better_is_not_taken():
    decoder, wanted, style = small()
    settings = Settings(seconds=600, most_steps=3, excerpt_frames=8, delta_rate=30.0)
    found = fit(decoder, wanted, style, settings=settings, on_progress=silent)
    assert found.after == found.before
    np.testing.assert_array_equal(found.style, style)
    assert not found.deltas.any()


def test_the_clock_ends_a_fit_and_so_does_the_user():
    decoder, wanted, style = small()
    ticks = itertools.count(step=1.0)
    settings = Settings(seconds=8.0, most_steps=1000, excerpt_frames=8)
    found = fit(
        decoder, wanted, style, settings=settings, on_progress=silent, clock=lambda: next(ticks)
    )
    assert 1 <= found.steps <= 8

    settings = Settings(seconds=600, excerpt_frames=8)

    def stop(event):
        if event.done >= 2:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        fit(decoder, wanted, style, settings=settings, on_progress=stop)
    assert all(layer.surroundings is None for _, layer in decoder.adains())


def test_distance_is_zero_for_the_same_and_grows_with_the_level():
    sound = torch.from_numpy(np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32))
    assert spectral_distance(sound, sound) == 0
    # Twice as loud is ln 2 in every band, once for each moment and half again for the mean.
    assert float(spectral_distance(2 * sound, sound)) == pytest.approx(1.5 * np.log(2), rel=0.02)


# Words over sound ------------------------------------------------------------------------------


def tones(durations, seed=0):
    """A noise band of its own for each token: frames of 1/40 s."""
    rng = np.random.default_rng(seed)
    parts = []
    for index, frames in enumerate(durations):
        time = np.arange(600 * frames) / RATE
        hz = 300 * 1.45 ** (index % 7) * (1 + 0.004 * rng.normal(size=(6, 1)))
        parts.append(np.sin(2 * np.pi * hz * time + rng.uniform(0, 6, (6, 1))).mean(0))
    sound = np.concatenate(parts)
    return np.asarray(0.1 * sound + rng.normal(0, 1e-4, len(sound)), np.float32)


def test_durations_are_carried_over():
    rendered = np.array([6, 10, 8, 14, 6, 9, 7])
    spoken = np.array([9, 8, 16, 10, 6, 14, 9])
    found = align(rendered, tones(rendered), tones(spoken, seed=1))
    assert found.durations.sum() == spoken.sum()
    assert np.abs(np.cumsum(found.durations) - np.cumsum(spoken)).max() <= 2
    wrong = align(rendered, tones(rendered[::-1])[::-1].copy(), tones(spoken[:3], seed=1))
    assert wrong.cost > 1.5 * found.cost


def test_energy_follows_the_level():
    sound = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    quiet, loud = energy(sound, 85), energy(10 * sound, 85)
    assert quiet.shape == (85,)
    np.testing.assert_allclose(loud - quiet, np.log(100), atol=0.01)
    assert quiet[-1] == quiet[81]


def hears(monkeypatch, text, confidence=0.9, language="en"):
    words = tuple(text.split())
    heard = Transcript(text, language, 1.0, (), (confidence,) * len(words))
    monkeypatch.setattr(asr, "available", lambda: True)
    monkeypatch.setattr(asr, "transcribe", lambda audio, tag=None: heard)


SOUND = Audio(np.zeros(RATE, np.float32), RATE)


def test_the_users_words_count_where_they_fit(monkeypatch):
    hears(monkeypatch, "He kept the old Matt in his pocket.")
    given = "He kept the old map in his pocket."
    found = transcript.said(SOUND, [given], "", complete=True)
    assert (found.text, found.source, found.language) == (given, "given", "en-us")
    part = transcript.said(SOUND, [given + " And much more was said."], "", complete=False)
    assert (part.text, part.source) == ("He kept the old Matt in his pocket.", "heard")
    assert part.warnings == ()


def test_wrong_words_are_replaced_with_a_warning(monkeypatch):
    hears(monkeypatch, "He kept the old map in his pocket.")
    found = transcript.said(SOUND, ["Four hours of steady work"], "en-us", complete=True)
    assert found.source == "heard"
    assert "not what is said" in found.warnings[0]
    hears(monkeypatch, "mumble mumble", confidence=0.2)
    with pytest.raises(BadInput, match="20%"):
        transcript.said(SOUND, None, "", complete=True)
    hears(monkeypatch, "")
    with pytest.raises(BadInput, match="No words"):
        transcript.said(SOUND, None, "", complete=True)


def test_without_a_recogniser_the_user_must_say_what_is_said(monkeypatch):
    monkeypatch.setattr(asr, "available", lambda: False)
    assert transcript.said(SOUND, ["Good day."], "", complete=True).source == "given"
    with pytest.raises(MissingWeights, match="--transcript"):
        transcript.said(SOUND, None, "", complete=True)
    with pytest.raises(BadInput, match="longer"):
        transcript.said(SOUND, ["Good day."], "", complete=False)


def test_characters_are_compared_where_words_have_no_spaces():
    assert transcript.matches("今日は、良い天気です。", "今日は良い天気です", "ja") == 1.0
    assert transcript.matches("さようなら", "今日は良い天気", "ja") < 0.3


# The engine ------------------------------------------------------------------------------------


def test_tiers_are_named_and_counted():
    engine = KokoroEngine()
    assert engine.capabilities.tiers == ("instant", "adapted")
    with pytest.raises(BadInput, match="instant, adapted, best"):
        engine.enrol([SOUND], name="x", tier="fine")
    with pytest.raises(BadInput, match="1 recordings and 2 transcripts"):
        engine.enrol([SOUND], name="x", transcripts=["a", "b"])


@pytest.mark.slow
def test_a_voice_is_adapted_kept_and_spoken_with(clip, tmp_path, monkeypatch):
    from functools import partial

    from likewise.audio import files
    from likewise.values import Voice
    from likewise.voice.kokoro.adapting import fitting

    pytest.importorskip("faster_whisper")
    gently = partial(Settings, most_steps=3, style_rate=0.005, delta_rate=0.01, listened=0)
    monkeypatch.setattr(fitting, "Settings", gently)
    engine = KokoroEngine()
    voice = engine.enrol(
        [files.read(clip).between(0, 4.5)],
        name="reader",
        language="en",
        tier="adapted",
        seconds=600,
    )
    assert voice.facts["tier"] == "adapted"
    assert voice.facts["transcript_source"] == "heard"
    done = voice.facts["adaptation"]
    assert done["steps"] == 3
    assert done["distance_after"] < done["distance_before"]
    assert {"deltas", "envelope_matrix"} < set(voice.tensors)
    voice.save(tmp_path / "reader.safetensors")
    loaded = Voice.load(tmp_path / "reader.safetensors")
    assert loaded.tensors["deltas"].dtype == np.float16
    speech = Speech.joined(engine.speak("Good day.", loaded))
    assert 0.05 < np.abs(speech.audio.samples).max() <= 1.0


def test_without_torch_the_best_is_the_quick_tier_with_a_note(clip, monkeypatch):
    from likewise.audio import files
    from likewise.voice.kokoro.adapting import enrolment

    def missing():
        raise MissingWeights("Install it with: pip install 'likewise[torch]'")

    monkeypatch.setattr(enrolment, "check_torch", missing)
    engine, sound = KokoroEngine(), files.read(clip).between(0, 4.5)
    voice = engine.enrol([sound], name="reader", tier="best")
    assert "deltas" not in voice.tensors
    assert any("likewise[torch]" in note for note in voice.facts["warnings"])
    with pytest.raises(MissingWeights):
        engine.enrol([sound], name="reader", tier="adapted")


def test_the_time_to_adapt_is_what_mixing_left_of_it(clip, monkeypatch):
    from likewise.audio import files
    from likewise.voice.kokoro.adapting import enrolment

    given = []

    def adapt(*_, seconds, **__):
        given.append((seconds, time.monotonic()))
        raise BadInput("not now")

    monkeypatch.setattr(enrolment, "adapt", adapt)
    engine, sound = KokoroEngine(), files.read(clip).between(0, 4.5)
    began = time.monotonic()
    engine.enrol([sound], name="reader", tier="best", seconds=600)
    (left, at), *_ = given
    assert left == pytest.approx(600 - (at - began), abs=0.2)


def test_adam_is_torchs():
    start = torch.randn(7, generator=torch.Generator().manual_seed(0))
    ours, theirs = (start.clone().requires_grad_() for _ in range(2))
    adam = Adam([(ours, 0.02)])
    expected = torch.optim.Adam([theirs], lr=0.02, betas=(0.8, 0.95))
    for step in range(5):
        adam.descend((ours**2 + step * ours).sum(), 0.5)
        expected.param_groups[0]["lr"] = 0.01
        expected.zero_grad()
        (theirs**2 + step * theirs).sum().backward()
        expected.step()
    torch.testing.assert_close(ours, theirs)
