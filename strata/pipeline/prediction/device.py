"""Compute device of the networks in a model."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from strata.errors import InputError
from strata.pipeline.prediction.model import Model

AFFECTS_RESULTS = False  # runs stages, whose results are not kept


class _OnDevice(Mapping[str, Mapping[str, Any]]):
    """Artifacts whose networks compute on a device; pickled, it is their place and the device.

    Args:
        artifacts: by name, read when they are first used.
        device: name of the device.
    """

    def __init__(self, artifacts: Mapping[str, Mapping[str, Any]], device: str) -> None:
        self._artifacts, self.device = artifacts, device
        self._moved: dict[str, Mapping[str, Any]] = {}

    def __reduce__(self) -> tuple[type, tuple[Any, str]]:
        return _OnDevice, (self._artifacts, self.device)

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        if name not in self._moved:
            artifact = self._artifacts[name]
            classifier = artifact.get("classifier")
            if classifier is not None and hasattr(classifier, "device"):
                moved = copy.copy(classifier)  # the model that it is of stays where it is
                moved.device = self.device
                artifact = {**artifact, "classifier": moved}
            self._moved[name] = artifact
        return self._moved[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._artifacts)

    def __len__(self) -> int:
        return len(self._artifacts)


def on_device(model: Model, device: str) -> Model:
    """Model whose networks compute on a device.

    Args:
        model: a method with a network inside.
        device: "auto", "cpu", "cuda" or "mps".

    Raises:
        InputError: the method has no network, or this machine no such device.
    """
    if not _has_network(model):
        raise InputError(f"{model.name} has no network, so no device to choose.", "Omit --device.")
    from strata.models.runtime.devices import choose_device

    choose_device(device)
    steps = tuple(
        replace(step, parameters={**step.parameters, "device": device})
        if "device" in step.parameters
        else step
        for step in model.steps
    )
    return replace(model, steps=steps, artifacts=_OnDevice(model.artifacts, device))


def most_processes(model: Model, jobs: int) -> int:
    """Number of processes for a model: one where a network may compute on a GPU, which they share.

    Args:
        model: the method.
        jobs: number of processes otherwise.
    """
    named = {step.parameters["device"] for step in model.steps if "device" in step.parameters}
    if isinstance(model.artifacts, _OnDevice):
        named = {model.artifacts.device}
    if jobs == 1 or named == {"cpu"} or not _has_network(model):
        return jobs
    from strata.models.runtime.devices import choose_device

    return jobs if choose_device("auto").type == "cpu" else 1


def _has_network(model: Model) -> bool:
    return any(stage.accelerator for stage in model.stages)
