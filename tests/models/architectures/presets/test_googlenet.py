import numpy as np
import pytest
import torch
from torch import nn

from strata.errors import InputError
from strata.models.architectures.architecture import Architecture
from strata.models.architectures.builder import Network, build
from strata.models.architectures.flops import cost_table
from strata.models.estimators.network_classifier import NetworkClassifier


def parameters_by_shape(module):
    """Shapes of all parameters, sorted: the layers, whatever their order."""
    return sorted(tuple(p.shape) for p in module.parameters())


def test_its_layers_are_torchvisions_but_for_the_five_by_five_convolutions():
    """torchvision has 3x3 where the paper has 5x5 (pytorch/vision issue 906)."""
    from torchvision.models import googlenet

    with torch.device("meta"):
        theirs = googlenet(weights=None, aux_logits=True, num_classes=8, init_weights=False)
        ours = Network(Architecture.of("googlenet"), 224, 8)
    five = [m for m in ours.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (5, 5)]
    assert len(five) == 9
    larger = sum(16 * m.in_channels * m.out_channels for m in five)
    count = sum(p.numel() for p in theirs.parameters())
    assert sum(p.numel() for p in ours.parameters()) == count + larger
    for module in five:
        module.weight = nn.Parameter(module.weight[:, :, :3, :3])
    assert parameters_by_shape(ours) == parameters_by_shape(theirs)


def test_maps_and_receptive_fields_are_the_papers():
    """Table 1 of Szegedy et al. 2015: 112, 56, 28, 14 and 7 positions."""
    rows = cost_table("googlenet", image_size=224, num_classes=1000)
    sizes = [row.output[1] for row in rows if len(row.output) == 3]
    assert list(dict.fromkeys(sizes)) == [112, 56, 28, 14, 7]
    assert rows[-1].output == (1000,)
    assert sum(row.multiply_adds for row in rows) == pytest.approx(1.58e9, rel=0.01)


def test_auxiliary_heads_follow_the_first_and_the_fourth_block_of_the_third_stage():
    network = build(
        {"name": "googlenet", "width": 0.1, "stem": "small"}, image_size=64, num_classes=3
    )
    assert network.auxiliary_weights == {"block7": 0.3, "block10": 0.3}
    without = {"name": "googlenet", "width": 0.1, "stem": "small", "auxiliary_weight": 0.0}
    assert not build(without, image_size=64, num_classes=3).auxiliary


@pytest.mark.parametrize("wrong", [{"stem": "tiny"}, {"width": 0.0}])
def test_other_stems_and_widths_are_refused(wrong):
    with pytest.raises(InputError, match="cannot have"):
        Architecture.of({"name": "googlenet", **wrong})


@pytest.mark.parametrize("auxiliary_weight", [0.0, 0.3])
def test_the_small_one_learns(auxiliary_weight):
    rng = np.random.default_rng(0)
    y = np.arange(32) % 2
    X = rng.integers(0, 128, (32, 32, 32, 3))
    X[y == 1, :16] += 100
    network = {"name": "inception-small", "auxiliary_weight": auxiliary_weight}
    model = NetworkClassifier(network, image_size=32, batch_size=8, epochs=3, device="cpu")
    assert model.fit(X.astype(np.uint8), y).training_accuracy_ == 1
    assert model.parameters_ < 80_000


@pytest.mark.parametrize("arguments", [{"width": float("inf")}, {"width": 0}, {"stem": "tiny"}])
def test_what_no_network_can_have_is_refused_with_what_it_can(arguments):
    with pytest.raises(InputError, match="stem is 'large' or 'small', and width above 0, 16"):
        Architecture.of({"name": "googlenet", **arguments})
