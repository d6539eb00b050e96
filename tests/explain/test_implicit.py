"""What LivePortrait's keypoints stand for, on small random networks."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from likewise.cli.app import run
from likewise.studio.implicit import explain_implicit
from likewise.video.picture import read_picture


def test_probes_move_the_keypoints_that_the_score_means(painting: Path, tmp_path: Path) -> None:
    why = explain_implicit(read_picture(painting).picture, random=True)
    lips, eyes, pose = (why.responses[name] for name in ("lips", "eyes", "pose"))
    # The score's slopes: lips open by keypoints 17, 19 and 20, lids by 11 and 15.
    assert set(np.flatnonzero(lips > 0.01)) == {17, 19, 20}
    assert set(np.flatnonzero(eyes > 0.01)) == {11, 15}
    assert (pose > 0).sum() >= 18  # a turn moves all that don't lie on its axis
    assert why.keypoints.shape == (21, 3)
    assert why.appearance.ndim == 3 and (why.appearance >= 0).all()
    assert ((why.occlusion >= 0) & (why.occlusion <= 1)).all()
    assert "means nothing" in why.sentences[-1]
    assert why.sentences[1].startswith("Eyes: keypoints 11, 15 answer most")
    picture = read_picture(why.draw(tmp_path / "keypoints.png")).picture
    assert picture.std() > 20


def test_keypoints_on_the_command_line(
    painting: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "keypoints.png"
    assert (
        run(["explain", "keypoints", str(painting), "-o", str(target), "--random", "--json"]) == 0
    )
    assert json.loads(capsys.readouterr().out)["random_weights"] is True
    assert target.is_file()
    assert run(["explain", "keypoints", str(painting), "-o", str(tmp_path / "no.png")]) == 3
    assert "likewise weights pull liveportrait" in capsys.readouterr().err
