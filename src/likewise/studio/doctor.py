"""What is installed, what will run offline, and how to get what is missing."""

import importlib.util
import platform
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from likewise import __version__, home, weights
from likewise.errors import LikewiseError

_EXTRAS = {
    "asr": ("faster_whisper", "Words of a recording, word error rates"),
    "server": ("fastapi", "The page and the API: likewise serve"),
    "torch": ("torch", "XTTS v2, VALL-E X and LivePortrait, once their weights are there too"),
}
_LIBRARIES = ("onnxruntime", "av", "opencv-python-headless", "numpy", "soundfile", "scipy")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What.
        ok: Whether it works.
        detail: What was found, or what to do.
        needed: Whether the default voice and face need it.
    """

    name: str
    ok: bool
    detail: str
    needed: bool = True


def examine() -> list[Check]:
    """Look at everything `talk` needs; loads no model."""
    checks = [
        Check(
            "likewise",
            True,
            f"{__version__} on Python {platform.python_version()}, {platform.system()} "
            f"{platform.machine()}",
        ),
        Check(
            "python", (3, 11) <= sys.version_info[:2] < (3, 14), "3.11, 3.12 or 3.13 is supported"
        ),
        *[_library(name) for name in _LIBRARIES],
        _folders(),
        _phonemes(),
        _codec(),
        *_marks(),
        *[_weights(name) for name in weights.catalogue()],
        *[_extra(name, *about) for name, about in _EXTRAS.items()],
    ]
    return checks


def verdict(checks: list[Check]) -> str:
    """One sentence on what will run offline."""
    broken = [check.name for check in checks if check.needed and not check.ok]
    if broken:
        return f"Not ready: {', '.join(broken)}."
    return "Ready: talk, speak, clone and animate run offline with the default voice and face."


def _library(name: str) -> Check:
    try:
        return Check(name, True, version(name))
    except PackageNotFoundError:
        return Check(name, False, "not installed; run: pip install --force-reinstall likewise")


def _folders() -> Check:
    try:
        return Check("folders", True, f"voices in {home.voices_dir()}, cache in {home.cache_dir()}")
    except LikewiseError as error:
        return Check("folders", False, str(error))


def _phonemes() -> Check:
    from likewise.text.languages import resolve
    from likewise.text.phonemes import phonemise

    try:
        said = "".join(word.phonemes for word in phonemise("likewise", resolve("en-us")))
        return Check("phonemes", True, f"espeak-ng reads 'likewise' as {said}")
    except LikewiseError as error:
        return Check("phonemes", False, str(error))


def _codec() -> Check:
    from likewise.video import writer

    try:
        return Check("video codec", True, writer.default_codec())
    except LikewiseError as error:
        return Check("video codec", False, str(error))


def _marks() -> list[Check]:
    import numpy as np

    from likewise.provenance import credentials, detection, signer
    from likewise.provenance.watermark import Marker
    from likewise.studio.detecting import UNTRUSTED
    from likewise.values import Audio

    try:
        sound = Audio(np.random.default_rng(0).normal(0, 0.1, 48_000).astype(np.float32), 24_000)
        mark = detection.detect(Marker(24_000, "stock voice").mark(sound), speeds=())
        found = mark is not None
        detail = "works" if found else "is not found again in what was marked; please report this"
        watermark = Check("watermark", found, detail)
    except LikewiseError as error:
        watermark = Check("watermark", False, str(error))
    try:
        credentials.prepare()
        detail = f"signed with {signer.path()} ({UNTRUSTED})"
        return [watermark, Check("content credentials", True, detail)]
    except LikewiseError as error:
        return [watermark, Check("content credentials", False, str(error))]


def _weights(name: str) -> Check:
    found = weights.look(name)
    entry = found.entry
    about = f"{entry.title}, {entry.size / 1e6:.1f} MB, {entry.licence}"
    detail = about if found.status == "ok" else f"{found.reason}; run: {entry.how_to_install}"
    return Check(f"weights {name}", found.status == "ok", detail, needed=not entry.extra)


def _extra(name: str, module: str, what: str) -> Check:
    if importlib.util.find_spec(module) is not None:
        return Check(f"extra {name}", True, what, needed=False)
    return Check(f"extra {name}", False, f"{what}: pip install 'likewise[{name}]'", needed=False)
