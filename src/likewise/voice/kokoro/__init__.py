"""The default voice engine: Kokoro-82M cut so that we hold durations and pitch."""
