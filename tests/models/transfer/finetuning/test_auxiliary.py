import numpy as np
import pytest
import torch

from strata.errors import InputError
from strata.models.estimators.fine_tuned_classifier import FineTunedClassifier
from strata.models.transfer import backbones
from strata.models.transfer.finetuning.auxiliary import AUXILIARY, AuxiliaryHead, auxiliary_places
from strata.models.transfer.finetuning.finetune_module import FineTuneModule
from strata.models.transfer.finetuning.pooling import Embedding
from strata.models.transfer.subgraph import extract_subgraph

INCEPTION = AUXILIARY["inception_v3"][0]


@pytest.mark.parametrize(
    ("place", "convolutions", "last"),
    [(INCEPTION, 0.1, 0.001), *((place, 0.01, 0.01) for place in AUXILIARY["googlenet"])],
)
def test_initial_weights_are_those_of_torchvision(place, convolutions, last):
    before = torch.random.get_rng_state()
    head = AuxiliaryHead(place, 10, seed=3)
    assert torch.equal(torch.random.get_rng_state(), before)
    *early, final = (m for m in head.modules() if isinstance(m, torch.nn.Linear | torch.nn.Conv2d))
    assert final.weight.std().item() == pytest.approx(last, rel=0.05)
    for layer in early:
        assert layer.weight.std().item() == pytest.approx(convolutions, rel=0.05)
    assert 0 < final.bias.abs().max() <= 1 / np.sqrt(final.in_features)
    same, other = AuxiliaryHead(place, 10, seed=3), AuxiliaryHead(place, 10, seed=4)
    pairs = list(zip(head.parameters(), same.parameters(), other.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b, _ in pairs)
    assert not all(torch.equal(a, c) for a, _, c in pairs)


def test_each_head_takes_the_output_of_its_node():
    network = backbones.skeleton("inception_v3")
    part = extract_subgraph(network, "Mixed_6d", ["Mixed_7a", "Mixed_6e"])
    module = FineTuneModule(
        part,
        3,
        prepare=torch.nn.Identity(),
        embedding=Embedding([1280], "pooled"),
        dropout=0.0,
        adapt_batch_norm=False,
    )
    module.auxiliary["AuxLogits"] = AuxiliaryHead(INCEPTION, 3, seed=0)
    module.auxiliary_weight = 0.4
    assert module.auxiliary_names == ["AuxLogits"]
    x = torch.rand(2, 768, 17, 17, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        (weight, scores), (early_weight, early) = module.eval().all_scores(x)
        assert (weight, early_weight) == (1.0, 0.4)
        assert torch.equal(scores, module(x))
        torch.testing.assert_close(early, module.auxiliary["AuxLogits"](network.Mixed_6e(x)))
    assert module.train().auxiliary["AuxLogits"].layers.conv0.bn.training
    assert not network.Mixed_6e.branch1x1.bn.training


def test_the_auxiliary_head_changes_training_and_is_removed():
    torch.manual_seed(0)
    state = backbones.skeleton("inception_v3").state_dict()
    X = np.random.default_rng(0).random((3, 1, 17, 17, 768)).astype(np.float16)
    trained = [
        FineTunedClassifier(
            freeze_until="Mixed_6d",
            output_node="Mixed_7a",
            weights=state,
            head_epochs=0,
            epochs=1,
            aux_weight=weight,
        ).fit(X, [0, 1, 0])
        for weight in (0.0, 0.4)
    ]
    plain, helped = (model.weights_ for model in trained)
    assert plain.keys() == helped.keys()
    assert trained[0].parameters_ == trained[1].parameters_
    name = "blocks.0.Mixed_6e.branch1x1.conv.weight"
    assert not np.array_equal(plain[name], helped[name])
    assert trained[1].history_[0]["loss"] > trained[0].history_[0]["loss"]


@pytest.mark.parametrize(
    ("backbone", "freeze_until", "output_node"),
    [
        ("inception_v3", "Mixed_6e", "Mixed_7a"),
        ("inception_v3", "Mixed_6a", "Mixed_6e"),
        ("squeezenet1_1", "features.9", "features.12"),
    ],
)
def test_auxiliary_classifiers_outside_the_trained_part_are_refused(
    backbone, freeze_until, output_node
):
    with pytest.raises(InputError, match="auxiliary classifier"):
        auxiliary_places(backbone, freeze_until, output_node)


@pytest.mark.parametrize(
    ("backbone", "freeze_until", "output_node", "names"),
    [
        ("inception_v3", "images", "Mixed_7c", ["AuxLogits"]),
        ("googlenet", "inception3b", "flatten", ["aux1", "aux2"]),
        ("googlenet", "inception4b", "flatten", ["aux2"]),
        ("googlenet", "images", "inception4d", ["aux1"]),
    ],
)
def test_those_in_the_trained_part_are_used(backbone, freeze_until, output_node, names):
    found = auxiliary_places(backbone, freeze_until, output_node)
    assert [place.name for place in found] == names


@pytest.mark.parametrize("places", [("Mixed_6f", "Mixed_7c"), ("Mixed_6d", "Mixed_7d")])
def test_unknown_nodes_are_named(places):
    with pytest.raises(InputError, match="no node 'Mixed_"):
        auxiliary_places("inception_v3", *places)


def test_maps_that_are_too_small_are_refused():
    with pytest.raises(InputError, match="17 x 17"):
        AuxiliaryHead(INCEPTION, 2, seed=0)(torch.zeros(1, 768, 12, 12))


def test_googlenet_trains_with_two():
    """The loss is the weighted sum of three cross-entropies, and early blocks learn otherwise."""
    torch.manual_seed(0)
    state = backbones.skeleton("googlenet").state_dict()
    rng = np.random.default_rng(0)
    X = rng.random((4, 1, 2, 2, 480)).astype(np.float32)
    options = {"freeze_until": "maxpool3", "output_node": "flatten", "image_size": 32}
    options |= {"weights": state, "head_epochs": 0, "epochs": 1, "ema_decay": 0.0}
    model = FineTunedClassifier("googlenet", aux_weight=0.3, **options).fit(X, [0, 1, 0, 1])
    plain = FineTunedClassifier("googlenet", **options).fit(X, [0, 1, 0, 1])
    assert not any("aux" in name for name in model.weights_)
    assert model.parameters_ == plain.parameters_
    first = "blocks.0.inception4a.branch1.conv.weight"
    assert not np.array_equal(model.weights_[first], plain.weights_[first])
    # with zero weights in the main head and small ones in the others, each loss is near log 2
    ratio = model.history_[0]["loss"] / plain.history_[0]["loss"]
    assert ratio == pytest.approx(1.6, abs=0.15)
    np.testing.assert_allclose(plain.history_[0]["loss"], np.log(2), atol=1e-3)
