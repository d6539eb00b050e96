"""LivePortrait (Guo et al., arXiv 2407.03168): implicit keypoints move a picture, human or animal.

Five small files read like the paper: `appearance` (what the face looks like, once a picture),
`motion` (where its 21 implicit keypoints are), `warping` (the look carried along by the keypoints),
`generator` (pixels) and `retargeting` (stitching, lips, eyes). `networks` joins them, `weights`
loads the authors' checkpoints. Needs the extra `torch`; the formulas of motion need only NumPy.
"""
