"""Encode frames and sound into an MP4 or WebM file through FFmpeg, one frame at a time.

Colours: sRGB pictures go to limited-range BT.709 YUV 4:2:0 and are tagged so, which is what players
assume for untagged HD and read from the tags for anything else. Time: frame n is shown at n / fps,
sample n heard at n / rate; encoder delays are taken out by the container's edit list.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from likewise.errors import Unsupported

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.video.stream import VideoStream
    from soxr import ResampleStream

MP4_CODECS = ("libx264", "libopenh264", "mpeg4")
WEBM_CODECS = ("libvpx-vp9", "libvpx")

CODEC_VARIABLE = "LIKEWISE_VIDEO_CODEC"
"""Names the encoder of MP4 videos, where libx264 (GPL) is not wanted."""

_CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
_BT709 = {
    "colorspace": "bt709",
    "color_primaries": "bt709",
    "color_trc": "bt709",
    "color_range": "tv",
}


def choose_codec(suffix: str, wanted: str | None = None) -> tuple[str, str]:
    """The encoder to use, and a note when it is not the first choice.

    Args:
        suffix: `.mp4`, `.mov`, `.mkv` or `.webm`.
        wanted: Name of an encoder; None asks the environment (MP4 family only), then takes the
            first of `MP4_CODECS` or `WEBM_CODECS` that this FFmpeg has.

    Raises:
        Unsupported: None of them is there.
    """
    preferred = WEBM_CODECS if suffix == ".webm" else MP4_CODECS
    if wanted is None and suffix != ".webm":
        wanted = os.environ.get(CODEC_VARIABLE) or None
    if wanted is not None:
        if not _has_encoder(wanted):
            raise Unsupported(
                f"This FFmpeg has no encoder {wanted!r}. Leave it out, unset {CODEC_VARIABLE}, or "
                f"take one of {', '.join(filter(_has_encoder, preferred)) or 'no other'}."
            )
        return wanted, ""
    found = next(filter(_has_encoder, preferred), None)
    if found is None:
        raise Unsupported(
            f"This FFmpeg can't encode {suffix}: it has none of {', '.join(preferred)}. Reinstall "
            "it with: pip install --force-reinstall av. Or write .gif or a folder of .png frames."
        )
    note = ""
    if found != preferred[0]:
        note = f"This FFmpeg has no {preferred[0]}; the video is encoded with {found} instead."
    return found, note


def choose_lossless() -> tuple[str, str, dict[str, str]]:
    """An encoder that keeps RGB pictures to the last bit: name, pixel format, options."""
    # x264's RGB mode: a still background costs nothing, unlike in FFV1.
    if _has_encoder("libx264rgb"):
        return "libx264rgb", "rgb24", {"preset": "ultrafast", "qp": "0"}
    return "ffv1", "bgr0", {}


def _has_encoder(name: str) -> bool:
    import av.codec

    try:
        return bool(av.codec.Codec(name, "w").type == "video")
    except (av.codec.codec.UnknownCodecError, ValueError):
        return False


class Movie:
    """An open video file that takes even-sized frames and mono sound."""

    def __init__(
        self,
        path: Path,
        *,
        suffix: str,
        fps: Fraction,
        size: tuple[int, int],
        sample_rate: int | None,
        codec: str,
        quality: int,
        preset: str,
        threads: int,
        metadata: Mapping[str, str],
    ) -> None:
        import av
        from av.video.reformatter import Colorspace, Interpolation, VideoReformatter

        # faststart moves the index to the front: a browser plays before all is loaded.
        options = {"movflags": "+faststart"} if _CONTAINERS[suffix] in {"mp4", "mov"} else {}
        self._container = av.open(
            str(path), "w", format=_CONTAINERS[suffix], container_options=options
        )
        self._container.metadata.update(metadata)
        self._video: VideoStream = self._container.add_stream(
            codec, rate=fps, options=_codec_options(codec, quality, preset, size, fps)
        )
        self._video.width, self._video.height = size
        self._video.pix_fmt = "yuv420p"
        self._video.codec_context.thread_count = threads
        self._video.codec_context.time_base = 1 / fps
        # Kept, as a new one sets up its tables for 2 ms of CPU each frame.
        self._reformatter = VideoReformatter()
        # FAST_BILINEAR takes FFmpeg's SIMD path: 0.9 instead of 2.2 ms at 512x512, 0.3 grey
        # levels less exact in Y.
        self._to_yuv: dict[str, Any] = {
            "format": "yuv420p",
            "dst_colorspace": int(Colorspace.ITU709),
            "interpolation": int(Interpolation.FAST_BILINEAR),
        }
        self._frames = 0
        self._sound: AudioStream | None = None
        self._samples = 0
        self._resampler: ResampleStream | None = None
        if sample_rate is not None:
            self._open_sound(sample_rate, suffix)

    def _open_sound(self, sample_rate: int, suffix: str) -> None:
        rates = (48000,) if suffix == ".webm" else _AAC_RATES
        self._rate = next((rate for rate in rates if rate >= sample_rate), rates[-1])
        if self._rate != sample_rate:
            import soxr

            self._resampler = soxr.ResampleStream(
                sample_rate, self._rate, 1, dtype="float32", quality="HQ"
            )
        encoder = "libopus" if suffix == ".webm" else "aac"
        bits = 64_000 if suffix == ".webm" or self._rate <= 16_000 else 96_000
        self._sound = self._container.add_stream(encoder, rate=self._rate, layout="mono")
        self._sound.bit_rate = bits
        self._sound.format = "flt" if suffix == ".webm" else "fltp"

    def write_frame(self, rgb: NDArray[np.uint8]) -> None:
        """Append a frame: uint8 (H, W, 3) of even size."""
        import av

        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
        yuv = self._reformatter.reformat(frame, **self._to_yuv)
        yuv.pts = self._frames
        yuv.time_base = self._video.codec_context.time_base
        self._frames += 1
        self._container.mux(self._video.encode(yuv))

    def write_sound(self, samples: NDArray[np.float32], *, last: bool = False) -> None:
        """Append mono sound of the rate given at opening."""
        import av

        assert self._sound is not None
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples, last=last)
        if not len(samples):
            return
        frame = av.AudioFrame.from_ndarray(
            np.clip(samples, -1.0, 1.0)[None], format=self._sound.format.name, layout="mono"
        )
        frame.sample_rate = self._rate
        frame.time_base = Fraction(1, self._rate)
        frame.pts = self._samples
        self._samples += len(samples)
        self._container.mux(self._sound.encode(frame))

    def finish(self) -> None:
        """Flush the encoders and write the index."""
        if self._sound is not None:
            self.write_sound(np.zeros(0, np.float32), last=True)
            self._container.mux(self._sound.encode(None))
        self._container.mux(self._video.encode(None))
        self._container.close()

    def abandon(self) -> None:
        """Close without caring for what is in the file."""
        import av.error

        with suppress(av.error.FFmpegError, OSError, ValueError):
            self._container.close()


def _codec_options(
    codec: str, quality: int, preset: str, size: tuple[int, int], fps: Fraction
) -> dict[str, str]:
    # Bits a second that suit a talking head, for encoders without a constant-quality mode.
    rate = str(round(0.12 * size[0] * size[1] * float(fps)))
    options = {
        "libx264": {"preset": preset, "crf": str(quality)},
        "libopenh264": {"b": rate, "rc_mode": "quality"},
        "mpeg4": {"flags": "+qscale", "global_quality": str(118 * max(2, quality // 5))},
        "libvpx-vp9": {
            "deadline": "realtime",
            "cpu-used": "8",
            "lag-in-frames": "0",
            "crf": str(quality + 12),
            "b": "0",
        },
        "libvpx": {"deadline": "realtime", "cpu-used": "8", "crf": str(quality), "b": rate},
    }
    return _BT709 | options.get(codec, {"b": rate})
