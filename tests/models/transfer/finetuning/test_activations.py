import numpy as np
import pytest
import torch
from torch import nn

from strata.errors import InputError
from strata.models.estimators.fine_tuned_classifier import FineTunedClassifier
from strata.models.transfer import backbones
from strata.models.transfer.finetuning.activations import replace_activations
from strata.models.transfer.subgraph import extract_subgraph


def outputs(part, shape):
    with torch.no_grad():
        (found,) = part(torch.randn(2, *shape, generator=torch.Generator().manual_seed(0)))
    return found


def test_modules_are_replaced():
    """ResNet's blocks use one module twice."""
    network = backbones.skeleton("resnet18")
    part = extract_subgraph(network, "layer3", ["layer4"])
    before = outputs(part, (256, 4, 4))
    replace_activations(part, "own")
    torch.testing.assert_close(outputs(part, (256, 4, 4)), before)
    replace_activations(part, "elu")
    for block in network.layer4:
        block.relu = nn.ELU()
    with torch.no_grad():
        x = torch.randn(2, 256, 4, 4, generator=torch.Generator().manual_seed(0))
        torch.testing.assert_close(outputs(part, (256, 4, 4)), network.layer4(x))


def test_activations_inside_of_timms_normalizations_are_replaced():
    """EfficientNet's batch normalizations have them; those of the whole network stay."""
    torch.manual_seed(0)
    network = backbones.skeleton("timm:tf_efficientnet_lite0")
    part = extract_subgraph(network, "blocks.5", ["bn2"])
    x = torch.randn(2, 192, 3, 3)
    (before,) = part(x)
    replace_activations(part, "tanh")
    (found,) = part(x)
    assert found.min() < 0
    assert found.abs().max() <= 1
    (same,) = extract_subgraph(network, "blocks.5", ["bn2"])(x)
    assert torch.equal(same, before)
    names = {name for name, _ in part.named_parameters()}
    assert names == {
        n for n, _ in extract_subgraph(network, "blocks.5", ["bn2"]).named_parameters()
    }


def test_functions_are_replaced(monkeypatch):
    """GoogLeNet, as Inception, calls a function."""
    network = backbones.skeleton("googlenet")
    part = extract_subgraph(network, "inception5a", ["inception5b"])
    replace_activations(part, "tanh")
    monkeypatch.setattr(nn.functional, "relu", lambda x, inplace: torch.tanh(x))
    with torch.no_grad():
        x = torch.randn(2, 832, 3, 3, generator=torch.Generator().manual_seed(0))
        torch.testing.assert_close(outputs(part, (832, 3, 3)), network.inception5b(x))


@pytest.mark.parametrize(
    ("name", "begin", "end", "activations", "gates"),
    [
        ("mobilenet_v3_small", "features.10", "features.11", 3, 1),  # the gate's first is one too
        ("efficientnet_b0", "features.6", "features.7", 3, 1),
        ("vit_b_16", "encoder.layers.encoder_layer_10", "encoder.layers.encoder_layer_11", 1, 0),
        ("densenet121", "features.denseblock4", "relu", 1, 0),
    ],
)
def test_gates_stay(name, begin, end, activations, gates):
    part = extract_subgraph(backbones.skeleton(name).to("meta"), begin, [end])
    replace_activations(part, "selu")
    kinds = [type(m) for m in part.modules()]
    assert kinds.count(nn.SELU) == activations
    assert kinds.count(nn.Sigmoid) + kinds.count(nn.Hardsigmoid) == gates


def test_the_classifier_takes_it():
    torch.manual_seed(0)
    state = backbones.skeleton("squeezenet1_1").state_dict()
    X = np.random.default_rng(0).random((6, 1, 2, 2, 512)).astype(np.float32)
    options = {"output_node": "features.12", "image_size": 48, "weights": state, "epochs": 1}
    own, tanh = (
        FineTunedClassifier("squeezenet1_1", freeze_until="features.11", **options, **named)
        for named in ({}, {"activation": "tanh"})
    )
    y = [0, 1, 0, 1, 0, 1]
    scores = [model.fit(X, y).decision_function(X) for model in (own, tanh)]
    assert not np.allclose(*scores)
    assert own.weights_.keys() == tanh.weights_.keys()
    kinds = {type(m) for m in tanh.network().modules()}
    assert nn.Tanh in kinds
    assert nn.ReLU not in kinds
    for wrong, what in (("softsign", "must be 'own'"), ("none", "must be 'own'")):
        with pytest.raises(InputError, match=what):
            tanh.set_params(activation=wrong).fit(X, y)
    head = {"freeze_until": "features.12", "activation": "tanh", "epochs": 0}
    with pytest.raises(InputError, match="no activation that 'tanh' could replace"):
        FineTunedClassifier("squeezenet1_1", **options | head).fit(X, y)
