"""Films as people have them, all at once: filmed upright by a phone, silent, at a varying rate, cut
in the middle, a hand before the mouth, glasses, somebody else behind, and nobody for a while."""

import struct
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import likewise
from likewise.face.mesh.engine import MeshEngine
from likewise.seeing.following import Film
from likewise.seeing.landmarks import Tracker
from likewise.values import INDEX, Audio, Motion
from likewise.video.reader import VideoReader
from likewise.video.reader import info as video_info

DATA = Path(__file__).parents[1] / "data"
FPS, FRAMES = 25.0, 70
CUT, HAND, AWAY = 20, slice(32, 44), slice(54, 66)
Picture = NDArray[np.uint8]


def played() -> list[Picture]:
    """Lady Agnew with glasses speaks and turns; Mona Lisa stands behind her."""
    picture = cv2.imread(str(DATA / "lady_agnew.jpg"))[20:280, 190:450, ::-1]
    large = cv2.resize(np.ascontiguousarray(picture), (288, 288), interpolation=cv2.INTER_CUBIC)
    engine = MeshEngine()
    portrait = engine.prepare(large)
    for iris in portrait.points[[468, 473], :2].astype(int):
        radius = round(0.15 * float(np.ptp(portrait.points[:468, 0])))
        cv2.circle(large, tuple(map(int, iris)), radius, (40, 30, 30), 2, cv2.LINE_AA)
    motion = Motion.still(FRAMES, FPS)
    times = np.arange(FRAMES) / FPS
    motion.coefficients[:, INDEX["jawOpen"]] = 0.2 - 0.2 * np.cos(2 * np.pi * 2 * times)
    motion.pose[:, 0] = 5 * np.sin(2 * np.pi * times / 1.4)
    behind = cv2.imread(str(DATA / "mona_lisa.jpg"))[40:440, 150:550, ::-1]
    behind = cv2.resize(behind, (140, 140), interpolation=cv2.INTER_AREA)
    frames = []
    for number, head in enumerate(engine.render(engine.prepare(large), motion)):
        frame = np.full((480, 288, 3), 96, np.uint8)
        frame[:140, :140] = behind
        down = 150 if number < CUT else 185  # the camera jumps
        wide = head if number < CUT else cv2.resize(head, (220, 220))
        if HAND.start <= number < HAND.stop:
            cv2.ellipse(wide, (110, 147), (40, 31), 0, 0, 360, (120, 150, 220), -1)
        if not AWAY.start <= number < AWAY.stop:
            frame[down : down + len(wide), 20 : 20 + wide.shape[1]] = wide[:, : 288 - 20]
        frames.append(frame)
    return frames


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The film: lying on its side with a flag that turns it upright, frames 34 to 46 ms apart."""
    import av

    path = tmp_path_factory.mktemp("odd") / "phone.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = 480, 288, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, picture in enumerate(played()):
            lying = np.ascontiguousarray(np.rot90(picture, 1))
            frame = av.VideoFrame.from_ndarray(lying, format="rgb24")
            frame.time_base = Fraction(1, 1000)
            frame.pts = 40 * number + (6 if number % 2 else 0)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 44  # the display matrix, ISO 14496-12, 8.3.2: a quarter clockwise
    quarter = (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    data[place : place + 36] = struct.pack(">9i", *quarter)
    path.write_bytes(bytes(data))
    return path


def test_a_picture_follows_it(odd: Path, tmp_path: Path, painting: Path) -> None:
    film = Film(odd)
    assert (film.has_sound, film.frames) == (False, FRAMES)
    output = tmp_path / "out.mp4"
    template = tmp_path / "motion.npz"
    video = likewise.reenact(
        painting, odd, output=output, size=160, crop="head", save_motion=template
    )
    assert abs(video.frames - FRAMES) <= 1 and not video_info(output).has_sound
    said = " ".join(video.notes)
    assert "2 faces found in the driver, the largest is followed" in said
    assert "before the driver's mouth from 1.3 to 1.8 s" in said
    assert "cut at 0.8 s" in said
    assert "No face is seen in the driver from 2.2 to 2.6 s" in said  # nor the one behind her taken
    from likewise.motion.template import load_template

    motion = load_template(template)
    assert np.abs(np.diff(motion.pose, axis=0)).max() < 8  # no jump at the cut
    assert np.abs(np.diff(motion.shift[: AWAY.start], axis=0)).max() < 0.1
    hidden = slice(HAND.start + 1, HAND.stop - 1)
    assert np.isnan(motion.lip_gap[hidden]).all()
    assert motion.coefficients[38, INDEX["jawOpen"]] < 0.02
    assert np.isfinite(motion.lip_gap[: HAND.start - 2]).all()
    assert np.ptp(motion.lip_gap[: HAND.start - 2, 5]) > 0.3


def test_it_gets_new_lips(odd: Path, tmp_path: Path) -> None:
    times = np.arange(16000 * 3) / 16000
    buzz = 0.3 * np.sign(np.sin(2 * np.pi * 120 * times)) * (np.sin(2 * np.pi * 3 * times) > 0)
    output = tmp_path / "dubbed.mp4"
    video = likewise.dub(
        odd,
        audio=Audio(buzz.astype(np.float32), 16000),
        output=output,
        consent="source:paintings animated for this test",
        overrun="stop",
    )
    assert video.size == (288, 480)
    assert video_info(output).has_sound
    assert any("from 1.3 to 1.8 s, or something is before its mouth" in n for n in video.notes)
    with VideoReader(odd) as film:
        before = [frame.picture for frame in film.frames(fps=FPS)]
    with VideoReader(output) as film:
        after = [frame.picture for frame in film.frames()]
    changed = [
        np.abs(new.astype(int) - old).max(axis=2) for new, old in zip(after, before, strict=False)
    ]
    drawn = [int((change > 60).sum()) for change in changed]
    assert max(drawn[38], drawn[60]) < 15  # a hand, and nobody there: left, but for encoding
    assert max(drawn[5:15]) > 60 and max(drawn[22:30]) > 60
    face = Tracker().track(after[26])
    assert face is not None and face.points[10, 1] < face.points[152, 1] - 60
