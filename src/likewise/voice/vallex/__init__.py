"""VALL-E X (Zhang et al. 2023, arXiv 2303.03926): a voice from three seconds, across languages.

A prompt is a recording's EnCodec codes with what was said (`prompts`). One transformer continues
text and prompt with the first codebook, another one fills in the other seven (`model`, `decoding`);
Vocos or EnCodec's decoder turns codes into sound (`vocos`, `encodec`). Text is read as 70 symbols
with a language each (`symbols`, `reading`). The weights are those of the open implementation by
Plachtaa; they are not part of Likewise: `likewise weights pull vallex` fetches them.
"""
