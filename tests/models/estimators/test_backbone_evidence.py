"""Grad-CAM inside pretrained networks with random weights, against hooks on the whole network."""

import numpy as np
import pytest
import torch
from torch import nn

from strata.models.estimators.backbone_evidence import (
    DifferentiableBackbone,
    backbone_evidence,
    fine_tuned_evidence,
)
from strata.models.estimators.fine_tuned_classifier import FineTunedClassifier
from strata.models.transfer import backbones
from strata.models.transfer.backbone_features import BackboneFeatures
from strata.models.transfer.finetuning.boundary import boundary_activations
from strata.models.transfer.frozen_backbone import FrozenBackbone
from strata.models.transfer.subgraph import global_pool

pytestmark = pytest.mark.usefixtures("float32")

#: Network: the node whose output is a vector; the layer whose output (or, with "<", whose input) is
#: the last map; image size.
FAMILIES = {
    "alexnet": ("classifier.5", "avgpool", 96),
    "resnet18": ("flatten", "layer4", 64),
    "googlenet": ("flatten", "<avgpool", 64),
    "squeezenet1_1": ("features.12", "features.12", 64),
    "mobilenet_v3_small": ("classifier.1", "<avgpool", 64),
    "efficientnet_b0": ("flatten", "<avgpool", 64),
    "shufflenet_v2_x0_5": ("mean", "conv5.2", 64),
}


def state_of(name):
    """Random weights of a scale that leaves activations between layers."""
    torch.manual_seed(0)
    network = backbones.skeleton(name)
    for key, parameter in network.named_parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, 0, (2 / parameter[0].numel()) ** 0.5)
        elif key.endswith("weight"):
            nn.init.ones_(parameter)
    return network.state_dict()


def pixels_of(size, n=1):
    return np.random.default_rng(0).integers(0, 256, (n, size, size, 3)).astype(np.uint8)


def by_hooks(name, state, layer, node, pixels, weights):
    """Grad-CAM of the weighted sum of a node's pooled output, as hooks on the network give it."""
    network = backbones.build(name, state)
    maps, vectors = [], []

    def keep(found, of_input):
        return lambda _, given, output: found.append(given[0] if of_input else output)

    network.get_submodule(layer.removeprefix("<")).register_forward_hook(
        keep(maps, layer.startswith("<"))
    )
    last = [m for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    last[-1].register_forward_hook(keep(vectors, True))
    given = backbones.preprocessing(name)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (given.mean, given.std))
    x = (torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255 - mean) / std
    network.forward(x.requires_grad_())
    score = (global_pool(vectors[0]) * weights).sum()
    (gradient,) = torch.autograd.grad(score, maps[0])
    heat = maps[0]
    return (gradient.mean((2, 3), keepdim=True) * heat).sum(1, keepdim=True).relu().detach()


@pytest.mark.parametrize("name", FAMILIES)
def test_the_last_map_before_a_vector_is_the_one_that_hooks_find(name):
    node, layer, size = FAMILIES[name]
    state, pixels = state_of(name), pixels_of(size).repeat(2, 0)
    backbone = DifferentiableBackbone(name, [node], state)
    weights = []

    def score(outputs):
        vectors = global_pool(outputs[0])
        if not weights:  # of either sign: what speaks against the score of one speaks for the other
            drawn = torch.randn(vectors[:1].shape, generator=torch.Generator().manual_seed(0))
            weights.append(torch.cat([drawn, -drawn]))
        return (vectors * weights[0]).sum(1)

    found = backbone.grad_cam(pixels, score)
    assert found.shape[2] * found.shape[3] > 1
    assert found.max() > 0
    expected = by_hooks(name, state, layer, node, pixels, weights[0])
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4 * found.max().item())


def test_a_node_without_maps_on_its_way_has_none():
    backbone = DifferentiableBackbone("resnet18", ["flatten"], state_of("resnet18"))
    found = backbone.grad_cam(pixels_of(32), lambda outputs: torch.ones(1, requires_grad=True))
    assert found.shape == (1, 1, 0, 0)


def fitted(state, freeze_until, output_node, pixels, **parameters):
    frozen = FrozenBackbone("resnet18", [freeze_until], state, 64)
    views = [pixels, pixels[:, :, ::-1]]
    given = np.stack(list(boundary_activations(frozen, views, torch.device("cpu"))), 1)
    if freeze_until == output_node:
        given = given.mean((2, 3), keepdims=True, dtype=np.float32)
    classifier = FineTunedClassifier(
        "resnet18",
        freeze_until=freeze_until,
        output_node=output_node,
        image_size=64,
        weights=state,
        head_epochs=1,
        epochs=int(freeze_until != output_node),
        device="cpu",
        **parameters,
    )
    return classifier.fit(given.astype(np.float32), np.arange(len(pixels)) % 2), given


@pytest.mark.parametrize(
    ("freeze_until", "output_node"),
    [("layer4", "layer4"), ("avgpool", "flatten"), ("flatten",) * 2],
)
def test_a_head_on_vectors_is_followed_into_the_frozen_part(freeze_until, output_node):
    """The head is linear: its weights on the last map's channels are Grad-CAM's."""
    state, pixels = state_of("resnet18"), pixels_of(64, 4)
    classifier, views = fitted(state, freeze_until, output_node, pixels)
    columns = np.array([0, 1, 1, 0])
    found = fine_tuned_evidence(classifier, views, columns, pixels, lambda: state)
    frozen = FrozenBackbone("resnet18", ["layer4"], state, 64)
    weights = classifier.network().linear().weight.detach()[columns]
    expected = 0
    for number, given in enumerate((pixels, pixels[:, :, ::-1])):
        (maps,) = frozen.run(given, torch.device("cpu"))
        heat = (maps * weights[:, :, None, None]).sum(1).relu() / 4  # 2 x 2 positions
        expected = expected + (heat.flip(2) if number else heat) / 2
    assert not found.signed
    np.testing.assert_allclose(found.maps, expected, rtol=1e-3, atol=1e-3 * expected.max())


def test_a_trained_part_with_maps_needs_no_frozen_part():
    state, pixels = state_of("resnet18"), pixels_of(64, 4)
    classifier, views = fitted(state, "layer3", "flatten", pixels)
    found = fine_tuned_evidence(classifier, views, np.array([0, 1, 1, 0]), pixels, state=None)
    assert found.maps.shape == (4, 2, 2)
    assert found.maps.max() > 0


@pytest.mark.parametrize("norm", ["l2", "none"])
def test_features_are_followed_through_pooling_in_cells_norm_and_mirror_image(norm):
    state, pixels = state_of("resnet18"), pixels_of(64, 2)
    settings = {"nodes": ("layer4",), "image_size": 64, "norm": norm, "grids": ((1, 1), (2, 2))}
    features = BackboneFeatures("resnet18", weights=state, device="cpu", **settings).fit()
    weights = np.random.default_rng(1).normal(size=(2, 5 * 512))
    found = backbone_evidence(features, state, pixels, weights)
    frozen, expected = FrozenBackbone("resnet18", ["layer4"], state, 64), 0
    for number, given in enumerate((pixels, pixels[:, :, ::-1])):
        with torch.no_grad():
            (maps,) = frozen.run(given, torch.device("cpu"))
        maps = maps.clone().requires_grad_()
        whole, cells = maps.mean((2, 3)), maps.flatten(2).transpose(1, 2).flatten(1)
        if norm == "l2":
            whole, cells = (v / v.norm(dim=1, keepdim=True) for v in (whole, cells))
        vector = torch.cat([whole, cells], 1)
        np.testing.assert_allclose(
            vector.detach(), features.set_params(mirror=False).transform(given), atol=1e-5
        )
        features.set_params(mirror=True)
        (gradient,) = torch.autograd.grad((vector * torch.as_tensor(weights).float()).sum(), maps)
        heat = (gradient.mean((2, 3), keepdim=True) * maps).sum(1).relu().detach()
        expected = expected + (heat.flip(2) if number else heat) / 2
    np.testing.assert_allclose(found.maps, expected, rtol=1e-3, atol=1e-4 * expected.max())
