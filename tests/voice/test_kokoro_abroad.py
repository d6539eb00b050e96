"""A voice in another language: the speaker's sound and height, a native's way of saying things."""

import numpy as np
import pytest

from likewise.hearing.pitch import pitch
from likewise.text.languages import resolve
from likewise.values import Speech
from likewise.voice.kokoro import abroad, stock
from likewise.voice.kokoro.engine import KokoroEngine


def test_at_home_a_voice_is_itself():
    heart = stock.voice("af_heart")
    assert abroad.speaking(heart, resolve("en-us")) is heart
    assert abroad.speaking(heart, resolve("en-gb")) is heart


@pytest.mark.parametrize("tokens", [3, 60, 400])
def test_the_style_is_half_the_voices_and_half_a_natives(tokens):
    michael, native = stock.voice("am_michael"), stock.voice("zf_xiaoxiao")
    both = stock.row(abroad.speaking(michael, resolve("zh")), tokens)
    np.testing.assert_allclose(both[:128], stock.row(michael, tokens)[:128], atol=1e-5)
    np.testing.assert_allclose(both[128:], stock.row(native, tokens)[128:], atol=1e-5)


def test_a_mans_voice_stays_as_low_as_it_is():
    engine, michael = KokoroEngine(), stock.voice("am_michael")
    home = Speech.joined(engine.speak("We walked along the river until it was dark.", michael))
    away = Speech.joined(engine.speak("我们沿着河一直走到天黑。", michael, language="zh"))
    heights = [pitch(speech.audio).median_hz for speech in (home, away)]
    assert heights[1] == pytest.approx(heights[0], rel=0.15)
    assert pitch(away.audio).spread > 0.1  # tones are not flattened
