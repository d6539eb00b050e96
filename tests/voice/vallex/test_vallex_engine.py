"""The engine with a small random model: what it says is noise, everything around it is real."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [torch]")

from test_vallex_prompts import preset  # noqa: E402

import seeded_weights  # noqa: E402
from likewise.errors import BadInput, Cancelled, MissingWeights, Unsupported  # noqa: E402
from likewise.values import Audio, Speech, Voice  # noqa: E402
from likewise.voice.engine import VoiceEngine  # noqa: E402
from likewise.voice.vallex.config import Sampling  # noqa: E402
from likewise.voice.vallex.engine import VallexEngine  # noqa: E402
from likewise.voice.vallex.prompts import Prompt  # noqa: E402
from likewise.voice.vallex.reading import Symbols, read  # noqa: E402
from likewise.voice.vallex.speaking import Sound, Window  # noqa: E402

TEXT = "Hello there. 你好吗？ And this is the third one."


@pytest.fixture(scope="module")
def engine():
    return VallexEngine.small(seed=4)


@pytest.fixture(scope="module")
def voice(tmp_path_factory):
    path = preset(tmp_path_factory.mktemp("presets") / "paimon.npz")
    return VallexEngine().import_voice(path)


def sung(seconds=3.0, rate=22050):
    time = np.arange(round(seconds * rate)) / rate
    wave = sum(np.sin(2 * np.pi * 140 * n * time) / n for n in range(1, 12))
    return Audio((0.1 * wave).astype(np.float32), rate)


def test_it_is_a_voice_engine(engine):
    assert isinstance(engine, VoiceEngine)
    assert engine.capabilities.streams and engine.capabilities.sample_rate == 24000
    assert engine.capabilities.imports == (".npz",)
    assert list(engine.languages) == ["en", "zh", "ja"]


def test_enrol(engine, tmp_path):
    voice = engine.enrol([sung()], name="hum", transcripts=["Good day"], language="en-us")
    assert voice.tensors["codes"].shape == (225, 8) and voice.language == "en"
    assert voice.facts["transcript"] == "Good day" and voice.facts["warnings"] == []
    voice.save(tmp_path / "hum.safetensors")
    again = Voice.load(tmp_path / "hum.safetensors")
    first = next(engine.speak("Hi.", again))
    assert np.array_equal(first.audio.samples, next(engine.speak("Hi.", voice)).audio.samples)
    two = engine.enrol([sung(), sung(1.0)], name="two", transcripts=["Good", "day"])
    assert two.tensors["codes"].shape == (300, 8)
    assert (two.tensors["text"] == voice.tensors["text"]).all()


def test_whisper_writes_down_what_was_not_said(engine, monkeypatch):
    from likewise.hearing import asr

    heard = asr.Transcript("Guten Tag", "de", 0.9, (), ())
    monkeypatch.setattr(asr, "available", lambda: True)
    monkeypatch.setattr(asr, "transcribe", lambda *_: heard)
    with pytest.raises(Unsupported, match="doesn't speak 'de'"):
        engine.enrol([sung()], name="x")
    heard = asr.Transcript("はい", "ja", 0.9, (), ())
    monkeypatch.setattr(asr, "transcribe", lambda *_: heard)
    assert engine.enrol([sung()], name="x").language == "ja"
    heard = asr.Transcript("", "", 0.0, (), ())
    monkeypatch.setattr(asr, "transcribe", lambda *_: heard)
    with pytest.raises(BadInput, match="No words were understood"):
        engine.enrol([sung()], name="x")
    monkeypatch.setattr(asr, "available", lambda: False)
    with pytest.raises(MissingWeights, match=r"likewise\[asr\]"):
        engine.enrol([sung()], name="x")


@pytest.mark.parametrize(
    ("references", "message"),
    [
        ([], "at least one recording"),
        ([Audio(np.zeros(66150, np.float32), 22050)], "silent"),
        ([sung(0.2)], "0.2 s long"),
        ([sung(30.0)], r"The recording is 30\.0 s long; VALL-E X takes prompts of at most 15 s"),
        ([sung(8.0), sung(8.0)], r"is 16\.0 s long"),
    ],
)
def test_bad_references(engine, references, message):
    with pytest.raises(BadInput, match=message):
        engine.enrol(references, name="bad", transcripts=["a"] * len(references))


def test_a_transcript_for_each_recording(engine):
    with pytest.raises(BadInput, match="1 recordings and 2 transcripts"):
        engine.enrol([sung()], name="bad", transcripts=["a", "b"])


@pytest.mark.parametrize("context", ["sliding", "fixed"])
def test_streamed_is_the_whole(voice, context):
    """Parts asked for one by one, between those of another speech, are those asked for at once."""
    engine = VallexEngine.small(seed=4, context=context)
    whole = Speech.joined(engine.speak(TEXT, voice, language="en"))
    stream, other = engine.speak(TEXT, voice, language="en"), engine.speak("One. Two.", voice)
    parts = []
    for part in stream:
        parts.append(part)
        next(other, None)
    assert [part.text for part in parts] == [
        "Hello there.",
        "你好吗？",
        "And this is the third one.",
    ]
    assert np.array_equal(
        np.concatenate([part.audio.samples for part in parts]), whole.audio.samples
    )
    assert whole.engine == "vallex" and whole.seed == 4 and whole.language == "en"
    assert np.isfinite(whole.audio.samples).all() and whole.audio.seconds > 2


def test_sound_is_that_of_its_codes(engine, voice):
    prompt = Prompt.of(voice)
    passages = [read("Hello.", "en"), read("はい。", "ja")]
    sounds = list(engine.speaker.speak(passages, prompt, sliding=True, seed=1))
    assert [sound.passage for sound in sounds] == [0, 1]
    for sound in sounds:
        again = engine.speaker.sound(torch.from_numpy(sound.codes))
        assert np.abs(again[:-200] - sound.samples[:-200]).max() < 1e-6
        assert len(sound.samples) == 320 * len(sound.codes)


def test_the_first_passage_is_the_same_in_both_contexts(voice):
    prompt, said = Prompt.of(voice), [read("Hello.", "en")]
    found = [
        next(VallexEngine.small().speaker.speak(said, prompt, sliding=sliding, seed=3))
        for sliding in (True, False)
    ]
    assert np.array_equal(found[0].codes, found[1].codes)


def test_the_window_slides(voice):
    """The recording stays; passages leave whole and oldest first, with their text."""
    prompt = Prompt.of(voice)
    frames, letters = len(prompt.codes), len(prompt.symbols)
    window = Window(prompt)
    for number in range(4):
        codes = np.full((500, 8), number)
        window.add(Symbols((10 + number,) * 20, ("en",) * 20), Sound(number, codes[:, 0], codes))
    found = window.prompt_for(20)
    assert (found.codes[:frames] == prompt.codes).all()
    assert found.symbols.ids[:letters] == prompt.symbols.ids
    assert len(found.codes) + 20 * frames / letters <= 22 * 75
    kept = sorted(set(found.codes[frames:, 0].tolist()))
    assert kept == [2, 3] and sorted(set(found.symbols.ids[letters:])) == [12, 13]
    cut = Sound(4, codes[:, 0], codes, ("cut",))
    window.add(Symbols((15,), ("en",)), cut)
    assert 15 not in window.prompt_for(20).symbols.ids
    assert len(window.prompt_for(100_000).codes) == frames


def test_accent_and_best_of_change_what_is_said(voice):
    def said(**options):
        speech = Speech.joined(VallexEngine.small(seed=1, **options).speak("Hello.", voice))
        return speech.audio.samples

    plain = said()
    assert not np.array_equal(plain, said(accent="ja"))
    assert np.array_equal(said(accent="zh-cn"), said(accent="zh"))
    assert not np.array_equal(plain, said(sampling=Sampling(best_of=4)))
    with pytest.raises(Unsupported, match="doesn't speak"):
        VallexEngine(accent="fr")


def test_progress_and_cancelling(engine, voice):
    events = []
    list(engine.speak(TEXT, voice, language="en", on_progress=events.append))
    done = [event.done for event in events]
    assert done == sorted(done) and done[0] == 0 and done[-1] == events[-1].total == 3

    def stop(event):
        if event.done > 0:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        list(engine.speak(TEXT, voice, language="en", on_progress=stop))


def test_takes(engine, voice):
    takes = [
        Speech.joined(engine.speak("Hello.", voice, take=take)).audio.samples for take in (0, 1, 0)
    ]
    assert np.array_equal(takes[0], takes[2]) and not np.array_equal(takes[0], takes[1])


def test_wrong_calls(engine, voice):
    with pytest.raises(Unsupported, match="doesn't speak"):
        engine.speak("Hi", voice, language="sw")
    with pytest.raises(BadInput, match="out of range"):
        engine.speak("Hi", voice, speed=3.0)
    with pytest.raises(Unsupported, match="can't be made faster"):
        engine.speak("Hi", voice, speed=1.5)
    with pytest.raises(BadInput, match="belongs to the engine"):
        engine.speak("Hi", Voice("k", "kokoro", {}))
    with pytest.raises(BadInput, match="no prompt of VALL-E X"):
        engine.speak("Hi", Voice("x", "vallex", {}))
    with pytest.raises(BadInput, match="nothing to say"):
        engine.speak("?!", voice)
    with pytest.raises(BadInput, match="is none of: sliding, fixed"):
        VallexEngine(context="loose")


def test_the_environment_chooses(monkeypatch, voice):
    monkeypatch.setenv("LIKEWISE_VALLEX", "random")
    monkeypatch.setenv("LIKEWISE_VALLEX_CONTEXT", "fixed")
    monkeypatch.setenv("LIKEWISE_VALLEX_ACCENT", "ja")
    wanted = VallexEngine.small(context="fixed", accent="ja").speak("One. Two.", voice)
    found = VallexEngine().speak("One. Two.", voice)
    for one, two in zip(found, wanted, strict=True):
        assert np.array_equal(one.audio.samples, two.audio.samples)
    monkeypatch.setenv("LIKEWISE_VALLEX_PRECISION", "int3")
    with pytest.raises(BadInput, match="choose int8 or float32"):
        VallexEngine()


def test_without_weights_the_command_is_named(monkeypatch, voice, tmp_path):
    monkeypatch.delenv("LIKEWISE_VALLEX", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(MissingWeights, match="likewise weights pull vallex"):
        VallexEngine().speak("Hi", voice)
    with pytest.raises(MissingWeights, match="likewise weights pull vallex"):
        VallexEngine().enrol([sung()], name="x", transcripts=["Hi"])
    assert list(VallexEngine().stock_voices()) == []


def test_a_folder_of_ones_own(small, tmp_path, monkeypatch, voice):
    """A whole engine from files on disk, with 8-bit weights, presets, and EnCodec as decoder."""
    from test_vallex_checkpoint import saved
    from test_vallex_codec import ENCODEC_RULES
    from vallex_goldens import HERE

    from likewise.voice.vallex import checkpoint, encodec, speaking
    from likewise.voice.vallex.encodec import EncodecConfig

    monkeypatch.setenv("LIKEWISE_VALLEX", str(tmp_path))
    with pytest.raises(BadInput, match=r"not whole: vallex-checkpoint\.pt, encodec.* is missing"):
        VallexEngine().speak("Hi", voice)
    saved(tmp_path / "vallex-checkpoint.pt", small.state)
    with pytest.raises(BadInput, match=r"not whole: encodec_24khz"):
        VallexEngine().speak("Hi", voice)
    shapes = json.loads((HERE / "codec_shapes.json").read_text(encoding="utf-8"))["encodec"]
    used = {name: shape for name, shape in shapes.items() if "layers." not in name[:27] or
            name.split(".")[3] in "01234567"}  # fmt: skip
    state = seeded_weights.seeded_state(used, 2, ENCODEC_RULES)
    torch.save(seeded_weights.to_torch(state), tmp_path / "encodec_24khz-d7cc33bc.th")
    (tmp_path / "presets").mkdir()
    preset(tmp_path / "presets" / "rosalia.npz")
    monkeypatch.setattr(encodec, "EncodecConfig", lambda: EncodecConfig(filters=8))
    monkeypatch.setattr(speaking, "VallexConfig", lambda: small.config)
    assert checkpoint.load_model(tmp_path / "vallex-checkpoint.pt", small.config)
    engine = VallexEngine(seed=1, sampling=Sampling(codes_per_symbol=2))
    (rosalia,) = engine.stock_voices()
    speech = Speech.joined(engine.speak("Hello.", rosalia))
    assert speech.voice == "rosalia" and speech.audio.seconds > 0.2
    assert engine.enrol([sung()], name="x", transcripts=["Hi"]).tensors["codes"].shape == (225, 8)
