"""Sizes and defaults of an XTTS model, as the released `config.json` states them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self, TypeVar

from likewise.errors import BadInput


@dataclass(frozen=True, slots=True)
class GptConfig:
    """Sizes of the GPT and of the encoders that condition it.

    Attributes:
        layers: Transformer blocks.
        width: Channels of the residual stream.
        heads: Attention heads.
        text_tokens: Rows of the text embedding.
        start_text: Id that opens the text.
        stop_text: Id that closes it.
        audio_tokens: Rows of the audio embedding: the codes, start and stop.
        start_audio: Id that opens the codes.
        stop_audio: Id that ends them.
        max_audio_tokens: Longest audio part, start and stop included.
        max_text_tokens: Longest text part, without start and stop.
        conditioning_blocks: Attention blocks of the conditioning encoder.
        perceiver_layers: Layers of the perceiver resampler.
        perceiver_latents: Conditioning latents that it makes.
        perceiver_heads: Its attention heads, 64 channels each.
    """

    layers: int = 30
    width: int = 1024
    heads: int = 16
    text_tokens: int = 6681
    start_text: int = 261
    stop_text: int = 0
    audio_tokens: int = 1026
    start_audio: int = 1024
    stop_audio: int = 1025
    max_audio_tokens: int = 605
    max_text_tokens: int = 402
    conditioning_blocks: int = 6
    perceiver_layers: int = 2
    perceiver_latents: int = 32
    perceiver_heads: int = 8

    @property
    def audio_positions(self) -> int:
        """Rows of the table of audio positions."""
        return self.max_audio_tokens + 3

    @property
    def text_positions(self) -> int:
        """Rows of the table of text positions."""
        return self.max_text_tokens + 2

    @property
    def max_new_tokens(self) -> int:
        """Most codes of one generation, the stop included."""
        return self.max_audio_tokens - 3


@dataclass(frozen=True, slots=True)
class SpeakerConfig:
    """Sizes of the speaker encoder: blocks and filters of its four stages, embedding width."""

    blocks: tuple[int, ...] = (3, 4, 6, 3)
    filters: tuple[int, ...] = (32, 64, 128, 256)
    width: int = 512


@dataclass(frozen=True, slots=True)
class VocoderConfig:
    """Widths of the HiFi-GAN decoder; rates and kernels are the same in every XTTS.

    Attributes:
        first_width: Channels after the first convolution; each stage halves them.
    """

    first_width: int = 512


@dataclass(frozen=True, slots=True)
class DvaeConfig:
    """Sizes of the discrete VAE that makes the codes of training sound."""

    codes: int = 1024
    code_width: int = 512
    hidden: int = 512


@dataclass(frozen=True, slots=True)
class Sampling:
    """How codes are drawn.

    Attributes:
        temperature: Divides the logits; 0 takes the likeliest code.
        top_k: Candidates kept.
        top_p: Probability mass kept.
        repetition_penalty: Divides the positive and multiplies the negative logits of codes that
            were already produced.
        stop_bias: Added to the logit of the stop code once the sound is long enough for its text;
            0 is the reference's behaviour.
    """

    temperature: float = 0.75
    top_k: int = 50
    top_p: float = 0.85
    repetition_penalty: float = 5.0
    stop_bias: float = 0.0


@dataclass(frozen=True, slots=True)
class ReferenceRules:
    """How much of a reference recording is listened to, in seconds.

    Attributes:
        max_seconds: Each file is cut to this.
        latent_seconds: All files joined are cut to this for the latents.
        chunk_seconds: Latents are the mean over chunks of this length.
        normalise_peak: Scale each file to a peak of 0.75 first.
    """

    max_seconds: int = 30
    latent_seconds: int = 30
    chunk_seconds: int = 4
    normalise_peak: bool = False


T = TypeVar("T", GptConfig, Sampling, ReferenceRules)


@dataclass(frozen=True, slots=True)
class XttsConfig:
    """Everything an XTTS model is built from."""

    gpt: GptConfig = GptConfig()
    speaker: SpeakerConfig = SpeakerConfig()
    vocoder: VocoderConfig = VocoderConfig()
    dvae: DvaeConfig = DvaeConfig()
    sampling: Sampling = Sampling()
    reference: ReferenceRules = ReferenceRules()

    @classmethod
    def small(cls) -> Self:
        """A reduced model with all parts, for tests: two narrow GPT layers, small encoders."""
        return cls(
            gpt=GptConfig(
                layers=2,
                width=64,
                heads=4,
                text_tokens=300,
                audio_tokens=258,
                start_audio=256,
                stop_audio=257,
                max_audio_tokens=120,
                max_text_tokens=60,
            ),
            speaker=SpeakerConfig(blocks=(1, 2, 2, 1), filters=(8, 16, 16, 32), width=32),
            vocoder=VocoderConfig(first_width=64),
            dvae=DvaeConfig(codes=256, code_width=32, hidden=32),
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a released or fine-tuned `config.json`.

        Raises:
            BadInput: Not such a file, or a model this implementation doesn't know.
        """
        try:
            # The released file contains Infinity, which Python's reader takes and JSON does not.
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls.parse(content)
        except (OSError, ValueError) as error:
            raise BadInput(f"{path} can't be read as XTTS's config.json: {error}.") from error

    @classmethod
    def parse(cls, content: Mapping[str, Any]) -> Self:
        """From the content of a `config.json`.

        Raises:
            BadInput: Not XTTS v2: no perceiver, other sample rates, or a missing size.
        """
        arguments = content.get("model_args")
        if content.get("model") != "xtts" or not isinstance(arguments, Mapping):
            raise BadInput("This config.json is not of an XTTS model (it has no model_args).")
        if not arguments.get("gpt_use_perceiver_resampler", False):
            raise BadInput(
                "This is an XTTS v1 model: it has no perceiver resampler. XTTS v2 files are needed."
            )
        fixed = {"output_sample_rate": 24000, "input_sample_rate": 22050}
        for name, wanted in fixed.items():
            if arguments.get(name, wanted) != wanted:
                raise BadInput(f"{name} is {arguments[name]}; only {wanted} Hz is known.")
        base = cls()
        gpt = _taken(
            base.gpt,
            arguments,
            layers="gpt_layers",
            width="gpt_n_model_channels",
            heads="gpt_n_heads",
            text_tokens="gpt_number_text_tokens",
            start_text="gpt_start_text_token",
            stop_text="gpt_stop_text_token",
            audio_tokens="gpt_num_audio_tokens",
            start_audio="gpt_start_audio_token",
            stop_audio="gpt_stop_audio_token",
            max_audio_tokens="gpt_max_audio_tokens",
            max_text_tokens="gpt_max_text_tokens",
        )
        sampling = _taken(
            base.sampling,
            content,
            temperature="temperature",
            top_k="top_k",
            top_p="top_p",
            repetition_penalty="repetition_penalty",
        )
        reference = _taken(
            base.reference,
            content,
            max_seconds="max_ref_len",
            latent_seconds="gpt_cond_len",
            chunk_seconds="gpt_cond_chunk_len",
            normalise_peak="sound_norm_refs",
        )
        speaker = replace(base.speaker, width=int(arguments.get("d_vector_dim", 512)))
        return cls(gpt=gpt, speaker=speaker, dvae=base.dvae, sampling=sampling, reference=reference)


def _taken(base: T, content: Mapping[str, Any], **names: str) -> T:
    """`base` with the fields that `content` states, each as the type the field has."""
    known = {field.name for field in fields(base)}
    assert known >= names.keys()
    found = {
        ours: content[theirs] for ours, theirs in names.items() if content.get(theirs) is not None
    }
    try:
        typed = {name: type(getattr(base, name))(value) for name, value in found.items()}
    except (TypeError, ValueError) as error:
        raise BadInput(f"A size in config.json is no number: {error}.") from error
    return replace(base, **typed)
