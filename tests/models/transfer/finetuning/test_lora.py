import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from strata.errors import InputError
from strata.models.estimators.fine_tuned_classifier import FineTunedClassifier
from strata.models.transfer import backbones
from strata.models.transfer.backbones import outline
from strata.models.transfer.finetuning.finetune_layers import finetune_layers
from strata.models.transfer.finetuning.lora import (
    add_lora,
    check_lora,
    lora_parameters,
    lora_targets,
    merge_lora,
)
from strata.models.transfer.subgraph import extract_subgraph

TV_BLOCK = "encoder.layers.encoder_layer_"


class Layers(nn.Module):
    """A linear layer, torch's attention, and layers that have no update."""

    def __init__(self) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(12, 20), nn.GELU(), nn.Linear(20, 12))
        self.attention = nn.MultiheadAttention(12, 3, batch_first=True)
        self.norm, self.tiny = nn.LayerNorm(12), nn.Linear(12, 2)
        self.conv = nn.Conv1d(12, 12, 3)

    def forward(self, x):
        y, _ = self.attention(x, x, x)
        y = self.norm(y + self.mlp(x))
        return self.tiny(self.conv(y.transpose(1, 2)).transpose(1, 2))


def randomize_updates(module, seed=0):
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in module.named_parameters():
        if name.endswith(".B"):
            nn.init.normal_(parameter, generator=generator)


@settings(max_examples=20)
@given(rank=st.integers(2, 8), alpha=st.floats(0.5, 32.0))
def test_updates_start_at_nothing_and_are_merged_as_they_are(rank, alpha):
    torch.manual_seed(0)
    module, x = Layers().eval(), torch.rand(2, 5, 12)
    plain = {name: value.clone() for name, value in module.state_dict().items()}
    before = module(x)
    add_lora(module, rank=rank, alpha=alpha, seed=1)
    torch.testing.assert_close(module(x), before)  # B is zero
    randomize_updates(module)
    unmerged = module(x)
    updates = {n: (layer.parametrizations, name) for n, (layer, name) in {
        "mlp.0.weight": (module.mlp[0], "weight"),
        "attention.in_proj_weight": (module.attention, "in_proj_weight"),
    }.items()}  # fmt: skip
    expected = {
        n: plain[n].numpy() + alpha / rank * (p[w][0].B @ p[w][0].A).detach().numpy()
        for n, (p, w) in updates.items()
    }
    merge_lora(module)
    assert not (module(x) - before).abs().max() < 1e-3
    torch.testing.assert_close(module(x), unmerged, rtol=1e-5, atol=1e-5)
    assert module.state_dict().keys() == plain.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(module.state_dict()[name], value, rtol=1e-4, atol=1e-5)
    for name in ("norm.weight", "conv.weight", "mlp.0.bias", "tiny.weight"):
        assert torch.equal(module.state_dict()[name], plain[name])


def test_only_updates_are_trainable_and_as_many_as_are_counted():
    module = Layers()
    counted = lora_parameters(module, 4)
    assert counted == 4 * ((12 + 20) * 2 + (12 + 36) + (12 + 12))
    add_lora(module, rank=4, alpha=8.0, seed=0)
    trainable = {n: p.numel() for n, p in module.named_parameters() if p.requires_grad}
    assert {name[-1] for name in trainable} == {"A", "B"}
    assert sum(trainable.values()) == counted
    assert lora_targets(nn.Linear(4, 8), 4) == []


def test_the_same_seed_gives_the_same_updates():
    first, again, other = Layers(), Layers(), Layers()
    for module, seed in ((first, 0), (again, 0), (other, 1)):
        add_lora(module, rank=3, alpha=1.0, seed=seed)
    matrices = [[p for n, p in m.named_parameters() if n[-1] == "A"] for m in (first, again, other)]
    assert all(torch.equal(a, b) for a, b in zip(matrices[0], matrices[1], strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(matrices[0], matrices[2], strict=True))


def test_what_has_no_linear_layer_is_refused():
    with pytest.raises(InputError, match=r"no linear layer.*rank 8"):
        add_lora(nn.Sequential(nn.Conv2d(3, 16, 1)), rank=8, alpha=1.0, seed=0)


@pytest.mark.parametrize("name", ["timm:vit_tiny_patch16_224", "vit_b_16", "swin_t"])
def test_every_projection_and_perceptron_of_a_transformers_block_has_an_update(name):
    """Of one block's qkv, projection and two layers of its perceptron; by Table 1's arithmetic."""
    begin, end, width, *shape = {
        "timm:vit_tiny_patch16_224": ("blocks.10", "blocks.11", 192, 5, 192),
        "vit_b_16": (f"{TV_BLOCK}10", f"{TV_BLOCK}11", 768, 5, 768),
        "swin_t": ("features.7.0", "features.7.1", 768, 7, 7, 768),
    }[name]
    part = extract_subgraph(outline(name), begin, [end])
    size = 8 * width * (4 + 2 + 5 + 5)
    assert len(lora_targets(part, 8)) == 4
    assert lora_parameters(part, 8) == size
    rows = finetune_layers(name, begin, [end], num_classes=0, lora_rank=8)
    assert sum(row.trainable for row in rows) == size
    module, x = part.to_empty(device="cpu"), torch.rand(1, *shape)
    for parameter in module.parameters():
        nn.init.normal_(parameter, 0, 0.02)
    for buffer in module.buffers():
        buffer.zero_()
    with torch.no_grad():
        before = module(x)[0]
        add_lora(module, rank=8, alpha=8.0, seed=0)
        torch.testing.assert_close(module(x)[0], before)
        randomize_updates(module)
        updated = module(x)[0]
        assert not torch.allclose(updated, before, atol=1e-2)
        merge_lora(module)
        torch.testing.assert_close(module(x)[0], updated, rtol=1e-5, atol=1e-5)


@pytest.fixture(scope="module")
def fitted():
    """A small transformer with updates of its last two blocks, the state that it started from."""
    torch.manual_seed(0)
    backbone, side = "timm:vit_tiny_patch16_224", 32
    state = backbones.skeleton(backbone, side).state_dict()
    rng = np.random.default_rng(0)
    labels = np.arange(8) % 2
    rows = rng.normal(size=(8, 1, 5, 1, 192)).astype(np.float32) + labels[:, None, None, None, None]
    model = FineTunedClassifier(
        backbone,
        freeze_until="blocks.10",
        output_node="getitem_1",
        image_size=side,
        weights=state,
        head_epochs=2,
        epochs=2,
        batch_size=4,
        max_lr=0.01,
        lora_rank=4,
        lora_alpha=8.0,
    ).fit(rows, labels)
    return model, state, rows


def test_fine_tuning_changes_the_updated_weights_and_the_head_alone(fitted):
    model, state, _ = fitted
    changed = set()
    for name, value in model.weights_.items():
        before = state.get(name.removeprefix("blocks.0."))
        if before is None or not np.array_equal(before.numpy(), value):
            changed.add(name.removeprefix("blocks.0."))
    layers = ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2")
    expected = {f"blocks.11.{layer}.weight" for layer in layers}
    assert changed == expected | {"head.1.weight", "head.1.bias"}
    for name in expected:
        update = model.weights_[f"blocks.0.{name}"] - state[name].numpy()
        assert np.linalg.matrix_rank(update, tol=1e-4 * np.linalg.norm(update)) <= 4


def test_trainable_parameters_are_those_of_updates_and_head(fitted):
    model, state, _ = fitted
    head = 192 * 2 + 2
    assert model.trainable_parameters_ == 4 * 192 * (4 + 2 + 5 + 5) + head
    kept = sum(v.numel() for k, v in state.items() if not k.startswith("head"))
    assert model.frozen_parameters_ == kept
    assert sum(row["trainable"] for row in model.layers_) == model.trainable_parameters_
    assert model.parameters_ == sum(v.size for v in model.weights_.values())


def test_predictions_and_copies_need_no_updates(fitted):
    model, _, rows = fitted
    assert not any("parametriz" in name for name in model.weights_)
    assert np.isfinite(model.logits(rows)).all()
    assert model.set_params(lora_rank=0).logits(rows).shape == (8, 2)
    model.set_params(lora_rank=4)


def test_a_check_from_the_structure_alone_agrees():
    part = ("encoder.layers.encoder_layer_10", ["getitem_5"])
    check_lora("vit_b_16", *part, 8)
    check_lora("squeezenet1_1", "features.11", ["features.12"], 0)
    for backbone, begin, ends, rank in (
        ("squeezenet1_1", "features.11", ["features.12"], 8),
        ("vit_b_16", *part, 768),
        ("vit_b_16", "getitem_5", ["getitem_5"], 8),
    ):
        with pytest.raises(InputError, match="no linear layer"):
            check_lora(backbone, begin, ends, rank)
