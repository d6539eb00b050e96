"""Voices: the engine protocol, the voice library, and a folder for each engine."""
