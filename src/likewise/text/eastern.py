"""Written forms of Japanese and Chinese, in characters that their readers say rightly.

    spoken_forms("¥1,250と-3.5℃", "ja")     # [(0, 6, '1250円'), (7, 12, 'マイナス3.5度')]

The readers know numbers and counters; what they don't know is signs: money before its number, a
minus, times, dates with hyphens, fractions and telephone numbers.
"""

import re
from collections.abc import Callable

from likewise.text.words import Word

_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_MONEY = {
    "ja": {"¥": "円", "￥": "円", "$": "ドル", "€": "ユーロ", "£": "ポンド"},
    "zh": {"¥": "元", "￥": "元", "$": "美元", "€": "欧元", "£": "英镑"},
}
_UNITS = {
    "ja": {"℃": "度", "°C": "度", "km": "キロメートル", "kg": "キログラム", "cm": "センチメートル"},
    "zh": {"℃": "摄氏度", "°C": "摄氏度", "km": "公里", "kg": "公斤", "cm": "厘米"},
}
_MINUS = {"ja": "マイナス", "zh": "负"}
_TIME = {"ja": ("時", "分"), "zh": ("点", "分")}
_DATE = r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
_DIGITS = "零幺二三四五六七八九"  # as Chinese telephone numbers are read: 1 is yāo
_COUNTED = "个位只条本张次天家岁块件杯瓶层辆"


def spoken_forms(text: str, tag: str) -> list[tuple[int, int, str]]:
    """Where a text holds forms that are said otherwise than written, and what is said.

    Args:
        text: A sentence.
        tag: `ja` or `zh`.

    Returns:
        (start, end, what is said), in order, without overlap.
    """
    return [
        (*match.span(), next(say for name, say in _SAY.items() if _has(match, name))(match, tag))
        for match in _forms(tag).finditer(text)
    ]


def _has(match: re.Match[str], name: str) -> bool:
    return match.groupdict().get(name) is not None


def read_around(text: str, tag: str, read: Callable[[str], list[Word]]) -> list[Word]:
    """The words of a text, each written form one word; `read` reads what stands between them.

    Args:
        text: A sentence.
        tag: `ja` or `zh`.
        read: Reads text without such forms.
    """
    found: list[Word] = []
    place = 0
    for start, end, spoken in (*spoken_forms(text, tag), (len(text), len(text), "")):
        found += [_moved(word, place) for word in read(text[place:start])]
        sounds = " ".join(word.phonemes for word in read(spoken)) if spoken else ""
        if sounds:
            found.append(Word(start, end, text[start:end], sounds))
        place = end
    return found


def _moved(word: Word, places: int) -> Word:
    return Word(
        word.start + places, word.end + places, word.written, word.phonemes, accent=word.accent
    )


def _forms(tag: str) -> re.Pattern[str]:
    money = "|".join(map(re.escape, _MONEY[tag]))
    units = "|".join(map(re.escape, _UNITS[tag]))
    shapes = {
        "date": rf"(?<!\d){_DATE}(?!\d)",
        "time": r"(?<![\d:])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?![:\d])",
        "fraction": r"(?<![\d/])(?P<above>\d{1,3})/(?P<below>\d{1,3})(?![\d/])",
        "money": rf"(?P<sign>{money})\s?(?P<amount>{_NUMBER})",
        "measure": (
            rf"(?P<minus>(?<![\w-])[-−])?(?P<size>{_NUMBER})\s?(?P<unit>{units})(?![A-Za-z])"
        ),
        "negative": rf"(?<![\w-])[-−](?P<below_zero>{_NUMBER})(?![-\d])",
    }
    if tag == "zh":
        shapes |= {
            "telephone": r"(?<!\d)\d{3,4}(?:-\d{3,4}){1,2}(?!\d)",
            "pair": rf"(?<![\d.])2(?=[{_COUNTED}])",
        }
    return re.compile("|".join(f"(?P<{name}>{shape})" for name, shape in shapes.items()))


def _date(match: re.Match[str], _: str) -> str:
    return f"{match['year']}年{int(match['month'])}月{int(match['day'])}日"


def _time(match: re.Match[str], tag: str) -> str:
    hours, minutes = _TIME[tag]
    said = f"{int(match['hour'])}{hours}"
    return f"{said}{int(match['minute'])}{minutes}" if int(match["minute"]) else said


def _fraction(match: re.Match[str], tag: str) -> str:
    return f"{match['below']}分{'の' if tag == 'ja' else '之'}{match['above']}"


def _money(match: re.Match[str], tag: str) -> str:
    return f"{match['amount'].replace(',', '')}{_MONEY[tag][match['sign']]}"


def _measure(match: re.Match[str], tag: str) -> str:
    minus = _MINUS[tag] if match["minus"] else ""
    return f"{minus}{match['size']}{_UNITS[tag][match['unit']]}"


_SAY: dict[str, Callable[[re.Match[str], str], str]] = {
    "date": _date,
    "time": _time,
    "fraction": _fraction,
    "money": _money,
    "measure": _measure,
    "negative": lambda match, tag: f"{_MINUS[tag]}{match['below_zero']}",
    "telephone": lambda match, _: "".join(
        _DIGITS[int(sign)] for sign in match.group() if sign.isdecimal()
    ),
    "pair": lambda *_: "两",
}
