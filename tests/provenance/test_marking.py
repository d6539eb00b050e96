"""A result is saved with its marks, or not at all; `detect` reads them back."""

import io
import json
import stat
import sys

import numpy as np
import pytest

import likewise
from likewise.audio import files
from likewise.audio.writer import AudioWriter
from likewise.cli.app import run
from likewise.errors import BadInput, MarkFailed
from likewise.provenance import credentials, signer
from likewise.provenance.marking import Marking
from likewise.provenance.origin import Origin
from likewise.provenance.watermark import Marker
from likewise.studio.detecting import detect
from likewise.values import Audio, Consent, Speech, Voice
from likewise.video.reader import VideoReader
from likewise.video.writer import VideoWriter

TAPE = Consent("source", "a tape of 1931")
ANNA = Voice("anna", "kokoro", {}, reference_sha256="ab", consent=TAPE.as_record())


@pytest.fixture(scope="module")
def speech(clip) -> Audio:
    return files.read(clip, sample_rate=24_000).between(0, 5)


def saved(path, speech, origin=None):
    marking = Marking(origin or Origin.speech(ANNA))
    with AudioWriter(path, sample_rate=24_000, seal=marking.seal) as file:
        for part in marking.sound([Speech(speech, "text", "en-us")]):
            file.write(part.audio)
    return marking


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".flac", ".m4a"])
def test_sound_files_carry_both_marks(tmp_path, speech, suffix):
    path = tmp_path / f"said{suffix}"
    assert saved(path, speech).notes == ()
    found = detect(path)
    assert found.synthetic
    assert found.watermark.message == "cloned voice"
    assert found.credentials.valid
    assert not found.credentials.trusted
    assert found.credentials.source_type.endswith("/trainedAlgorithmicMedia")
    assert found.credentials.origin["consent record"] == TAPE.as_record()
    assert any("a tape of 1931" in sentence for sentence in found.sentences)
    assert any("untrusted" in sentence for sentence in found.sentences)
    assert files.read(path).seconds == pytest.approx(speech.seconds, abs=0.1)
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".ogg", ".pcm"])
def test_formats_without_room_for_credentials_say_so(tmp_path, speech, suffix):
    assert "watermark" in saved(tmp_path / f"said{suffix}", speech).notes[0]


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.gif", "frames/%03d.png"])
def test_videos_and_frames_are_signed(tmp_path, speech, name):
    (tmp_path / "frames").mkdir()
    marking = Marking(Origin("animated picture", {"face": "mesh"}))
    frame = np.full((64, 64, 3), 120, np.uint8)
    with VideoWriter(
        tmp_path / name, fps=5, size=(64, 64), audio_rate=24_000, seal=marking.seal
    ) as video:
        video.write_audio(marking.audio(speech.between(0, 3)))
        for _ in range(15):
            video.write_frame(frame)
    signed = [tmp_path / name]
    if "%" in name:
        signed = sorted((tmp_path / "frames").iterdir())
        assert len(signed) == 16
    for path in signed:
        found = credentials.read(path)
        assert found.valid
        assert found.synthetic
        assert found.source_type.endswith("/compositeWithTrainedAlgorithmicMedia")
    if name.endswith(("mp4", "mov")):
        assert detect(tmp_path / name, speeds=()).watermark.message == "recording"
        with VideoReader(tmp_path / name) as reader:
            assert sum(1 for _ in reader.frames()) == 15


def test_a_change_after_signing_is_seen(tmp_path, speech):
    path = tmp_path / "said.mp3"
    saved(path, speech)
    data = bytearray(path.read_bytes())
    data[-2000] ^= 0x10
    path.write_bytes(data)
    found = credentials.read(path)
    assert not found.valid
    assert found.problems
    assert any("NOT VALID" in sentence for sentence in detect(path, speeds=()).sentences)


@pytest.mark.parametrize("output", ["a.wav", "a.ogg"])
def test_a_mark_that_fails_stops_the_save(tmp_path, speech, monkeypatch, output):
    """A marker that does nothing is noticed, and no file is left."""
    monkeypatch.setattr(Marker, "mark", lambda _, audio: audio)
    with pytest.raises(MarkFailed, match="nothing is saved"):
        saved(tmp_path / output, speech)
    assert list(tmp_path.iterdir()) == []


def test_credentials_that_fail_stop_the_save(tmp_path, speech, monkeypatch):
    def fail(*_):
        raise MarkFailed("no")

    monkeypatch.setattr(credentials, "sign", fail)
    (tmp_path / "a.wav").write_bytes(b"before")
    with pytest.raises(MarkFailed):
        saved(tmp_path / "a.wav", speech)
    assert (tmp_path / "a.wav").read_bytes() == b"before"
    with (
        pytest.raises(MarkFailed),
        VideoWriter(tmp_path / "a.mp4", fps=5, size=(64, 64), seal=fail) as video,
    ):
        video.write_frame(np.zeros((64, 64, 3), np.uint8))
    assert [item.name for item in tmp_path.iterdir()] == ["a.wav"]


def test_without_the_library_nothing_is_saved_and_detect_says_so(tmp_path, speech, monkeypatch):
    saved(tmp_path / "before.wav", speech)
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(MarkFailed, match="pip install"):
        saved(tmp_path / "a.wav", speech)
    assert not (tmp_path / "a.wav").exists()
    found = detect(tmp_path / "before.wav")
    assert found.watermark is not None
    assert "c2pa-python" in found.notes[0]


def test_a_sound_without_origin_is_refused(speech):
    with pytest.raises(MarkFailed, match="how it is made"):
        Marking().audio(speech)


def test_too_little_sound_is_said(tmp_path):
    click = Audio(np.concatenate([np.ones(30), np.zeros(8000)]).astype(np.float32) * 0.3, 24_000)
    marking = saved(tmp_path / "click.wav", click)
    assert any("too little sound" in note for note in marking.notes)
    assert detect(tmp_path / "click.wav").synthetic


@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----", b"\xff\xfe rubbish"])
def test_a_damaged_key_is_said_and_stops_the_save(tmp_path, speech, monkeypatch, content):
    place = tmp_path / "signer.pem"
    place.write_bytes(content)
    monkeypatch.setattr(signer, "path", lambda: place)
    with pytest.raises(MarkFailed, match=r"signer\.pem"):
        saved(tmp_path / "a.wav", speech)
    assert not (tmp_path / "a.wav").exists()


def test_the_key_is_made_once_and_kept_to_its_owner(tmp_path, monkeypatch):
    monkeypatch.setattr(signer, "path", lambda: tmp_path / "signer.pem")
    first = signer.load()
    assert signer.load() == first
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "signer.pem").stat().st_mode) == 0o600


def test_what_other_programs_signed_or_not(tmp_path, painting, clip):
    assert credentials.read(clip) is None
    assert not detect(painting).synthetic
    assert not detect(clip, speeds=()).synthetic
    assert credentials.read(io.BytesIO(painting.read_bytes()), ".jpg") is None
    for content in (b"RIFF....WAVE", b"not a sound"):
        (tmp_path / "bad.wav").write_bytes(content)
        with pytest.raises(BadInput):
            detect(tmp_path / "bad.wav")
    with pytest.raises(BadInput, match="no file"):
        detect(tmp_path / "nowhere.wav")


def test_the_command(tmp_path, speech, capsys):
    path = tmp_path / "said.wav"
    hostile = Origin("speech", {"voice": "k\x1b[2Joko"}, "anna", "cloned voice", TAPE)
    saved(path, speech, hostile)
    assert run(["detect", str(path)]) == 0
    said = capsys.readouterr().out
    assert "Marked as synthetic." in said
    assert "\x1b" not in said
    assert run(["detect", "--json", str(path)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["synthetic"] is True
    assert answer["watermark"]["message"] == "cloned voice"
    assert run(["detect", str(tmp_path / "nowhere.wav")]) == 2


def test_whole_jobs_are_marked(tmp_path, painting):
    """Speech from the real engine, and the picture that says it."""
    sound, film = tmp_path / "a.mp3", tmp_path / "a.mp4"
    likewise.speak("Good evening.", voice="af_heart", output=sound)
    found = likewise.detect(sound)
    assert found.watermark.message == "stock voice"
    assert found.credentials.origin["consent"].startswith("not needed")
    likewise.animate(painting, sound, output=film, crop="head", size=128, fps=5)
    found = likewise.detect(film)
    assert found.watermark is not None
    assert found.credentials.origin["made"] == "animated picture"
