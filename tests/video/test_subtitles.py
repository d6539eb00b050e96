"""Subtitles: cues a reader can follow, and files a player accepts."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likewise.errors import BadInput, OutputFailed
from likewise.values import Audio, Speech, Timing
from likewise.video.subtitles import Cue, cues, shown_words, write_srt, write_vtt

MARKS = ".,!?;:\"'()“”「」、。！？—<>&"
TALE = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the "
    'age of foolishness. "No!" she said. (Yes.) A talking picture needs a voice, a face & a '
    "sentence <b> — and patience. Really? Yes."
)
MOMOTARO = (
    "むかしむかし、あるところに、おじいさんとおばあさんが住んでいました。おじいさんは山へ柴刈りに、"
    "おばあさんは川へ洗濯に行きました。「桃だ！」と言った。"
)


def timed(text: str, *, spaced: bool = True, pace: float = 0.07) -> tuple[Timing, ...]:
    """Word timings of an even speaker who pauses at marks."""
    words, now = [], 0.2
    for token in text.split() if spaced else list(text):
        bare = token.strip(MARKS)
        if bare:
            length = len(bare) * (pace if spaced else 2 * pace)
            words.append(Timing(bare, now, now + length))
            now += length + 0.02
        if token[-1] in ".!?。！？,、":
            now += 0.4 if token[-1] in ".!?。！？" else 0.2
    return tuple(words)


def columns(line: str) -> int:
    return sum(2 if ord(character) > 0x2E80 else 1 for character in line)


def check(found: list[Cue], width: int) -> None:
    for cue in found:
        lines = cue.text.split("\n")
        assert len(lines) <= 2
        assert all(columns(line) <= width for line in lines)
        assert cue.end - cue.start <= 7.001
        assert cue.start >= 0
    for before, after in pairwise(found):
        assert after.start - before.end >= 0.04


def test_english_cues_are_short_apart_and_complete() -> None:
    found = cues(timed(TALE), text=TALE)
    check(found, 42)
    assert " ".join(cue.text.replace("\n", " ") for cue in found) == TALE
    assert all(cue.end - cue.start >= 1 for cue in found)
    assert all(cue.text.rstrip('")')[-1] in ".,!?" for cue in found)  # none ends within a phrase


def test_japanese_cues_are_shorter_and_complete() -> None:
    found = cues(timed(MOMOTARO, spaced=False), text=MOMOTARO)
    check(found, 32)
    assert "".join(cue.text.replace("\n", "") for cue in found) == MOMOTARO
    assert found[-1].text == "「桃だ！」と言った。"


def test_cues_cover_the_words_they_show() -> None:
    words = timed(TALE)
    found = cues(words, text=TALE)
    for word in words:
        assert any(cue.start <= word.start and word.start < cue.end for cue in found)


def test_a_long_sentence_without_marks_is_cut_evenly() -> None:
    text = " ".join(["word"] * 60)
    found = cues(timed(text), text=text)
    check(found, 42)
    lengths = [len(cue.text) for cue in found]
    assert min(lengths) > 0.5 * max(lengths)


def test_numbers_are_shown_as_written_when_they_are_said() -> None:
    words = (
        Timing("It", 0, 0.3),
        Timing("costs", 0.3, 0.7),
        Timing("twelve", 0.7, 1.2),
        Timing("pounds", 1.2, 1.5),
        Timing("today", 1.5, 2.0),
    )
    found = shown_words(words, "It costs £12 today.")
    assert [(word.text, word.start, word.end) for word in found] == [
        ("It", 0, 0.3),
        ("costs", 0.3, 0.7),
        ("£12", 0.7, 1.5),
        ("today.", 1.5, 2.0),
    ]


def test_words_that_are_not_in_the_text_are_shown_as_said() -> None:
    words = (Timing("It", 0, 0.3), Timing("is", 0.3, 0.7), Timing("well", 0.7, 1.2))
    assert cues(words, text="It well.")[0].text == "It is well."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("«Oui», dit-il.", ["«Oui»,", "dit-il."]),
        ("¿Qué? ¡Nada!", ["¿Qué?", "¡Nada!"]),
        ("rock & roll - now", ["rock &", "roll -", "now"]),
        ('He said "(no)" twice', ["He", "said", '"(no)"', "twice"]),
        ("... and then ...", ["... and", "then ..."]),
    ],
)
def test_marks_go_with_their_word(text: str, said: list[str]) -> None:
    bare = re.findall(r"[\w]+(?:-\w+)*", text)
    words = [Timing(word, number, number + 0.5) for number, word in enumerate(bare)]
    assert [word.text for word in shown_words(words, text)] == said


def test_words_alone_do_without_a_text() -> None:
    assert cues((Timing("Hello", 0, 0.5), Timing("there", 0.5, 1.2)))[0].text == "Hello there"


def test_one_short_word_stays_a_second() -> None:
    (only,) = cues((Timing("Yes", 3.0, 3.2),), text="Yes.")
    assert (only.start, only.text) == (3.0, "Yes.")
    assert only.end == pytest.approx(4.0)


def test_a_long_silence_ends_the_cue() -> None:
    words = (Timing("One", 0, 0.4), Timing("two", 20.0, 20.5))
    first, second = cues(words, text="One two")
    assert first.end < 2
    assert second.start == 20.0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text("abcäßİ漢字かな.,!?\"'<&>-", min_size=1, max_size=60),
            st.floats(0, 9),
            st.floats(0, 3),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_any_words_make_cues_that_keep_the_rules(parts: list[tuple[str, float, float]]) -> None:
    words, now = [], 0.0
    for text, length, pause in parts:
        words.append(Timing(text, now, now + length))
        now += length + pause
    found = cues(words, text=" ".join(text for text, _, _ in parts))
    for cue in found:
        assert 0 <= cue.start < cue.end <= cue.start + 7.001
        assert len(cue.lines) <= 2
    for before, after in pairwise(found):
        assert after.start >= before.end


TIME = r"\d\d:[0-5]\d:[0-5]\d"


def test_srt_is_well_formed(tmp_path: Path) -> None:
    write_srt(timed(TALE), tmp_path / "a.srt", text=TALE)
    blocks = (tmp_path / "a.srt").read_text(encoding="utf-8").strip().split("\n\n")
    for number, block in enumerate(blocks, 1):
        lines = block.split("\n")
        assert lines[0] == str(number)
        assert re.fullmatch(rf"{TIME},\d\d\d --> {TIME},\d\d\d", lines[1])
        assert 1 <= len(lines[2:]) <= 2


def test_vtt_is_escaped_and_stamped(tmp_path: Path) -> None:
    write_vtt(timed(TALE), tmp_path / "a.vtt", text=TALE, per_word=True)
    text = (tmp_path / "a.vtt").read_text(encoding="utf-8")
    assert text.startswith("WEBVTT\n\n")
    assert "a <00:" in text
    plain = re.sub(rf"<{TIME}\.\d\d\d>", "", text)
    assert "face &amp; a" in plain
    assert "sentence &lt;b&gt; — and" in plain.replace("\n", " ")
    for block in text.strip().split("\n\n")[1:]:
        first, *lines = block.split("\n")
        start, end = re.findall(rf"{TIME}\.\d\d\d", first)
        stamps = re.findall(rf"<({TIME}\.\d\d\d)>", "".join(lines))
        assert stamps == sorted(stamps)
        assert all(start < stamp < end for stamp in stamps)


def test_an_arrow_in_the_text_breaks_no_file(tmp_path: Path) -> None:
    words = (Timing("a", 0, 1), Timing("-->", 1, 2), Timing("b", 2, 3))
    write_srt(words, tmp_path / "a.srt", text="a --> b")
    write_vtt(words, tmp_path / "a.vtt", text="a --> b")
    for name in ("a.srt", "a.vtt"):
        assert (tmp_path / name).read_text(encoding="utf-8").count("-->") == 1


def test_hours(tmp_path: Path) -> None:
    write_srt((Timing("late", 3661.5, 3662.75),), tmp_path / "a.srt")
    assert "01:01:01,500 --> 01:01:03,250" in (tmp_path / "a.srt").read_text(encoding="utf-8")


def test_a_speech_brings_its_own_text(tmp_path: Path) -> None:
    speech = Speech(Audio(np.zeros(10, np.float32), 10), TALE, "en-us", words=timed(TALE))
    write_srt(speech, tmp_path / "a.srt")
    assert '"No!" she said.' in (tmp_path / "a.srt").read_text(encoding="utf-8").replace("\n", " ")


def test_no_timings_and_no_folder(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no word timings"):
        write_srt((), tmp_path / "a.srt")
    with pytest.raises(OutputFailed, match="folder doesn't exist"):
        write_srt(timed(TALE), tmp_path / "nowhere" / "a.srt")
