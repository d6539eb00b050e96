"""Why the models hear and see a likeness: what it rests on, what is new, what is remembered.

Results are data first (`as_json`), pictures second (`draw`):

    from likewise.explain.likeness import Known          # "62 % like A, 23 % like B, rest new"
    from likewise.explain.memory import Memory           # what was new, found again
    from likewise.explain.voice import explain_voice     # where the voice lives in the sound
    from likewise.explain.face import explain_face       # what the face does, frame by frame
    from likewise.explain.resemblance import explain_resemblance  # whom a face is like
    from likewise.explain.features import explain_picture  # learned features beside hand-made ones
"""
