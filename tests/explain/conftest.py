from importlib.resources import files

import numpy as np
import pytest
import soundfile

from likewise.values import Audio


@pytest.fixture(scope="session")
def speech() -> Audio:
    """The shipped sample voice, CC BY 4.0."""
    with (files("likewise") / "data" / "demo" / "voice.flac").open("rb") as file:
        samples, rate = soundfile.read(file, dtype="float32")
    return Audio(np.asarray(samples), rate)
