"""Content credentials (C2PA): a signed statement inside the file on how it was made.

    sign(draft, ".mp4", Origin.speech(voice, face="mesh"))
    found = read("talk.mp4")                  # Credentials, or None
    found.origin["made"], found.valid, found.trusted

The statement follows C2PA 2 through `c2pa-python`: an action `c2pa.created` with the IPTC digital
source type, and an assertion of our own with engine and consent. Signed here (see `signer.py`), so
the signature shows changes to the file, not who made it.
"""

import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from likewise.errors import BadInput, MarkFailed
from likewise.files import Source, open_source, source_name
from likewise.provenance import signer
from likewise.provenance.origin import Origin

TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".png": "image/png",
    ".gif": "image/gif",
}
"""MIME type by suffix: the files that are written with credentials."""

READ_TYPES = TYPES | {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".heic": "image/heic",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".avi": "video/avi",
}
"""And those of other programs that can be read."""

ASSERTION = "org.likewise.origin"
_SETTINGS = {"builder": {"thumbnail": {"enabled": False}}}  # 30 kB and 0.3 s for a picture
_UNTRUSTED = "signingCredential.untrusted"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a file says about itself.

    Attributes:
        origin: What Likewise wrote (`Origin.as_data`), empty for files of other programs.
        generator: Program that made the claim.
        source_type: IPTC digital source type of the creation, "" when not stated.
        signed_by: Name in the signing certificate.
        signed_at: When, ISO 8601; "" without a time stamp.
        valid: The file is as it was when signed.
        trusted: The signer is known to the trust list of the reader, never so for the local one.
        problems: What the check found, but for a signer that is not trusted.
    """

    origin: dict[str, Any]
    generator: str
    source_type: str
    signed_by: str
    signed_at: str
    valid: bool
    trusted: bool
    problems: tuple[str, ...] = ()

    @property
    def synthetic(self) -> bool:
        """Whether it declares content that a trained model made."""
        return "rainedAlgorithmicMedia" in self.source_type


def prepare() -> None:
    """Load the library and make the key, a quarter of a second that `sign` then doesn't take."""
    _signer_info()


def sign(path: Path, suffix: str, origin: Origin) -> None:
    """Put credentials into a file, in its place.

    Args:
        path: The file; may have another suffix, as drafts have.
        suffix: What it is: one of `TYPES`.
        origin: What to say.

    Raises:
        MarkFailed: The file can't be signed; it is as it was.
    """
    c2pa = _library()
    signed = path.with_name(path.name + ".signed")
    try:
        with (
            c2pa.Signer.from_info(_signer_info()) as by,
            c2pa.Context.from_dict(_SETTINGS) as context,
            c2pa.Builder.from_json(json.dumps(_manifest(origin)), context) as builder,
            path.open("rb") as source,
            signed.open("w+b") as target,
        ):
            builder.sign(by, TYPES[suffix], source, target)
        signed.replace(path)
    except c2pa.C2paError as error:
        raise MarkFailed(
            f"The content credentials could not be written ({error}), so nothing is saved."
        ) from error
    finally:
        signed.unlink(missing_ok=True)


def read(source: Source, suffix: str = "") -> Credentials | None:
    """The credentials of a file, None when it has none or can't hold any.

    Args:
        source: A path or an open file.
        suffix: What it is; "" takes the path's.

    Raises:
        BadInput: The file can't be opened, or its credentials can't be read.
        MarkFailed: The library that reads credentials doesn't load.
    """
    c2pa = _library()
    name = source_name(source)
    kind = READ_TYPES.get((suffix or Path(name).suffix).lower())
    if kind is None:
        return None
    with open_source(source) as file:
        try:
            with c2pa.Reader(kind, file) as reader:
                return _understood(json.loads(reader.json()))
        except c2pa.C2paError.ManifestNotFound:
            return None
        except (c2pa.C2paError, KeyError, TypeError, ValueError) as error:
            raise BadInput(f"The content credentials of {name} can't be read: {error}") from error


def _understood(store: dict[str, Any]) -> Credentials:
    manifest = store["manifests"][store["active_manifest"]]
    failures = store.get("validation_results", {}).get("activeManifest", {}).get("failure", [])
    codes = [str(failure.get("code", "")) for failure in failures]
    signature = manifest.get("signature_info", {})
    data = {item["label"].partition("__")[0]: item["data"] for item in manifest["assertions"]}
    actions = [
        action
        for label, found in data.items()
        if label.startswith("c2pa.actions")
        for action in found.get("actions", ())
    ]
    kinds = [str(action.get("digitalSourceType", "")) for action in actions]
    origin = data.get(ASSERTION)
    generators = manifest.get("claim_generator_info") or [{}]
    return Credentials(
        origin=origin if isinstance(origin, dict) else {},
        generator=" ".join(str(generators[0].get(key, "")) for key in ("name", "version")).strip(),
        source_type=next(filter(None, kinds), ""),
        signed_by=str(signature.get("common_name") or signature.get("issuer") or ""),
        signed_at=str(signature.get("time") or ""),
        valid=all(code == _UNTRUSTED for code in codes),
        trusted=store.get("validation_state") == "Trusted",
        problems=tuple(code for code in codes if code != _UNTRUSTED),
    )


def _library() -> Any:
    try:
        import c2pa
    except (ImportError, OSError) as error:  # OSError: its shared library doesn't fit this system
        raise MarkFailed(
            f"Content credentials need the package c2pa-python, which doesn't load here ({error}). "
            "Install it again: pip install --force-reinstall c2pa-python"
        ) from error
    return c2pa


def _signer_info() -> Any:
    c2pa = _library()
    chain, key = signer.load()
    return c2pa.C2paSignerInfo(b"es256", chain.encode(), key.encode(), None)


def _manifest(origin: Origin) -> dict[str, Any]:
    agent = {"name": "Likewise", "version": version("likewise")}
    action = {
        "action": "c2pa.created",
        "digitalSourceType": origin.source_type,
        "softwareAgent": agent,
    }
    return {
        "claim_generator_info": [agent],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [action]}},
            {"label": ASSERTION, "data": origin.as_data()},
        ],
    }
