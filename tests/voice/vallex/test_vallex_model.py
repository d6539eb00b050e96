"""What must hold for any weights: the cache changes nothing, nobody sees too much, ties stay."""

import doctest
import importlib
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [torch]")

from vallex_goldens import HERE, seeded_state  # noqa: E402

from likewise.voice.attention import KeyValueCache  # noqa: E402
from likewise.voice.vallex import checkpoint  # noqa: E402
from likewise.voice.vallex.config import VallexConfig  # noqa: E402
from likewise.voice.vallex.model import Vallex, opening_mask  # noqa: E402
from likewise.voice.vallex.transformer import AdaptiveLayerNorm, SinePositions  # noqa: E402

CONFIG = VallexConfig.small()


@pytest.fixture(scope="module", params=["random", "seeded"])
def model(request):
    """PyTorch's own initialisation, and the golden recipe with a seed that no golden has."""
    if request.param == "random":
        return Vallex.random(CONFIG, seed=5)
    return checkpoint.filled(CONFIG, seeded_state(HERE, "_small", 29), origin="seed 29")


def sentence(symbols=9, codes=7, seed=3):
    made = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, 70, (1, symbols), generator=made)
    languages = torch.randint(0, 3, (1, symbols), generator=made)
    return ids, languages, torch.randint(0, 1024, (1, codes), generator=made)


@torch.inference_mode()
def test_cached_is_uncached(model):
    ids, languages, codes = sentence(codes=30)
    ar, opened = model.ar, 6
    x = ar.opening(ids, languages, codes[:, : opened - 1])
    cache = KeyValueCache(CONFIG, 1, x.shape[1] + 30, x, None)
    steps = [ar(x, opening_mask(9, opened), cache)[:, -1]]
    for place in range(opened, 31):
        new = ar.embed_codes(codes[:, place - 1 : place], place)
        steps.append(ar(new, cache.mask(1), cache)[:, -1])
    whole = ar(ar.opening(ids, languages, codes), opening_mask(9, 31))[:, 9 + opened - 1 :]
    assert (torch.stack(steps, dim=1) - whole).abs().max() < 2e-5
    assert cache.length == 9 + 31


@torch.inference_mode()
def test_text_sees_no_codes_and_codes_no_later_codes(model):
    ids, languages, codes = sentence()
    other = codes.clone()
    other[0, 4] = (other[0, 4] + 1) % 1024
    mask = opening_mask(9, 8)
    first = model.ar(model.ar.opening(ids, languages, codes), mask)
    second = model.ar(model.ar.opening(ids, languages, other), mask)
    same = (first - second).abs().amax(dim=2)[0] == 0
    assert same[: 9 + 5].all() and not same[9 + 5 :].any()


@torch.inference_mode()
def test_every_symbol_and_language_counts(model):
    ids, languages, codes = sentence()
    mask = opening_mask(9, 8)
    base = model.ar(model.ar.opening(ids, languages, codes), mask)[0, -1]
    for place in (0, 8):
        changed = languages.clone()
        changed[0, place] = (changed[0, place] + 1) % 3
        moved = model.ar(model.ar.opening(ids, changed, codes), mask)[0, -1]
        assert (moved - base).abs().max() > 1e-4


@torch.inference_mode()
def test_later_codebooks_follow_from_the_ones_before(model):
    ids, languages, first = sentence(codes=12)
    prompt = torch.randint(0, 1024, (1, 5, 8), generator=torch.Generator().manual_seed(1))
    filled = list(model.nar.fill(ids, languages, prompt, first))
    assert len(filled) == 7
    whole = model.complete(ids[0], languages[0], prompt[0], first[0])
    assert whole.shape == (12, 8) and torch.equal(whole[:, 0], first[0])
    assert torch.equal(whole[:, 1:], torch.stack([codes[0] for codes, _ in filled], dim=1))
    text, known = model.nar.text(ids, languages), model.nar.summed(prompt)
    for stage, (_, logits) in enumerate(filled):
        frames = model.nar.summed(whole[None, :, : stage + 1])
        again = model.nar.logits(text, known, frames, stage)
        assert (again - logits).abs().max() < 1e-4


@torch.inference_mode()
def test_without_a_prompt(model):
    ids, languages, first = sentence(codes=4)
    none = torch.zeros(0, 8, dtype=torch.int64)
    assert model.complete(ids[0], languages[0], none, first[0]).shape == (4, 8)


def test_tied_weights_are_one(model):
    for head in range(6):
        assert model.nar.heads[head].weight is model.nar.codes[head + 2].weight
    assert model.nar.heads[6].weight is not model.nar.codes[7].weight


def test_positions_are_sines_times_alpha():
    positions = SinePositions(8)
    positions.alpha.data[:] = 0.5
    found = positions(torch.zeros(1, 3, 8), first=1023)[0].detach().numpy()
    wanted = np.zeros((3, 8))
    for row, place in enumerate((1023, 1024, 1025)):
        for pair in range(4):
            angle = place / 10000 ** (2 * pair / 8)
            wanted[row, 2 * pair : 2 * pair + 2] = 0.5 * math.sin(angle), 0.5 * math.cos(angle)
    assert np.abs(found - wanted).max() < 1e-4


def test_adaptive_norm_is_factor_times_norm_plus_offset():
    norm = AdaptiveLayerNorm(4)
    torch.nn.init.zeros_(norm.project.weight)
    norm.project.bias.data = torch.tensor([1.0, 2.0, 3.0, 4.0, 10.0, 20.0, 30.0, 40.0])
    x = torch.tensor([[[1.0, 3.0, 1.0, 3.0]]])
    found = norm(x, torch.randn(1, 4))[0, 0].detach()
    assert torch.allclose(found, torch.tensor([9.0, 22.0, 27.0, 44.0]), atol=1e-4)


@pytest.mark.parametrize("name", ["model", "encodec", "vocos"])
def test_examples_in_the_code(name):
    module = importlib.import_module(f"likewise.voice.vallex.{name}")
    result = doctest.testmod(module)
    assert result.attempted >= 2 and not result.failed
