"""ONNX files of methods, checked on images against the method's own scores."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from strata import __version__
from strata.errors import InputError
from strata.models.onnx_export.check import Agreement
from strata.models.onnx_export.libraries import onnx_libraries
from strata.models.onnx_export.write import write_onnx
from strata.models.runtime.devices import float32_on_cpu
from strata.pipeline.prediction.batch import ImageBatch, in_batches
from strata.pipeline.prediction.device import on_device
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.onnx.graph import OnnxGraph
from strata.pipeline.prediction.onnx.inputs import named


@dataclass(frozen=True)
class ExportedGraph:
    """An ONNX file that has been written.

    Attributes:
        inputs: what each input holds, by name.
        agreement: with the method's own scores in float32 on the processor.
        precision: largest difference of these from the probabilities (or scores) that the method
            predicts on this machine, which may compute large networks in bfloat16; None without a
            network.
    """

    inputs: dict[str, str]
    agreement: Agreement
    precision: float | None


def export_onnx(model: Model, path: Path, images: Sequence[np.ndarray]) -> ExportedGraph:
    """Write a method as an ONNX file, checked on images.

    Networks, and features of pretrained ones with a linear classifier, take uint8 images of one
    size; linear classifiers of other vectors take these. Scores are those of float32 on the
    processor, also where strata computes in bfloat16.

    Args:
        model: the method.
        path: of the file; unchanged where anything fails.
        images: (H, W, 3) uint8 each, at least one, such as the method classifies.

    Raises:
        InputError: a step has no ONNX form; no images; more weights than a file holds.
        StrataError: the graph's probabilities differ by more than 1e-4; a package is missing.
    """
    onnx_libraries()  # or an error, before any work
    if not len(images):
        raise InputError("There is no image to check the ONNX file on.", "Give some images.")
    graph = OnnxGraph(model)
    inputs = named(graph.inputs)
    rows: list[list[np.ndarray]] = []
    found: list[Mapping[str, Any]] = []
    has_network = any(stage.accelerator for stage in model.stages)
    own = on_device(model, "cpu") if has_network else model
    with float32_on_cpu():
        for batch in in_batches(images):
            values = own.values(batch)
            found.append(values[-1])
            rows.append([given.of(batch, values) for given in inputs.values()])
    described = {name: given.described for name, given in inputs.items()}
    agreement = write_onnx(
        graph.module,
        path,
        {n: np.concatenate(part) for n, part in zip(inputs, zip(*rows, strict=True), strict=True)},
        np.concatenate([part["scores"] for part in found]),
        np.concatenate([part["probabilities"] for part in found])
        if "probabilities" in found[0]
        else None,
        classes=model.classes,
        facts={
            "method": model.name,
            "strata_version": __version__,
            "inputs": json.dumps(described),
            **({"facts": json.dumps(model.facts)} if model.facts else {}),
        },
    )
    n = len(found[0]["scores"])
    precision = _precision(model, images[:n], found[0]) if has_network else None
    return ExportedGraph(described, agreement, precision)


def _precision(model: Model, images: Sequence[np.ndarray], exact: Mapping[str, Any]) -> float:
    """Largest difference of what a model predicts for images from what it gives in float32."""
    predicted = model.values(ImageBatch.of(images))[-1]
    name = "probabilities" if "probabilities" in exact else "scores"
    return float(np.abs(np.asarray(predicted[name]) - exact[name]).max())
