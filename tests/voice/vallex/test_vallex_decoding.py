"""Sampling, batches, best-of and limits."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="needs the extra [torch]")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from likewise.voice.sampling import filtered  # noqa: E402
from likewise.voice.vallex.config import CODES, Sampling, VallexConfig  # noqa: E402
from likewise.voice.vallex.decoding import Step, Text, decode, draw, readings  # noqa: E402
from likewise.voice.vallex.model import Vallex  # noqa: E402

CONFIG = VallexConfig.small()


@pytest.fixture(scope="module")
def model():
    return Vallex.random(CONFIG, seed=3)


def text(symbols, longest=25, seed=1, **more):
    made = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, 70, (symbols,), generator=made)
    return Text(ids, torch.randint(0, 3, (symbols,), generator=made), longest, **more)


PROMPT = torch.randint(0, 1024, (11,), generator=torch.Generator().manual_seed(9))


def read(model, texts, sampling, prompt=PROMPT, **options):
    steps = decode(model.ar, CONFIG, texts, prompt, sampling, **options)
    return {one.text: one for one in readings(steps, len(texts), sampling, len(prompt))}


def test_a_batch_says_what_each_text_says_alone(model):
    texts = [text(4), text(17, seed=2), text(9, longest=12, seed=3)]
    sampling = Sampling(top_k=30)
    together = read(model, texts, sampling, seed=7)
    for row, one in enumerate(texts):
        (alone,) = read(model, [one], sampling, seed=7 + row).values()
        assert together[row].codes.tolist() == alone.codes.tolist()
        assert together[row].score == pytest.approx(alone.score, abs=1e-4)


def test_best_of_is_the_likeliest_of_its_seeds(model):
    one = text(8)
    best = read(model, [one], Sampling(best_of=4), seed=20)[0]
    each = [read(model, [one], Sampling(), seed=20 + reading)[0] for reading in range(4)]
    wanted = max(each, key=lambda reading: reading.score)
    assert best.codes.tolist() == wanted.codes.tolist()
    assert best.score == pytest.approx(wanted.score, abs=1e-4)


def scripted(lengths, log_prob=-1.0):
    """Steps of one text read as often as there are lengths, each code as likely as any other."""
    for position in range(1, max(lengths) + 1):
        rows = [row for row, length in enumerate(lengths) if position <= length]
        stopped = tuple(row for row in rows if position == lengths[row])
        codes = torch.tensor([CODES if row in stopped else position for row in rows])
        none = torch.empty(0)
        chance = torch.full((len(rows),), log_prob)
        yield Step(tuple(rows), codes, chance, none, none, stopped, ())


@pytest.mark.parametrize(("penalty", "codes"), [(0.0, 2), (0.5, 2), (2.0, 9)])
def test_length_penalty(penalty, codes):
    sampling = Sampling(best_of=3, length_penalty=penalty)
    (reading,) = readings(scripted([6, 3, 10]), 1, sampling, prompt_length=0)
    assert reading.codes.tolist() == list(range(1, codes + 1))


def test_the_score_counts_the_prompt_as_the_reference_does():
    (reading,) = readings(scripted([6]), 1, Sampling(), prompt_length=20)
    assert reading.score == pytest.approx(-6 / (1 + 20 + 5))


def test_limits(model):
    never = read(model, [text(5, longest=13)], Sampling(temperature=0))[0]
    assert never.cut and len(never.codes) == 13
    ends = Vallex.random(CONFIG, seed=3)
    with torch.no_grad():
        # All states have the mean of the last norm's offset in them; this makes the end likeliest.
        ends.ar.decoder.norm.bias.fill_(1.0)
        ends.ar.head.weight[CODES].fill_(10.0)
    at_once = read(ends, [text(5)], Sampling())[0]
    assert len(at_once.codes) == 0 and not at_once.cut
    held = read(ends, [text(5, shortest=6)], Sampling())[0]
    assert len(held.codes) == 6 and not held.cut and CODES not in held.codes


def test_rows_that_stop_leave(model):
    texts = [text(5, longest=4), text(6, longest=9)]
    steps = list(decode(model.ar, CONFIG, texts, PROMPT, Sampling(temperature=0)))
    assert [len(step.rows) for step in steps] == [2] * 4 + [1] * 5
    assert steps[3].cut == (0,) and steps[-1].cut == (1,)


def test_seeds(model):
    def say(seed):
        return read(model, [text(6)], Sampling(), seed=seed)[0].codes.tolist()

    assert say(1) == say(1) != say(2)


def test_no_prompt(model):
    found = read(model, [text(6)], Sampling(), prompt=PROMPT[:0])[0]
    assert 0 < len(found.codes) <= 25


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-20, 20), min_size=2, max_size=40),
    st.integers(0, 50),
    st.floats(0.01, 1.0),
)
def test_filters_keep_the_best_and_only_as_many_as_asked(scores, top_k, top_p):
    row = torch.tensor([scores], dtype=torch.float64)
    kept = filtered(row, top_k, top_p)[0]
    left = (kept > -torch.inf).nonzero()[:, 0].tolist()
    assert row[0].argmax().item() in left or row[0].max() == kept.max()
    assert (kept[left] == row[0, left]).all()
    if top_k:
        assert len(left) <= max(
            top_k, (row[0] >= row[0].topk(min(top_k, len(scores))).values[-1]).sum()
        )
    outside = [place for place in range(len(scores)) if place not in left]
    assert all(row[0, place] <= row[0, left].min() for place in outside)


def test_draws_follow_the_chances():
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]])).repeat(3000, 1)
    one = torch.Generator().manual_seed(0)
    codes, log_probs = draw(logits, Sampling(top_p=0.8), [one] * 3000)
    share = torch.bincount(codes, minlength=4) / 3000
    assert share[2:].sum() == 0 and abs(share[0] - 0.625) < 0.03
    assert torch.allclose(log_probs[codes == 0].exp(), torch.tensor(0.625), atol=1e-5)
    codes, _ = draw(logits, replace(Sampling(), temperature=0), [one] * 3000)
    assert (codes == 0).all()
