"""Likewise: a few seconds of a voice, one picture and a sentence become a talking video.

    import likewise

    likewise.talk("portrait.jpg", "Hello!", voice="me.wav", output="hello.mp4")

Everything here is loaded when it is first used, so `import likewise` stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from likewise.errors import BadInput as BadInput
    from likewise.errors import LikewiseError as LikewiseError
    from likewise.errors import MissingWeights as MissingWeights
    from likewise.studio.animate import animate as animate
    from likewise.studio.clone import clone as clone
    from likewise.studio.detecting import detect as detect
    from likewise.studio.dialogue import dialogue as dialogue
    from likewise.studio.dubbing import dub as dub
    from likewise.studio.reenact import reenact as reenact
    from likewise.studio.speak import speak as speak
    from likewise.studio.talk import talk as talk
    from likewise.values import Audio as Audio
    from likewise.values import Motion as Motion
    from likewise.values import Portrait as Portrait
    from likewise.values import Speech as Speech
    from likewise.values import Voice as Voice

__version__ = "0.1.0"

_HOMES = {
    "talk": "likewise.studio.talk",
    "speak": "likewise.studio.speak",
    "clone": "likewise.studio.clone",
    "detect": "likewise.studio.detecting",
    "animate": "likewise.studio.animate",
    "reenact": "likewise.studio.reenact",
    "dialogue": "likewise.studio.dialogue",
    "dub": "likewise.studio.dubbing",
    "Audio": "likewise.values",
    "Motion": "likewise.values",
    "Portrait": "likewise.values",
    "Speech": "likewise.values",
    "Voice": "likewise.values",
    "BadInput": "likewise.errors",
    "LikewiseError": "likewise.errors",
    "MissingWeights": "likewise.errors",
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'likewise' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
