"""A voice in another language: the speaker's sound and height, a native's way of saying things."""

from dataclasses import replace

import numpy as np
import pytest

from likewise.hearing.pitch import pitch
from likewise.text.languages import resolve
from likewise.values import Speech
from likewise.voice.kokoro import abroad, stock
from likewise.voice.kokoro.engine import KokoroEngine
from likewise.voice.kokoro.envelope import Transport


@pytest.fixture(scope="module")
def engine():
    return KokoroEngine()


@pytest.fixture(scope="module")
def cloned(engine):
    text = "We walked along the river until it was dark, and then we turned back home."
    recording = Speech.joined(engine.speak(text, stock.voice("am_michael"))).audio
    return engine.enrol([recording], name="michael", language="en-us")


def test_at_home_a_voice_is_itself():
    heart = stock.voice("af_heart")
    assert abroad.speaking(heart, resolve("en-us"), pytest.fail) is heart
    assert abroad.speaking(heart, resolve("en-gb"), pytest.fail) is heart


@pytest.mark.parametrize("tokens", [3, 60, 400])
def test_the_style_is_half_the_voices_and_half_a_natives(tokens):
    michael, native = stock.voice("am_michael"), stock.voice("zm_yunjian")
    both = stock.row(abroad.speaking(michael, resolve("zh"), pytest.fail), tokens)
    np.testing.assert_allclose(both[:128], stock.row(michael, tokens)[:128], atol=1e-5)
    np.testing.assert_allclose(both[128:], stock.row(native, tokens)[128:], atol=1e-5)


def test_a_native_of_the_speakers_sex_shows_the_way():
    for name, native in (("af_heart", "if_sara"), ("am_michael", "im_nicola")):
        away = stock.row(abroad.speaking(stock.voice(name), resolve("it"), pytest.fail), 60)
        np.testing.assert_allclose(away[128:], stock.row(stock.voice(native), 60)[128:], atol=1e-5)


def test_a_mans_voice_stays_as_low_as_it_is(engine):
    michael = stock.voice("am_michael")
    home = Speech.joined(engine.speak("We walked along the river until it was dark.", michael))
    away = Speech.joined(engine.speak("我们沿着河一直走到天黑。", michael, language="zh"))
    heights = [pitch(speech.audio).median_hz for speech in (home, away)]
    assert heights[1] == pytest.approx(heights[0], rel=0.15)
    assert pitch(away.audio).spread > 0.1  # tones are not flattened


def test_a_clone_sounds_a_little_like_a_native_and_is_moved_to_its_speaker_anew(engine, cloned):
    french = resolve("fr")
    away = abroad.speaking(cloned, french, lambda: engine.model)
    home, native, both = (
        stock.row(voice, 60)[:128] for voice in (cloned, stock.voice("ff_siwis"), away)
    )
    nearer = np.linalg.norm(both - native) / np.linalg.norm(home - native)
    assert 0.6 < nearer < 0.7
    before, after = (Transport.of(voice.tensors) for voice in (cloned, away))
    assert not np.allclose(before.source, after.source, atol=1e-3)
    # Both take whatever sound the voice has to the same speaker; the level is the sound's own.
    np.testing.assert_allclose(after.target[1:], before.target[1:], atol=1e-4)


def test_envelopes_are_moved_once_for_each_language(engine, cloned):
    first = abroad.speaking(cloned, resolve("it"), lambda: engine.model)

    def unasked():
        raise AssertionError("the model is not needed again")

    again = abroad.speaking(cloned, resolve("it"), unasked)
    for name, values in first.tensors.items():
        np.testing.assert_array_equal(again.tensors[name], values)
    with pytest.raises(AssertionError, match="not needed"):
        abroad.speaking(cloned, resolve("zh"), unasked)


@pytest.mark.parametrize(("kept", "language"), [(True, "es"), (False, "fr")])
def test_elsewhere_and_without_its_recording_a_clone_keeps_its_own_sound(cloned, kept, language):
    voice = cloned if kept else replace(cloned, reference=None)
    away = abroad.speaking(voice, resolve(language), pytest.fail)
    np.testing.assert_allclose(stock.row(away, 60)[:128], stock.row(cloned, 60)[:128], atol=1e-5)
