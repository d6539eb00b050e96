"""XTTS v2 (Casanova et al. 2024, arXiv 2406.04904): a voice from six seconds, in 17 languages.

A reference recording becomes 32 conditioning latents (`conditioning`) and one speaker embedding
(`speaker`); text becomes tokens (`tokenizer`); a GPT-2 continues latents and text with audio codes
(`gpt`, `decoding`); the states that predicted the codes become sound (`vocoder`). The weights are
not part of Likewise: `likewise weights pull xtts-v2` fetches them after showing their licence.
"""
