"""Fine-tuning on the reduced model: it learns, it goes on where it stopped, others can load it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [torch]")
pytest.importorskip("tokenizers", reason="needs the extra [torch]")

from likewise.audio import files  # noqa: E402
from likewise.errors import BadInput  # noqa: E402
from likewise.values import Audio  # noqa: E402
from likewise.voice.xtts import checkpoint  # noqa: E402
from likewise.voice.xtts.config import XttsConfig  # noqa: E402
from likewise.voice.xtts.dvae import Dvae  # noqa: E402
from likewise.voice.xtts.model import Xtts  # noqa: E402
from likewise.voice.xtts.tokenizer import XttsTokenizer  # noqa: E402
from likewise.voice.xtts.training import lora  # noqa: E402
from likewise.voice.xtts.training.clips import Clip, read_clips  # noqa: E402
from likewise.voice.xtts.training.examples import Example, batch_of, prepare  # noqa: E402
from likewise.voice.xtts.training.tuning import Plan, _groups, _losses, tune  # noqa: E402

QUICK = Plan(steps=3, batch=2, accumulation=1, learning_rate=1e-3, seed=5)


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def fresh():
    return Xtts.random(XttsConfig.small(), seed=3)


def ten_clips() -> list[Example]:
    rng = np.random.default_rng(8)
    return [
        Example(
            torch.from_numpy(np.r_[259, rng.integers(3, 60, size=12)]),
            torch.from_numpy(rng.integers(0, 256, size=count)),
            torch.from_numpy(rng.integers(-3000, 3000, size=count * 1024).astype(np.int16)),
        )
        for count in rng.integers(12, 24, size=10)
    ]


def tune_all(model, examples, plan, **more):
    return list(tune(model, examples, plan, **more))


def clip(seconds, seed=1, rate=24000):
    noise = np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate))
    return Audio(noise.astype(np.float32), rate)


def test_it_overfits_ten_clips():
    plan = Plan(steps=20, batch=10, accumulation=1, learning_rate=2e-2)
    steps = tune_all(fresh(), ten_clips(), plan)
    assert [step.number for step in steps] == list(range(1, 21))
    assert steps[0].code_loss == pytest.approx(np.log(258), abs=0.5)  # knows nothing
    assert steps[-1].code_loss < 0.25 * steps[0].code_loss
    assert steps[-1].text_loss < steps[0].text_loss


def test_lora_learns_and_touches_nothing_else():
    model = fresh()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    plan = Plan(steps=6, batch=10, accumulation=1, learning_rate=2e-2, lora_rank=8)
    steps = tune_all(model, ten_clips(), plan)
    assert steps[-1].code_loss < steps[0].code_loss - 0.5
    after = model.state_dict()
    assert after.keys() == before.keys()
    moved = {name for name in after if not torch.equal(after[name], before[name])}
    matrices = {n for n in after if n.startswith("gpt.blocks.") and after[n].dim() == 2}
    assert moved == matrices


def test_merged_corrections_compute_the_same():
    blocks = fresh().gpt.blocks
    x = torch.randn(1, 4, 64, generator=torch.Generator().manual_seed(1))
    plain = blocks[0](x, None, None, 0)
    lora.adapt(blocks, 4, seed=1)
    assert torch.equal(blocks[0](x, None, None, 0), plain)
    for name, parameter in blocks.named_parameters():
        if name.endswith(".up"):
            torch.nn.init.normal_(parameter.data, std=0.1)
    corrected = blocks[0](x, None, None, 0)
    assert (corrected - plain).abs().max() > 0.01
    lora.merge(blocks)
    assert torch.allclose(blocks[0](x, None, None, 0), corrected, atol=1e-5)


def test_a_run_that_goes_on_ends_where_one_without_a_break_does(tmp_path):
    whole, broken, later = fresh(), fresh(), fresh()
    steps = tune_all(whole, ten_clips(), replace(QUICK, steps=4))
    tune_all(broken, ten_clips(), replace(QUICK, steps=2), folder=tmp_path)
    rest = tune_all(later, ten_clips(), replace(QUICK, steps=4), folder=tmp_path, resume=True)
    assert rest == steps[2:]
    ours, theirs = later.state_dict(), whole.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_what_cannot_go_on(tmp_path):
    with pytest.raises(BadInput, match="no run to go on with"):
        tune_all(fresh(), ten_clips(), QUICK, folder=tmp_path, resume=True)
    tune_all(fresh(), ten_clips(), QUICK, folder=tmp_path)
    with pytest.raises(BadInput, match=r"batch.*can't go on"):
        tune_all(fresh(), ten_clips(), replace(QUICK, batch=1), folder=tmp_path, resume=True)
    (tmp_path / "training.pth").write_bytes(b"no file of ours")
    with pytest.raises(BadInput, match="can't be read"):
        tune_all(fresh(), ten_clips(), QUICK, folder=tmp_path, resume=True)


def test_accumulated_gradients_are_those_of_the_whole_batch():
    """Rows of one length weigh the same in both, so the update has to be the same."""
    example = ten_clips()[0]
    one, two = fresh(), fresh()
    tune_all(one, [example], replace(QUICK, steps=1, batch=2, accumulation=1))
    tune_all(two, [example], replace(QUICK, steps=1, batch=1, accumulation=2))
    for ours, theirs in zip(one.gpt.parameters(), two.gpt.parameters(), strict=True):
        assert torch.allclose(ours, theirs, atol=2e-4)


def test_the_stretch_that_conditions_is_spared_in_every_row():
    rng = np.random.default_rng(2)
    examples = [
        Example(torch.arange(3, 9), torch.arange(count), torch.zeros(count * 1024).short())
        for count in (220, 60, 260)
    ]
    for _ in range(20):
        batch = batch_of(examples, rng)
        for row, example in enumerate(examples):
            first, last = batch.spared[row].tolist()
            length = len(batch.slices[row])
            whole = len(example.samples)
            assert length == whole // 2 if whole < 66150 else 66150 <= length <= 132300
            assert 0 <= first < last <= len(example.codes)
            assert (last - first) * 1024 - length in range(-1, 2 * 1024)


def test_spared_codes_have_no_part_in_the_loss():
    gpt = fresh().gpt
    latents = torch.randn(2, 32, 64, generator=torch.Generator().manual_seed(4))
    text, codes = torch.full((2, 5), 7), torch.arange(20).repeat(2, 1)
    lengths = torch.tensor([5, 5]), torch.tensor([20, 20])
    spared = torch.tensor([[2, 12], [5, 20]])
    with torch.no_grad():
        _, loss, logits = gpt.losses(latents, text, lengths[0], codes, lengths[1], spared)
    chances = logits.log_softmax(dim=1)
    stop = XttsConfig.small().gpt.stop_audio
    targets = torch.cat([codes, torch.full((2, 4), stop)], dim=1)
    counted = [
        -chances[row, targets[row, place], place]
        for row in range(2)
        for place in range(24)
        if not spared[row, 0] <= place < spared[row, 1]
    ]
    assert len(counted) == 24 * 2 - 25
    assert float(loss) == pytest.approx(float(torch.stack(counted).mean()), abs=1e-5)


def test_16_bits_learn_too():
    """What a GPU computes in, here on the CPU: losses near those in 32 bits, with gradients."""
    model = fresh()
    model.gpt.requires_grad_(True)
    batch = batch_of(ten_clips()[:3], np.random.default_rng(1))
    exact = torch.stack(_losses(model, batch, torch.float32)).detach()
    found = torch.stack(_losses(model, batch, torch.bfloat16))
    assert torch.allclose(found, exact, atol=0.05) and not torch.equal(found, exact)
    torch.autograd.backward(found.sum())
    assert all(torch.isfinite(p.grad).all() for p in model.gpt.parameters() if p.grad is not None)


def test_norms_biases_and_tables_do_not_decay():
    gpt = fresh().gpt.requires_grad_(True)
    decaying, others = _groups(gpt)
    assert decaying["weight_decay"] == 0.01 and others["weight_decay"] == 0.0
    names = {id(parameter): name for name, parameter in gpt.named_parameters()}
    assert len(decaying["params"]) + len(others["params"]) == len(names)
    kept = {names[id(parameter)] for parameter in others["params"]}
    assert {"text_embedding.weight", "audio_positions.weight", "norm.weight"} <= kept
    assert "blocks.0.attention.qkv.bias" in kept and "audio_head.weight" not in kept


def test_released_layout_round_trip(tmp_path):
    """Every released key with its shape, and the same model again when it is read."""
    model = fresh()
    released = checkpoint.released(model)
    shapes = {name: list(value.shape) for name, value in released.items()}
    wanted = json.loads(
        (Path(__file__).parents[2] / "data" / "xtts" / "state_shapes_small.json").read_text("utf-8")
    )["model.pth"]
    assert shapes == {name: shape for name, (shape, _) in wanted.items()}
    torch.save({"model": released}, tmp_path / "model.pth")
    again = checkpoint.load_model(tmp_path / "model.pth", XttsConfig.small())
    ours, theirs = again.state_dict(), model.state_dict()
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-6) for name in theirs)


@pytest.mark.parametrize("layout", ["pairs", "table", "ljspeech"])
def test_layouts_of_clips(tmp_path, layout):
    place = tmp_path / "wavs" if layout == "ljspeech" else tmp_path
    place.mkdir(exist_ok=True)
    for name in ("a", "b"):
        files.write(clip(1.0), place / f"{name}.wav")
    if layout == "pairs":
        (tmp_path / "a.txt").write_text("Hello.\n", encoding="utf-8")
        (tmp_path / "b.txt").write_text("Grüß dich.", encoding="utf-8")
    elif layout == "table":
        lines = "audio_file|text|language\na.wav|Hello.|\nb.wav|Grüß dich.|de\n"
        (tmp_path / "metadata.csv").write_text(lines, encoding="utf-8")
    else:
        lines = "a|Hello.|Hello.\nb|Gruess dich.|Grüß dich.\n"
        (tmp_path / "metadata.csv").write_text(lines, encoding="utf-8")
    found = read_clips(tmp_path, language="en-us")
    second = "de" if layout == "table" else "en"
    assert found == [
        Clip(place / "a.wav", "Hello.", "en"),
        Clip(place / "b.wav", "Grüß dich.", second),
    ]
    if layout != "pairs":
        assert read_clips(tmp_path / "metadata.csv", language="en") == found


def test_clips_that_are_not_there(tmp_path):
    with pytest.raises(BadInput, match="no folder or CSV"):
        read_clips(tmp_path / "none", language="en")
    with pytest.raises(BadInput, match="holds no clips"):
        read_clips(tmp_path, language="en")
    files.write(clip(1.0), tmp_path / "a.wav")
    with pytest.raises(BadInput, match=r"1 sound files.*no text, first a\.wav.*a\.txt"):
        read_clips(tmp_path, language="en")
    (tmp_path / "metadata.csv").write_text("audio_file,text\nz.wav,Hi\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"missing, first .*z\.wav"):
        read_clips(tmp_path, language="en")
    (tmp_path / "metadata.csv").write_text("sound,words\n", encoding="utf-8")
    with pytest.raises(BadInput, match="neither a header"):
        read_clips(tmp_path, language="en")
    (tmp_path / "metadata.csv").write_text("audio_file,words\n", encoding="utf-8")
    with pytest.raises(BadInput, match="no column text"):
        read_clips(tmp_path, language="en")


def test_unusable_clips_are_counted(tmp_path):
    texts = {"good": "Hello there", "short": "Hi", "strange": "Hello ☃", "none": "", "long": "Ho"}
    for name, text in texts.items():
        seconds = {"short": 0.3, "long": 6.0}.get(name, 1.2)
        files.write(clip(seconds), tmp_path / f"{name}.wav")
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    torch.manual_seed(1)
    config = XttsConfig.small()
    dvae, tokenizer = Dvae(config.dvae).eval(), XttsTokenizer.letters()
    events = []
    examples, notes = prepare(
        read_clips(tmp_path, language="en"), fresh(), dvae, tokenizer, on_progress=events.append
    )
    (example,) = examples
    assert len(example.samples) == round(1.2 * 22050) and len(example.codes) == 26
    assert example.text.tolist() == tokenizer.encode("Hello there", "en")
    assert events[-1].done == events[-1].total == 5
    said = " ".join(notes)
    assert "2 of 5 clips left out: not between 0.5 and 5.5 s long" in said
    assert "signs that the vocabulary" in said and "without text" in said
    (tmp_path / "good.wav").unlink()
    (tmp_path / "good.txt").unlink()
    with pytest.raises(BadInput, match="None of the clips"):
        prepare(read_clips(tmp_path, language="en"), fresh(), dvae, tokenizer)


@pytest.mark.parametrize(
    "wrong", [{"steps": 0}, {"batch": 0}, {"lora_rank": -1}, {"learning_rate": 0.0}]
)
def test_impossible_plans(wrong):
    with pytest.raises(BadInput):
        Plan(**wrong)
