"""Text for speech: languages, normalisation, sentences, phonemes."""
