import pytest
import torch

from strata.errors import InputError
from strata.models.transfer import backbones
from strata.models.transfer.backbones import build
from strata.models.transfer.weights import published_weights


def made_up(name, seed=0):
    """A state_dict of random numbers, of the right shapes."""
    torch.manual_seed(seed)
    return backbones.skeleton(name).state_dict()


@pytest.fixture(scope="module")
def state():
    return made_up("squeezenet1_1")


def test_weights_are_all_there_or_an_error(state):
    network = build("squeezenet1_1", {k: v.half() for k, v in state.items()})
    found = network.state_dict()
    assert all(torch.equal(found[k], state[k].half().float()) for k in state)
    assert not network.training
    first = next(iter(state))
    rest = {k: v for k, v in state.items() if k != first}
    for wrong, what in (
        (rest, f"lack '{first}'."),
        ({}, "lack .* and 51 more"),
        ({**state, "more": torch.zeros(1)}, "have also 'more'"),
        ({**state, first: torch.zeros(1)}, f"differ in shape at '{first}'"),
    ):
        with pytest.raises(InputError, match=what):
            build("squeezenet1_1", wrong)
    with pytest.raises(InputError, match="no classification network 'squeezenet'"):
        build("squeezenet", state)


@pytest.mark.parametrize(
    "look_up", [backbones.skeleton, backbones.preprocessing, published_weights]
)
@pytest.mark.parametrize("name", ["fasterrcnn_resnet50_fpn", "quantized_resnet18", "resnet-18"])
def test_only_classification_networks_are_known(look_up, name):
    with pytest.raises(InputError, match=f"no classification network '{name}'"):
        look_up(name)


def test_counters_of_batches_may_be_absent():
    state = made_up("resnet18")
    counters = [k for k in state if k.endswith("num_batches_tracked")]
    assert counters
    build("resnet18", {k: v for k, v in state.items() if k not in counters})


def test_building_leaves_torchs_generator_alone(state):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    build("squeezenet1_1", state)
    assert torch.equal(torch.rand(1), expected)
