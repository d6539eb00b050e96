import json
from pathlib import Path

import numpy as np
import pytest

from likewise.errors import BadInput, OutputFailed
from likewise.explain import gradient, saliency
from likewise.explain.attributes import voice_attributes
from likewise.explain.saliency import other_speakers, patches, silenced
from likewise.explain.voice import VoiceExplanation, explain_voice, voice_map
from likewise.hearing import ge2e
from likewise.values import Audio, Timing


@pytest.fixture(scope="module")
def power(speech: Audio) -> np.ndarray:
    return np.maximum(ge2e.partials(ge2e.prepare(speech.between(0, 1.7))), 1e-9)[:1]


@pytest.fixture(scope="module")
def why(speech: Audio) -> VoiceExplanation:
    phonemes = [Timing("a", 0.2, 0.5), Timing("", 0.5, 0.6), Timing("n", 0.6, 0.8)]
    return explain_voice(
        speech.between(3, 8), speech.between(0, 1.7), controls={"itself": speech}, phonemes=phonemes
    )


def test_forward_pass_says_what_onnx_says(power: np.ndarray) -> None:
    target = other_speakers()[3]
    (product,), _ = gradient.similarity_and_slope(power[None], target)
    assert product == pytest.approx(float(ge2e.embed_partials(power)[0] @ target), abs=1e-5)


def test_derivative_is_that_of_small_steps(power: np.ndarray) -> None:
    target = other_speakers()[3] - other_speakers()[30]
    rng = np.random.default_rng(0)
    _, slope = gradient.similarity_and_slope(power[None], target)
    for _ in range(2):
        direction = rng.normal(size=power.shape).astype(np.float32) * power
        # Central differences in float32: steps too small drown in rounding.
        steps = np.stack([power + 0.02 * direction, power - 0.02 * direction])
        (above, below), _ = gradient.similarity_and_slope(steps, target)
        expected = (above - below) / 0.04
        assert float((slope[0] * direction).sum()) == pytest.approx(expected, abs=3e-3, rel=0.05)


def test_attributions_sum_to_the_rise(power: np.ndarray) -> None:
    found = gradient.integrated_gradients(power, other_speakers()[3], np.float32(1e-6))
    assert found.values.sum() == pytest.approx(found.similarity - found.baseline, abs=0.05)
    assert abs(found.gap) < 0.05


def test_sound_that_is_not_there_adds_nothing(power: np.ndarray) -> None:
    gated = power.copy()
    gated[:, :, 100:] = 1e-6
    found = gradient.integrated_gradients(gated, other_speakers()[3], np.float32(1e-6), steps=4)
    assert np.abs(found.values[:, :, 100:]).max() == 0


def test_silencing_nothing_changes_nothing_and_all_changes_most(power: np.ndarray) -> None:
    quiet = np.full(power.shape[2], 1e-8, np.float32)
    target = ge2e.embed_partials(power)[0]
    nothing, half, everything = silenced(
        power,
        np.array([0]),
        quiet,
        target,
        [
            (slice(400, 500), slice(0, 201)),
            (slice(0, 80), slice(0, 201)),
            (slice(0, 160), slice(0, 201)),
        ],
    )
    assert nothing == pytest.approx(0, abs=1e-6)
    assert 0 < half < everything


@pytest.mark.parametrize("frames", [20, 100, 160, 407])
def test_patches_cover_every_frame_once(frames: int) -> None:
    rows, columns = patches(frames)
    assert rows[0] == columns[0] == 0 and rows[-1] == 201 and columns[-1] == frames
    assert (np.diff(rows) > 0).all() and (np.diff(columns) > 0).all()


def test_explanation_is_whole(why: VoiceExplanation) -> None:
    data = json.loads(json.dumps(why.as_json()))
    assert data["saliency"]["similarity"] > 0.6
    assert -1 <= data["saliency"]["agreement"] <= 1
    assert "rank correlation" in why.saliency.verdict
    assert [item.text for item in why.phonemes] == ["a", "n"]
    assert data["controls"]["itself"] > why.saliency.lead
    assert {point.role for point in why.map.points} == {"other", "reference", "clone", "control"}
    assert len(why.sentences) >= 5
    total = sum(why.likeness.shares.values()) + why.likeness.novelty
    assert total == 100


def test_picture_is_written(why: VoiceExplanation, tmp_path: Path) -> None:
    from PIL import Image

    with Image.open(why.draw(tmp_path / "voice.png")) as image:
        assert min(image.size) > 800
    with pytest.raises(OutputFailed):
        why.draw(tmp_path / "no" / "voice.png")


def test_map_puts_a_known_speaker_in_its_place() -> None:
    found = voice_map({"reference": other_speakers()[5]}, {}, {})
    by_role = {point.name: (point.x, point.y) for point in found.points}
    assert by_role["reference"] == pytest.approx(by_role["woman 6"])
    assert 0 < found.explained[1] <= found.explained[0] < 1


def test_silence_is_refused(speech: Audio) -> None:
    with pytest.raises(BadInput):
        explain_voice(speech, Audio(np.zeros(32_000, np.float32), 16_000))


def test_attributes_of_a_sawtooth() -> None:
    rate, hertz = 16_000, 150.0
    time = np.arange(2 * rate) / rate
    sound = (0.3 * (2 * ((time * hertz) % 1) - 1)).astype(np.float32)
    found = {item.name: item for item in voice_attributes(Audio(sound, rate))}
    assert found["pitch"].value == pytest.approx(hertz, rel=0.02)
    assert found["pitch spread"].value < 0.5
    dull = np.convolve(sound, np.ones(9) / 9, "same").astype(np.float32)
    duller = {item.name: item for item in voice_attributes(Audio(dull, rate))}
    assert duller["spectral centroid"].value < 0.8 * found["spectral centroid"].value


def test_rank_correlation_is_spearmans():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(4)
    one, other = rng.integers(0, 20, 300), rng.integers(0, 20, 300)
    other[:150] = one[:150]
    assert saliency._rank_correlation(one, other) == pytest.approx(spearmanr(one, other).statistic)
