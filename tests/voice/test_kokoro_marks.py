"""Pitch, pauses and marks: what was asked for is what is heard, and times stay right."""

import itertools

import numpy as np
import pytest

from likewise.errors import BadInput, Unsupported
from likewise.hearing.pitch import pitch
from likewise.text.ssml import parse
from likewise.values import Speech
from likewise.voice.kokoro import retiming, stock
from likewise.voice.kokoro.engine import KokoroEngine
from likewise.voice.kokoro.model import Prosody
from likewise.voice.kokoro.pauses import paused
from likewise.voice.kokoro.timing import Span

TEXT = "Yes, boy, it is."


@pytest.fixture(scope="module")
def engine():
    return KokoroEngine()


def say(engine, text, **options):
    said = parse(text) if text.startswith("<") else text
    speech = Speech.joined(engine.speak(said, stock.voice("af_heart"), **options))
    assert speech.phonemes[0].start == 0.0
    assert speech.phonemes[-1].end == pytest.approx(speech.audio.seconds, abs=1e-9)
    for one, two in itertools.pairwise(speech.phonemes):
        assert one.end == pytest.approx(two.start, abs=1e-9)
    for one, two in itertools.pairwise(speech.words):
        assert one.end <= two.start + 1e-9
    return speech


def silence_between(speech, first, second):
    """Seconds of silence between two words, and how loud it is."""
    gap = speech.audio.between(speech.words[first].end, speech.words[second].start)
    return gap.seconds, float(np.abs(gap.samples).max()) if len(gap.samples) else 0.0


@pytest.fixture(scope="module")
def plain(engine):
    return say(engine, TEXT)


def test_semitones_move_the_pitch_and_nothing_else(engine, plain):
    higher = say(engine, TEXT, pitch=4.0)
    moved = 12 * np.log2(pitch(higher.audio).median_hz / pitch(plain.audio).median_hz)
    assert moved == pytest.approx(4.0, abs=0.5)
    assert higher.audio.seconds == pytest.approx(plain.audio.seconds, abs=0.05)


def test_pauses_stretch_and_shrink(engine, plain):
    longer = say(engine, TEXT, pause=4.0)
    usual = silence_between(plain, 0, 1)[0]
    assert silence_between(longer, 0, 1)[0] > usual + 0.4
    spoken = sum(word.end - word.start for word in plain.words)
    assert sum(word.end - word.start for word in longer.words) == pytest.approx(spoken, abs=0.1)
    shorter = say(engine, "Yes. It is.", pause=0.0)
    assert silence_between(shorter, 0, 1)[0] < 0.12


def test_a_break_is_as_long_as_asked(engine):
    speech = say(
        engine,
        '<speak><break time="0.5s"/>Yes <break time="1.2s"/> boy.<break time="900ms"/> It is.'
        "</speak>",
    )
    assert speech.text == "Yes boy. It is."
    assert speech.words[0].start == pytest.approx(0.53, abs=0.1)
    assert silence_between(speech, 0, 1)[0] == pytest.approx(1.2, abs=0.06)
    assert silence_between(speech, 1, 2)[0] == pytest.approx(0.9, abs=0.12)
    middle = speech.words[0].end + 0.6
    assert not speech.audio.between(middle - 0.3, middle + 0.3).samples.any()


def test_marks_change_their_stretch_only(engine):
    plain = say(engine, "Yes, my brother is here.")
    slow = '<prosody rate="50%" volume="-20dB">brother</prosody>'
    marked = say(engine, f"<speak>Yes, my {slow} is here.</speak>")
    lengths, usual = (np.array([w.end - w.start for w in s.words]) for s in (marked, plain))
    assert lengths[2] > 1.7 * usual[2]
    assert np.delete(lengths, 2) == pytest.approx(np.delete(usual, 2), abs=0.06)
    inside = [marked.audio.between(w.start + 0.04, w.end - 0.04).samples for w in marked.words]
    loud = [float(np.sqrt(np.square(sound).mean())) for sound in inside]
    assert loud[2] < 0.25 * loud[1]


def test_another_language_inside_a_sentence(engine):
    speech = say(engine, '<speak>Say <lang xml:lang="fr">bonjour</lang>.</speak>')
    phonemes = "".join(phoneme.text for phoneme in speech.phonemes)
    assert "ʁ" in phonemes
    assert speech.language == "en-us"


def test_another_script_is_read_in_its_language_with_a_note(engine):
    speech = say(engine, "They said こんにちは to all of us.")
    assert [w.text for w in speech.words][2] == "こんにちは"
    assert speech.words[2].end - speech.words[2].start > 0.3
    (note,) = speech.notes
    assert "Japanese" in note


@pytest.mark.parametrize(
    ("options", "match"), [({"pitch": 13.0}, "12"), ({"pause": 6.0}, "5"), ({"pause": -1.0}, "0")]
)
def test_wishes_beyond_their_limits(engine, options, match):
    with pytest.raises(BadInput, match=match):
        engine.speak(TEXT, stock.voice("af_heart"), **options)


def test_a_marked_part_in_the_wrong_script_is_refused(engine):
    with pytest.raises(Unsupported, match="Japanese"):
        engine.speak(
            parse('<speak>Yes <lang xml:lang="ja">Привет</lang></speak>'), stock.voice("af_heart")
        )
    with pytest.raises(BadInput, match="nothing to say"):
        engine.speak(parse("<speak><p>!?</p></speak>"), stock.voice("af_heart"))


def prosody(durations):
    frames = sum(durations)
    f0 = np.linspace(100, 200, 2 * frames, dtype=np.float32)[None]
    features = np.repeat(np.arange(len(durations)), durations).astype(np.float32)
    features = np.broadcast_to(features, (1, 512, frames))
    return Prosody(np.array(durations), f0, f0 / 20, features)


def test_rates_stretch_each_token_by_itself():
    slow = retiming.at_rates(prosody([4, 4, 4]), [1.0, 0.5, 1.0])
    assert slow.durations.tolist() == [4, 8, 4]
    assert slow.f0.shape == slow.energy.shape == (1, 32)
    np.testing.assert_array_equal(slow.features[0, 0], [0] * 4 + [1] * 8 + [2] * 4)
    assert np.all(np.diff(slow.f0) >= 0)
    same = prosody([4, 4])
    assert retiming.at_rates(same, [1.0, 1.0]) is same


def test_a_shorter_lead_keeps_all_that_is_said():
    soon = retiming.starting_soon(prosody([18, 3, 4]), 4)
    assert soon.durations.tolist() == [4, 3, 4]
    assert soon.frames == 11
    np.testing.assert_array_equal(soon.features[0, 0], [0] * 4 + [1] * 3 + [2] * 4)
    assert retiming.starting_soon(prosody([2, 3]), 4).durations.tolist() == [2, 3]


def test_rates_invent_no_glide_between_voiced_and_unvoiced():
    plain = prosody([4, 4])
    f0 = np.where(np.arange(16) < 8, 200.0, 5.0).astype(np.float32)[None]
    slow = retiming.at_rates(Prosody(plain.durations, f0, plain.energy, plain.features), [0.7, 0.7])
    assert set(np.unique(slow.f0)) == {5.0, 200.0}


def test_unvoiced_frames_keep_their_value_under_a_change_of_pitch():
    plain = prosody([4, 4])
    f0 = np.where(np.arange(16) < 8, 200.0, 5.0).astype(np.float32)[None]
    higher = retiming.at_pitches(
        Prosody(plain.durations, f0, plain.energy, plain.features), [12.0, 12.0]
    )
    assert set(np.unique(higher.f0)) == {5.0, 400.0}


def test_pauses_are_exact_and_keep_what_is_said():
    samples = np.ones(24_000, np.float32)
    spans = [
        Span(0, 0, 6000),
        Span(-1, 6000, 12_000),
        Span(1, 12_000, 18_000),
        Span(2, 18_000, 24_000),
    ]
    sound, moved = paused(
        samples, spans, factor=2.0, signs={}, breaks={1: 0.5}, first=True, last=True
    )
    assert [span.end - span.start for span in moved] == [6000, 12_000, 6000, 12_000, 6000]
    assert len(sound) == moved[-1].end == 42_000
    assert sound[6000 + 3000 : 6000 + 9000].max() < 1e-6
    assert (
        paused(samples, spans, factor=1.0, signs={}, breaks={}, first=True, last=True)[0] is samples
    )
