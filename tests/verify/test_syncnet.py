"""SyncNet: the authors' modules under seeded weights, their formulas, and the way through verify.

The golden was made once with the modules of syncnet-python 0.2.3 and python_speech_features 0.6.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

import seeded_weights
from likewise.errors import BadInput
from likewise.values import Audio

torch = pytest.importorskip("torch")

from likewise.verify.syncnet import cropping, network, scoring  # noqa: E402
from likewise.verify.syncnet.cepstra import cepstra  # noqa: E402

FOLDER = Path(__file__).parents[1] / "data" / "syncnet"
RULES = ((r"^syncnet/.*\.(0|4|8|11|14|18)\.weight$", "fan", 1.4),)
DEMO = "LIKEWISE_SYNCNET_DEMO"


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return dict(np.load(FOLDER / "golden_seed1.npz"))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights under the authors' names, in the old format that theirs are in."""
    shapes = json.loads((FOLDER / "state_shapes.json").read_text(encoding="utf-8"))
    state = seeded_weights.to_torch(seeded_weights.seeded_state(shapes, 1, RULES, "syncnet/"))
    path = tmp_path_factory.mktemp("syncnet") / "syncnet_v2.model"
    torch.save(state, path, _use_new_zipfile_serialization=False)
    return path


@pytest.fixture(scope="module")
def model(checkpoint: Path) -> network.SyncNet:
    return network.load(checkpoint)


@pytest.fixture(scope="module")
def sound() -> Audio:
    rng = np.random.default_rng(1)
    rng.integers(0, 256, (7, 224, 224, 3), dtype=np.uint8)
    t = np.arange(16_000) / 16_000
    wave = 0.3 * np.sin(2 * np.pi * 220 * t) * (1 + np.sin(2 * np.pi * 3 * t)) / 2
    return Audio((wave + 0.02 * rng.normal(size=t.size)).astype(np.float32), 16_000)


def test_cepstra_are_the_reference_s(sound: Audio, golden: dict[str, np.ndarray]) -> None:
    assert cepstra(sound).shape == golden["cepstra"].T.shape
    assert np.abs(cepstra(sound) - golden["cepstra"].T).max() < 2e-3


def test_towers_are_the_reference_s(
    model: network.SyncNet, sound: Audio, golden: dict[str, np.ndarray]
) -> None:
    frames = np.random.default_rng(1).integers(0, 256, (7, 224, 224, 3), dtype=np.uint8)
    lips = np.concatenate([*scoring._lips(model, frames[..., ::-1])])
    assert np.abs(lips - golden["lips"]).max() < 1e-3 * golden["lips"].std()
    heard = scoring._sound(model, sound, 3)
    assert np.abs(heard - golden["sound"]).max() < 1e-3 * golden["sound"].std()


def test_lag_distance_and_confidence_are_the_reference_s(golden: dict[str, np.ndarray]) -> None:
    rng = np.random.default_rng(1)
    rng.integers(0, 256, (7, 224, 224, 3), dtype=np.uint8)
    rng.normal(size=16_000)
    lips = rng.normal(size=(60, 1024)).astype(np.float32)
    sound = np.roll(lips, -3, 0) + rng.normal(size=(60, 1024)).astype(np.float32)
    found = scoring.agreement(lips, sound)
    assert found.lag == golden["agreement"][0] == 3  # the sound is three frames early
    assert [found.distance, found.confidence] == pytest.approx(golden["agreement"][1:], abs=1e-4)


@pytest.mark.parametrize("lag", [-15, -4, 0, 1, 15])
def test_known_lags_are_found(lag: int) -> None:
    lips = np.random.default_rng(lag + 20).normal(size=(80, 1024)).astype(np.float32)
    assert scoring.agreement(lips, np.roll(lips, -lag, axis=0)).lag == lag


def test_batches_make_no_difference(
    model: network.SyncNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = np.random.default_rng(2).integers(0, 256, (9, 224, 224, 3), dtype=np.uint8)
    whole = np.concatenate([*scoring._lips(model, frames)])
    monkeypatch.setattr(scoring, "_BATCH", 2)
    parts = np.concatenate([*scoring._lips(model, frames)])
    assert whole.shape == (5, 1024)
    assert np.abs(parts - whole).max() < 1e-4 * whole.std()


def test_a_short_or_silent_film_has_no_number(model: network.SyncNet, sound: Audio) -> None:
    frames = np.zeros((6, 224, 224, 3), np.uint8)
    for audio in (sound, Audio(np.zeros(0, np.float32), 16_000)):
        found = scoring.measure(model, frames, audio)
        assert [metric.value for metric in found] == [None] * 3
        assert "too little" in found[0].status


def test_a_face_is_cut_out_with_its_chin() -> None:
    face = np.array([[100.0, 60.0, 0], [140.0, 110.0, 0]])
    where = cropping.boxes([None, face, face, None])
    assert where == pytest.approx(np.tile([25.0, 120.0, 85.0], (4, 1)))
    frame = np.zeros((200, 200, 3), np.uint8)
    frame[85:] = 255  # below the middle of the face
    (crop,) = cropping.crops([frame], where[:1])
    # 25 above the middle of 70 in all, so the edge lies at 25 / 70 of the height.
    assert crop.shape == (224, 224, 3)
    assert crop[:, 100, 0].argmax() == pytest.approx(224 * 25 / 70, abs=3)
    assert np.isnan(cropping.boxes([None, None])).all()
    (corner,) = cropping.crops([frame], np.array([[40.0, 0.0, 0.0]]))
    assert corner[0, 0].tolist() == [110] * 3


def test_it_judges_a_film_once_its_weights_are_there(
    checkpoint: Path, painting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from likewise import weights
    from likewise.studio.verifying import verify
    from likewise.video.picture import read_picture
    from likewise.video.writer import VideoWriter
    from likewise.weights import finding

    picture = read_picture(painting, max_side=256).picture
    film = tmp_path / "film.mp4"
    rng = np.random.default_rng(0)
    hum = Audio((0.1 * rng.normal(size=48_000)).astype(np.float32), 24_000)
    size = (picture.shape[1], picture.shape[0])
    with VideoWriter(film, fps=25, size=size, audio_rate=hum.sample_rate) as video:
        video.write_audio(hum)
        for _ in range(50):
            video.write_frame(picture)

    def syncnet() -> list[str]:
        names = [metric.name for metric in verify(film).metrics]
        return [name for name in names if name.startswith("SyncNet")]

    assert syncnet() == []
    usual, entry = finding.look, weights.entry("syncnet")

    def look(name: str) -> finding.Finding:
        return finding.Finding(entry, "ok", (checkpoint,)) if name == entry.name else usual(name)

    monkeypatch.setattr(finding, "look", look)
    monkeypatch.setattr(weights, "look", look)
    assert syncnet() == ["SyncNet lag", "SyncNet confidence", "SyncNet distance"]


@pytest.mark.parametrize("content", [b"", b"not weights", None])
def test_other_files_are_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "syncnet_v2.model"
    if content is None:
        torch.save({"netcnnaud.0.weight": torch.zeros(64, 1, 3, 3)}, path)
    else:
        path.write_bytes(content)
    with pytest.raises(BadInput, match="SyncNet"):
        network.load(path)


@pytest.mark.skipif(
    DEMO not in os.environ, reason=f"{DEMO}: folder of syncnet_v2.model, example.avi"
)
def test_the_authors_clip_has_their_values() -> None:
    """The authors' demo: offset 3, least distance 5.353, confidence 10.021."""
    from likewise.audio import files
    from likewise.video.reader import VideoReader

    folder = Path(os.environ[DEMO])
    with VideoReader(folder / "example.avi") as video:
        crops = [frame.picture for frame in video.frames(fps=scoring.FPS)]
    judge = network.load(folder / "syncnet_v2.model")
    lag, confidence, distance = scoring.measure(judge, crops, files.read(folder / "example.avi"))
    assert lag.value == 3 * 40
    assert distance.value == pytest.approx(5.353, abs=0.05)
    assert confidence.value == pytest.approx(10.021, abs=0.1)
