"""Every value comes back from its file as it was, and refuses a file that is not its own."""

from pathlib import Path

import numpy as np
import pytest

from likewise.errors import BadInput, OutputFailed
from likewise.values import (
    COEFFICIENTS,
    INDEX,
    Audio,
    Metric,
    Motion,
    Portrait,
    Speech,
    Timing,
    Voice,
)

RNG = np.random.default_rng(7)


def tone(seconds: float = 0.1, rate: int = 24000) -> Audio:
    time = np.arange(round(seconds * rate)) / rate
    return Audio(np.sin(2 * np.pi * 220 * time).astype(np.float32), rate)


def speech(text: str, seconds: float) -> Speech:
    return Speech(
        tone(seconds),
        text,
        "en-us",
        phonemes=(Timing("h", 0.0, seconds / 2), Timing("aɪ", seconds / 2, seconds)),
        words=(Timing(text, 0.0, seconds),),
        engine="test",
        voice="nobody",
        seed=3,
        notes=("a note",),
    )


def test_audio_round_trip(tmp_path: Path) -> None:
    audio = tone()
    audio.save(tmp_path / "a.safetensors")
    back = Audio.load(tmp_path / "a.safetensors")
    assert back.sample_rate == audio.sample_rate
    np.testing.assert_array_equal(back.samples, audio.samples)


def test_audio_refuses_other_shapes() -> None:
    with pytest.raises(ValueError, match="float32"):
        Audio(np.zeros((2, 10), np.float32), 24000)
    with pytest.raises(ValueError, match="float32"):
        Audio(np.zeros(10), 24000)  # type: ignore[arg-type]


def test_audio_between_clamps() -> None:
    audio = tone(0.5)
    assert audio.between(0.1, 0.3).seconds == pytest.approx(0.2)
    assert audio.between(-1, 9).seconds == audio.seconds
    assert audio.between(0.4, 0.2).seconds == 0


def test_speech_round_trip(tmp_path: Path) -> None:
    said = speech("hi", 0.25)
    said.save(tmp_path / "s.safetensors")
    back = Speech.load(tmp_path / "s.safetensors")
    assert (back.text, back.words, back.phonemes, back.seed, back.notes) == (
        said.text,
        said.words,
        said.phonemes,
        said.seed,
        said.notes,
    )
    np.testing.assert_array_equal(back.audio.samples, said.audio.samples)


def test_joined_speech_shifts_timings() -> None:
    whole = Speech.joined([speech("one", 0.2), speech("two", 0.3)])
    assert whole.text == "one two"
    assert whole.audio.seconds == pytest.approx(0.5)
    assert whole.words[1].start == pytest.approx(0.2)
    assert whole.phonemes[-1].end == pytest.approx(0.5)
    assert whole.notes == ("a note",)


def test_joined_needs_parts_of_one_rate() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Speech.joined([])
    other = Speech(tone(0.1, rate=16000), "x", "en-us")
    with pytest.raises(ValueError, match="one sample rate"):
        Speech.joined([speech("one", 0.2), other])


def test_voice_round_trip_keeps_the_reference_apart(tmp_path: Path) -> None:
    voice = Voice(
        "anna",
        "kokoro",
        {"style": RNG.normal(size=(4, 8)).astype(np.float32)},
        language="en-us",
        facts={"f0_hz": 201.5, "warnings": ["short"]},
        consent={"kind": "own"},
        reference=tone(0.2),
    )
    voice.save(tmp_path / "v.safetensors")
    back = Voice.load(tmp_path / "v.safetensors")
    assert set(back.tensors) == {"style"}
    assert back.facts == voice.facts
    assert back.consent == voice.consent
    assert back.reference is not None
    assert voice.reference is not None
    np.testing.assert_array_equal(back.reference.samples, voice.reference.samples)
    np.testing.assert_array_equal(back.tensors["style"], voice.tensors["style"])


def test_portrait_round_trip(tmp_path: Path) -> None:
    portrait = Portrait(
        RNG.integers(0, 255, (32, 24, 3), dtype=np.uint8),
        RNG.normal(size=(478, 3)).astype(np.float32),
        RNG.uniform(size=52).astype(np.float32),
        kind="drawing",
        notes=("largest of 2 faces",),
    )
    portrait.save(tmp_path / "p.safetensors")
    back = Portrait.load(tmp_path / "p.safetensors")
    assert (back.kind, back.notes) == (portrait.kind, portrait.notes)
    np.testing.assert_array_equal(back.picture, portrait.picture)
    np.testing.assert_array_equal(back.points, portrait.points)


def test_motion_round_trip_and_slices(tmp_path: Path) -> None:
    motion = Motion.still(10, 25.0)
    motion.coefficients[3, INDEX["jawOpen"]] = 0.5
    motion.save(tmp_path / "m.safetensors")
    back = Motion.load(tmp_path / "m.safetensors")
    assert len(back) == 10
    assert back.coefficients[3, INDEX["jawOpen"]] == 0.5
    assert np.isnan(back.lip_gap).all()
    joined = Motion.joined([back[:4], back[4:]])
    np.testing.assert_array_equal(joined.coefficients, motion.coefficients)
    with pytest.raises(ValueError, match="frame rate"):
        Motion.joined([Motion.still(1, 25.0), Motion.still(1, 30.0)])


def test_coefficients_are_the_52_of_arkit() -> None:
    assert len(COEFFICIENTS) == len(set(COEFFICIENTS)) == 52


def test_metric_normalises_between_floor_and_ceiling() -> None:
    metric = Metric("s", 0.75, "", "higher is better", "x 1", ceiling=0.9, floor=0.6)
    assert metric.normalised == pytest.approx(0.5)
    missing = Metric.unavailable(
        "s", "the clip is silent", unit="", direction="higher is better", scorer="x 1"
    )
    assert missing.normalised is None
    assert missing.as_json()["value"] is None
    assert "silent" in missing.status


def test_the_wrong_kind_is_refused_by_name(tmp_path: Path) -> None:
    tone().save(tmp_path / "a.safetensors")
    with pytest.raises(BadInput, match="holds audio, not a voice"):
        Voice.load(tmp_path / "a.safetensors")


@pytest.mark.parametrize("content", [b"", b"not safetensors at all", b"\xff" * 64])
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(BadInput, match="damaged"):
        Voice.load(tmp_path / "x.safetensors")


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    tone().save(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadInput, match="damaged"):
        Audio.load(path)


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputFailed):
        tone().save(tmp_path / "nowhere" / "a.safetensors")


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no file"):
        Audio.load(tmp_path / "none.safetensors")


def test_japanese_sentences_join_without_spaces() -> None:
    parts = [Speech(tone(), text, "ja") for text in ("こんにちは。", "お元気ですか。")]
    assert Speech.joined(parts).text == "こんにちは。お元気ですか。"
