"""Embed other people's voices: the floor control of the speaker similarity.

Takes one recording of each of 20 women and 20 men of LibriSpeech train-clean-100 (CC BY 4.0),
the first of each in the order of the file names, and keeps only the encoders' embeddings:

    python tools/build_other_speakers.py FOLDER SPEAKERS.TXT \
        src/likewise/data/hearing/other_speakers.safetensors

FOLDER holds `SPEAKER-CHAPTER-UTTERANCE.flac`; SPEAKERS.TXT is LibriSpeech's table of speakers.
The catalogue entry `other-speakers` states the sha256 of the result.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from likewise.audio import files
from likewise.verify.speaker import ENCODERS

EACH = 20


def sexes(table: Path) -> dict[str, str]:
    """Sex of each speaker, `F` or `M`, by LibriVox id."""
    rows = [
        [cell.strip() for cell in line.split("|")]
        for line in table.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith(";")
    ]
    return {row[0]: row[1] for row in rows}


def main() -> None:
    """Choose, embed, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("speakers", type=Path)
    parser.add_argument("target", type=Path)
    given = parser.parse_args()

    sex = sexes(given.speakers)
    clips = sorted(given.folder.glob("*.flac"))
    chosen = [
        clip
        for wanted in "FM"
        for clip in [path for path in clips if sex[path.name.split("-")[0]] == wanted][:EACH]
    ]
    tensors = {
        encoder.key: np.stack([encoder.embed(files.read(clip)) for clip in chosen]).astype(
            np.float16
        )
        for encoder in ENCODERS
    }
    names = " ".join(clip.stem for clip in chosen)
    data = save(tensors, metadata={"clips": names, "licence": "CC BY 4.0, LibriSpeech"})
    given.target.write_bytes(data)
    print(f"{len(chosen)} speakers, size {len(data)}, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
