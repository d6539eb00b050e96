"""Saved voices on a map: near where they sound alike."""

import numpy as np
import pytest

from likewise.audio import files
from likewise.hearing import ge2e
from likewise.studio.likeness_map import likeness_map
from likewise.values import Audio, Voice, samples_sha256


def voice(name: str, reference: Audio | None) -> Voice:
    sha256 = "" if reference is None else samples_sha256(reference.samples)
    return Voice(name, "kokoro", {}, reference=reference, reference_sha256=sha256)


@pytest.fixture(scope="module")
def halves(clip) -> tuple[Audio, Audio, Audio]:
    """Twice one speaker, and one who speaks a third higher and faster."""
    sound = files.read(clip)
    middle = sound.seconds / 2
    first, second = sound.between(0, middle), sound.between(middle, sound.seconds)
    return first, second, Audio(first.samples, round(first.sample_rate * 1.35))


def test_one_speaker_twice_is_nearest(halves):
    first, second, other = halves
    voices = [voice("anna", first), voice("ben", other), voice("anna2", second)]
    found = likeness_map(voices)
    nearest = {each.name: each for each in found.nearest}
    assert nearest["anna"].other == "anna2"
    assert nearest["anna2"].other == "anna"
    assert nearest["anna"].cosine == pytest.approx(ge2e.embed(first) @ ge2e.embed(second))
    shown = [point.name for point in found.map.points if point.role == "reference"]
    assert shown == ["anna", "ben", "anna2"]
    assert found.left_out == ()


def test_what_cannot_be_heard_is_named(halves):
    silent = Audio(np.zeros(16_000, np.float32), 16_000)
    found = likeness_map([voice("a", None), voice("b", silent), voice("c", halves[0])])
    assert found.left_out == ("a", "b")
    assert found.nearest == ()
    assert [point.name for point in found.map.points if point.role == "reference"] == ["c"]


def test_an_empty_library_has_a_map_of_others():
    found = likeness_map([])
    assert {point.role for point in found.map.points} == {"other"}
