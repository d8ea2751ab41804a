"""Weights of pretrained networks: known by their content, refused, watched."""

import shutil

import pytest
import torch

from strata.errors import InputError
from strata.models.transfer import weights
from strata.pipeline.stages.pretrained import pretrained, state_of, weights_file

NAME = "squeezenet1_1"


def test_weights_are_known_by_their_content(network, tmp_path, monkeypatch):
    path, _ = network
    moved = shutil.copy(path, tmp_path / "other.pth")
    assert weights_file(NAME, str(moved)).key == weights_file(NAME, str(path)).key
    monkeypatch.delenv(weights.ENVIRONMENT, raising=False)
    named = weights_file(NAME)
    assert named.path is None
    monkeypatch.setenv(weights.ENVIRONMENT, str(path))
    assert weights_file(NAME).key == weights_file(NAME, str(path)).key != named.key
    state = weights.read_weights(path.read_bytes(), "net")
    state["classifier.1.bias"] += 1
    torch.save(state, moved)
    assert weights_file(NAME, str(moved)).key != weights_file(NAME, str(path)).key


def test_weights_of_another_network_are_refused(network):
    path, _ = network
    with pytest.raises(InputError, match="not the weights of resnet18"):
        pretrained.function(weights_file("resnet18", str(path)), backbone="resnet18")


def test_a_file_that_changes_during_the_run_is_noticed(network, tmp_path):
    path, _ = network
    copy = shutil.copy(path, tmp_path / "net.pth")
    file = weights_file(NAME, str(copy))
    copy.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="changed during the run"):
        pretrained.function(file, backbone=NAME)


def test_weights_of_another_implementation_get_the_networks_names(network, tmp_path):
    """They are known by their order, which the artifact does not keep."""
    path, known = network
    state = weights.read_weights(path.read_bytes(), "net")
    torch.save({f"layer{i}": state[k] for i, k in enumerate(state)}, tmp_path / "other.pth")
    file = weights_file(NAME, str(tmp_path / "other.pth"))
    found = state_of(pretrained.function(file, backbone=NAME))
    assert all(torch.equal(tensor, found[name]) for name, tensor in state_of(known).items())
