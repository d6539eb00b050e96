"""No voice is copied without a word on whose it is."""

import numpy as np
import pytest

import likewise
from likewise.audio import files
from likewise.cli.app import run
from likewise.errors import BadInput, ConsentMissing, Unsafe
from likewise.hearing import asr
from likewise.provenance import consent
from likewise.values import Audio, Consent

NOISE = Audio(np.random.default_rng(0).normal(0, 0.1, 48_000).astype(np.float32), 24_000)


def test_own_and_source_become_records():
    own = consent.agreed("own", [NOISE])
    assert (own.kind, own.note) == ("own", "")
    assert own.given.startswith("20")
    source = consent.agreed(" source: a tape of 1931 ", [NOISE])
    assert (source.kind, source.note) == ("source", "a tape of 1931")
    assert consent.agreed(source, [NOISE]) is source
    assert Consent.from_record(source.as_record()) == source
    assert Consent.from_record({}) is None
    assert "1931" in source.words


@pytest.mark.parametrize("text", ["yes", "source:", "source:  ", "spoken:", "owner", "own:me", ":"])
def test_other_words_are_no_consent(text):
    with pytest.raises(BadInput, match="--consent own"):
        consent.agreed(text, [NOISE])


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_none_is_refused_with_what_to_say(nothing):
    with pytest.raises(ConsentMissing, match=r"--consent own.*spoken:FILE.*source:TEXT") as caught:
        consent.agreed(nothing, [NOISE])
    assert caught.value.exit_code == 4


def test_records_are_checked():
    with pytest.raises(BadInput, match="kind"):
        Consent("guessed")
    with pytest.raises(BadInput, match="damaged"):
        Consent.from_record({"note": "no kind"})
    with pytest.raises(BadInput, match="500"):
        Consent("source", "x" * 501)


@pytest.mark.parametrize("language", consent.STATEMENTS)
def test_a_statement_is_agreed_and_its_refusal_is_not(language):
    said = consent.STATEMENTS[language]
    assert consent.agreement_of(said, language) == 1.0
    assert consent.agreement_of(said.upper().rstrip(".。।"), language) == 1.0
    assert consent.agreement_of("", language) < 0.1


@pytest.mark.parametrize(
    ("heard", "language"),
    [
        ("I do not agree that a computer may speak with my voice.", "en"),
        ("I don't agree that a computer may speak with my voice.", "en"),
        ("I agree that a computer may never speak with my voice.", "en"),
        ("我不同意计算机用我的声音说话。", "zh"),
        ("コンピューターが私の声で話すことに同意しません。", "ja"),
        ("Je n'accepte pas qu'un ordinateur parle avec ma voix.", "fr"),
        ("No acepto que un ordenador hable con mi voz.", "es"),
        ("Good evening, this is the news of the day.", "en"),
        ("I agree.", "en"),
    ],
)
def test_refusals_and_other_words_do_not_count(heard, language):
    assert consent.agreement_of(heard, language) < consent.SAME_WORDS


def test_languages_without_a_statement_agree_in_english():
    assert consent.statement("de") == consent.statement("") == consent.STATEMENTS["en"]
    assert consent.statement("pt-br") == consent.STATEMENTS["pt"]


def test_spelling_of_the_recogniser_does_not_matter():
    assert consent.agreement_of("我同意計算機用我的聲音說話", "zh") > consent.SAME_WORDS
    assert consent.agreement_of("コンピュータが私の声で話す事に同意します", "ja") > 0.85
    assert consent.agreement_of("I agree that the computer may speak with my voice", "en") > 0.9


@pytest.mark.skipif(not asr.available(), reason="needs the extra [asr]")
def test_spoken_agreement_needs_the_words_and_the_speaker(tmp_path, clip):
    """The engine's own voices stand in for people: one agrees, the other is someone else."""
    said = tmp_path / "said.wav"
    likewise.speak(consent.STATEMENTS["en"], voice="af_heart", output=said)
    reference = files.read(said)
    record = consent.agreed(f"spoken:{said}", [reference])
    assert record.kind == "spoken"
    assert "voice" in record.note
    assert record.facts["speaker similarity"] > 0.99
    with pytest.raises(Unsafe, match="another voice"):
        consent.agreed(f"spoken:{said}", [files.read(clip)])
    with pytest.raises(Unsafe, match="should say"):
        consent.agreed(f"spoken:{clip}", [files.read(clip)])
    with pytest.raises(BadInput, match="no file"):
        consent.agreed("spoken:nowhere.wav", [reference])


def test_cloning_without_consent_is_refused_everywhere(clip, painting, tmp_path, capsys):
    with pytest.raises(ConsentMissing):
        likewise.clone([clip], name="nobody")
    with pytest.raises(ConsentMissing):
        likewise.speak("Hi.", voice=clip, output=tmp_path / "a.wav")
    with pytest.raises(ConsentMissing):
        likewise.speak("Hi.", voice=NOISE, output=tmp_path / "a.wav")
    with pytest.raises(ConsentMissing):
        likewise.talk(painting, "Hi.", voice=str(clip), output=tmp_path / "a.mp4")
    assert run(["clone", str(clip), "--name", "nobody"]) == 4
    assert "--consent own" in capsys.readouterr().err
    speak = ["speak", "Hi.", "--voice", str(clip), "-o", str(tmp_path / "a.wav")]
    assert run(speak) == 4
    assert list(tmp_path.iterdir()) == []


def test_a_person_at_a_terminal_is_asked(monkeypatch):
    from likewise.cli import options

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    for answers, given in [
        (["1"], "own"),
        (["2", "yes.wav"], "spoken:yes.wav"),
        (["3", "a tape"], "source:a tape"),
        (["4"], ""),
    ]:
        rest = iter(answers)
        monkeypatch.setattr("typer.prompt", lambda *_, rest=rest, **__: next(rest))
        assert options.asked_consent("", "me.wav") == given
    assert options.asked_consent("own", "me.wav") == "own"
