"""Numbers, dates, money and the like in every language, as its speakers say them."""

import pytest

from likewise.text.languages import LANGUAGES, resolve
from likewise.text.normalise import tokens
from likewise.text.phonemes import phonemise

SAID = {
    "en-us": {
        "1,000,001": "one million and one",
        "3.14": "three point one four",
        "1/2 cup": "one half cup",
        "2nd": "second",
        "$1,250.99": "one thousand two hundred and fifty dollars ninety nine cents",
        "US$ 20": "twenty dollars",
        "7/4/2026": "July fourth twenty twenty six",
        "at 14:05": "at fourteen oh five",
        "1998-2003": "nineteen ninety eight to two thousand and three",
        "1 km": "one kilometer",
        "1 ft": "one foot",
        "No. 5": "number five",
        "24/7": "twenty four seven",
        "1.5M users": "one point five million users",
        "$2bn": "two billion dollars",
        "$10k": "ten thousand dollars",
        "10k": "ten k",
        "4K": "four K",
        "5m": "five meters",
        "he is 5'10\" tall": "he is five foot ten tall",
        "2½ cups": "two and one half cups",
        "Jan. 5": "January fifth",
        "January 5, 2024": "January fifth twenty twenty four",
        "May 5-7": "May five to seven",
    },
    "en-gb": {
        "7/4/2026": "July fourth twenty twenty six",
        "£3.50": "three pounds fifty pence",
        "£1.01": "one pound one penny",
        "9:05": "nine oh five",
        "10:00": "ten o'clock",
        "1 lb": "one pound",
        "1,000 m": "one thousand meters",
        "50 %": "fifty percent",
        "-3.5 °C": "minus three point five degrees Celsius",
        "3/4": "three quarters",
    },
    "es": {
        "1.000.001": "un millón uno",
        "3,14": "tres coma uno cuatro",
        "1.º y 2.ª": "primero y segunda",
        "1 €": "un euro",
        "£1": "una libra",
        "21 €": "veintiún euros",
        "21 personas": "veintiuna personas",
        "101 libros": "ciento un libros",
        "12,50 €": "doce euros con cincuenta céntimos",
        "22/11/2026": "veintidós de noviembre de dos mil veintiséis",
        "a la 1:00": "a la una",
        "a las 14:05": "a las catorce y cinco",
        "n.º 5": "número cinco",
        "1 km": "un kilómetro",
        "21 de mayo": "veintiuno de mayo",
        "1,5 M€": "uno coma cinco millones de euros",
        "1 M€": "un millón de euros",
        "€5 millones": "cinco millones de euros",
    },
    "fr": {
        "1 000 001": "un million un",
        "3,14": "trois virgule un quatre",
        "1er, 1re, 2e": "premier première deuxième",
        "71 et 81": "soixante et onze et quatre vingt un",
        "12,50 €": "douze euros cinquante centimes",
        "2 Md€": "deux milliards d'euros",
        "1 M$": "un million de dollars",
        "£1": "une livre",
        "1/5/2026": "premier mai deux mille vingt six",
        "14h05": "quatorze heures cinq",
        "1:00": "une heure",
        "n° 5": "numéro cinq",
        "-3,5 °C": "moins trois virgule cinq degrés Celsius",
    },
    "it": {
        "3 mln €": "tre milioni di euro",
        "1 mld €": "un miliardo di euro",
        "1.000.001": "un milione e uno",
        "3,14": "tre virgola uno quattro",
        "1º e 2ª": "primo e seconda",
        "1 €": "un euro",
        "£1": "una sterlina",
        "12,50 €": "dodici euro e cinquanta centesimi",
        "1/5/2026": "primo maggio duemilaventisei",
        "14:05": "quattordici e cinque",
        "1 km": "un chilometro",
        "n. 5": "numero cinque",
        "50%": "cinquanta per cento",
    },
    "pt-br": {
        "R$ 2 bi": "dois bilhões de reais",
        "R$ 1 mi": "um milhão de reais",
        "1.000.001": "um milhão e um",
        "3,14": "três vírgula um quatro",
        "1º e 2ª": "primeiro e segunda",
        "R$ 12,50": "doze reais e cinquenta centavos",
        "US$ 2": "dois dólares",
        "£2": "duas libras",
        "2 pessoas": "duas pessoas",
        "1/5/2026": "primeiro de maio de dois mil e vinte e seis",
        "às 2:00": "às duas horas",
        "às 14:05": "às catorze e cinco",
        "nº 5": "número cinco",
        "1 km": "um quilômetro",
    },
    "hi": {
        "₹5 करोड़": "5 करोड़ रुपये",
        "1,00,001": "100001",
        "3.14": "3 दशमलव 1 4",
        "₹12.50": "12 रुपये 50 पैसे",
        "₹1,00,000": "100000 रुपये",
        "₹1": "1 रुपया",
        "22/11/2026": "22 नवंबर 2026",
        "14:05 बजे": "14 बजकर 5 मिनट",
        "14:00": "14 बजे",
        "21वां": "21 वां",
        "१२३": "123",
        "50%": "50 प्रतिशत",
    },
}

READ_AS = {
    "ja": {
        "¥1,250": "1250円",
        "$20": "20ドル",
        "14:05": "14時5分",
        "14:00": "14時",
        "-3.5℃": "マイナス3.5度",
        "1/2": "2分の1",
        "2026-11-22": "2026年11月22日",
        "2026/11/22": "2026年11月22日",
        "5kg": "5キログラム",
        "-5": "マイナス5",
    },
    "zh": {
        "¥1,250": "1250元",
        "$20": "20美元",
        "14:05": "14点5分",
        "-3.5℃": "负3.5摄氏度",
        "1/2": "二分之一",
        "2026-11-22": "2026年11月22日",
        "138-1234-5678": "幺三八幺二三四五六七八",
        "5kg": "5公斤",
        "2个": "两个",
        "-5": "负5",
    },
}


@pytest.mark.parametrize(
    ("tag", "written", "expected"),
    [(tag, *case) for tag, cases in SAID.items() for case in cases.items()],
)
def test_said(tag, written, expected):
    found = tokens(written, resolve(tag))
    assert " ".join(word for token in found for word in token.spoken) == expected


@pytest.mark.parametrize(
    ("tag", "written", "expected"),
    [(tag, *case) for tag, cases in READ_AS.items() for case in cases.items()],
)
def test_read_as(tag, written, expected):
    """A form sounds as its words do, and is one word over all of its characters."""

    def sounds(text):
        return "".join(word.phonemes for word in phonemise(text, resolve(tag))).replace(" ", "")

    assert sounds(written) == sounds(expected) != ""
    assert phonemise(written, resolve(tag))[0].start == 0
    assert phonemise(written, resolve(tag))[-1].end == len(written)


def test_every_language_is_here():
    assert {*SAID, *READ_AS} == set(LANGUAGES)


def test_forms_between_words_keep_their_places():
    text = "今日は¥500、明日は$5。"
    words = phonemise(text, resolve("ja"))
    assert [text[w.start : w.end] for w in words if w.written[0] in "¥$"] == ["¥500", "$5"]
    assert [w.after for w in words if w.written[0] in "¥$"] == [",", "."]
    places = [edge for word in words for edge in (word.start, word.end)]
    assert places == sorted(places)
