import pytest
import torch

from strata.models.training.optimizers import build_optimizer
from strata.models.transfer.backbones import outline
from strata.models.transfer.finetuning.weight_decay import (
    exempt_from_weight_decay,
    undecayed_parameters,
)

#: Parameters of several dimensions that are no weights, by the last part of their names.
EXEMPT = {
    "timm:vit_tiny_patch16_224": {"cls_token", "pos_embed"},
    "timm:vit_base_patch16_siglip_224": {"pos_embed", "latent"},
    "vit_b_16": {"class_token", "pos_embedding"},
    "timm:swin_tiny_patch4_window7_224": {"relative_position_bias_table"},
    "swin_t": {"relative_position_bias_table"},
    "swin_v2_t": {"logit_scale"},
    "convnext_tiny": {"layer_scale"},
    "timm:convnext_atto": set(),
    "timm:tf_efficientnet_lite0": set(),
    "inception_v3": set(),
}


@pytest.mark.parametrize("backbone", EXEMPT)
def test_what_is_no_weight_is_spared(backbone):
    network = outline(backbone)
    spared = set(map(id, undecayed_parameters(network)))
    names = {n.rpartition(".")[2] for n, p in network.named_parameters() if id(p) in spared}
    assert names == EXEMPT[backbone]
    for name, parameter in network.named_parameters():
        if name.rpartition(".")[2] in ("weight", "in_proj_weight"):
            assert id(parameter) not in spared


def test_a_librarys_own_list_counts_too():
    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.layer = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)

        def no_weight_decay(self):
            return {"table.weight"}

    network = Network()
    assert [id(p) for p in undecayed_parameters(network)] == [id(network.table.weight)]


def test_spared_parameters_do_not_shrink_and_keep_their_learning_rate():
    """Without gradients, AdamW multiplies what decays by 1 - lr * weight_decay."""
    weight, token, bias = (torch.nn.Parameter(torch.ones(shape)) for shape in ((2, 3), (1, 4), 5))
    layers = [(0.5, [weight, token]), (1.0, [bias])]
    optimizer = build_optimizer("adamw", layers, lr=0.1, weight_decay=0.2)
    exempt_from_weight_decay(optimizer, [token])
    for parameter in (weight, token, bias):
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    assert torch.allclose(weight, torch.full((2, 3), 1 - 0.5 * 0.1 * 0.2))
    assert token.eq(1).all()
    assert bias.eq(1).all()
    token.grad += 1
    before = token.clone()
    for group in optimizer.param_groups:
        group["lr"] = 0.1
    optimizer.step()
    assert 0 < (before - token).max() < 0.1
    exempt_from_weight_decay(optimizer, [weight])
    assert all(group["params"] for group in optimizer.param_groups)
