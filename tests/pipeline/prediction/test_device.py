"""Compute device of networks in a model."""

import pickle
from types import SimpleNamespace

import pytest

from strata.errors import InputError
from strata.pipeline.prediction.device import most_processes, on_device
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.steps import PredictionStep

IMAGES = [{"images": True}]


def model(*stages: str, artifacts=(), **parameters) -> Model:
    steps = tuple(PredictionStep(f"strata.pipeline.stages.{s}", parameters, IMAGES) for s in stages)
    return Model("some", ("a", "b"), steps, dict(artifacts))


def test_the_device_of_stages_and_of_fitted_networks_is_set():
    fitted = {"network": {"classifier": SimpleNamespace(device="auto"), "classes": [0, 1]}}
    found = on_device(model("pretrained:backbone_features", artifacts=fitted, device="auto"), "cpu")
    assert found.steps[0].parameters == {"device": "cpu"}
    assert pickle.loads(pickle.dumps(found)).artifacts["network"]["classifier"].device == "cpu"
    assert found.artifacts["network"]["classes"] == [0, 1]


def test_a_device_is_refused_where_nothing_computes_on_it_or_it_is_not_there(monkeypatch):
    with pytest.raises(InputError, match="some has no network"):
        on_device(model("global_descriptors:gist_descriptor"), "cpu")
    network = model("networks:network_scores")
    with pytest.raises(InputError, match="Unknown device 'gpu'"):
        on_device(network, "gpu")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(InputError, match="no 'cuda' device"):
        on_device(network, "cuda")


def test_processes_share_no_gpu(monkeypatch):
    network = model("networks:network_scores")
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert most_processes(network, 4) == 4
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert most_processes(network, 4) == 1
    assert most_processes(on_device(network, "cpu"), 4) == 4
    assert most_processes(on_device(network, "cuda"), 4) == 1
    assert most_processes(model("global_descriptors:gist_descriptor"), 4) == 4
