"""What is seen of the face in a video that is verified: looked at once, then measured and drawn.

seen = look(evidence)
seen.metrics, figures(evidence, seen)
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from likewise.errors import BadInput
from likewise.studio import evidence_pictures
from likewise.values import Metric
from likewise.verify.report import Figure

if TYPE_CHECKING:
    from likewise.explain.face import FaceExplainer
    from likewise.studio.verifying import Evidence
    from likewise.verify.face import Sitter
    from likewise.verify.watching import Watched

_SYNCNET = "syncnet"  # its name in the catalogue of weights


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A video looked at once, for everyone who wants to know something of its frames.

    Attributes:
        watched: Its frames.
        source: Who is in the picture it was made from, None without one.
        wanted: How far the mouth should be open in each, by the speech.
        explainer: What the face does in them.
        metrics: What was measured on them.
    """

    watched: "Watched"
    source: "Sitter | None"
    wanted: NDArray[np.float64]
    explainer: "FaceExplainer"
    metrics: list[Metric]


def look(evidence: "Evidence") -> Seen | None:
    """Watch the video and measure its face; None for sound alone."""
    if evidence.media is None or not evidence.fps:
        return None
    from likewise.explain.face import FaceExplainer
    from likewise.seeing.landmarks import Tracker
    from likewise.verify import face
    from likewise.verify.watching import Watcher, watch

    tracker = Tracker()
    watcher, explainer = Watcher(evidence.fps), FaceExplainer(evidence.fps)
    for frame in _frames(evidence.media, evidence.fps):
        found = tracker.track(frame)
        watcher.see(frame, found)
        explainer.see(frame, found)
    driver = None
    if evidence.driver is not None:
        driver = watch(_frames(evidence.driver, evidence.fps), evidence.fps)
    watched = watcher.watched()
    if evidence.picture is not None and evidence.points is not None:
        from likewise.verify import pixel_lips

        frames = _frames(evidence.media, evidence.fps)
        lips = pixel_lips.track(evidence.picture, evidence.points, frames, evidence.fps)
        watched = replace(watched, lips=lips)
    source = None
    if evidence.picture is not None:
        source = face.sitter(evidence.picture, tracker)
    wanted, metrics = _measured(evidence, watched, source, driver)
    return Seen(watched, source, wanted, explainer, metrics)


def _measured(
    evidence: "Evidence", watched: "Watched", source: "Sitter | None", driver: "Watched | None"
) -> tuple[NDArray[np.float64], list[Metric]]:
    """How far the mouth should be open in each frame, and everything measured of the face."""
    from likewise.verify import face, lips, openings

    phonemes = evidence.speech.phonemes
    if phonemes:
        wanted = openings.spoken(phonemes, watched.lips.seconds)
        metrics = lips.sync(watched.lips, wanted)
        metrics.append(lips.closures(watched.lips, phonemes))
    else:
        wanted = openings.audible(evidence.speech.audio, watched.lips.seconds)
        metrics = lips.sync(watched.lips, wanted, reference="sound")
    if source is not None:
        metrics += [*face.identity(watched, source), *face.steadiness(watched, source)]
    if driver is not None:
        metrics += face.driven(watched, driver)
    if evidence.truth is not None and evidence.media is not None:
        shown, true = (_frames(path, evidence.fps) for path in (evidence.media, evidence.truth))
        metrics += face.fidelity(shown, true, still=evidence.picture)
    return wanted, metrics


def figures(evidence: "Evidence", seen: Seen) -> list[Figure]:
    """The lips over what the speech asks for, and what the face does."""
    drawn = evidence_pictures.of_lips(seen.watched.lips, seen.wanted, evidence.speech.words)
    with suppress(BadInput):  # no face in any frame; the metrics have said so already
        why = seen.explainer.explanation()
        drawn += evidence_pictures.of_movement(why, _resemblance(seen))
    return drawn


def _resemblance(seen: Seen) -> str:
    """Whom the face in the frames is like: the picture's, among painted others; "" if unseen."""
    from likewise.explain.likeness import Known
    from likewise.explain.perceiving import face_space
    from likewise.verify import face

    source, frames = seen.source, seen.watched.embeddings
    if source is None or source.embedding is None or not len(frames):
        return ""
    own = [row for row in (source.embedding, source.mirrored) if row is not None]
    names = {"the face in the picture": np.stack(own), "another": face.others(source.embedding)}
    space = face_space()
    likeness = Known(names, centre=space.centre, rule=space.rule).compare(frames.mean(0))
    return f"As a mixture of faces: {likeness.sentence} {likeness.calibration.sentence}"


def judge_lips(evidence: "Evidence") -> list[Metric]:
    """What SyncNet says of the lips; nothing where the user has not brought its weights."""
    from likewise import weights

    tracked = evidence.media is not None and evidence.fps and evidence.points is None
    # Without PyTorch its weights are of no use, and looking for them loads a web client.
    if not tracked or find_spec("torch") is None or weights.look(_SYNCNET).status != "ok":
        return []
    from likewise.seeing.landmarks import Tracker
    from likewise.verify.syncnet import cropping, network, scoring

    assert evidence.media is not None
    judge, tracker = network.load(weights.locate(_SYNCNET)), Tracker()
    found = [tracker.track(frame) for frame in _frames(evidence.media, scoring.FPS)]
    seen = sum(face is not None for face in found)
    if 2 * seen < max(1, len(found)):
        return scoring.unavailable(f"a face was found in only {seen} of {len(found)} frames")
    where = cropping.boxes(None if face is None else face.points for face in found)
    # Twice through the file, so that memory doesn't grow with it.
    crops = cropping.crops(_frames(evidence.media, scoring.FPS), where)
    return scoring.measure(judge, crops, evidence.speech.audio)


def _frames(path: Path, fps: float) -> Iterator[NDArray[np.uint8]]:
    from likewise.video.reader import VideoReader

    with VideoReader(path) as video:
        for frame in video.frames(fps=fps):
            yield frame.picture
