"""Kokoro fitted to one speaker: gradients reach the style and the biases of every AdaIN."""
