"""Training on cached activations against training with the frozen part run in every step."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from strata.models.estimators.backbone_evidence import fine_tuned_evidence
from strata.models.estimators.fine_tuned_classifier import FineTunedClassifier
from strata.models.runtime.image_source import as_source
from strata.models.transfer import backbones
from strata.models.transfer.finetuning.boundary import boundary_activations, keep
from strata.models.transfer.frozen_backbone import FrozenBackbone
from strata.models.transfer.subgraph import penultimate_node

#: Backbone: size of the images, boundary, a weight after it.
FAMILIES = {
    "timm:vit_tiny_patch16_224": (48, "blocks.9", "blocks.11.mlp.fc1.weight"),
    "timm:convnext_atto": (64, "stages.2.blocks.3", "stages.2.blocks.5.gamma"),
    "timm:tf_efficientnet_lite0": (64, "blocks.4", "conv_head.weight"),
}


class Uncached(FineTunedClassifier):
    """The same training on images: each step runs the frozen part."""

    def _check(self, X):
        return as_source(X)

    def _module(self, network, num_classes, extra=()):
        module = super()._module(network, num_classes, extra)
        state = network.state_dict()
        frozen = FrozenBackbone(self.backbone, [self.freeze_until], state, self.image_size)

        class Prepare(nn.Module):
            restore = (module.prepare,)  # in a tuple, so that it is no part of the network

            def forward(self, x):
                pixels = x.permute(0, 2, 3, 1).to(torch.uint8).numpy()
                (output,) = frozen.run(pixels, x.device)
                kept = keep(output.clone().half()).float()
                return self.restore[0](kept.permute(0, 3, 1, 2))

        module.prepare = Prepare()
        return module


@pytest.mark.parametrize("backbone", FAMILIES)
def test_cached_activations_train_as_the_whole_network_does(backbone, monkeypatch, float32):
    side, boundary, name = FAMILIES[backbone]
    torch.manual_seed(0)
    whole = backbones.skeleton(backbone, side)
    for parameter in whole.parameters():  # a layer's scale of 1e-6 or less would hide its block
        if parameter.abs().max() < 0.01:
            nn.init.normal_(parameter, 0.5, 0.1)
    monkeypatch.setattr(backbones, "skeleton", lambda *_: copy.deepcopy(whole))  # saves seconds
    for what in ("_count_costs", "_accuracy"):  # more seconds
        monkeypatch.setattr(FineTunedClassifier, what, lambda *_, **__: None)
    state = whole.state_dict()
    labels = np.arange(6) % 2
    images = np.random.default_rng(0).integers(0, 256, (6, side, side, 3), np.uint8)
    images[labels == 1] //= 2
    frozen = FrozenBackbone(backbone, [boundary], state, side)
    (rows,) = boundary_activations(frozen, [images], torch.device("cpu"))
    arguments = {
        "freeze_until": boundary,
        "output_node": penultimate_node(backbone),
        "image_size": side,
        "weights": state,
        "head_epochs": 2,
        "epochs": 2,
        "batch_size": 3,
        "max_lr": 1e-3,
        "layer_decay": 0.8,
        "batch_norm": "frozen",  # batches of three have no statistics
    }
    cached = FineTunedClassifier(backbone, **arguments).fit(rows[:, None], labels)
    expected = Uncached(backbone, **arguments).fit(images[:, None], labels)
    np.testing.assert_allclose(
        [line["loss"] for line in cached.history_],
        [line["loss"] for line in expected.history_],
        atol=2e-3,
    )
    scores = cached.logits(rows[:, None])
    np.testing.assert_allclose(scores, expected.logits(images[:, None]), atol=5e-3)
    learned = cached.weights_[f"blocks.0.{name}"]
    assert np.abs(learned - state[name].numpy()).max() > 1e-5
    maps, signed = fine_tuned_evidence(cached, rows[:, None], labels, images, lambda: state)
    assert not signed
    assert maps.shape[0] == 6
    assert maps.shape[1] == maps.shape[2] > 1
    assert maps.min() >= 0
    assert maps.max() > 0
