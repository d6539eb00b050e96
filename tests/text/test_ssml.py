"""SSML: what each element does, and that nothing in it can do harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from likewise.errors import BadInput, Unsupported
from likewise.text.languages import resolve
from likewise.text.markup import Break, MarkedText
from likewise.text.reading import read, tied
from likewise.text.sayas import say_as
from likewise.text.ssml import MOST_BYTES, is_ssml, parse


def said(source):
    """What each stretch that is not plain says, and how."""
    marked = parse(source)
    return [
        (marked.text[s.start : s.end], s.spoken or s.phonemes, s.manner) for s in marked.stretches
    ]


def test_the_text_stays_readable_and_covered():
    marked = parse(
        "<?xml version='1.0'?>\n<speak xml:lang='en-GB'>\n  <p>One "
        "<sub alias='two'>2</sub>,\n three.</p>"
        "<p><s>Four</s><s>five</s></p> </speak>"
    )
    assert marked.text == "One 2, three.\n\nFour five \n\n"
    assert marked.language == "en-gb"
    assert marked.ends == (13, 19, 24)
    assert marked.stretches[0].start == 0
    assert marked.stretches[-1].end == len(marked.text)
    for one, two in zip(marked.stretches, marked.stretches[1:], strict=False):
        assert one.end == two.start


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('rate="120%"', (1.2, 0.0, 0.0)),
        ('rate="+50%"', (1.5, 0.0, 0.0)),
        ('rate="slow"', (0.75, 0.0, 0.0)),
        ('rate="1.5"', (1.5, 0.0, 0.0)),
        ('pitch="+2st"', (1.0, 2.0, 0.0)),
        ('pitch="-50%"', (1.0, -12.0, 0.0)),
        ('pitch="high" volume="-6dB"', (1.0, 3.0, -6.0)),
    ],
)
def test_prosody(attributes, expected):
    ((_, _, manner),) = said(f"<speak><prosody {attributes}>word</prosody></speak>")
    assert (manner.rate, manner.pitch, manner.volume) == pytest.approx(expected)


def test_nested_prosody_adds_up():
    found = said(
        '<speak><prosody rate="50%" pitch="+2st">a <prosody rate="50%" pitch="+1st">b</prosody>'
        "</prosody></speak>"
    )
    assert (found[1][2].rate, found[1][2].pitch) == (0.25, 3.0)


def test_breaks():
    marked = parse('<speak>a<break time="1.5s"/> b<break strength="strong"/><break/></speak>')
    assert marked.breaks == (Break(1, 1.5), Break(3, 0.7), Break(3, 0.4))


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ("date>2026-11-22", "November twenty second, twenty twenty six"),
        ("date format='dmy'>1/2/2026", "February first, twenty twenty six"),
        ("cardinal>-1,234", "minus one thousand two hundred and thirty four"),
        ("ordinal>21st", "twenty first"),
        ("characters>B2c", "B, two, C"),
        ("telephone>+49 30-12", "plus, four nine, three zero, one two"),
        ("currency>12.50 USD", "twelve dollars fifty cents"),
    ],
)
def test_say_as(element, expected):
    kind, _, rest = element.partition(" ") if " format" in element else element.partition(">")
    rest = f" {rest}" if " format" in element else f">{rest}"
    ((_, spoken, _),) = said(f"<speak><say-as interpret-as='{kind}'{rest}</say-as></speak>")
    assert spoken.replace("-", " ") == expected


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ('<sub alias="for example">e.g.</sub>', "for example"),
        ('<phoneme ph="həˈləʊ">hello</phoneme>', "həˈləʊ"),
    ],
)
def test_what_is_said_in_place_of_what_is_written(element, expected):
    ((_, spoken, _),) = said(f"<speak>{element}</speak>")
    assert spoken.replace("-", " ") == expected


@pytest.mark.parametrize(
    ("source", "match"),
    [
        ("<speak>a & b</speak>", "line 1, column 11: .*&amp;"),
        ("<speak>a\n<blink>b</blink></speak>", "line 2, column 1: <blink>.*supported.*prosody"),
        ("<speak><prosody>b</prosody></speak>", "at least one"),
        ('<speak><prosody speed="2">b</prosody></speak>', "no attribute 'speed'.*rate"),
        ('<speak><prosody rate="-200%">b</prosody></speak>', "no rate"),
        ('<speak><prosody rate="900%">b</prosody></speak>', "out of range"),
        ('<speak><prosody pitch="+40st">b</prosody></speak>', "octave"),
        ('<speak><prosody volume="11">b</prosody></speak>', "no volume"),
        ('<speak><break time="soon"/></speak>', "500ms"),
        ('<speak><break time="21s"/></speak>', "20 s"),
        ('<speak><break strength="huge"/></speak>', "x-strong"),
        ('<speak><say-as interpret-as="song">b</say-as></speak>', "knows no 'song'.*telephone"),
        ('<speak><say-as interpret-as="date">b</say-as></speak>', "no date"),
        ('<speak><say-as interpret-as="date">2026-13-01</say-as></speak>', "no day"),
        ('<speak><say-as interpret-as="cardinal">many</say-as></speak>', "no number"),
        ('<speak><say-as interpret-as="currency">5 clams</say-as></speak>', "no amount"),
        ("<speak><sub>b</sub></speak>", "alias"),
        ('<speak><sub alias="x"><s>b</s></sub></speak>', "text only"),
        ('<speak><sub alias="x"/></speak>', "no text"),
        ("<speak><phoneme>b</phoneme></speak>", "ipa"),
        ("<speak><lang>b</lang></speak>", "xml:lang"),
        ("a <speak>b</speak>", "one element around"),
        ("<speak>" + "<p>" * 40, "nested"),
        ("<!DOCTYPE speak [<!ENTITY a 'b'>]><speak>&a;</speak>", "DOCTYPE"),
        ("<?xml version='1.0'?><!DOCTYPE speak [<!ENTITY a 'b'>]><speak>&a;</speak>", "DOCTYPE"),
        ("<speak>&secret;</speak>", "well-formed"),
        ("<speak>" + "a" * MOST_BYTES + "</speak>", "longer than"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(source, match):
    with pytest.raises(BadInput, match=match) as caught:
        parse(source)
    assert "line" in str(caught.value) or "longer" in str(caught.value)


def test_an_unknown_language_is_refused_with_those_that_are_known():
    with pytest.raises(Unsupported, match=r"line 1.*'xx'.*en-us"):
        parse('<speak><lang xml:lang="xx">b</lang></speak>')


@given(st.text(alphabet="<>/&;\"'= abspeklngtimr12-!?[]\n", max_size=60))
def test_any_text_is_read_or_refused(source):
    for text in (source, f"<speak>{source}</speak>"):
        try:
            marked = parse(text)
        except BadInput:
            continue
        assert isinstance(marked, MarkedText)


def test_what_begins_with_speak_is_ssml():
    assert is_ssml(" <speak>a</speak>")
    assert is_ssml("<?xml version='1.0'?><speak/>")
    assert not is_ssml("speak <b>up</b>")
    assert not is_ssml("<speaker>a</speaker>")


def test_words_know_their_language_and_their_place():
    marked = parse(
        '<speak>Say <lang xml:lang="fr">bonjour</lang>, <sub alias="two words">2w</sub> and '
        '<phoneme ph="təˈmeɪtoʊ">tomato</phoneme>!</speak>'
    )
    words = read(marked, resolve("en-us"))
    assert [marked.text[w.start : w.end] for w in words] == [
        "Say",
        "bonjour",
        "2w",
        "and",
        "tomato",
    ]
    assert [w.accent for w in words] == ["", "fr", "", "", ""]
    assert words[1].after == ","
    assert words[-1].after == "!"
    assert " " in words[2].phonemes
    assert words[-1].phonemes == "təmˈe\u0361ɪto\u0361ʊ"


def test_ipa_as_people_write_it():
    assert tied("həˈləʊ") == "həlˈə\u0361ʊ"
    assert tied("/ˈt͡ʃɪə.ri/") == "t͡ʃˈɪəri"
    assert tied("ˌaɪˈdʒu") == "ˌa\u0361ɪd\u0361ʒˈu"


@pytest.mark.parametrize(
    ("tag", "kind", "written", "expected"),
    [
        ("ja", "date", "2026-11-22", "2026年11月22日"),
        ("zh", "telephone", "110", "一 一 零"),
        ("zh", "ordinal", "3", "第3"),
        ("de", "date", "", None),
        ("fr", "date", "22/11/2026", "vingt deux novembre deux mille vingt six"),
        ("es", "ordinal", "3.º", "tercero"),
        ("it", "characters", "AB", "A, B"),
        ("pt-br", "currency", "R$ 5,50", "cinco reais e cinquenta centavos"),
        ("hi", "cardinal", "12", "12"),
    ],
)
def test_say_as_in_other_languages(tag, kind, written, expected):
    if expected is None:
        with pytest.raises(Unsupported):
            resolve(tag)
        return
    assert say_as(written, kind, resolve(tag)).replace("-", " ") == expected
