"""Every stage against the reference's numbers, under weights made from a seed and each key's name.

Each stage starts from the reference's output of the stage before; `test_from_sound_to_sound` runs
all of them in a row. The tolerances are those of the golden files' description.
"""

import copy
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import seeded_weights

torch = pytest.importorskip("torch", reason="needs the extra [torch]")

from likewise.voice import int8  # noqa: E402
from likewise.voice.attention import KeyValueCache  # noqa: E402
from likewise.voice.xtts import checkpoint  # noqa: E402
from likewise.voice.xtts.config import ReferenceRules, Sampling  # noqa: E402
from likewise.voice.xtts.decoding import decode, penalised, probabilities, voice_prefix  # noqa: E402
from likewise.voice.xtts.mel import LogMel, resample  # noqa: E402
from likewise.voice.xtts.vocoder import Vocoding, at_speed, frames_of  # noqa: E402

Tensor = torch.Tensor


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


def near(found: Tensor, wanted: NDArray[Any], tolerance: float) -> None:
    assert tuple(found.shape) == wanted.shape
    assert np.abs(found.numpy() - wanted).max() <= tolerance


def near_whole(found: Tensor, golden: Any, name: str, tolerance: float) -> None:
    """Mean, deviation and largest magnitude of a tensor of which only a slice is stored."""
    mean, deviation, largest = golden[f"{name}/stats"]
    assert tuple(found.shape) == tuple(golden[f"{name}/shape"])
    values = found.numpy().astype(np.float64)
    assert abs(values.mean() - mean) <= tolerance
    assert abs(values.std() - deviation) <= tolerance
    assert abs(np.abs(values).max() - largest) <= tolerance


def clip(golden: Any) -> Tensor:
    return torch.from_numpy(golden["in/clip"] / np.float32(32768))


def array(golden: Any, name: str) -> Tensor:
    return torch.from_numpy(golden[name])


def text_ids(golden: Any) -> Tensor:
    gpt = golden.config.gpt
    ids = [gpt.start_text, *golden["in/text_ids"].tolist(), gpt.stop_text]
    return torch.tensor([ids])


def test_front_ends(golden):
    scale = golden.model.scale
    near(golden.model.conditioning_mel(clip(golden)[None], scale)[0], golden["mel/cond"], 3e-4)
    near(LogMel(fft=1024)(clip(golden)[None], scale)[0], golden["mel/dvae"], 2e-4)
    near(resample(clip(golden)[None], 22050, 16000)[0], golden["audio/clip_16k"], 1e-5)


def test_speaker_front_end(golden):
    heard = array(golden, "audio/clip_16k")[None]
    wanted = golden["mel/speaker_power"]
    near(golden.model.speaker_mel.power(heard)[0], wanted, 2e-6 * wanted.max())
    mel = golden.model.speaker_mel(heard)[0]
    near(mel[:, 100:164], golden["mel/speaker_norm"], 1e-3)
    near_whole(mel, golden, "mel/speaker_norm", 1e-3)


def test_conditioning_encoder(golden):
    encoder = golden.model.gpt.conditioning_encoder
    x = encoder.init(array(golden, "mel/cond")[None])
    near(x[0, :32, ::64], golden["cond/conv_in"], 5e-5)
    near(encoder.blocks[0](x)[0, :32, ::64], golden["cond/block0"], 5e-5)
    out = encoder(array(golden, "mel/cond")[None])[0]
    near(out[:, ::64], golden["cond/encoder"], 5e-5)
    near_whole(out, golden, "cond/encoder", 5e-5)


def test_perceiver(golden):
    gpt = golden.model.gpt
    frames = gpt.conditioning_encoder(array(golden, "mel/cond")[None]).transpose(1, 2)
    latents = gpt.perceiver.latents[None]
    layer = gpt.perceiver.layers[0]
    attended = layer.attention(latents, frames)
    near(attended[0, ::8], golden["cond/perceiver_attn0"], 1e-4)
    near(layer.feed_forward(latents + attended)[0, ::8], golden["cond/perceiver_ff0"], 1e-4)
    near(gpt.perceiver(frames)[0], golden["cond/perceiver_out"], 1e-4)


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("latents_30_4", ReferenceRules(30, 30, 4)),
        ("latents_6_6", ReferenceRules(30, 6, 6)),
        ("latents_6_6_peak_norm", ReferenceRules(30, 6, 6, normalise_peak=True)),
    ],
)
def test_latents(golden, name, rules):
    voice = golden.model.condition([clip(golden)], rules)
    step = 8 if "peak" in name else 1
    near(voice.latents[0, ::step], golden[f"cond/{name}"], 1e-4)
    if "peak" in name:
        near(voice.speaker[0], golden["speaker/embedding_peak_norm"], 3e-4)


def test_two_files(golden):
    files = [clip(golden), clip(golden)[30000:74100]]
    voice = golden.model.condition(files, ReferenceRules(30, 7, 3))
    near(voice.latents[0], golden["cond/latents_two_files_7_3"], 1e-4)
    near(voice.speaker[0], golden["speaker/embedding_two_files"], 3e-4)


def test_speaker_encoder(golden):
    encoder = golden.model.speaker_encoder
    mel = golden.model.speaker_mel(array(golden, "audio/clip_16k")[None])
    x = encoder.norm1(torch.relu(encoder.conv1(mel[:, None])))
    for name, stage in zip(("layer1", "layer2", "layer3", "layer4"), encoder.stages, strict=True):
        if name == "layer1":
            near(x[0, :4, :4, 20:52], golden["speaker/bn1"], 1e-4)
        x = stage(x)
        near(x[0, :4, :4, 20:52], golden[f"speaker/{name}"], 1e-4)
    near(encoder.attention(x.flatten(1, 2))[0, ::16, 20:52], golden["speaker/attention"], 1e-4)
    near(encoder(mel)[0], golden["speaker/embedding"], 1e-5)


def start(golden: Any) -> Tensor:
    """What the GPT gets before the first code: (1, T, C)."""
    gpt = golden.model.gpt
    latents = array(golden, "cond/latents_30_4")[None]
    first = gpt.embed_audio(torch.tensor([[golden.config.gpt.start_audio]]), 0)
    return torch.cat([latents, gpt.embed_text(text_ids(golden)), first], dim=1)


def test_prefill(golden):
    gpt = golden.model.gpt
    seen: list[Tensor] = []
    hooks = [
        *(gpt.blocks[n].register_forward_pre_hook(lambda _, args: seen.append(args[0]))
          for n in sorted({0, 1, len(gpt.blocks) // 2})),
        gpt.blocks[-1].register_forward_hook(lambda _, __, out: seen.append(out)),
        gpt.norm.register_forward_hook(lambda _, __, out: seen.append(out)),
    ]  # fmt: skip
    states = gpt.transform(start(golden))
    for hook in hooks:
        hook.remove()
    if len(gpt.blocks) == 2:  # then blocks 1 and layers / 2 are one
        seen.insert(2, seen[1])
    seen.append(states)
    picked = torch.stack([x[0, [0, 32, -1]] for x in seen])
    near(picked, golden["gpt/prefill_states"], 1e-4)
    near(gpt.audio_head(states[0, -1]), golden["gpt/prefill_logits"], 1e-4)


def test_forced_codes_step_by_step(golden):
    """States and logits with a cache, position by position, given the reference's codes.

    Both of its runs go as one batch, which reads each weight once.
    """
    gpt = golden.model.gpt
    names = ("rp5", "rp1")
    codes = torch.stack([array(golden, f"gpt/greedy_{name}_codes") for name in names])
    x = start(golden).expand(len(names), -1, -1)
    cache = KeyValueCache(golden.config.gpt, len(names), x.shape[1] + codes.shape[1], x, None)
    states = [gpt.transform(x, cache=cache)[:, -1]]
    for place in range(codes.shape[1] - 1):
        step = gpt.embed_audio(codes[:, place : place + 1], place + 1)
        states.append(gpt.transform(step, cache=cache)[:, -1])
    for name, found in zip(names, torch.stack(states, dim=1), strict=True):
        wanted = golden[f"gpt/greedy_{name}_states"]
        near(found[:, : wanted.shape[1]], wanted, 5e-5)
        best = gpt.audio_head(found).topk(8)
        assert (best.indices.numpy() == golden[f"gpt/greedy_{name}_top8_ids"]).all()
        near(best.values, golden[f"gpt/greedy_{name}_top8_logits"], 1e-4)


def test_no_second_pass_is_needed(golden):
    gpt = golden.model.gpt
    codes = array(golden, "gpt/greedy_rp5_codes")
    x = torch.cat([start(golden), gpt.embed_audio(codes[None, :-1], 1)], dim=1)
    states = gpt.transform(x)[0, -len(codes) :]
    near(states[:, :64], golden["gpt/second_pass_rp5"], 5e-5)
    near(states, golden["gpt/greedy_rp5_states"], 5e-5)
    # 20 codes and the stop are predicted by the first 21 states.
    near(states[:21, :64], golden["gpt/second_pass_20_and_stop"], 5e-5)


def seen(golden, codes):
    marks = torch.zeros(1, golden.config.gpt.audio_tokens, dtype=torch.bool)
    marks[0, np.unique(golden["gpt/fake_prefix"])] = True
    marks[0, codes] = True
    return marks


@pytest.mark.parametrize(("name", "penalty"), [("rp1", 1.0), ("rp5", 5.0)])
def test_greedy_codes_are_the_references(golden, name, penalty):
    wanted = golden[f"gpt/greedy_{name}_codes"]
    sampling = Sampling(temperature=0, repetition_penalty=penalty)
    text = golden["in/text_ids"].tolist()
    prefix = voice_prefix(golden.model.gpt, array(golden, "cond/latents_30_4")[None])
    steps = list(decode(golden.model.gpt, prefix, [text], sampling, max_tokens=len(wanted)))
    assert [int(step.codes[0]) for step in steps] == wanted.tolist()
    stored = golden[f"gpt/greedy_{name}_states"]
    near(torch.stack([step.states[0] for step in steps])[:, : stored.shape[1]], stored, 5e-5)


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
    prefix = voice_prefix(gpt, array(golden, "cond/latents_30_4")[None])
    codes = torch.tensor([[golden.config.gpt.start_audio, *golden["sample/codes"][:11]]])
    x = torch.cat([gpt.embed_text(text_ids(golden)), gpt.embed_audio(codes, 0)], dim=1)
    cache = KeyValueCache(golden.config.gpt, 1, 32 + x.shape[1], x, None)
    cache.adopt(prefix)
    logits = gpt.audio_head(gpt.transform(x, cache=cache)[0])
    for step in (0, 6, 11):
        wanted = golden[f"sample/step{step}_logits"]
        assert np.abs(logits[step - 12].numpy() - wanted).max() <= 1e-4


def test_8_bit_states_stay_close(golden):
    """At real sizes the cosine is 0.9999; a narrow random model rounds worse."""
    if not int8.available():
        pytest.skip("this build of PyTorch has no 8-bit kernels")
    if golden.size == "official":
        pytest.skip("the benchmark measures it at the official size")
    gpt = copy.deepcopy(golden.model.gpt)
    int8.quantise(gpt.blocks)
    codes = array(golden, "gpt/greedy_rp5_codes")
    x = torch.cat([start(golden), gpt.embed_audio(codes[None, :-1], 1)], dim=1)
    states = gpt.transform(x)[0, -len(codes) :]
    wanted = array(golden, "gpt/greedy_rp5_states")
    assert torch.cosine_similarity(states, wanted).min() > 0.998


def test_vocoder(golden):
    vocoder = golden.model.vocoder
    states = array(golden, "gpt/greedy_rp5_states")[None]
    speaker = array(golden, "speaker/embedding")[None]
    frames = frames_of(states)
    near(frames[0, :16, 100:164], golden["voc/input_frames"], 1e-5)
    g = speaker[:, :, None]
    x = vocoder.conv_in(frames)
    near(x[0, :8, 100:132], golden["voc/conv_pre"], 3e-5)
    x = x + vocoder.speaker(g)
    for n, stage in enumerate(vocoder.stages):
        up = stage.up(torch.nn.functional.leaky_relu(x, 0.1))
        near(up[0, :4, 400:464], golden[f"voc/up{n}"], 5e-5)
        block = stage.blocks[1](up + stage.speaker(g))
        near(block[0, :4, 400:464], golden[f"voc/resblock{3 * n + 1}"], 5e-5)
        x = stage(x, g)
    near(vocoder(frames, speaker)[0], golden["voc/wave"], 2e-5)


def test_vocoder_at_another_speed(golden):
    states = at_speed(array(golden, "gpt/greedy_rp5_states")[None], 1.3)
    near(states[0, :, :64], golden["voc/speed1.3_latents"], 1e-5)
    wave = golden.model.vocoder(frames_of(states), array(golden, "speaker/embedding")[None])[0]
    near(wave[8000:16000], golden["voc/speed1.3_wave"], 2e-5)
    assert tuple(wave.shape) == tuple(golden["voc/speed1.3_wave/shape"])


@pytest.mark.parametrize("sizes", [[1] * 60, [10, 20, 30], [60]])
def test_streamed_sound_is_the_whole_sound(golden, sizes):
    states = array(golden, "gpt/greedy_rp5_states")
    speaker = array(golden, "speaker/embedding")[None]
    if golden.size == "official" and len(sizes) > 5:
        sizes = [30, 30]
    stream = Vocoding(golden.model.vocoder, speaker)
    pieces = [stream.add(part) for part in torch.split(states, sizes)] + [stream.finish()]
    near(torch.cat(pieces), golden["voc/wave"], 2e-5)


def test_dvae(golden):
    dvae = checkpoint.filled_dvae(golden.config, golden.files["dvae.pth"], origin="golden")
    encoded = dvae.encoder(array(golden, "mel/dvae")[None])[0]
    near(encoded[:64, ::4], golden["dvae/encoder_clip"], 1e-4)
    assert (
        dvae.encode(array(golden, "mel/dvae")[None])[0].numpy() == golden["dvae/codes_clip"]
    ).all()
    noise = seeded_weights.seeded_normal("input:dvae_mel", golden.seed, (1, 80, 96))
    codes = dvae.encode(torch.from_numpy(noise))
    assert (codes[0].numpy() == golden["dvae/codes_normal"]).all()
    near(dvae.decode(codes)[0], golden["dvae/decoded_normal"], 5e-5)


def test_training_losses(golden):
    gpt = golden.model.gpt
    mel = array(golden, "mel/cond")
    latents = gpt.latents(torch.stack([mel[:, :260], mel[:, 257:517]]))
    code_lengths = torch.from_numpy(-(-golden["train/wav_lengths"] // 1024))
    text_loss, code_loss, logits = gpt.losses(
        latents,
        array(golden, "train/text"),
        array(golden, "train/text_lengths"),
        array(golden, "train/codes"),
        code_lengths,
    )
    near(torch.stack([text_loss, code_loss]), golden["train/losses_text_mel"], 1e-4)
    near(logits[:, ::16], golden["train/mel_logits"], 1e-4)
