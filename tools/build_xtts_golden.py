"""Write golden values of XTTS for any seed, computed by coqui-tts 0.28.0.

    xtts-reference/bin/python tools/build_xtts_golden.py --seed 2 --folder golden-2
    LIKEWISE_GOLDEN_XTTS=golden-2 pytest -m "slow or not slow" tests/voice/xtts

Run it with the Python of the environment that `benchmarks/xtts.py` describes. Weights come from
the seed and each tensor's name (`tests/seeded_weights.py`), inputs from the golden values of seed 1
in the repository; so seed 1 written again must equal what is there, which `--check` compares.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from TTS.encoder.models.resnet import ResNetSpeakerEncoder
from TTS.tts.configs.xtts_config import XttsConfig
from TTS.tts.layers.xtts.dvae import DiscreteVAE, dvae_wav_to_mel
from TTS.tts.layers.xtts.hifigan_decoder import HifiDecoder
from TTS.tts.models import xtts as reference

ROOT = Path(__file__).parents[1]
STORED = ROOT / "tests" / "data" / "xtts"
sys.path.insert(0, str(ROOT / "tests"))
import seeded_weights  # noqa: E402

Arrays = dict[str, NDArray[Any]]
GREEDY, SAMPLED = 60, 12
SIZES = {
    "official": {
        "gpt": {"layers": 30, "n_model_channels": 1024, "n_heads": 16, "number_text_tokens": 6681,
                "num_audio_tokens": 1026, "start_audio_token": 1024, "stop_audio_token": 1025,
                "max_audio_tokens": 605, "max_text_tokens": 402},
        "speaker": None,
        "vocoder": {"decoder_input_dim": 1024, "upsample_initial_channel_decoder": 512,
                    "d_vector_dim": 512},
        "dvae": {"num_tokens": 1024, "codebook_dim": 512, "hidden_dim": 512},
    },
    "small": {
        "gpt": {"layers": 2, "n_model_channels": 64, "n_heads": 4, "number_text_tokens": 300,
                "num_audio_tokens": 258, "start_audio_token": 256, "stop_audio_token": 257,
                "max_audio_tokens": 120, "max_text_tokens": 60},
        "speaker": {"proj_dim": 32, "layers": [1, 2, 2, 1], "num_filters": [8, 16, 16, 32]},
        "vocoder": {"decoder_input_dim": 64, "upsample_initial_channel_decoder": 64,
                    "d_vector_dim": 32},
        "dvae": {"num_tokens": 256, "codebook_dim": 32, "hidden_dim": 32},
    },
}  # fmt: skip


def build(size: str, files: dict[str, Any]) -> tuple[Any, DiscreteVAE]:
    """The reference's model and DVAE with given weights."""
    sizes: dict[str, Any] = SIZES[size]
    config = XttsConfig()
    wanted = {f"gpt_{name}": value for name, value in sizes["gpt"].items()} | {
        "gpt_start_text_token": 261, "gpt_stop_text_token": 0, "gpt_max_prompt_tokens": 70,
        "gpt_use_perceiver_resampler": True, "gpt_use_masking_gt_prompt_approach": True,
        "gpt_code_stride_len": 1024,
    }  # fmt: skip
    for name, value in wanted.items():
        setattr(config.model_args, name, value)
    model = reference.Xtts(config)
    model.hifigan_decoder = HifiDecoder(**sizes["vocoder"])
    if sizes["speaker"]:
        heard = model.hifigan_decoder.speaker_encoder_audio_config
        model.hifigan_decoder.speaker_encoder = ResNetSpeakerEncoder(
            input_dim=64, log_input=True, use_torch_spec=True, audio_config=heard,
            **sizes["speaker"],
        )  # fmt: skip
    model.load_state_dict(seeded_weights.to_torch(files["model.pth"]), strict=True)
    model.gpt.init_gpt_for_inference(kv_cache=True)
    dvae = DiscreteVAE(
        channels=80, normalization=None, positional_dims=1, num_resnet_blocks=3, kernel_size=3,
        num_layers=2, use_transposed_convs=False, **sizes["dvae"],
    )  # fmt: skip
    dvae.load_state_dict(seeded_weights.to_torch(files["dvae.pth"]), strict=True)
    model.hifigan_decoder.eval()
    model.gpt.eval()
    return model, dvae.eval()


class Record:
    """Arrays by name; of a slice it notes the whole tensor's statistics."""

    def __init__(self) -> None:
        self.arrays: Arrays = {}

    def add(self, name: str, value: Tensor, part: Any = None) -> None:
        """Keep a tensor without its batch axis, or a part of it."""
        whole = value.detach().numpy()
        if part is not None:
            wide = whole.astype(np.float64)
            self.arrays[f"{name}/stats"] = np.array([wide.mean(), wide.std(), np.abs(wide).max()])
            self.arrays[f"{name}/shape"] = np.array(whole.shape)
            whole = whole[part]
        self.arrays[name] = np.ascontiguousarray(whole)


@contextmanager
def watched(*modules: nn.Module, inputs: bool = False) -> Iterator[list[list[Tensor]]]:
    """Outputs (or first inputs) of modules, in the order of their calls."""
    seen: list[list[Tensor]] = [[] for _ in modules]

    def keep(place: int) -> Any:
        def hook(_: nn.Module, args: Any, out: Any = None) -> None:
            found = args[0] if inputs else out
            seen[place].append((found[0] if isinstance(found, tuple) else found).clone())

        return hook

    handles = [
        module.register_forward_pre_hook(keep(place))
        if inputs
        else module.register_forward_hook(keep(place))
        for place, module in enumerate(modules)
    ]
    yield seen
    for handle in handles:
        handle.remove()


def voice(model: Any, given: Arrays, record: Record) -> None:
    """Front-ends, conditioning and speaker."""
    clip = torch.from_numpy(given["in/clip"] / np.float32(32768))
    options = {
        "n_fft": 2048, "hop_length": 256, "win_length": 1024, "power": 2, "normalized": False,
        "sample_rate": 22050, "f_min": 0, "f_max": 8000, "n_mels": 80,
    }  # fmt: skip
    mel = reference.wav_to_mel_cloning(clip[None], mel_norms=model.mel_stats, **options)
    record.add("mel/cond", mel[0])
    record.add("mel/dvae", dvae_wav_to_mel(clip[None], mel_norms=model.mel_stats)[0])
    gpt, decoder = model.gpt, model.hifigan_decoder
    encoder, perceiver = gpt.conditioning_encoder, gpt.conditioning_perceiver
    attention, forward = perceiver.layers[0]
    parts = (encoder.init, encoder.attn[0], encoder, attention, forward)
    names = ("conv_in", "block0", "encoder", "perceiver_attn0", "perceiver_ff0")
    with watched(*parts) as seen:
        style = gpt.get_style_emb(mel)
    slices = [np.s_[:32, ::64]] * 2 + [np.s_[:, ::64]] + [np.s_[::8]] * 2
    for name, found, part in zip(names, seen, slices, strict=True):
        record.add(f"cond/{name}", found[0][0], part)
    record.add("cond/perceiver_out", style[0].T)

    reference.load_audio = lambda sound, _: sound.clone()[None]
    for name, sounds, length, chunk, normed in (
        ("30_4", [clip], 30, 4, False),
        ("6_6", [clip], 6, 6, False),
        ("two_files_7_3", [clip, clip[30000:74100]], 7, 3, False),
        ("6_6_peak_norm", [clip], 6, 6, True),
    ):
        latents, embedding = model.get_conditioning_latents(
            sounds, gpt_cond_len=length, gpt_cond_chunk_len=chunk, sound_norm_refs=normed
        )
        record.add(f"cond/latents_{name}", latents[0], np.s_[::8] if normed else None)
        if name != "30_4":
            suffix = {"6_6": "", "two_files_7_3": "_two_files"}.get(name, "_peak_norm")
            record.add(f"speaker/embedding{suffix}", embedding[0, :, 0])

    speaker = decoder.speaker_encoder
    stages = [getattr(speaker, f"layer{n}") for n in range(1, 5)]
    parts = (speaker.torch_spec, speaker.instancenorm, speaker.bn1, *stages, speaker.attention)
    with watched(*parts) as seen, watched(speaker.torch_spec, inputs=True) as heard:
        model.get_speaker_embedding(clip[None], 22050)
    record.add("audio/clip_16k", heard[0][0][0])
    record.add("mel/speaker_power", seen[0][0][0])
    record.add("mel/speaker_norm", seen[1][0][0], np.s_[:, 100:164])
    for name, found in zip(("bn1", "layer1", "layer2", "layer3", "layer4"), seen[2:7], strict=True):
        record.add(f"speaker/{name}", found[0][0], np.s_[:4, :4, 20:52])
    record.add("speaker/attention", seen[7][0][0], np.s_[::16, 20:52])


def decoding(model: Any, given: Arrays, seed: int, record: Record) -> None:
    """Codes, their states and scores."""
    gpt = model.gpt
    text = torch.from_numpy(given["in/text_ids"])[None]
    record.add("in/text_ids", text[0])
    latents = torch.from_numpy(record.arrays["cond/latents_30_4"])[None]
    blocks = gpt.gpt.h
    common = {
        "cond_latents": latents, "text_inputs": text, "num_beams": 1, "output_attentions": False,
        "return_dict_in_generate": True, "output_scores": True, "output_logits": True,
    }  # fmt: skip
    gpt.max_gen_mel_tokens = GREEDY
    for name, penalty in (("rp1", 1.0), ("rp5", 5.0)):
        first = (blocks[0], blocks[1], blocks[len(blocks) // 2])
        after = (blocks[-1], gpt.gpt.ln_f, gpt.final_norm)
        with watched(*first, inputs=True) as before, watched(*after) as seen:
            codes, found = gpt.generate(do_sample=False, repetition_penalty=penalty, **common)
        states = torch.cat([state[:, -1] for state in seen[2]])
        scores, logits = torch.cat(found.scores), torch.cat(found.logits)
        best = logits.topk(8)
        gap = scores.topk(2).values
        record.add(f"gpt/greedy_{name}_codes", codes[0])
        record.add(f"gpt/greedy_{name}_margin", gap[:, 0] - gap[:, 1])
        record.add(f"gpt/greedy_{name}_top8_ids", best.indices.int())
        record.add(f"gpt/greedy_{name}_top8_logits", best.values)
        record.add(f"gpt/greedy_{name}_states", states if name == "rp5" else states[:, :128])
        if name == "rp1":
            prefill = [part[0][0, [0, 32, -1]] for part in (*before, *seen)]
            record.add("gpt/prefill_states", torch.stack(prefill))
            record.add("gpt/prefill_logits", logits[0])
        else:
            record.add("gpt/rp5_step0_scores", scores[0])
            record.add("gpt/rp5_step30_scores", scores[30])
    record.add("gpt/fake_prefix", gpt.compute_embeddings(latents, text)[0])

    def again(codes: Tensor) -> Tensor:
        length = torch.tensor([codes.shape[1] * gpt.code_stride_len])
        found: Tensor = gpt(
            text.clone(), torch.tensor([text.shape[1]]), codes.clone(), length,
            cond_latents=latents, return_latent=True,
        )  # fmt: skip
        return found[0]

    codes = torch.from_numpy(record.arrays["gpt/greedy_rp5_codes"])[None]
    record.add("gpt/second_pass_rp5", again(codes)[:, :64])
    stop = torch.tensor([[gpt.stop_audio_token]])
    record.add("gpt/second_pass_20_and_stop", again(torch.cat([codes[:, :20], stop], dim=1)))
    short = record.arrays["gpt/second_pass_20_and_stop"]
    record.add("gpt/second_pass_20_and_stop", torch.from_numpy(short), np.s_[:, :64])

    gpt.max_gen_mel_tokens = SAMPLED
    torch.manual_seed(seed)
    codes, found = gpt.generate(
        do_sample=True, repetition_penalty=5.0, temperature=0.75, top_k=50, top_p=0.85, **common
    )
    record.add("sample/codes", codes[0])
    for step in (0, 6, 11):
        chances = found.scores[step][0].softmax(dim=0)
        order = chances.argsort(descending=True)[: int((chances > 0).sum())]
        record.add(f"sample/step{step}_logits", found.logits[step][0])
        record.add(f"sample/step{step}_ids", order.int())
        record.add(f"sample/step{step}_probs", chances[order])


def losses(model: Any, given: Arrays, record: Record) -> None:
    """Both losses of a padded batch of two."""
    mel = torch.from_numpy(record.arrays["mel/cond"])
    names = ("train/text", "train/text_lengths", "train/codes", "train/wav_lengths")
    batch = [torch.from_numpy(given[name]) for name in names]
    for name, value in zip(names, batch, strict=True):
        record.add(name, value)
    mels = torch.stack([mel[:, :260], mel[:, 257:517]])[:, None]
    text, code, logits = model.gpt(*(value.clone() for value in batch), cond_mels=mels)
    record.add("train/losses_text_mel", torch.stack([text, code]))
    record.add("train/mel_logits", logits, np.s_[:, ::16])


def vocoder(model: Any, record: Record) -> None:
    """Sound of the greedy states."""
    decoder = model.hifigan_decoder
    generator = decoder.waveform_decoder
    states = torch.from_numpy(record.arrays["gpt/greedy_rp5_states"])[None]
    speaker = torch.from_numpy(record.arrays["speaker/embedding"])[None, :, None]
    blocks = [generator.resblocks[3 * n + 1] for n in range(4)]
    parts = (generator.conv_pre, *generator.ups, *blocks)
    with watched(*parts) as seen, watched(generator, inputs=True) as heard:
        wave = decoder(states, g=speaker)
    record.add("voc/input_frames", heard[0][0].reshape(-1, heard[0][0].shape[-1]),
               np.s_[:16, 100:164])  # fmt: skip
    flat = [found[0].reshape(found[0].shape[-2:]) for found in seen]
    record.add("voc/conv_pre", flat[0], np.s_[:8, 100:132])
    for n in range(4):
        record.add(f"voc/up{n}", flat[1 + n], np.s_[:4, 400:464])
        record.add(f"voc/resblock{3 * n + 1}", flat[5 + n], np.s_[:4, 400:464])
    record.add("voc/wave", wave.flatten())
    quick = nn.functional.interpolate(
        states.transpose(1, 2), scale_factor=1 / 1.3, mode="linear"
    ).transpose(1, 2)
    record.add("voc/speed1.3_latents", quick[0], np.s_[:, :64])
    record.add("voc/speed1.3_wave", decoder(quick, g=speaker).flatten(), np.s_[8000:16000])


def codes_of(dvae: DiscreteVAE, seed: int, record: Record) -> None:
    """What the DVAE makes of the clip and of noise."""
    clip = torch.from_numpy(record.arrays["mel/dvae"])[None]
    noise = torch.from_numpy(seeded_weights.seeded_normal("input:dvae_mel", seed, (1, 80, 96)))
    record.add("dvae/codes_clip", dvae.get_codebook_indices(clip)[0].int())
    record.add("dvae/encoder_clip", dvae.encoder(clip)[0], np.s_[:64, ::4])
    codes = dvae.get_codebook_indices(noise)
    record.add("dvae/codes_normal", codes[0].int())
    record.add("dvae/decoded_normal", dvae.decode(codes)[0][0])


def golden(size: str, seed: int) -> Arrays:
    """All arrays of one configuration and seed."""
    infix = "_small" if size == "small" else ""
    given = dict(np.load(STORED / f"golden{infix}_seed1.npz"))
    files = seeded_weights.load_checkpoints(
        STORED / f"state_shapes{infix}.json", seed, seeded_weights.XTTS_RULES
    )
    record = Record()
    record.arrays["in/clip"] = given["in/clip"]
    for name, content in files.items():
        record.arrays[f"meta/weights_sha256_{name[:-4]}"] = np.array(
            seeded_weights.fingerprint(content)
        )
    for name in [name for name in given if name.startswith("fixed/")]:
        record.arrays[name] = given[name]
        files["model.pth"][name.removeprefix("fixed/")] = given[name]
    model, dvae = build(size, files)
    with torch.no_grad():
        voice(model, given, record)
        decoding(model, given, seed, record)
        losses(model, given, record)
        vocoder(model, record)
        codes_of(dvae, seed, record)
    return record.arrays


def check(found: Arrays, size: str) -> None:
    """Print how far seed 1, made again, is from what the repository holds."""
    stored = np.load(STORED / f"golden{'_small' if size == 'small' else ''}_seed1.npz")
    for name in stored.files:
        if name not in found:
            print(f"not made again: {name}")
        elif stored[name].dtype.kind in "fiu":
            same = stored[name].shape == found[name].shape
            far = np.abs(stored[name].astype(float) - found[name]).max() if same else np.inf
            print(f"{far:9.2g} {name}")
        else:
            print(f"{'same' if stored[name] == found[name] else 'OTHER':>9} {name}")


def main() -> None:
    """Parse, compute, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--check", action="store_true", help="Compare seed 1 with the repository.")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for size in options.sizes:
        infix = "_small" if size == "small" else ""
        arrays = golden(size, options.seed)
        np.savez_compressed(options.folder / f"golden{infix}_seed{options.seed}.npz", **arrays)
        shutil.copy(STORED / f"state_shapes{infix}.json", options.folder)
        print(json.dumps({"size": size, "seed": options.seed, "arrays": len(arrays)}))
        if options.check:
            check(arrays, size)


if __name__ == "__main__":
    main()
