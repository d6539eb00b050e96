"""Faces: the tracker, the engine protocol, and a folder for each engine."""
