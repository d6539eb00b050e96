"""Moods colour a face and leave what it says alone; questions raise its brows."""

import numpy as np
import pytest

from likewise.errors import BadInput
from likewise.face.mesh.rig import Rig
from likewise.motion.from_speech import SpeechActor, from_speech
from likewise.motion.idle import Idle, idle
from likewise.motion.moods import MOODS, NEUTRAL, mood_named
from likewise.motion.questions import questions
from likewise.motion.visemes import CHANNELS
from likewise.seeing.canonical import mesh
from likewise.values import INDEX, Audio, Motion, Portrait, Speech, Timing

COLOURED = ("mouthSmile", "mouthFrown", "mouthDimple")
SPEAKING = [
    INDEX[name] for names in CHANNELS.values() for name in names if not name.startswith(COLOURED)
]
BROW = INDEX["browInnerUp"]


@pytest.mark.parametrize("name", [name for name in MOODS if name != "neutral"])
def test_what_lips_say_is_the_same_in_every_mood(name: str, sentence: Speech) -> None:
    plain = from_speech(sentence, 25, seed=2)
    worn = from_speech(sentence, 25, seed=2, mood=MOODS[name])
    np.testing.assert_array_equal(
        worn.coefficients[:, SPEAKING], plain.coefficients[:, SPEAKING], err_msg=name
    )
    np.testing.assert_array_equal(worn.tongue, plain.tongue)
    middle = np.abs(worn.coefficients[50] - plain.coefficients[50])
    assert middle.max() > 0.05
    assert worn.coefficients.min() >= 0 and worn.coefficients.max() <= 1
    for track in (worn.coefficients, plain.coefficients):
        assert np.abs(np.delete(track[0], INDEX["mouthClose"])).max() < 1e-6


@pytest.mark.parametrize("name", MOODS)
def test_pressed_lips_touch_in_every_mood(name: str) -> None:
    canonical = mesh().vertices
    points = np.vstack([canonical * [20.0, -20.0, -20.0] + 200, np.zeros((10, 3))])
    portrait = Portrait(
        np.zeros((400, 400, 3), np.uint8), points.astype(np.float32), np.zeros(52, np.float32)
    )
    rig = Rig(portrait)
    motion = Motion.still(1, 25)
    motion.coefficients[0, [INDEX["mouthPressLeft"], INDEX["mouthPressRight"]]] = 0.22
    MOODS[name].wear(motion, np.ones(1))
    shaped = rig.shape(motion.coefficients[0], motion.lip_gap[0], 0.0)
    gap = shaped[13, 1] - shaped[14, 1]
    assert gap <= max(canonical[13, 1] - canonical[14, 1], 0) + 1e-3


def test_rounded_lips_are_not_spread_by_a_smile() -> None:
    motion = Motion.still(2, 25)
    motion.coefficients[1, INDEX["mouthPucker"]] = 0.95
    MOODS["happy"].wear(motion, np.ones(2))
    smile = motion.coefficients[:, INDEX["mouthSmileLeft"]]
    assert smile[0] > 0.3 and smile[1] < 0.05


def test_a_mood_has_a_strength() -> None:
    assert mood_named("") is NEUTRAL
    half = mood_named("happy=0.5")
    assert half.face["mouthSmile"] == pytest.approx(MOODS["happy"].face["mouthSmile"] / 2)
    assert half.nods == pytest.approx((1 + MOODS["happy"].nods) / 2)
    assert not any(mood_named("sad=0").face.values())
    for wrong in ("hangry", "happy=much", "happy=9", "happy=nan"):
        with pytest.raises(BadInput, match=r"mood|strength"):
            mood_named(wrong)


def test_moods_change_how_lively_a_face_is() -> None:
    plain, tired = idle(120, 25, seed=1), idle(120, 25, seed=1, mood=MOODS["tired"])
    assert tired.pose[:, 0].std() == pytest.approx(0.5 * plain.pose[:, 0].std(), rel=0.05)
    lids = tired.coefficients[25:-25, INDEX["eyeBlinkLeft"]]
    assert lids.min() == pytest.approx(0.28, abs=1e-6)


def asked(text: str) -> Speech:
    """Speech with a word for each of a text's, 0.4 s long."""
    words = [word.strip('¿?.,!"') for word in text.split()]
    timings = tuple(Timing(word, 0.4 * n, 0.4 * (n + 1)) for n, word in enumerate(words))
    sounds = tuple(Timing("a", word.start, word.end) for word in timings)
    samples = np.full(round(0.4 * len(words) * 16000), 0.1, np.float32)
    return Speech(Audio(samples, 16000), text, "en-us", phonemes=sounds, words=timings)


def test_questions_are_found_in_the_sound() -> None:
    speech = asked('Come in. Is it you, my friend? Good! "Really?" she said.')
    found = [(round(start, 3), round(end, 3)) for start, end in questions(speech)]
    assert found == [(0.8, 2.8), (3.2, 3.6)]
    japanese = Speech(
        Audio(np.zeros(16000, np.float32), 16000),
        "行きますか？はい。",
        "ja",
        words=(Timing("行きます", 0.0, 0.5), Timing("か", 0.5, 0.6), Timing("はい", 0.7, 0.9)),
    )
    assert questions(japanese) == [(0.0, 0.6)]
    assert questions(Speech(Audio(np.zeros(9, np.float32), 9), "Nothing?", "en-us")) == []


def test_brows_go_up_at_the_end_of_a_question() -> None:
    text = "Are you coming with me to the sea tomorrow"
    told, question = (from_speech(asked(text + mark), 25, seed=4) for mark in ".?")
    raised = question.coefficients[:, BROW] - told.coefficients[:, BROW]
    assert raised[74:82].min() > 0.25
    assert np.abs(raised[:50]).max() < 1e-6
    assert np.abs(question.pose[74:82, 2] - told.pose[74:82, 2]).min() > 1.0
    np.testing.assert_array_equal(
        question.coefficients[:, SPEAKING], told.coefficients[:, SPEAKING]
    )


def test_questions_stream_as_they_are_played_whole() -> None:
    parts = [asked("Is it you? Come in."), asked("Really?"), asked("Sit down, please.")]
    actor = SpeechActor(25, seed=1, mood=MOODS["happy"])
    streamed = Motion.joined([*(actor.feed(part) for part in parts), actor.finish()])
    whole = from_speech(Speech.joined(parts), 25, seed=1, mood=MOODS["happy"])
    for name in ("coefficients", "pose", "gaze"):
        np.testing.assert_allclose(getattr(streamed, name), getattr(whole, name), atol=1e-6)


def test_old_questions_are_forgotten() -> None:
    life = Idle()
    for start in range(50):
        life.question(float(start), start + 0.9)
    life.forget(49.0)
    assert len(life._questions) == 4
