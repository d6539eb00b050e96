"""XTTS through the studio and the command line, with the reduced model: it says noise."""

import json
from pathlib import Path

import numpy as np
import pytest

from likewise.audio import files
from likewise.cli.app import run
from likewise.values import Audio
from likewise.video.reader import info

torch = pytest.importorskip("torch", reason="needs the extra [torch]")
pytest.importorskip("tokenizers", reason="needs the extra [torch]")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Three seconds of something like a voice."""
    time = np.arange(72000) / 24000
    wave = sum(np.sin(2 * np.pi * 140 * n * time) / n for n in range(1, 12))
    sound = 0.1 * wave * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time))
    files.write(Audio(sound.astype(np.float32), 24000), tmp_path / "clip.wav")
    return tmp_path / "clip.wav"


@pytest.fixture
def small_model(monkeypatch: pytest.MonkeyPatch) -> None:
    from likewise.voice.xtts import files as xtts_files
    from likewise.voice.xtts.speaking import Speaker

    torch.set_num_threads(1)
    monkeypatch.setattr(xtts_files, "find", lambda **_: None)
    monkeypatch.setattr(Speaker, "load", lambda *_, **__: Speaker.small(seed=1))


@pytest.mark.usefixtures("small_model")
def test_speak(clip: Path, tmp_path: Path) -> None:
    output = tmp_path / "said.wav"
    code = run(
        ["speak", "Hello there.", "--engine", "xtts", "--voice", str(clip), "--consent", "own",
         "--speed", "2", "-o", str(output)]
    )  # fmt: skip
    assert code == 0
    sound = files.read(output)
    assert sound.sample_rate == 24000 and 0.2 < sound.seconds < 3.2
    assert np.abs(sound.samples).max() > 0.01


@pytest.mark.usefixtures("small_model")
def test_talk_finds_word_timings_for_the_mouth(clip: Path, tmp_path: Path, painting: Path) -> None:
    output, subtitles = tmp_path / "talk.mp4", tmp_path / "talk.srt"
    code = run(
        ["talk", str(painting), "--text", "Hello there.", "--engine", "xtts", "--voice", str(clip),
         "--consent", "own", "--speed", "2", "--fps", "5", "--size", "128", "--crop", "head",
         "--subtitles", str(subtitles), "-o", str(output)]
    )  # fmt: skip
    assert code == 0
    found = info(output)
    assert files.read(output).seconds == pytest.approx(found.seconds, abs=0.3)
    assert "Hello there." in subtitles.read_text(encoding="utf-8")


@pytest.fixture
def model_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A whole reduced model on disk, to begin with."""
    from likewise.voice.xtts import checkpoint
    from likewise.voice.xtts.config import XttsConfig
    from likewise.voice.xtts.dvae import Dvae
    from likewise.voice.xtts.model import Xtts
    from likewise.voice.xtts.tokenizer import XttsTokenizer

    folder = tmp_path / "base"
    folder.mkdir()
    config = XttsConfig.small()
    state = checkpoint.released(Xtts.random(config, seed=2))
    torch.save({"model": state}, folder / "model.pth")
    (folder / "config.json").write_text("{}", encoding="utf-8")
    XttsTokenizer.letters()._vocabulary.save(str(folder / "vocab.json"))
    monkeypatch.setattr(XttsConfig, "load", classmethod(lambda *_: config))

    def dvae(*_: object) -> Dvae:
        torch.manual_seed(3)
        return Dvae(config.dvae).eval()

    monkeypatch.setattr(checkpoint, "load_dvae", dvae)
    (folder / "dvae.pth").write_bytes(b"")
    ana = {"gpt_cond_latent": torch.ones(1, 32, 64), "speaker_embedding": torch.ones(1, 32, 1)}
    torch.save({"Ana Maria": ana}, folder / "speakers_xtts.pth")
    monkeypatch.setenv("LIKEWISE_XTTS", str(folder))
    return folder


def test_train_then_speak(
    model_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.set_num_threads(1)
    clips, output = tmp_path / "clips", tmp_path / "mine"
    clips.mkdir()
    rng = np.random.default_rng(4)
    for name in ("a", "b", "c"):
        noise = rng.normal(0, 0.1, 30000).astype(np.float32)
        files.write(Audio(noise, 24000), clips / f"{name}.wav")
        (clips / f"{name}.txt").write_text("Hello there.", encoding="utf-8")
    command = ["train", "xtts", str(clips), "-o", str(output), "--batch", "3", "--accumulate", "1",
               "--rate", "0.01", "--json"]  # fmt: skip
    assert run([*command, "--steps", "4"]) == 4  # nobody's consent
    assert run([*command, "--steps", "4", "--consent", "own"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["steps"] == 4 and first["clips"] == 3
    assert first["last_loss"] < first["first_loss"]
    assert run([*command, "--steps", "6", "--consent", "own", "--resume"]) == 0
    second = json.loads(capsys.readouterr().out)
    assert second["steps"] == 6 and second["first_loss"] < first["first_loss"]
    names = {path.name for path in output.iterdir()}
    released = {"model.pth", "config.json", "vocab.json", "speakers_xtts.pth"}
    assert names == {"training.json", "training.pth", *released}
    kept = json.loads((output / "training.json").read_text(encoding="utf-8"))
    assert kept["consent"]["kind"] == "own" and [row[0] for row in kept["losses"]] == [5, 6]
    assert run([*command, "--steps", "6", "--consent", "own", "--resume"]) == 2
    assert run(["train", "xtts", str(clips), "-o", str(model_folder), "--consent", "own"]) == 2
    monkeypatch.setenv("LIKEWISE_XTTS", str(output))
    said = tmp_path / "said.wav"
    capsys.readouterr()
    assert run(["voices", "--engine", "xtts"]) == 0
    assert "Ana Maria" in capsys.readouterr().out
    voice = ["--voice", "Ana Maria", "--speed", "2"]
    assert run(["speak", "Hi.", "--engine", "xtts", *voice, "-o", str(said)]) == 0
    assert len(files.read(said).samples) >= 1024  # one code; it may have learnt to stop
