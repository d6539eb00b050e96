"""Likewise: a voice, a picture and a sentence become a talking video."""

__version__ = "0.1.0"
