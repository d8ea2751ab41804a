"""Inputs of a method's ONNX file, made of images as the method itself makes them."""

import numpy as np

from strata.errors import InputError
from strata.pipeline.prediction.images import Images, batches_of
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.onnx.graph import OnnxGraph
from strata.pipeline.prediction.onnx.inputs import named


def onnx_feeds(model: Model, images: Images) -> dict[str, np.ndarray]:
    """Inputs by name, see `Model.onnx_inputs`."""
    inputs = named(OnnxGraph(model).inputs)
    rows = []
    for batch in batches_of(images, model.value_ranges):
        values = model.values(batch)
        rows.append([given.of(batch, values) for given in inputs.values()])
    if not rows:
        raise InputError("There are no images.", "Give a list of at least one.")
    return dict(zip(inputs, map(np.concatenate, zip(*rows, strict=True)), strict=True))
