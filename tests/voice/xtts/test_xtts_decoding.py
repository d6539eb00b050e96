"""Sampling, batches and streaming against the reference's numbers and against themselves."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [torch]")

from likewise.errors import BadInput  # noqa: E402
from likewise.voice import int8  # noqa: E402
from likewise.voice.attention import KeyValueCache  # noqa: E402
from likewise.voice.xtts.config import Sampling, XttsConfig  # noqa: E402
from likewise.voice.xtts.decoding import decode, penalised, probabilities, voice_prefix  # noqa: E402
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


def seen(golden, codes):
    marks = torch.zeros(1, golden.config.gpt.audio_tokens, dtype=torch.bool)
    marks[0, np.unique(golden["gpt/fake_prefix"])] = True
    marks[0, codes] = True
    return marks


@pytest.mark.parametrize(("name", "penalty"), [("rp1", 1.0), ("rp5", 5.0)])
def test_greedy_codes_are_the_references(golden, name, penalty):
    wanted = golden[f"gpt/greedy_{name}_codes"]
    sampling = Sampling(temperature=0, repetition_penalty=penalty)
    latents = torch.from_numpy(golden["cond/latents_30_4"])[None]
    text = golden["in/text_ids"].tolist()
    codes, states = run(golden.model, [text], sampling, latents, max_tokens=len(wanted))
    assert codes[0] == wanted.tolist()
    stored = golden[f"gpt/greedy_{name}_states"]
    assert np.abs(states[0][:, : stored.shape[1]].numpy() - stored).max() <= 5e-5


def test_repetition_penalty_counts_the_placeholders(golden):
    ids, logits = golden["gpt/greedy_rp5_top8_ids"], golden["gpt/prefill_logits"]
    scores = penalised(torch.from_numpy(logits)[None], seen(golden, []), 5.0)[0]
    assert np.abs(scores.numpy() - golden["gpt/rp5_step0_scores"]).max() <= 2e-4
    assert ids.shape[1] == 8


@pytest.mark.parametrize("step", [0, 6, 11])
def test_chances_are_the_references(golden, step):
    marks = seen(golden, golden["sample/codes"][:step])
    logits = torch.from_numpy(golden[f"sample/step{step}_logits"])[None]
    chances = probabilities(logits, marks, golden.config.sampling)[0]
    ids, wanted = golden[f"sample/step{step}_ids"], golden[f"sample/step{step}_probs"]
    assert set(chances.nonzero()[:, 0].tolist()) == set(ids.tolist())
    assert np.abs(chances[ids].numpy() - wanted).max() <= 1e-4


def test_logits_given_the_sampled_codes(golden):
    gpt = golden.model.gpt
    latents = torch.from_numpy(golden["cond/latents_30_4"])[None]
    text = golden["in/text_ids"].tolist()
    with torch.inference_mode():
        prefix = voice_prefix(gpt, latents)
        ids = torch.tensor([[golden.config.gpt.start_text, *text, golden.config.gpt.stop_text]])
        codes = torch.tensor([[golden.config.gpt.start_audio, *golden["sample/codes"][:11]]])
        x = torch.cat([gpt.embed_text(ids), gpt.embed_audio(codes, 0)], dim=1)
        cache = KeyValueCache(golden.config.gpt, 1, 32 + x.shape[1], x, None)
        cache.adopt(prefix)
        logits = gpt.audio_head(gpt.transform(x, cache=cache)[0])
    for step in (0, 6, 11):
        wanted = golden[f"sample/step{step}_logits"]
        assert np.abs(logits[step - 12].numpy() - wanted).max() <= 1e-4


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


@pytest.mark.parametrize("sizes", [[1] * 60, [10, 20, 30], [60]])
def test_streamed_sound_is_the_whole_sound(golden, sizes):
    states = torch.from_numpy(golden["gpt/greedy_rp5_states"])
    speaker = torch.from_numpy(golden["speaker/embedding"])[None]
    if golden.size == "official" and len(sizes) > 5:
        sizes = [30, 30]
    with torch.inference_mode():
        stream = Vocoding(golden.model.vocoder, speaker)
        pieces = [stream.add(part) for part in torch.split(states, sizes)] + [stream.finish()]
    sound = torch.cat(pieces).numpy()
    assert sound.shape == golden["voc/wave"].shape
    assert np.abs(sound - golden["voc/wave"]).max() <= 2e-5


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


def test_8_bit_states_stay_close(golden):
    """At real sizes the cosine is 0.9999; a narrow random model rounds worse."""
    if not int8.available():
        pytest.skip("this build of PyTorch has no 8-bit kernels")
    if golden.size == "official":
        pytest.skip("the benchmark measures it at the official size")
    import copy

    gpt = copy.deepcopy(golden.model.gpt)
    int8.quantise(gpt.blocks)
    config = golden.config.gpt
    latents = torch.from_numpy(golden["cond/latents_30_4"])[None]
    with torch.inference_mode():
        ids = torch.tensor([[config.start_text, *golden["in/text_ids"], config.stop_text]])
        codes = torch.tensor([[config.start_audio, *golden["gpt/greedy_rp5_codes"][:-1]]])
        x = torch.cat([latents, gpt.embed_text(ids), gpt.embed_audio(codes, 0)], dim=1)
        states = gpt.transform(x)[0, -60:]
    wanted = torch.from_numpy(golden["gpt/greedy_rp5_states"])
    assert torch.cosine_similarity(states, wanted).min() > 0.998


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
