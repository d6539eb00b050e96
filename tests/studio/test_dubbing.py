"""A film gets new lips: from a painting's film, made here, to what its viewer sees."""

import itertools
import weakref
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from likewise.audio import files
from likewise.cli.app import run
from likewise.errors import BadInput, ConsentMissing
from likewise.face.dubbing import NewLips, RestingMouth, resting_score
from likewise.face.mesh.engine import MeshEngine
from likewise.seeing.following import Film, Sighting
from likewise.seeing.landmarks import Tracked, Tracker
from likewise.seeing.measures import lip_gap
from likewise.seeing.steadying import steadied
from likewise.studio.dubbing import _to_and_fro, dub
from likewise.values import INDEX, Audio, Motion
from likewise.video.reader import VideoReader
from likewise.video.reader import info as video_info
from likewise.video.writer import VideoWriter

DATA = Path(__file__).parents[1] / "data"
FPS, FRAMES = 25.0, 36
ME = "source:a painting of 1893, animated for this test"
Picture = NDArray[np.uint8]


def seen(path: Path) -> list[Picture]:
    with VideoReader(path) as video:
        return [frame.picture for frame in video.frames()]


def gaps(frames: list[Picture]) -> np.ndarray:
    tracker = Tracker()
    faces = [tracker.track(frame) for frame in frames]
    return np.array([np.nan if face is None else lip_gap(face.points) for face in faces])


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lady Agnew speaks and turns; four frames of her film show nobody."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    picture = cv2.imread(str(DATA / "lady_agnew.jpg"))[20:280, 190:450, ::-1]
    picture = np.ascontiguousarray(cv2.resize(picture, (320, 320), interpolation=cv2.INTER_CUBIC))
    motion = Motion.still(FRAMES, FPS)
    times = np.arange(FRAMES) / FPS
    motion.coefficients[:, INDEX["jawOpen"]] = 0.2 - 0.2 * np.cos(2 * np.pi * 2 * times)
    motion.pose[:, 0] = 6 * np.sin(2 * np.pi * times / 1.4)
    engine = MeshEngine()
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(int(FRAMES / FPS * 16000)) / 16000)
    with VideoWriter(path, fps=FPS, size=(320, 320), audio_rate=16000, quality=10) as video:
        video.write_audio(Audio(tone.astype(np.float32), 16000))
        for number, frame in enumerate(engine.render(engine.prepare(picture), motion)):
            video.write_frame(np.full_like(frame, 90) if 20 <= number < 24 else frame)
    return path


@pytest.fixture(scope="module")
def voice() -> Audio:
    """A vowel from 0.3 to 0.9 s."""
    times = np.arange(19200) / 16000
    buzz = 0.3 * np.sign(np.sin(2 * np.pi * 120 * times)) * (times > 0.3) * (times < 0.9)
    return Audio((buzz + np.random.default_rng(0).normal(0, 3e-4, 19200)).astype(np.float32), 16000)


def test_new_lips_replace_the_old_ones_and_nothing_else(
    film: Path, voice: Audio, tmp_path: Path
) -> None:
    video = dub(film, audio=voice, output=tmp_path / "new.mp4", consent=ME)
    assert (video.frames, video.fps, video.size) == (FRAMES, FPS, (320, 320))
    before, after = seen(film), seen(tmp_path / "new.mp4")
    said, was = gaps(after), gaps(before)
    assert np.isnan(said[20:24]).all()
    assert was[10:16].max() > 0.03
    speaking, resting = said[9:19], np.r_[said[0:5], said[28:36]]
    assert np.nanmax(speaking) > 2.5 * np.nanmax(resting)
    assert np.nanmax(resting) < 0.012
    assert any("No face is seen in the film from 0.8 to 1.0 s" in note for note in video.notes)
    for number in (3, 12, 30):
        change = np.abs(before[number].astype(int) - after[number]).max(axis=2)
        face = Tracker().track(before[number])
        assert face is not None
        nose = int(face.points[4, 1])
        assert np.percentile(change[: nose - 8], 99) < 16  # encoding alone
    sound = files.read(tmp_path / "new.mp4")
    assert sound.seconds == pytest.approx(FRAMES / FPS, abs=0.06)
    spectrum = np.abs(np.fft.rfft(sound.between(0.4, 0.8).samples))
    loudest = spectrum.argmax() / 0.4
    assert loudest == pytest.approx(120, abs=5)


def test_lips_tremble_no_more_than_the_film_does(film: Path) -> None:
    """Resting lips on a film of speech: what moves is the head."""
    frames = seen(film)[:18]
    tracker = Tracker()
    faces = [tracker.track(frame) for frame in frames]
    rest = RestingMouth()
    for face in faces:
        rest.see(face.points)
    lips = NewLips(rest)
    score = resting_score(FPS)
    drawn = [
        lips.drawn(steady.picture, steady.points, score, 0)
        for steady in steadied(
            Sighting(n / FPS, frame, face)
            for n, (frame, face) in enumerate(zip(frames, faces, strict=True))
        )
        if steady.points is not None
    ]
    found = [Tracker().track(frame) for frame in drawn]
    mouths = []
    for face in found:
        eyes = face.points[[33, 263], :2].mean(axis=0)
        mouths.append((face.points[13, :2] - eyes) / face.width)
    jumps = np.abs(np.diff(np.array(mouths), 2, axis=0))
    assert jumps.max() < 0.02
    assert np.nanmax(gaps(drawn)) < 0.012


def test_speech_longer_than_the_film(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = np.arange(40000) / 16000
    buzz = Audio((0.3 * np.sign(np.sin(2 * np.pi * 120 * times))).astype(np.float32), 16000)
    went_on = dub(film, audio=buzz, output=tmp_path / "bounce.mp4", consent=ME, fps=10)
    assert went_on.frames == 25
    assert any("longer than the film" in note for note in went_on.notes)
    most = _count_alive(monkeypatch)
    stopped = dub(
        film, audio=buzz, output=tmp_path / "stop.mp4", consent=ME, overrun="stop", fps=10
    )
    assert stopped.frames == 15  # 1.44 s
    assert 5 <= max(most) <= 9  # the frames smoothed over, one drawn, one kept
    assert files.read(tmp_path / "stop.mp4").seconds == pytest.approx(1.5, abs=0.06)
    assert any("ends before all is said" in note for note in stopped.notes)


def _count_alive(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many of a film's frames were held whenever one was read."""
    alive: weakref.WeakSet[Picture] = weakref.WeakSet()
    counts: list[int] = []
    pictures = Film.pictures

    class Counted(np.ndarray):  # an array that can be told from others of equal content
        def __hash__(self) -> int:  # type: ignore[override]
            return id(self)

        def __eq__(self, other: object) -> bool:  # type: ignore[override]
            return self is other

    def counted(film: Film) -> Iterator[tuple[float, Picture]]:
        for seconds, picture in pictures(film):
            one = picture.view(Counted)
            alive.add(one)
            counts.append(len(alive))
            yield seconds, one

    monkeypatch.setattr(Film, "pictures", counted)
    return counts


def test_to_and_fro() -> None:
    shown = itertools.islice(_to_and_fro([1, 2, 3]), 7)  # type: ignore[list-item]
    assert list(shown) == [2, 1, 2, 3, 2, 1, 2]
    assert list(itertools.islice(_to_and_fro([5]), 3)) == [5, 5, 5]  # type: ignore[list-item]


def face_at(x: float) -> Tracked:
    points = np.zeros((478, 3), np.float32)
    points[:, 0] = x
    points[454, 0] = x + 100
    return Tracked(points, 1.0, np.zeros(52, np.float32))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 9])
def test_every_frame_comes_once_in_order(count: int) -> None:
    sightings = [
        Sighting(n / 25, np.full((2, 2, 3), n, np.uint8), face_at(n)) for n in range(count)
    ]
    found = list(steadied(sightings))
    assert [int(steady.picture[0, 0, 0]) for steady in found] == list(range(count))
    for number, steady in enumerate(found):  # a steady walk is left as it is
        assert steady.points is not None and steady.presence == 1.0
        assert steady.points[0, 0] == pytest.approx(number, abs=1e-4)


def test_points_are_smoothed_within_a_shot_and_fade_beside_absences() -> None:
    rng = np.random.default_rng(0)
    trembling = [
        Sighting(0, np.zeros((2, 2, 3), np.uint8), face_at(x)) for x in rng.normal(0, 1, 99)
    ]
    calm = [steady.points[0, 0] for steady in steadied(trembling) if steady.points is not None]
    raw = [sighting.face.points[0, 0] for sighting in trembling if sighting.face]
    assert np.std(calm) < 0.8 * np.std(raw)
    gap: list[Tracked | None] = [*[face_at(0)] * 5, None, None, *[face_at(500)] * 5]
    found = [
        s.presence for s in steadied(Sighting(0, np.zeros((2, 2, 3), np.uint8), f) for f in gap)
    ]
    np.testing.assert_allclose(found, [1, 1, 1, 2 / 3, 1 / 3, 0, 0, 1 / 3, 2 / 3, 1, 1, 1])
    cut = [*[face_at(0)] * 4, *[face_at(500)] * 4]
    places = [
        s.points[0, 0] for s in steadied(Sighting(0, np.zeros((2, 2, 3), np.uint8), f) for f in cut)
    ]
    np.testing.assert_allclose(places, [0] * 4 + [500] * 4, atol=1e-3)


def test_what_cannot_be_dubbed_is_refused(
    film: Path, voice: Audio, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "a.mp4"
    with pytest.raises(ConsentMissing, match="never said"):
        dub(film, audio=voice, output=output)
    for options in ({}, {"text": "Hi."}, {"voice": "af_heart"}, {"audio": voice, "text": "Hi."}):
        with pytest.raises(BadInput, match="one of"):
            dub(film, output=output, consent=ME, **options)
    with pytest.raises(BadInput, match="need its words"):
        dub(film, audio=voice, output=output, consent=ME, subtitles=["a.srt"])
    with pytest.raises(BadInput, match="picture"):
        dub(DATA / "mona_lisa.jpg", audio=voice, output=output, consent=ME)
    with pytest.raises(BadInput, match="bounce"):
        dub(film, audio=voice, output=output, consent=ME, overrun="loop")  # type: ignore[arg-type]
    blank = tmp_path / "blank.mp4"
    with VideoWriter(blank, fps=25, size=(128, 128)) as video:
        for _ in range(5):
            video.write_frame(np.full((128, 128, 3), 90, np.uint8))
    with pytest.raises(BadInput, match="No face was found in the film"):
        dub(blank, audio=voice, output=output, consent=ME)
    assert run(["dub", str(film), "--audio", str(clip), "-o", str(output)]) == 4
    assert "--consent own" in capsys.readouterr().err
    assert not output.exists()


def test_as_it_is_typed(film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output, subtitles = tmp_path / "a.mp4", tmp_path / "a.srt"
    words = ["dub", str(film), "--text", "Oh, my!", "--voice", "am_michael", "-o", str(output)]
    words += ["--consent", ME, "--fps", "8"]
    assert run([*words, "--subtitles", str(subtitles)]) == 0
    assert "am_michael" in capsys.readouterr().out
    assert "Oh, my!" in subtitles.read_text(encoding="utf-8")
    found = video_info(output)
    assert (found.width, found.height, found.fps) == (320, 320, 8)
