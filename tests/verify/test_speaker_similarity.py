"""Speaker similarity separates real voices, its controls frame it, absences say why."""

from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from likewise.audio import files
from likewise.values import Audio
from likewise.verify import speaker
from likewise.verify.separation import separation


@pytest.fixture(scope="module")
def person() -> Audio:
    """Nine seconds of a real voice: the demo's sample."""
    return files.read(str(resources.files("likewise") / "data" / "demo" / "voice.flac"))


@pytest.fixture(scope="module")
def clip() -> Audio:
    """4 s of LibriSpeech 1688-142285-0004, CC BY 4.0."""
    with np.load(Path(__file__).parents[1] / "hearing" / "ge2e_golden.npz") as file:
        samples = (file["clip"] / 32768).astype(np.float32)
        return Audio(samples, int(file["sample_rate"]))


def test_headline_is_not_what_enrolment_optimises(clip: Audio) -> None:
    metrics = speaker.similarity([clip], [clip])
    assert metrics[0].name == speaker.HEADLINE
    assert not speaker.ENCODERS[0].optimised


def test_same_recording_reaches_the_ceiling_and_beyond(person: Audio) -> None:
    for metric in speaker.similarity([person.between(0, 4)], [person]):
        assert metric.status == "ok"
        assert metric.value > 0.8 > metric.floor
        assert metric.normalised > 0.9
        assert metric.value > metric.rival > metric.floor
        assert "one recording" in metric.note
        assert set(metric.inputs) == {"clone 0", "reference 0"}


def test_few_seconds_have_no_ceiling(clip: Audio, person: Audio) -> None:
    """Two short parts are less alike than a person's long speech is to either: 1.5 of the way."""
    for metric in speaker.similarity([person], [clip]):
        assert metric.value is not None
        assert metric.normalised is None
        assert "no ceiling" in metric.note
        assert metric.value < metric.rival


def test_value_does_not_depend_on_how_the_speech_was_cut(person: Audio) -> None:
    spoken, recorded = person.between(0, 4.5), person.between(4.5, 9.1)
    (whole, _), (cut, _) = (
        speaker.similarity(sounds, [recorded, recorded, recorded])
        for sounds in ([spoken], [spoken.between(at, at + 1.5) for at in (0, 1.5, 3)])
    )
    assert cut.value == pytest.approx(whole.value, abs=0.03)


def test_interval_lies_around_the_value(person: Audio) -> None:
    sentences = [person.between(at, at + 2) for at in (0, 1.5, 3, 4.5, 6, 7)]
    metric, _ = speaker.similarity(sentences, [person])
    low, high = metric.interval
    assert low < metric.value < high
    assert high - low < 0.2


def test_another_speaker_is_near_the_floor(clip: Audio) -> None:
    """The shipped bank against itself: no other speaker looks like the same one on average."""
    for encoder in speaker.ENCODERS:
        others = speaker.bank(encoder.key)
        assert others.shape[0] == 40
        assert np.linalg.norm(others, axis=1) == pytest.approx(np.ones(40), abs=1e-5)
        cosines = (others @ others.T)[np.triu_indices(40, 1)]
        own = encoder.embed(clip.between(0, 2)) @ encoder.embed(clip.between(2, 4))
        assert cosines.mean() < 0.8 * own


@pytest.mark.parametrize(
    ("samples", "reason"),
    [(np.zeros(32_000, np.float32), "silent"), (np.full(1600, 0.1, np.float32), "0.10 s")],
)
def test_what_holds_no_voice_is_unavailable(clip: Audio, samples: np.ndarray, reason: str) -> None:
    for metric in speaker.similarity([Audio(samples, 16_000)], [clip]):
        assert metric.value is None
        assert reason in metric.status
    assert speaker.similarity([], [clip])[0].value is None
    assert speaker.similarity([clip], [])[0].value is None


def test_a_silent_sentence_among_others_is_left_out_and_said(clip: Audio) -> None:
    silence = Audio(np.zeros(32_000, np.float32), 16_000)
    metric = speaker.similarity([clip, silence], [clip])[0]
    assert metric.value is not None
    assert "left out" in metric.note


@pytest.mark.media
def test_real_voices_separate(shared_media: Path) -> None:
    """75 same-speaker and 360 other-speaker pairs: equal error rate at most 3 %."""
    clips = sorted((shared_media / "voices").glob("*/*.flac"))
    who = np.array([clip.parent.name for clip in clips])
    sounds = [files.read(clip).between(0, 6) for clip in clips]
    rows, columns = np.triu_indices(len(clips), 1)
    same = who[rows] == who[columns]
    assert same.sum() >= 20
    for encoder in speaker.ENCODERS:
        embedded = np.stack([encoder.embed(sound) for sound in sounds])
        cosines = (embedded @ embedded.T)[rows, columns]
        assert separation(cosines[same], cosines[~same]).equal_error_rate <= 0.03


@pytest.mark.media
def test_another_recording_of_the_person_is_near_the_ceiling(shared_media: Path) -> None:
    """What real voices score: the same person near 1, also by seconds; a stranger near 0."""
    folders = sorted(path for path in (shared_media / "voices").iterdir() if path.is_dir())
    clips = [[files.read(path) for path in sorted(one.glob("*.flac"))[:2]] for one in folders]
    for seconds in (6, 12):
        same, strange = [], []
        for (clip, other), (stranger, _) in zip(clips, clips[1:] + clips[:1], strict=True):
            recording = clip.between(0, seconds)
            same += [m.normalised for m in speaker.similarity([other.between(0, 8)], [recording])]
            found = speaker.similarity([stranger.between(0, 8)], [recording])
            assert all(metric.value <= metric.rival for metric in found)
            strange += [metric.normalised for metric in found]
        assert 0.8 < np.mean([share for share in same if share is not None]) < 1.05
        assert np.mean([share for share in strange if share is not None]) < 0.1


def test_equal_error_rate_closed_forms() -> None:
    perfect = separation([0.8, 0.9], [0.1, 0.2])
    assert perfect.equal_error_rate == 0
    assert 0.2 < perfect.threshold < 0.8
    values = np.random.default_rng(0).normal(size=2000)
    assert separation(values, values).equal_error_rate == pytest.approx(0.5, abs=0.001)
    # two unit normals two apart: the error is the normal's tail beyond one, 15.9 %
    random = np.random.default_rng(1)
    found = separation(random.normal(2, 1, 20_000), random.normal(0, 1, 20_000))
    assert found.equal_error_rate == pytest.approx(0.1587, abs=0.006)
    assert found.threshold == pytest.approx(1.0, abs=0.05)
    with pytest.raises(ValueError, match="both kinds"):
        separation([], [0.1])
