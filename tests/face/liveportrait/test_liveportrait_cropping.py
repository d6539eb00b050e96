"""Crop, turn, paste back: the reference's numbers, and a face that goes back where it was."""

import cv2
import numpy as np
import pytest
from liveportrait_goldens import Golden, apart, relative

from likewise.face.liveportrait import cropping
from likewise.face.liveportrait.cropping import Box, PasteBack


@pytest.fixture
def box(golden: Golden) -> Box:
    return cropping.box_around(golden["in.lmk106"].astype(float), golden["crop.pt2_106"])


def test_box_follows_the_reference(golden: Golden, box: Box) -> None:
    assert relative(box.centre, golden["crop.center"]) <= 1e-5
    assert box.side == pytest.approx(float(golden["crop.size"][0]), rel=1e-5)
    assert box.angle == pytest.approx(float(golden["crop.angle"]), rel=1e-5)
    assert relative(box.to_crop(), golden["crop.M_o2c"]) <= 1e-5
    assert relative(box.to_picture(), golden["crop.M_c2o"]) <= 1e-5


def test_crop_follows_the_reference(golden: Golden, box: Box) -> None:
    cut = cropping.crop(golden["in.frame"], box)
    assert apart(cut[160:352, 160:352].astype(int), golden["crop.img_512.slice"].astype(int)) <= 1
    small = cropping.network_input(cut, 256)
    assert apart(small.astype(int), golden["in.source_256"].astype(int)) <= 2


def test_driving_boxes_follow_the_reference(golden: Golden) -> None:
    for points, wanted in zip(
        golden["in.driving_lmk203"].astype(float), golden["crop.driving_bbox"], strict=True
    ):
        eyes = [points[list(which)].mean(0) for which in ((0, 6, 12, 18), (24, 30, 36, 42))]
        centres = np.stack([np.mean(eyes, axis=0), points[[48, 66]].mean(0)])
        found = cropping.box_around(
            points,
            centres,
            scale=cropping.DRIVING_SCALE,
            rise=cropping.DRIVING_RISE,
            turned=False,
        )
        corners = np.concatenate([found.centre - found.side / 2, found.centre + found.side / 2])
        assert relative(corners, wanted) <= 1e-5
        assert found.angle == 0


def test_ratios_follow_the_reference(golden: Golden) -> None:
    found = cropping.ratios_203(golden["in.lmk203"])
    assert [found.left_eye, found.right_eye] == pytest.approx(golden["ratio.source_eye"][0])
    assert found.lips == pytest.approx(float(golden["ratio.source_lip"][0, 0]))


def test_mask_and_paste_follow_the_reference(golden: Golden, box: Box) -> None:
    assert apart(np.floor(cropping.paste_mask() * 255), golden["in.mask_512"]) == 0
    mask = golden["in.mask_512"].astype(np.float32) / 255
    paste = PasteBack(golden["in.frame"], box, mask=mask)
    assert apart(paste.mask[100:340:4, 200:440:4], golden["paste.mask.slice"]) <= 5e-3
    doubled = golden["in.source_256"].repeat(2, axis=0).repeat(2, axis=1)[::-1]
    for cut, wanted in ((doubled, "paste.result"), (golden["final.image_u8"], "final.frame_u8")):
        found = paste(np.ascontiguousarray(cut))
        assert apart(found.astype(int), golden[wanted].astype(int)) <= 2


@pytest.mark.parametrize("centre", [(160, 120), (20, 15), (310, 235)])
@pytest.mark.parametrize("angle", [0.0, 0.4, -1.5])
def test_unchanged_crop_leaves_no_seam(centre: tuple[int, int], angle: float) -> None:
    """A smooth picture cut out and put back differs nowhere, inside or at the mask's border."""
    y, x = np.mgrid[:240, :320]
    picture = np.stack([x * 0.7, y * 0.9, 60 + 0.3 * (x + y)], axis=-1).astype(np.uint8)
    box = Box(np.array(centre, float), 150.0, angle)
    wide = cv2.copyMakeBorder(picture, 200, 200, 200, 200, cv2.BORDER_REPLICATE)
    shifted = Box(box.centre + 200, box.side, box.angle)
    pasted = PasteBack(wide, shifted)(cropping.crop(wide, shifted))
    assert apart(pasted.astype(int), wide.astype(int)) <= 2
    inside = PasteBack(picture, box)(cropping.crop(picture, box))
    assert inside.shape == picture.shape


def test_turned_picture_gives_the_same_crop(golden: Golden) -> None:
    """A face lying on its side is cut out upright."""
    frame, points = golden["in.frame"], golden["in.lmk106"].astype(float)
    upright = cropping.crop(frame, cropping.box_around(points, golden["crop.pt2_106"]))
    turned = np.ascontiguousarray(np.rot90(frame))
    width = frame.shape[1]
    swap = np.stack([points[:, 1], width - 1 - points[:, 0]], axis=1)
    eyes = golden["crop.pt2_106"]
    eyes = np.stack([eyes[:, 1], width - 1 - eyes[:, 0]], axis=1)
    sideways = cropping.crop(turned, cropping.box_around(swap, eyes))
    assert np.abs(sideways.astype(int) - upright).mean() < 0.5


def test_eyes_above_one_another_do_not_divide_by_zero() -> None:
    points = np.random.default_rng(1).uniform(50, 90, (478, 2))
    box = cropping.box_around(points, np.full((2, 2), 60.0))
    assert box.angle == 0
    assert np.isfinite(box.to_picture()).all()
