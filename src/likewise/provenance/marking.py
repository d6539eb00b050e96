"""Every result leaves marked: its sound with the watermark, its file with content credentials.

    marking = Marking()
    with AudioWriter(path, sample_rate=rate, seal=marking.seal) as file:
        marking.origin = Origin.speech(voice)
        for part in marking.sound(parts):
            file.write(part.audio)

`seal` runs on the whole file before it takes its place. Whatever fails there is raised, and the
writer then leaves nothing behind: a result that isn't marked is not saved.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from likewise.errors import MarkFailed
from likewise.provenance import credentials, detection
from likewise.provenance.origin import Origin
from likewise.provenance.watermark import Marker
from likewise.values import Audio, Speech

_CHECKED = 6.0  # seconds of sound in which the mark is looked for
_ENOUGH = 3.0  # seconds of voice in which it has to be found
_AUDIBLE = 10 ** (-50 / 20)  # of full scale
_STEP = 0.05  # seconds


class Marking:
    """Marks one result.

    Attributes:
        origin: How it is made; to be set before the first part of sound.
    """

    def __init__(self, origin: Origin | None = None) -> None:
        self.origin = origin
        self._marker: Marker | None = None
        self._kept: list[Audio] = []
        self._notes: list[str] = []

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        return tuple(self._notes)

    def sound(self, parts: Iterable[Speech]) -> Iterator[Speech]:
        """Speech as it comes, with the watermark; timings stay what they are.

        Raises:
            MarkFailed: A part that can't be marked.
        """
        for part in parts:
            yield replace(part, audio=self.audio(part.audio))

    def audio(self, audio: Audio) -> Audio:
        """The next part of the sound, with the watermark.

        Raises:
            MarkFailed: It can't be marked.
        """
        if self.origin is None:
            raise MarkFailed("A sound was to be marked before it was said how it is made.")
        if self._marker is None:
            self._marker = Marker(audio.sample_rate, self.origin.message)
        marked = self._marker.mark(audio)
        if sum(part.seconds for part in self._kept) < _CHECKED:
            self._kept.append(marked.between(0, _CHECKED))
        return marked

    def prepare(self) -> None:
        """Load what sealing needs; worth calling where a thread has nothing else to do."""
        credentials.prepare()

    def seal(self, path: Path, suffix: str) -> None:
        """Check the watermark, and sign the finished file where its format can hold credentials.

        Args:
            path: The file, or the folder of frames.
            suffix: What the file is, such as `.mp4`; "" for a folder.

        Raises:
            MarkFailed: The mark is not in the sound, or the file can't be signed.
        """
        if self.origin is None:
            raise MarkFailed("Nothing was said about how the result is made; it is not saved.")
        self._check()
        if path.is_dir():
            for file in sorted(path.iterdir()):
                credentials.sign(file, file.suffix, self.origin)
        elif suffix in credentials.TYPES:
            credentials.sign(path, suffix, self.origin)
        else:
            self._notes.append(
                f"A {suffix} file can't hold content credentials; its sound has the watermark."
            )

    def _check(self) -> None:
        """Raise unless the mark can be found again in what was marked.

        Too little sound to be sure of a mark is no failure: a word alone may not carry it.
        """
        if not self._kept:
            return
        samples = np.concatenate([part.samples for part in self._kept])
        sound = Audio(samples, self._kept[0].sample_rate)
        found = detection.detect(sound, speeds=())
        if found is not None:
            return
        if _voiced_seconds(sound) >= _ENOUGH:
            raise MarkFailed(
                "The watermark could not be found again in the sound, so nothing is saved. Please "
                "report this, with the text and the voice."
            )
        self._notes.append(
            "There is too little sound for the watermark to be found again; only the content "
            "credentials say that it is synthetic."
        )


def _voiced_seconds(audio: Audio) -> float:
    """How much of a sound is above -50 dB of full scale."""
    step = max(1, round(_STEP * audio.sample_rate))
    count = len(audio.samples) // step
    level = np.sqrt(np.square(audio.samples[: count * step].reshape(count, step)).mean(axis=1))
    return float((level > _AUDIBLE).sum() * _STEP)
