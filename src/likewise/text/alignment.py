"""Give each phoneme of a clause to its word, where the reader ran words together.

espeak-ng reads "of the" as one group and a number as several. The clause's phonemes, which carry
the weak forms and liaisons that context asks for, are aligned with each word's phonemes said
alone (edit distance), and cut where the words change.
"""

import re
from collections.abc import Sequence

_UNIT = re.compile(r"[ˈˌ]*[^ˈˌ](?:\u0361.|[ːˑʰʲʷ\u0300-\u0360\u0362-\u036f])*")


def units(phonemes: str) -> list[str]:
    """Phonemes one by one, each with its stress before and its length marks after."""
    return _UNIT.findall(phonemes.replace(" ", ""))


def split_by_word(groups: Sequence[str], alone: Sequence[str]) -> list[str]:
    """Cut a clause's phonemes into one string for each word.

    Args:
        groups: Phonemes of the clause as the reader grouped them.
        alone: Phonemes of each word said alone, at least one word.

    Returns:
        As many strings as `alone`; joined they are the clause. Spaces stay where a group ended
        inside a word. A word is empty only if there are fewer phonemes than words.
    """
    if len(groups) == len(alone):
        return list(groups)
    if len(alone) == 1:
        return [" ".join(groups)]
    said = [(unit, index) for index, group in enumerate(groups) for unit in units(group)]
    expected = [(unit, index) for index, word in enumerate(alone) for unit in units(word)]
    owners = _owners([unit for unit, _ in said], expected, len(alone))
    words = [""] * len(alone)
    last_group = [-1] * len(alone)
    for (unit, group), owner in zip(said, owners, strict=True):
        gap = " " if words[owner] and last_group[owner] != group else ""
        words[owner] += gap + unit
        last_group[owner] = group
    return words


def _owners(said: Sequence[str], expected: Sequence[tuple[str, int]], count: int) -> list[int]:
    """The word of each phoneme: backtrace of the edit distance, then no word left empty."""
    rows, columns = len(said) + 1, len(expected) + 1
    cost = [[0.0] * columns for _ in range(rows)]
    for row in range(rows):
        for column in range(columns):
            if row == 0 or column == 0:
                cost[row][column] = float(row + column)
                continue
            change = _difference(said[row - 1], expected[column - 1][0])
            cost[row][column] = min(
                cost[row - 1][column - 1] + change,
                cost[row - 1][column] + 1,
                cost[row][column - 1] + 1,
            )
    owners = [0] * len(said)
    row, column = rows - 1, columns - 1
    while row > 0:
        if column > 0:
            change = _difference(said[row - 1], expected[column - 1][0])
            if cost[row][column] == cost[row - 1][column - 1] + change:
                owners[row - 1] = expected[column - 1][1]
                row, column = row - 1, column - 1
                continue
        if column > 0 and cost[row][column] == cost[row][column - 1] + 1:
            column -= 1
            continue
        owners[row - 1] = expected[max(column - 1, 0)][1] if expected else 0
        row -= 1
    return _fill(owners, count)


def _fill(owners: list[int], count: int) -> list[int]:
    """Give each word at least one phoneme where there are enough, keeping the order."""
    for word in range(min(count, len(owners))):
        owners[word] = min(owners[word], word)
        from_end = len(owners) - 1 - word
        owners[from_end] = max(owners[from_end], count - 1 - word)
    for index in range(1, len(owners)):
        owners[index] = min(max(owners[index], owners[index - 1]), owners[index - 1] + 1)
    return owners


_VOWELS = set("aeiouyɑɐɒæɔəɚɛɜɝɪʊʌøœɨɯɤᵻ")


def _difference(one: str, other: str) -> float:
    plain, same = one.strip("ˈˌ"), other.strip("ˈˌ")
    if plain == same:
        return 0.0
    if plain[:1] == same[:1]:
        return 0.25
    return 0.5 if (plain[:1] in _VOWELS) == (same[:1] in _VOWELS) else 1.25
