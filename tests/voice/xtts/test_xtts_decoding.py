"""Sampling, batches and streaming against themselves; `test_xtts_parity` has the reference."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [torch]")

from likewise.errors import BadInput  # noqa: E402
from likewise.voice.xtts.config import Sampling, XttsConfig  # noqa: E402
from likewise.voice.xtts.decoding import decode, probabilities, voice_prefix  # noqa: E402
from likewise.voice.xtts.model import Xtts  # noqa: E402
from likewise.voice.xtts.vocoder import HOP, Vocoding, frames_of, settled_frames  # noqa: E402


def run(model, texts, sampling, latents, **options):
    """Codes and states of each row."""
    prefix = voice_prefix(model.gpt, latents)
    codes = [[] for _ in texts]
    states = [[] for _ in texts]
    for step in decode(model.gpt, prefix, texts, sampling, **options):
        for place, row in enumerate(step.rows):
            codes[row].append(int(step.codes[place]))
            states[row].append(step.states[place])
    return codes, [torch.stack(row) for row in states]


@pytest.fixture(scope="module")
def tiny():
    return Xtts.random(XttsConfig.small(), seed=3)


@pytest.fixture(scope="module")
def latents(tiny):
    return torch.randn(1, 32, 64, generator=torch.Generator().manual_seed(5))


def test_a_batch_says_what_each_row_says_alone(tiny, latents):
    texts = [[259, 5, 6], [259, 7, 8, 9, 10, 11, 12], [259, 20]]
    sampling = Sampling(stop_bias=0.0)
    together, states = run(tiny, texts, sampling, latents, seed=7)
    for row, text in enumerate(texts):
        alone, state = run(tiny, [text], sampling, latents, seed=7 + row)
        assert together[row] == alone[0]
        assert (states[row] - state[0]).abs().max() < 1e-4


def test_rows_that_stop_leave_and_the_rest_go_on(tiny, latents):
    texts = [[259, 5, 6], [259, 7, 8, 9]]
    steps = list(
        decode(tiny.gpt, voice_prefix(tiny.gpt, latents), texts, Sampling(stop_bias=50.0),
               expected=[4, 12])
    )  # fmt: skip
    assert [step.rows for step in steps[:5]] == [(0, 1)] * 5
    assert steps[4].stopped == (0,) and steps[4].cut == ()
    assert steps[5].rows == (1,)
    assert steps[-1].stopped == (1,) and len(steps) == 13


def test_the_stop_bias_finds_a_stop_that_would_be_missed():
    """A stop of 3 % among twenty: top-p cuts it off; with a bias of 3 it is the usual draw."""
    sampling = Sampling(repetition_penalty=1.0)
    logits = torch.full((1, 258), -50.0)
    logits[0, :19], logits[0, 257] = 0.0, 0.75 * np.log(19 * 0.03 / 0.97)
    produced = torch.zeros(1, 258, dtype=torch.bool)
    assert logits.div(0.75).softmax(dim=1)[0, 257] == pytest.approx(0.03, abs=1e-3)
    assert probabilities(logits, produced, sampling)[0, 257] == 0.0
    logits[0, 257] += 3.0
    odds = 0.03 / 0.97 * np.exp(3 / 0.75)
    assert logits.div(0.75).softmax(dim=1)[0, 257] == pytest.approx(odds / (1 + odds), abs=1e-3)
    assert probabilities(logits, produced, sampling)[0, 257] > 0.62


def test_the_limit_cuts(tiny, latents):
    never = Sampling(stop_bias=-100.0)
    prefix = voice_prefix(tiny.gpt, latents)
    steps = list(decode(tiny.gpt, prefix, [[259]], never, expected=[0]))
    assert len(steps) == tiny.config.gpt.max_new_tokens == 117
    assert steps[-1].cut == steps[-1].stopped == (0,)


def test_seeds(tiny, latents):
    def say(seed):
        return run(tiny, [[259, 5, 6]], Sampling(), latents, seed=seed, max_tokens=30)[0]

    assert say(1) == say(1) != say(2)


def test_too_long_a_text_is_refused(tiny, latents):
    with pytest.raises(BadInput, match="61 tokens"):
        next(decode(tiny.gpt, voice_prefix(tiny.gpt, latents), [[5] * 61], Sampling()))


def test_pieces_have_no_seams(tiny):
    states = torch.randn(200, 64, generator=torch.Generator().manual_seed(1))
    speaker = torch.randn(1, 32, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        whole = tiny.vocoder(frames_of(states[None]), speaker)[0]
        stream = Vocoding(tiny.vocoder, speaker)
        pieces = [stream.add(part) for part in states.split(37)] + [stream.finish()]
    assert (torch.cat(pieces) - whole).abs().max() <= 1e-5
    assert len(whole) == HOP * int(200 * 4 * 24000 / 22050)


@pytest.mark.parametrize("count", [1, 2, 3, 10, 59, 300])
def test_settled_frames_do_not_change(count):
    states = torch.randn(1, 601, 8, generator=torch.Generator().manual_seed(1))
    settled = settled_frames(count)
    early = frames_of(states[:, :count])[:, :, :settled]
    assert torch.equal(early, frames_of(states)[:, :, :settled])
    assert settled >= (4 * count * 24000 / 22050 - 6 if count > 2 else 0)


def test_another_speed_changes_the_length(tiny):
    states, speaker = torch.randn(50, 64), torch.randn(1, 32)
    with torch.inference_mode():
        fast = Vocoding(tiny.vocoder, speaker, speed=2.0)
        assert len(fast.add(states)) == 0
        assert len(fast.finish()) == HOP * int(25 * 4 * 24000 / 22050)


def test_sampling_settings_come_from_the_config():
    content = {
        "model": "xtts",
        "model_args": {"gpt_use_perceiver_resampler": True, "gpt_layers": 4},
        "temperature": 0.5,
        "length_penalty": 1.0,
        "gpt_cond_len": 12,
    }
    config = XttsConfig.parse(content)
    assert config.sampling == dataclasses.replace(Sampling(), temperature=0.5)
    assert config.gpt.layers == 4 and config.reference.latent_seconds == 12
