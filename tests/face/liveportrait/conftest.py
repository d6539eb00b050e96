"""Golden numbers of the reference and weights that are functions of (seed, name)."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from liveportrait_goldens import FOLDER, Golden
from numpy.typing import NDArray

import seeded_weights
from likewise.face import registry
from likewise.face.mesh.engine import MeshEngine
from likewise.values import INDEX, Audio, Motion
from likewise.video.writer import VideoWriter

DATA = Path(__file__).parents[2] / "data"
FRAMES = 12


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Tiny networks gain nothing from more, and on a busy machine threads wait for each other."""
    try:
        import torch
    except ImportError:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def golden() -> Golden:
    (path,) = FOLDER.glob("golden_seed*.npz")
    with np.load(path) as stored:
        return dict(stored)


@pytest.fixture(scope="session")
def state_shapes() -> dict[str, Any]:
    shapes: dict[str, Any] = json.loads((FOLDER / "state_shapes.json").read_text("utf-8"))
    return shapes


@pytest.fixture(scope="session")
def checkpoint(golden: Golden, state_shapes: dict[str, Any]) -> Callable[[str], Any]:
    """Content of one checkpoint file in the authors' layout, as torch tensors, made when asked."""
    pytest.importorskip("torch", reason="LivePortrait needs the extra [torch]")
    seed = int(golden["meta.seed"])

    def make(name: str) -> Any:
        tree = {f"{name}.pth": state_shapes[f"{name}.pth"]}
        rules = seeded_weights.LIVEPORTRAIT_RULES
        content = seeded_weights.seeded_checkpoint(tree, seed, rules)[f"{name}.pth"]
        expected = str(golden[f"meta.weights_sha256.{name}"])
        assert seeded_weights.fingerprint(content) == expected
        return seeded_weights.to_torch(content)

    return make


@pytest.fixture(scope="session")
def filled(checkpoint: Callable[[str], Any]) -> Callable[[str], Any]:
    """One part of the published model with name-seeded weights; the caller holds it."""
    torch = pytest.importorskip("torch", reason="LivePortrait needs the extra [torch]")
    from likewise.face.liveportrait import weights
    from likewise.face.liveportrait.networks import empty

    def make(name: str) -> Any:
        part = weights.PARTS[name]
        module = empty().get_submodule(part)
        module.load_state_dict(weights.translated(checkpoint(name), part), assign=True)
        assert all(value.device == torch.device("cpu") for value in module.state_dict().values())
        return module.requires_grad_(False)

    return make


@pytest.fixture(scope="session")
def smallest() -> Any:
    """The smallest model, with random weights."""
    pytest.importorskip("torch", reason="LivePortrait needs the extra [torch]")
    from liveportrait_models import SMALLEST

    from likewise.face.liveportrait.networks import build

    return build(SMALLEST, seed=1)


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mona Lisa opens her mouth and turns, with a tone; 12 frames."""
    picture = _painted("mona_lisa.jpg", 256)
    motion = Motion.still(FRAMES, 25)
    motion.coefficients[:, INDEX["jawOpen"]] = np.linspace(0, 0.6, FRAMES)
    motion.pose[:, 0] = np.linspace(0, 10, FRAMES)
    path = tmp_path_factory.mktemp("driver") / "driver.mp4"
    return _filmed(picture, motion, path, tone=True)


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lady Agnew turns her head, silent; 10 frames."""
    picture = _painted("lady_agnew.jpg", 240)
    motion = Motion.still(10, 20)
    motion.pose[:, 0] = np.linspace(-6, 6, 10)
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    return _filmed(picture, motion, path, tone=False)


@pytest.fixture(scope="session")
def painted() -> Callable[[str, int], NDArray[np.uint8]]:
    """The head of a painting, by file name and side in pixels."""
    return _painted


def _painted(name: str, side: int) -> NDArray[np.uint8]:
    cuts = {"mona_lisa.jpg": np.s_[40:440, 150:550], "lady_agnew.jpg": np.s_[20:280, 190:450]}
    picture = cv2.imread(str(DATA / name))
    assert picture is not None
    head = picture[..., ::-1][cuts[name]]
    scaled = cv2.resize(head, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(scaled, np.uint8)


def _filmed(picture: NDArray[np.uint8], motion: Motion, path: Path, *, tone: bool) -> Path:
    engine = MeshEngine()
    portrait = engine.prepare(picture)
    seconds, size = len(motion) / motion.fps, (picture.shape[1], picture.shape[0])
    sound = 0.2 * np.sin(2 * np.pi * 300 * np.arange(round(seconds * 16000)) / 16000)
    with VideoWriter(path, fps=motion.fps, size=size, audio_rate=16000 if tone else None) as video:
        if tone:
            video.write_audio(Audio(sound.astype(np.float32), 16000))
        for frame in engine.render(portrait, motion):
            video.write_frame(frame)
    return path


@pytest.fixture
def registered(smallest: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--face liveportrait` is the smallest model, as if weights had been named."""
    from likewise.face.liveportrait.engine import LivePortraitEngine

    found = registry.face_engine
    monkeypatch.setattr(
        registry,
        "face_engine",
        lambda name="mesh": LivePortraitEngine(smallest) if name == "liveportrait" else found(name),
    )
