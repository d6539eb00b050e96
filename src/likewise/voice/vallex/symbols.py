"""The 70 symbols of VALL-E X's text: 5 that are never used and 65 signs, one id each."""

from collections.abc import Sequence

from likewise.errors import BadInput

SIGNS = "!#*,-.=?NQ^_`abdefghijklmnopstuvwxyz~æçðŋɑɔəɛɥɪɫɯɸɹɾʃʊʑʒʰˈˌθ…⁼↑→↓"
"""Signs in the order of their ids, the first of which is 5."""

_SPECIAL = 5  # unknown, classification, separator, padding, mask
COUNT = _SPECIAL + len(SIGNS)
_IDS = {sign: _SPECIAL + place for place, sign in enumerate(SIGNS)}


def encode(signs: str) -> list[int]:
    """Ids of signs.

    Raises:
        BadInput: A sign that is not in the table.
    """
    unknown = sorted({sign for sign in signs if sign not in _IDS})
    if unknown:
        raise BadInput(f"VALL-E X has no symbol for {' '.join(unknown)}.")
    return [_IDS[sign] for sign in signs]


def decode(ids: Sequence[int]) -> str:
    """Signs of ids, � for those that stand for none."""
    return "".join(SIGNS[one - _SPECIAL] if _SPECIAL <= one < COUNT else "�" for one in ids)
