"""Every stage against the reference's numbers, under weights made from a seed and each key's name.

The passes of the second half start from the reference's codes of the lower codebooks; the last test
runs freely from the opening to the eighth codebook.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [torch]")

from torch import Tensor  # noqa: E402

from likewise.voice.vallex.config import LANGUAGES, Sampling  # noqa: E402
from likewise.voice.vallex.decoding import Step, Text, decode, readings  # noqa: E402

GREEDY = Sampling(temperature=0)
STEPS = 40


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


def near(found: Tensor, wanted: Any, tolerance: float) -> None:
    assert tuple(found.shape) == tuple(wanted.shape)
    assert np.abs(found.numpy() - wanted).max() <= tolerance


def text(golden: Any, prompt: str = "zh", spoken: tuple[str, ...] = ("en",)) -> Text:
    """The golden text in a language for its prompt and one, or several in turn, for the rest."""
    ids = torch.from_numpy(golden["in/text_ids"])
    split = int(golden["in/prompt_text_length"])
    names = [prompt] * split + [spoken[place % len(spoken)] for place in range(len(ids) - split)]
    return Text(ids, torch.tensor([LANGUAGES.index(name) for name in names]), STEPS)


def prompt(golden: Any) -> Tensor:
    return torch.from_numpy(golden["in/prompt_codes"].astype(np.int64))


def said(golden: Any, wanted: Text) -> list[Step]:
    return list(decode(golden.model.ar, golden.config, [wanted], prompt(golden)[:, 0], GREEDY))


@pytest.fixture(scope="module")
def steps(golden):
    return said(golden, text(golden))


def test_first_codebook(golden, steps):
    logits = torch.cat([step.logits for step in steps])
    near(logits[0], golden["ar/first_logits"], 1e-4)
    wanted = golden["ar/states"]
    near(torch.cat([step.states for step in steps])[:, : wanted.shape[1]], wanted, 5e-5)
    best = logits.topk(8)
    assert (best.indices.numpy() == golden["ar/top8_ids"]).all()
    near(best.values, golden["ar/top8_logits"], 1e-4)
    near(best.values[:, 0] - best.values[:, 1], golden["ar/margin"], 2e-4)
    near(torch.cat([step.log_probs for step in steps]), golden["ar/log_probs"], 1e-4)
    assert torch.cat([step.codes for step in steps]).tolist() == golden["codes"][:, 0].tolist()


def test_other_codebooks_given_the_lower_ones(golden):
    nar, ours = golden.model.nar, text(golden)
    codes = torch.from_numpy(golden["codes"].astype(np.int64))
    embedded = nar.text(ours.ids[None], ours.languages[None])
    known = nar.summed(prompt(golden)[None])
    for stage in range(7):
        frames = nar.summed(codes[None, :, : stage + 1])
        logits = nar.logits(embedded, known, frames, stage)[0]
        near(logits[::8, :256], golden["nar/logits"][stage], 2e-4)
        best = logits.topk(2).values
        near(best[:, 0] - best[:, 1], golden["nar/margin"][stage], 4e-4)
        assert logits.argmax(dim=1).tolist() == codes[:, stage + 1].tolist()


def test_a_language_for_each_symbol(golden):
    mixed = replace(text(golden, "ja", ("en", "ja", "zh")), longest=1)
    (step,) = said(golden, mixed)
    near(step.logits[0], golden["ar/first_logits_mixed_languages"], 1e-4)
    first = step.logits.argmax(dim=1)
    fill = golden.model.nar.fill(
        mixed.ids[None], mixed.languages[None], prompt(golden)[None], first[None]
    )
    _, logits = next(fill)
    near(logits[0], golden["nar/first_logits_mixed_languages"], 2e-4)


def test_from_text_to_all_codebooks(golden, steps):
    (reading,) = readings(iter(steps), 1, GREEDY, len(prompt(golden)))
    assert reading.cut
    ours = text(golden)
    codes = golden.model.complete(ours.ids, ours.languages, prompt(golden), reading.codes)
    assert (codes.numpy() == golden["codes"]).all()
