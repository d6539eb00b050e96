"""A picture follows a camera: a film stands in for it, played at the speed at which it was made."""

import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from likewise.cli.app import run
from likewise.errors import BadInput
from likewise.face.mesh.engine import MeshEngine
from likewise.motion.from_video import from_video
from likewise.motion.live import LiveDriver
from likewise.seeing.camera import Camera
from likewise.seeing.following import Film
from likewise.studio.live import camera_named, follow
from likewise.studio.live_view import LiveView
from likewise.values import INDEX, Motion
from likewise.video.reader import info as video_info
from likewise.video.writer import VideoWriter

DATA = Path(__file__).parents[1] / "data"
FPS, FRAMES = 25.0, 75
Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def motion() -> Motion:
    """Still for a second; then the jaw moves and the head turns; nobody there in the end."""
    motion = Motion.still(FRAMES, FPS)
    times = np.maximum(np.arange(FRAMES) / FPS - 1.2, 0.0)
    motion.coefficients[:, INDEX["jawOpen"]] = 0.25 - 0.25 * np.cos(2 * np.pi * 1.5 * times)
    motion.pose[:, 0] = 9 * np.sin(2 * np.pi * times / 1.6)
    return motion


@pytest.fixture(scope="module")
def film(motion: Motion, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("camera") / "film.mp4"
    head = cv2.imread(str(DATA / "lady_agnew.jpg"))[20:280, 190:450, ::-1]
    picture = cv2.resize(np.ascontiguousarray(head), (256, 256), interpolation=cv2.INTER_CUBIC)
    engine = MeshEngine()
    with VideoWriter(path, fps=FPS, size=(256, 256), quality=12) as video:
        for number, frame in enumerate(engine.render(engine.prepare(picture), motion)):
            video.write_frame(frame if number < 66 else np.full_like(frame, 90))
    return path


def test_live_is_what_the_film_says_a_moment_later(film: Path, motion: Motion) -> None:
    driver = LiveDriver(FPS)
    parts = []
    for _, picture in Film(film).pictures():
        assert driver.ready == (len(parts) > 24)
        parts.append(driver.next(picture))
    live, whole = Motion.joined(parts), from_video(Film(film), anchor=0.4).motion
    for track in (live.coefficients, live.pose, live.shift, live.gaze):
        assert not track[:24].any()
    talking = slice(36, 65)
    late = [
        np.corrcoef(live.pose[36 + lag : 65, 0], whole.pose[36 : 65 - lag, 0])[0, 1]
        for lag in range(5)
    ]
    assert max(late) > 0.98 and int(np.argmax(late)) <= 2
    assert np.corrcoef(live.lip_gap[talking, 5], whole.lip_gap[talking, 5])[0, 1] > 0.95
    assert abs(live.lip_gap[talking, 5].max() / whole.lip_gap[talking, 5].max() - 1) < 0.2
    # Nobody there: to rest in 0.4 s, without a jump.
    assert np.abs(np.diff(live.pose[60:, 0])).max() < 3
    assert not parts[-1].pose.any() or np.abs(parts[-1].pose).max() < 1
    assert np.isnan(live.lip_gap[68:]).all()


def test_a_driver_takes_a_new_neutral_look(film: Path) -> None:
    driver = LiveDriver(FPS)
    pictures = [picture for _, picture in Film(film).pictures()]
    turned = pictures[40]
    for _ in range(26):
        driver.next(pictures[0])
    for _ in range(20):
        seen = driver.next(turned)
    assert abs(seen.pose[0, 0]) > 4
    driver.recentre()
    for _ in range(40):
        seen = driver.next(turned)
    assert abs(seen.pose[0, 0]) < 0.5


@pytest.mark.alone
def test_a_picture_follows_and_is_written(film: Path, painting: Path, tmp_path: Path) -> None:
    output = tmp_path / "live.mp4"
    video = follow(painting, f"camera:{film}", output=output, size=128, crop="head")
    assert video is not None
    found = video_info(output)
    assert (found.width, found.height, found.has_sound) == (128, 128, False)
    # Time passes as it does, from the first picture that could be looked at.
    assert 1.0 < video.seconds < FRAMES / FPS + 0.3
    assert any("neutral look" in note for note in video.notes)


@pytest.mark.alone
def test_it_stops_when_told(film: Path, painting: Path, tmp_path: Path) -> None:
    video = follow(
        painting, f"camera:{film}", output=tmp_path / "a.mp4", size=160, crop="head", seconds=1.5
    )
    assert video is not None and video.seconds == pytest.approx(1.5, abs=0.25)
    stop = threading.Event()
    watched: list[Picture] = []

    class Watcher(LiveView):
        def show(self, frame: Picture) -> None:
            watched.append(frame)
            stop.set()

    with Watcher() as view:
        nothing = follow(painting, f"camera:{film}", view=view, size=160, crop="head", stop=stop)
    assert nothing is None and len(watched) == 1


def test_without_a_camera_it_is_said_what_to_do(
    painting: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("97", str(tmp_path / "video9")):
        with pytest.raises(BadInput, match=r"There is no camera .*privacy settings.*camera:film"):
            Camera(name)
    with pytest.raises(BadInput, match="Nobody would see it"):
        follow(painting)
    assert (
        run(["animate", str(painting), "--driver", "camera:97", "-o", str(tmp_path / "a.mp4")]) == 2
    )
    said = capfd.readouterr().err
    assert "There is no camera 97" in said and "VIDEOIO" not in said
    assert not list(tmp_path.iterdir())


def test_as_it_is_typed(
    film: Path, painting: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "a.mp4"
    typed = ["animate", str(painting), "--driver", f"camera:{film}", "--size", "160"]
    typed += ["--crop", "head"]
    assert run([*typed, "-o", str(output), "--seconds", "0.4", "--show"]) == 0
    said = capsys.readouterr()
    assert "http://127.0.0.1:" in said.err and "a.mp4" in said.out
    assert run([*typed, "--transcript", "Hello"]) == 2
    assert "--transcript can't be used beside --driver camera" in capsys.readouterr().err
    assert run(["animate", str(painting), "--driver", str(film), "--seconds", "1"]) == 2
    assert run(["animate", str(painting), "--driver", str(film)]) == 2
    assert "Name it with -o" in capsys.readouterr().err


_BROWSER = """
import sys, urllib.error, urllib.request
address = sys.argv[1]
page = urllib.request.urlopen(address).read()
assert b'src="/stream"' in page
stranger = urllib.request.Request(address + "stream", headers={"Host": "evil.example"})
try:
    urllib.request.urlopen(stranger)
except urllib.error.HTTPError as error:
    assert error.code == 403
else:
    raise SystemExit("a stranger was answered")
stream = urllib.request.urlopen(address + "stream")
print(stream.headers["Content-Type"])
while (line := stream.readline()) != b"\\r\\n":
    length = line.split()[-1]
sys.stdout.buffer.write(stream.read(int(length)).hex().encode())
"""


def test_a_browser_on_this_machine_sees_it() -> None:
    frame = np.full((40, 60, 3), (200, 60, 20), np.uint8)
    with LiveView() as view:
        view.show(frame)
        browser = [sys.executable, "-c", _BROWSER, view.address]
        seen = subprocess.run(browser, capture_output=True, text=True, timeout=60)  # ours refuses
    assert seen.returncode == 0, seen.stderr
    kind, data = seen.stdout.split("\n")
    assert kind.startswith("multipart/x-mixed-replace")
    jpeg = cv2.imdecode(np.frombuffer(bytes.fromhex(data), np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(jpeg[..., ::-1].astype(int) - frame).max() < 8


def test_names_of_cameras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert camera_named("camera") == "0"
    assert camera_named("camera:1") == "1"
    assert camera_named("camera:/dev/video2") == "/dev/video2"
    assert camera_named("camera.mp4") is None
    monkeypatch.chdir(tmp_path)
    Path("camera").touch()
    assert camera_named("camera") is None  # a film of that name
    with pytest.raises(BadInput, match="camera:1"):
        camera_named("camera:")
