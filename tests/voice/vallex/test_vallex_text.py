"""Text as the 70 symbols, with a language each.

What the reference's own front-end makes of these sentences is stated here for Mandarin and
Japanese, where both agree; English comes from another pronouncing source and is compared by words.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likewise.errors import BadInput, Unsupported
from likewise.voice.vallex import english, japanese, mandarin, symbols
from likewise.voice.vallex.passages import LIMITS, passages
from likewise.voice.vallex.reading import language_tag, read, without_tags


def test_the_table_has_70_entries():
    assert symbols.COUNT == 70 and len(set(symbols.SIGNS)) == 65
    assert symbols.encode("!_a↓") == [5, 16, 18, 69]
    assert symbols.decode([5, 16, 18, 69, 0, 70]) == "!_a↓��"
    with pytest.raises(BadInput, match="no symbol for c q"):
        symbols.encode("qc")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("今天天气很好，我们去公园玩吧！",
         "tʃ⁼in→tʰjɛn→tʰjɛn→tʃʰi↓_xən↓↑_xɑʊ↓↑,_wo↓↑mən_tʃʰɥ↓_k⁼ʊŋ→ɥæn↑_wan↑p⁼a!"),
        ("知识是力量。", "ts`⁼ɹ`→s`ɹ`↑_s`ɹ`↓_li↓liɑŋ↓."),
        ("自己的事情自己做。", "ts⁼ɹ↓tʃ⁼i↓↑_t⁼ə_s`ɹ`↓tʃʰiŋ↑_ts⁼ɹ↓tʃ⁼i↓↑_ts⁼wo↓."),
        ("我学会了，却很累。", "wo↓↑_ʃɥɛ↑xweɪ↓_lə,_tʃʰɥɛ↓_xən↓↑_leɪ↓."),
    ],
)  # fmt: skip
def test_mandarin(written, said):
    assert mandarin.read(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("ちょっと待ってください。あ、出来た！", "tʃo↓t#to_ma↓t#tekɯdasai._a,_de↓ki*ta!"),
        ("日本の新聞を読んで、学校へ行った。",
         "n^i↑ho↓nno_ʃi↑mbɯNo_jo↓nde,_ga↑k#kooe_i↑t#ta."),
        ("百円のりんごを三つ買いました。", "ça↑kɯenno_ɾi↑ŋgoo_mi↑t#tsɯ_ka↑ima↓ʃi*ta."),
        ("りゃくしゃとひゃくえん。", "ɾja↑kɯ↓ʃato_ça↑kɯ↓eN."),
    ],
)  # fmt: skip
def test_japanese(written, said):
    assert japanese.read(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Please call Stella!", "pliz_kɔɫ_ˈstɛlə!"),
        ("Better people.", "ˈbɛtəɹ_ˈpipəɫ."),
        ("joy of voices; jumps", "dʒɔɪ_əv_ˈvɔɪsɪz,_dʒəmps"),
        ("twenty-three", "ˈtwɛnti_θɹi"),
        ("This measure... hard", "ðɪs_ˈmɛʒəɹ…_hɑɹd"),
    ],
)
def test_english(written, said):
    assert english.read(written) == said


@pytest.mark.parametrize(
    ("text", "language", "said", "languages"),
    [
        ("Hello", "en", "həˈloʊ.", "en " * 7),
        ("我喜欢Python。", "zh", "wo↓↑_ʃi↓↑xwan→_ˈpaɪθən.", "zh " * 14 + "en " * 9),
        ("Say 你好, now", "en", "seɪ_ni↓↑xɑʊ↓↑,_naʊ.", "en " * 3 + "zh " * 11 + "en " * 5),
        ("[EN]Hello[EN] [ZH]你好[ZH]", "ja", "həˈloʊ.ni↓↑xɑʊ↓↑.", "en " * 7 + "zh " * 10),
        ("こんにちは", "ja", "ko↑nn^itʃiwa.", "ja " * 13),
    ],
)
def test_languages(text, language, said, languages):
    found = read(text, language)
    assert symbols.decode(found.ids) == said
    assert list(found.languages) == languages.split()


def test_accent():
    plain = read("[EN]Hello[EN][JA]はい[JA]", "en")
    accented = plain.accented("zh")
    assert accented.ids == plain.ids and set(accented.languages) == {"zh"}
    assert set(plain.languages) == {"en", "ja"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[EN]Hello", "isn't closed"),
        ("[EN]Hello[ZH]", r"\[EN\] is followed by \[ZH\]"),
        ("Well, [EN]hello[EN]", "'Well,' stands outside"),
        ("[EN]hello[EN] and", "isn't closed"),
        ("[EN]...[EN]", "nothing to say"),
        ("?!", "nothing to say"),
    ],
)
def test_bad_text(text, message):
    with pytest.raises(BadInput, match=message):
        read(text, "en")


def test_language_tags():
    assert [language_tag(tag) for tag in ("en-gb", "EN", "jp", "zh-cn")] == ["en", "en", "ja", "zh"]
    with pytest.raises(Unsupported, match="speaks en, zh, ja"):
        language_tag("fr")
    with pytest.raises(Unsupported, match="doesn't speak 'xx'"):
        language_tag("xx")


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="abc XYZ,.!?…'-你好世界こんにちはカタ0123456789éß[]🎉\n", max_size=60),
       st.sampled_from(["en", "zh", "ja"]))  # fmt: skip
def test_any_text_is_read_or_refused(text, language):
    try:
        found = read(text, language)
    except BadInput:
        return
    assert len(found.ids) == len(found.languages) > 0
    assert all(5 <= one < symbols.COUNT for one in found.ids)
    assert symbols.decode(found.ids)[-1] in ".,!?-…~"


def test_passages():
    text = "One sentence. Two, " + "and a long clause, " * 12 + "end. Three!"
    found = list(passages(text, "en"))
    assert found[0] == "One sentence." and found[-1] == "Three!" and len(found) == 4
    assert all(len(piece) <= LIMITS["en"] for piece in found)
    assert " ".join(found).split() == text.split()
    assert list(passages("今天很好。我们去玩吧！", "zh")) == ["今天很好。", "我们去玩吧！"]
    assert max(map(len, passages("字" * 200, "zh"))) <= LIMITS["zh"]
    tagged = list(passages("[EN]One. Two.[EN][JA]はい。[JA]", "en"))
    assert tagged == ["[EN]One.[EN]", "[EN]Two.[EN]", "[JA]はい。[JA]"]
    assert [without_tags(piece) for piece in tagged] == ["One.", "Two.", "はい。"]
