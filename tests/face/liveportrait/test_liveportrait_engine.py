"""The engine plays our score: sizes, counts, paste-back, errors, with random tiny networks."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from likewise.errors import BadInput, MissingWeights, Unsupported
from likewise.face.engine import FaceEngine
from likewise.values import INDEX, Motion, Portrait

torch = pytest.importorskip("torch", reason="LivePortrait needs the extra [torch]")

from likewise.face.liveportrait import cropping  # noqa: E402 - needs torch
from likewise.face.liveportrait.engine import LivePortraitEngine  # noqa: E402
from likewise.face.liveportrait.networks import LivePortrait, build  # noqa: E402
from likewise.face.liveportrait.rendering import Seen  # noqa: E402
from likewise.face.liveportrait.sizes import TINY  # noqa: E402

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def tiny() -> LivePortrait:
    return build(TINY, seed=1)


@pytest.fixture(scope="module")
def painting() -> Picture:
    path = Path(__file__).parents[2] / "data" / "lady_agnew.jpg"
    picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    return np.ascontiguousarray(picture)


@pytest.fixture(scope="module")
def portrait(tiny: LivePortrait, painting: Picture) -> Portrait:
    return LivePortraitEngine(tiny).prepare(painting)


def speaking(frames: int) -> Motion:
    motion = Motion.still(frames, 25)
    motion.coefficients[:, INDEX["jawOpen"]] = np.linspace(0, 0.6, frames)
    motion.pose[:, 0] = np.linspace(0, 10, frames)
    return motion


def test_engine_answers_the_protocol(tiny: LivePortrait) -> None:
    assert isinstance(LivePortraitEngine(tiny), FaceEngine)


def test_frames_have_the_pictures_size_and_change_only_around_the_face(
    tiny: LivePortrait, portrait: Portrait
) -> None:
    frames = list(LivePortraitEngine(tiny).render(portrait, speaking(5)))
    assert len(frames) == 5
    box = cropping.box_around(portrait.points, cropping.eyes_and_mouth(portrait.points))
    outside = cropping.PasteBack(portrait.picture, box, size=TINY.output).mask == 0
    for frame in frames:
        assert frame.shape == portrait.picture.shape and frame.dtype == np.uint8
        assert (frame[outside] == portrait.picture[outside]).all()
    assert not np.array_equal(frames[0], frames[-1])


def test_streamed_parts_are_the_whole_and_workers_change_nothing(
    tiny: LivePortrait, portrait: Portrait
) -> None:
    motion = speaking(6)
    whole = list(LivePortraitEngine(tiny, workers=1).render(portrait, motion))
    parts = iter([motion[:2], motion[2:2], motion[2:6]])
    streamed = list(LivePortraitEngine(tiny, workers=3).render(portrait, parts))
    assert len(streamed) == 6
    for one, other in zip(whole, streamed, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1


def test_rendering_runs_only_a_little_ahead(tiny: LivePortrait, portrait: Portrait) -> None:
    taken = 0

    def endless() -> object:
        nonlocal taken
        while True:
            taken += 1
            yield speaking(1)

    frames = LivePortraitEngine(tiny, workers=2).render(portrait, endless())  # type: ignore[arg-type]
    for _ in range(4):
        next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert taken <= 4 + 3


def test_hook_sees_every_frame_in_order(tiny: LivePortrait, portrait: Portrait) -> None:
    seen: list[Seen] = []
    engine = LivePortraitEngine(tiny, workers=2, watch=seen.append)
    list(engine.render(portrait, speaking(4)))
    assert [item.frame for item in seen] == [0, 1, 2, 3]
    side, depth = TINY.feature, TINY.volume_depth
    for item in seen:
        assert item.volume.shape == (1, TINY.volume_channels, depth, side, side)
        assert item.source.shape == item.driving.shape == (21, 3)
        dense = item.warped.motion
        assert dense.deformation.shape == (1, depth, side, side, 3)
        assert dense.occlusion.shape == (1, 1, side, side)
        assert torch.allclose(dense.mask.sum(1), torch.ones(1, depth, side, side), atol=1e-5)
    assert not torch.equal(seen[0].driving, seen[3].driving)


def test_retargeting_networks_can_open_lips_and_lids(
    tiny: LivePortrait, portrait: Portrait
) -> None:
    (by_slopes,) = LivePortraitEngine(tiny).render(portrait, speaking(1))
    (by_networks,) = LivePortraitEngine(tiny, by_networks=True).render(portrait, speaking(1))
    assert by_networks.shape == by_slopes.shape
    assert not np.array_equal(by_networks, by_slopes)


def test_face_at_the_border(tiny: LivePortrait, portrait: Portrait) -> None:
    left, top = portrait.points[:, :2].min(axis=0).astype(int)
    cut = np.ascontiguousarray(portrait.picture[top:, left:])
    points = portrait.points - np.array([left, top, 0], np.float32)
    engine = LivePortraitEngine(tiny)
    (frame,) = engine.render(engine.prepare(cut, points=points), speaking(1))
    assert frame.shape == cut.shape


def test_without_weights_the_message_has_the_command(
    painting: Picture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("LIKEWISE_LIVEPORTRAIT", raising=False)
    with pytest.raises(MissingWeights, match="likewise weights pull liveportrait") as error:
        LivePortraitEngine().prepare(painting)
    assert error.value.exit_code == 3
    monkeypatch.setenv("LIKEWISE_LIVEPORTRAIT", str(tmp_path))
    with pytest.raises(MissingWeights, match="appearance_feature_extractor"):
        LivePortraitEngine().prepare(painting)


def test_what_cannot_be_used_is_said(tiny: LivePortrait, portrait: Portrait) -> None:
    engine = LivePortraitEngine(tiny)
    with pytest.raises(BadInput, match="No face"):
        engine.prepare(np.full((200, 200, 3), 128, np.uint8))
    with pytest.raises(BadInput, match="RGB"):
        engine.prepare(np.zeros((200, 200), np.uint8))  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="one face"):
        engine.prepare(portrait.picture, face=4)
    dog = Portrait(portrait.picture, portrait.points, portrait.coefficients, kind="animal")
    with pytest.raises(Unsupported, match="animal"):
        next(engine.render(dog, speaking(1)))
