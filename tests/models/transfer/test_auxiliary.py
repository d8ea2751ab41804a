import numpy as np
import pytest
import torch

from strata.errors import InputError
from strata.models.estimators.fine_tuned_classifier import FineTunedClassifier
from strata.models.transfer import backbones
from strata.models.transfer.auxiliary import AuxiliaryHead, check_auxiliary
from strata.models.transfer.finetune_module import FineTuneModule
from strata.models.transfer.pooling import Embedding
from strata.models.transfer.subgraph import extract_subgraph


def test_initial_weights_are_those_of_torchvision():
    before = torch.random.get_rng_state()
    head = AuxiliaryHead(10, seed=3)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert head.fc.weight.std().item() == pytest.approx(0.001, rel=0.05)
    assert head.conv0.conv.weight.std().item() == pytest.approx(0.1, rel=0.05)
    assert head.conv1.conv.weight.std().item() == pytest.approx(0.1, rel=0.05)
    assert 0 < head.fc.bias.abs().max() <= 1 / np.sqrt(768)
    same, other = AuxiliaryHead(10, seed=3), AuxiliaryHead(10, seed=4)
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
    module.auxiliary, module.auxiliary_weight = AuxiliaryHead(3, seed=0).eval(), 0.4
    x = torch.rand(2, 768, 17, 17, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        (weight, scores), (early_weight, early) = module.eval().all_scores(x)
        assert (weight, early_weight) == (1.0, 0.4)
        assert torch.equal(scores, module(x))
        torch.testing.assert_close(early, module.auxiliary(network.Mixed_6e(x)))
    assert module.train().auxiliary.conv0.bn.training
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
        check_auxiliary(backbone, freeze_until, output_node)
    check_auxiliary("inception_v3", "images", "Mixed_7c")


@pytest.mark.parametrize("places", [("Mixed_6f", "Mixed_7c"), ("Mixed_6d", "Mixed_7d")])
def test_unknown_nodes_are_named(places):
    with pytest.raises(InputError, match="no node 'Mixed_"):
        check_auxiliary("inception_v3", *places)


def test_maps_that_are_too_small_are_refused():
    with pytest.raises(InputError, match="17 x 17"):
        AuxiliaryHead(2, seed=0)(torch.zeros(1, 768, 12, 12))
