"""Inputs of a method's ONNX file, made of images as the method itself makes them."""

import numpy as np

from strata.errors import InputError
from strata.pipeline.prediction.images import Images, batches_of
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.onnx.graph import OnnxGraph
from strata.pipeline.prediction.onnx.inputs import named


def onnx_inputs(model: Model, images: Images) -> dict[str, np.ndarray]:
    """Inputs of a method's ONNX file for images, by name, as onnxruntime takes them.

    Args:
        model: the method, from `strata.load` or the result of `strata.compare`.
        images: see `Model.decision_function`.

    Returns:
        "images" (n, side, side, channels) uint8, "vectors" (n, d) float32, or several of these.

    Raises:
        InputError: no images, or the method has no ONNX form.
    """
    inputs = named(OnnxGraph(model).inputs)
    rows = []
    for batch in batches_of(images, model.value_ranges):
        values = model.values(batch)
        rows.append([given.of(batch, values) for given in inputs.values()])
    if not rows:
        raise InputError("There are no images.", "Give a list of at least one.")
    return dict(zip(inputs, map(np.concatenate, zip(*rows, strict=True)), strict=True))
