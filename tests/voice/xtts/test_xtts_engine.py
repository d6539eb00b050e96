"""The engine with a small random model: what it says is noise, everything around it is real."""

import numpy as np
import pytest

from likewise.audio import files
from likewise.errors import BadInput, MissingWeights, Unsupported
from likewise.values import Audio, Speech, Voice
from likewise.voice.engine import VoiceEngine
from likewise.voice.xtts.config import Sampling
from likewise.voice.xtts.engine import XttsEngine
from likewise.voice.xtts.passages import passages

torch = pytest.importorskip("torch", reason="needs the extra [torch]")
pytest.importorskip("tokenizers", reason="needs the extra [torch]")


@pytest.fixture(scope="module")
def engine():
    return XttsEngine.small(seed=4)


def sung(seconds=3.0, rate=22050):
    time = np.arange(round(seconds * rate)) / rate
    wave = sum(np.sin(2 * np.pi * 140 * n * time) / n for n in range(1, 12))
    wave = wave * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time))
    return Audio((0.1 * wave).astype(np.float32), rate)


@pytest.fixture(scope="module")
def voice(engine):
    return engine.enrol([sung()], name="hum", language="en-us")


def test_it_is_a_voice_engine(engine):
    assert isinstance(engine, VoiceEngine)
    assert engine.capabilities.streams and engine.capabilities.sample_rate == 24000
    assert len(engine.languages) == 17


def test_enrol(engine, voice, tmp_path):
    assert {name: t.shape for name, t in voice.tensors.items()} == {
        "latents": (32, 64),
        "speaker": (32,),
    }
    assert voice.language == "en" and voice.facts["seconds"] == 3.0
    assert "6 s or more" in voice.facts["warnings"][0]
    voice.save(tmp_path / "hum.safetensors")
    again = Voice.load(tmp_path / "hum.safetensors")
    first = next(engine.speak("Hi.", again))
    assert np.array_equal(first.audio.samples, next(engine.speak("Hi.", voice)).audio.samples)


def test_speech_streams_and_repeats_with_its_seed(engine, voice):
    parts = list(engine.speak("Hello there.", voice))
    assert len(parts) > 2
    speech = Speech.joined(parts)
    assert speech.text == "Hello there." and speech.seed == 4 and speech.engine == "xtts"
    assert np.isfinite(speech.audio.samples).all()
    assert 0.5 < speech.audio.seconds < 117 * 1024 / 22050 + 0.02
    again = Speech.joined(engine.speak("Hello there.", voice))
    assert np.array_equal(again.audio.samples, speech.audio.samples)


def test_threads_of_the_caller_stay_what_they_were(engine, voice):
    torch.set_num_threads(4)
    try:
        for _ in engine.speak("Hi.", voice):
            assert torch.get_num_threads() == 4
        assert torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(1)


def test_long_text_is_spoken_passage_by_passage(engine, voice):
    text = "One two three four five six seven eight nine ten. " * 4
    events = []
    parts = list(engine.speak(text, voice, on_progress=events.append))
    assert "".join(Speech.joined(parts).text.split()) == "".join(text.split())
    assert events[0].done == 0 and events[-1].done == events[-1].total >= 4
    assert all(len(part.audio.samples) for part in parts)


def test_ten_thousand_characters(engine, voice):
    text = "Here is a sentence of nine words that ends here. " * 204
    assert len(text) > 9_990
    found = [p for piece in passages(text, "en") for p in engine._encoded(piece, "en")]
    assert all(len(p.ids) <= engine.speaker.max_text_tokens for p in found)
    assert " ".join(p.text for p in found).split() == text.split()
    stream = engine.speak(text, voice)  # sound comes long before all is said
    assert next(stream).audio.seconds > 0
    stream.close()


def test_a_word_without_end_is_cut(engine):
    found = engine._encoded("0123456789" * 20, "en")
    assert all(len(p.ids) <= engine.speaker.max_text_tokens for p in found)
    assert "".join(p.text for p in found) == "0123456789" * 20


def test_speed(engine, voice):
    slow = Speech.joined(engine.speak("Hi.", voice, speed=0.5)).audio.seconds
    fast = Speech.joined(engine.speak("Hi.", voice, speed=2.0)).audio.seconds
    assert slow == pytest.approx(4 * fast, abs=0.2)  # up to a state of 46 ms each


def test_a_passage_cut_at_the_limit_says_so(engine, voice):
    never_stop = Sampling(stop_bias=-100.0)
    (*_, last) = engine.speaker.speak([[259]], voice, sampling=never_stop, seed=1)
    assert last.last and "cut at the model's longest length" in last.notes[0]
    assert last.samples[-1] == 0.0


def test_references_of_other_kinds(engine, tmp_path):
    import soundfile

    one = sung(rate=96000).samples
    soundfile.write(tmp_path / "wide.wav", np.stack([1.5 * one, 0.5 * one], axis=1), 96000)
    stereo_96k = engine.enrol([files.read(tmp_path / "wide.wav")], name="a")
    plain = engine.enrol([sung()], name="b")
    cosine = stereo_96k.tensors["speaker"] @ plain.tensors["speaker"]
    assert cosine > 0.999
    two = engine.enrol([sung(), sung(2.0)], name="two")
    assert two.facts["seconds"] == 5.0


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (Audio(np.zeros(66150, np.float32), 22050), "silent"),
        (Audio(np.zeros(0, np.float32), 22050), "silent"),
        (sung(0.2), "0.2 s long"),
        (Audio(np.full(66150, np.nan, np.float32), 22050), "NaN"),
    ],
)
def test_bad_references(engine, reference, message):
    with pytest.raises(BadInput, match=message):
        engine.enrol([reference], name="bad")


def test_nothing_to_enrol(engine):
    with pytest.raises(BadInput, match="at least one recording"):
        engine.enrol([], name="none")


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "no text to speak"), ("   ", "no text to speak"), ("?!… ☃ 🎉", "nothing to say")],
)
def test_nothing_to_say(engine, voice, text, message):
    with pytest.raises(BadInput, match=message):
        engine.speak(text, voice)


def test_wrong_calls(engine, voice):
    with pytest.raises(Unsupported, match="doesn't speak"):
        engine.speak("Hi", voice, language="sw")
    with pytest.raises(BadInput, match="out of range"):
        engine.speak("Hi", voice, speed=3.0)
    with pytest.raises(BadInput, match="belongs to the engine"):
        engine.speak("Hi", Voice("k", "kokoro", {}))
    other = Voice("x", "xtts", {"latents": np.zeros((32, 1024), np.float32)})
    with pytest.raises(BadInput, match="doesn't fit this XTTS model"):
        engine.speak("Hi", other)


def test_without_weights_the_command_is_named(monkeypatch, voice, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.delenv("LIKEWISE_XTTS", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(MissingWeights, match="likewise weights pull xtts-v2"):
        XttsEngine().speak("Hi", voice)
    assert list(XttsEngine().stock_voices()) == []


def test_stock_voices_of_a_model():
    from likewise.voice.xtts.files import voices_in

    parts = {
        "gpt_cond_latent": np.ones((1, 32, 64), np.float32),
        "speaker_embedding": np.ones((1, 32, 1), np.float32),
    }
    (voice,) = voices_in({"Ana": parts}, "here")
    assert voice.name == "Ana" and voice.tensors["speaker"].shape == (32,)
    with pytest.raises(BadInput, match="no XTTS voices"):
        voices_in({"Ana": {}}, "here")
