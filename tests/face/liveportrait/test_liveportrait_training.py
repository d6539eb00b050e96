"""The second stage learns over frozen networks, goes on where it stopped, and saves what loads."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from liveportrait_models import SMALLEST

from likewise.cli.app import run
from likewise.errors import BadInput, MissingWeights
from likewise.video.writer import VideoWriter

torch = pytest.importorskip("torch", reason="LivePortrait needs the extra [torch]")

from likewise.face.liveportrait import weights  # noqa: E402 - needs torch
from likewise.face.liveportrait.networks import (  # noqa: E402
    LivePortrait,
    build,
    empty,
    forget_retargeting,
)
from likewise.face.liveportrait.rendering import Direct, Renderer  # noqa: E402
from likewise.face.liveportrait.score import EYE_OPENING, LIP_OPENING  # noqa: E402
from likewise.face.liveportrait.training import tuning  # noqa: E402
from likewise.face.liveportrait.training.examples import (  # noqa: E402
    PARTS,
    Example,
    gather,
)
from likewise.face.liveportrait.training.losses import Weights, opening, terms  # noqa: E402
from likewise.face.liveportrait.training.tuning import Plan, batch_of, tune  # noqa: E402

DATA = Path(__file__).parents[2] / "data"


def model() -> LivePortrait:
    """Random networks whose motion extractor answers as much as a trained one's."""
    made = build(SMALLEST, seed=1)
    made.motion.heads["expression"].weight.mul_(20)  # type: ignore[operator, union-attr]
    return made


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    folder, made = tmp_path_factory.mktemp("faces"), model()
    for name in ("lady_agnew.jpg", "mona_lisa.jpg"):
        shutil.copy(DATA / name, folder)
    found, notes = gather(folder, Renderer(made, Direct(made)).read, side=SMALLEST.image)
    assert not notes
    return found


def test_a_film_gives_a_few_of_its_frames_and_a_file_without_a_face_is_named(
    tmp_path: Path,
) -> None:
    head = cv2.imread(str(DATA / "mona_lisa.jpg"))[40:440, 150:550, ::-1]
    picture = np.ascontiguousarray(cv2.resize(head, (128, 128)))
    with VideoWriter(tmp_path / "film.mp4", fps=10, size=(128, 128)) as video:
        for shift in range(10):
            video.write_frame(np.roll(picture, shift, axis=1))
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((96, 96, 3), 90, np.uint8))
    made = model()
    read = Renderer(made, Direct(made)).read
    found, notes = gather(tmp_path, read, side=SMALLEST.image, per_film=3)
    assert len(found) == 3
    assert notes == ("No face was found in wall.png; left out.",)


def test_examples_are_upright_crops_with_their_regions(examples: list[Example]) -> None:
    assert len(examples) == 2
    for example in examples:
        assert example.picture.shape == (32, 32, 3)
        assert 0.3 < example.ratios.left_eye < 0.5 and example.ratios.lips < 0.05
        eyes, chin = example.points[[468, 473], 1].mean(), example.points[152, 1]
        assert 0.2 < eyes < chin < 0.9
        side = 100
        keep = {part: example.kept(part, side) for part in PARTS}
        assert all(mask.min() >= 0 and mask.max() <= 1 + 1e-6 for mask in keep.values())
        nose, iris, lips = (np.round(example.points[k] * side).astype(int) for k in (4, 468, 13))
        # Stitching minds the shoulders alone; lips and eyes mind all but themselves.
        assert keep["stitching"][95, 50] > 0.99 and keep["stitching"][nose[1], nose[0]] < 0.01
        assert keep["lips"][lips[1], lips[0]] < 0.01 and keep["lips"][iris[1], iris[0]] > 0.99
        assert keep["eyes"][iris[1], iris[0]] < 0.05 and keep["eyes"][lips[1], lips[0]] > 0.99


def test_a_ratio_is_read_from_the_expression_by_the_measured_slopes() -> None:
    for slopes in (LIP_OPENING, EYE_OPENING):
        change = torch.zeros(2, 21, 3)
        for at, slope in slopes.items():
            change[0][at] = 0.3 * slope
        assert opening(change, slopes).tolist() == pytest.approx([0.3, 0.0], abs=1e-6)


def test_terms_against_a_small_oracle(examples: list[Example]) -> None:
    made, plan = model(), Plan(batch=2)
    batch, by = batch_of(examples, plan, 1), Weights(condition=0.7, offsets=0.3)
    with torch.no_grad():
        found = terms(made, batch, PARTS, by)
        source, driver = batch.sources[0], batch.drivers[0]
        alone = replace(
            batch, sources=[source], drivers=[driver], lips=batch.lips[:1], eyes=batch.eyes[:1]
        )
        stitching = terms(made, alone, ["stitching"], by)["stitching"]
        lips = terms(made, alone, ["lips"], by)["lips"]
        volume = made.appearance(torch.from_numpy(source.picture).permute(2, 0, 1)[None] / 255)
        x_s = torch.from_numpy(source.face.keypoints).float()[None]
        d = driver.face
        met = d.scale * (source.face.canonical @ d.rotation + d.expression)
        met[:, :2] += d.translation[:2]
        x_d = torch.from_numpy(met).float()[None]
        stitched = made.stitching(x_s, x_d)
        own, moved = made(volume, x_s, x_s)[0], made(volume, x_s, stitched)[0]
        kept = torch.from_numpy(source.kept("stitching", 64))
        region = ((own - moved).abs().mean(0) * kept).sum() / kept.sum()
        opened = made(volume, x_s, x_s + made.lips(x_s, torch.tensor(
            [[source.ratios.lips, float(batch.lips[0])]])))  # fmt: skip
        read = [
            made.motion(torch.nn.functional.avg_pool2d(p, 2)).expression.view(1, 21, 3)
            for p in (own[None], opened)
        ]
    assert stitching.region.item() == pytest.approx(region.item(), rel=1e-4)
    assert stitching.offsets.item() == pytest.approx((stitched - x_d).abs().mean().item(), rel=1e-4)
    now = source.ratios.lips + opening(read[1] - read[0], LIP_OPENING).item()
    assert lips.condition.item() == pytest.approx(abs(now - float(batch.lips[0])), rel=1e-3)
    for term in found.values():
        total = term.region + 0.7 * term.condition + 0.3 * term.offsets
        assert term.loss.item() == pytest.approx(total.item(), rel=1e-5)


def test_all_three_learn_while_the_rest_stays(
    examples: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, plan = model(), Plan(steps=25, batch=2, learning_rate=1e-3, weights=Weights(1.0))
    before = {name: value.clone() for name, value in made.state_dict().items()}
    task = batch_of(examples, plan, 1)
    monkeypatch.setattr(tuning, "batch_of", lambda *_: task)
    steps = list(tune(made, examples, plan))
    assert [step.number for step in steps] == list(range(1, 26))
    for part in PARTS:
        assert steps[-1].losses[part] < 0.6 * steps[0].losses[part], part
    small = tuple(f"{part}." for part in PARTS)
    for name, value in made.state_dict().items():
        assert torch.equal(value, before[name]) == (not name.startswith(small)), name
    assert not any(parameter.requires_grad for parameter in made.parameters())


def test_stitching_keeps_shoulders_of_faces_it_was_not_asked_about(
    examples: list[Example],
) -> None:
    made, plan = model(), Plan(steps=20, batch=2, learning_rate=1e-3, parts=("stitching",))

    def off() -> float:
        with torch.no_grad():
            found = [terms(made, batch_of(examples, plan, n), plan.parts, plan.weights)
                     for n in (1001, 1002)]  # fmt: skip
        return float(np.mean([term["stitching"].region for term in found]))

    before = off()
    list(tune(made, examples, plan))
    assert off() < 0.6 * before


def test_a_stopped_run_goes_on_to_the_same_weights(examples: list[Example], tmp_path: Path) -> None:
    plan = Plan(steps=4, batch=1, parts=("stitching", "lips"), save_every=2)
    whole, stopped, again = model(), model(), model()
    list(tune(whole, examples, plan))
    steps = tune(stopped, examples, plan, folder=tmp_path)
    next(steps), next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert [s.number for s in tune(again, examples, plan, folder=tmp_path, resume=True)] == [3, 4]
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
    assert not list(tune(again, examples, plan, folder=tmp_path, resume=True))
    with pytest.raises(BadInput, match="batch"):
        list(tune(again, examples, replace(plan, batch=2), folder=tmp_path, resume=True))
    (tmp_path / "training.pth").write_bytes(b"PK nothing")
    with pytest.raises(BadInput, match="damaged"):
        list(tune(again, examples, plan, folder=tmp_path, resume=True))
    with pytest.raises(BadInput, match="no run"):
        list(tune(again, examples, plan, folder=tmp_path / "none", resume=True))


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"learning_rate": 2.0}, {"parts": ("nose",)}])
def test_a_plan_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=r"steps|rate|nose"):
        Plan(**wrong)


def test_saved_networks_have_the_authors_layout_and_load(
    state_shapes: dict[str, Any], tmp_path: Path
) -> None:
    made, path = model(), tmp_path / f"{weights.RETARGETING}.pth"
    forget_retargeting(made, seed=3)
    weights.save_retargeting(made, path)
    content = torch.load(path, weights_only=True)
    wanted = state_shapes[f"{weights.RETARGETING}.pth"]
    shapes = {g: {k: list(v.shape) for k, v in state.items()} for g, state in content.items()}
    assert shapes == {g: {k: v[0] for k, v in state.items()} for g, state in wanted.items()}
    loaded = empty()
    weights._fill_retargeting(loaded, path)
    for part in PARTS:
        for name, value in made.get_submodule(part).state_dict().items():
            assert torch.equal(value, loaded.get_submodule(part).state_dict()[name])


def test_the_command_trains_and_the_result_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(weights, "chosen", lambda *_, **__: model())
    folder = tmp_path / "mine"
    command = ["train", "liveportrait-stitching", str(DATA / "lady_agnew.jpg"), "-o", str(folder)]
    options = ["--batch", "1", "--part", "stitching", "--fresh"]
    assert run([*command, "--steps", "1", *options]) == 0
    assert "1 steps on 1 faces; stitching" in capsys.readouterr().out
    assert run([*command, "--steps", "2", *options, "--resume", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] == 2
    assert run([*command, "--steps", "2", *options, "--resume"]) == 2
    assert run([*command, "--part", "nose"]) == 2
    blank = tmp_path / "blank"
    blank.mkdir()
    assert run(["train", "liveportrait-stitching", str(blank), "-o", str(folder)]) == 2
    assert "No face" in capsys.readouterr().err


def test_without_weights_the_command_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LIKEWISE_LIVEPORTRAIT", raising=False)
    assert run(["train", "liveportrait-stitching", str(DATA), "-o", str(tmp_path / "a")]) == 3
    assert "likewise weights pull liveportrait" in capsys.readouterr().err


def test_networks_of_ones_own_replace_the_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, path = model(), tmp_path / "own.pth"
    forget_retargeting(made, seed=9)
    weights.save_retargeting(made, path)

    def assembled(files: Mapping[str, Path]) -> LivePortrait:
        """Small networks, as the published ones aren't here; the last of them from their file."""
        assert set(files) == {*weights.PARTS, weights.RETARGETING}
        found = model()
        weights._fill_retargeting(found, files[weights.RETARGETING])
        return found

    monkeypatch.setattr(weights, "locate", lambda name: tmp_path / name)
    monkeypatch.setattr(weights, "assembled", assembled)
    monkeypatch.delenv("LIKEWISE_LIVEPORTRAIT", raising=False)
    monkeypatch.setenv("LIKEWISE_LIVEPORTRAIT_RETARGETING", str(path))
    found = weights.chosen().lips.state_dict()
    assert all(torch.equal(found[k], value) for k, value in made.lips.state_dict().items())
    path.unlink()
    with pytest.raises(MissingWeights, match="RETARGETING"):
        weights.chosen()
