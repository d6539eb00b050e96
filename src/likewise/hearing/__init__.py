"""Models that hear: pitch, speaker identity, words."""
