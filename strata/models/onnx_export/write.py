"""ONNX files: a torch module's graph, with class names, facts and a check against given scores."""

import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from strata.errors import InputError, StrataError
from strata.files import write_atomic
from strata.models.onnx_export.check import Agreement, check_agreement
from strata.models.onnx_export.libraries import onnx_libraries
from strata.models.onnx_export.score_modules import Scored
from strata.text import utf8

#: Bytes of weights that one file can hold: it is a protocol buffer, which ends at 2 GiB.
LARGEST_FILE = 2**31 - 2**24


def write_onnx(
    module: nn.Module,
    path: Path,
    inputs: Mapping[str, np.ndarray],
    scores: np.ndarray,
    probabilities: np.ndarray | None,
    *,
    classes: Sequence[str],
    facts: Mapping[str, str],
) -> Agreement:
    """Write a module as an ONNX file, once onnxruntime has given the scores it should.

    The file's inputs have a batch of any size; its outputs are `probabilities` (where there are
    any) and `scores`, (n, classes) float32, and `label` (n,), names of classes.

    Args:
        module: from a tuple of the inputs to `Scored`, in float32.
        path: of the file; unchanged where anything fails.
        inputs: by name, (n, ...) each, to be checked on.
        scores, probabilities: (n, classes) for them by the classifier itself.
        classes: names, in the columns' order; in the file's metadata as JSON under "classes".
        facts: further metadata.

    Raises:
        InputError: more weights than a file can hold.
        StrataError: the scores differ; a package is missing; torch cannot express an operator.
        OSError: the file cannot be written.
    """
    model = onnx_model(module, inputs, with_probabilities=probabilities is not None)
    _add_labels(model, classes)
    onnx = onnx_libraries().onnx
    names = json.dumps([utf8(name) for name in classes], ensure_ascii=False)
    onnx.helper.set_model_props(model, {**facts, "classes": names})
    onnx.checker.check_model(model)
    content = model.SerializeToString()
    agreement = check_agreement(content, inputs, scores, probabilities)
    write_atomic(path, content)
    return agreement


def onnx_model(
    module: nn.Module, inputs: Mapping[str, np.ndarray], *, with_probabilities: bool
) -> Any:
    """The `onnx.ModelProto` of a module, for batches of any size of such inputs, by name.

    Raises:
        InputError: more weights than a file can hold.
        StrataError: torch cannot express an operator; a package is missing.
    """
    onnx_libraries()
    module = _Outputs(module, with_probabilities).eval().requires_grad_(False)
    tensors = [*module.parameters(), *module.buffers()]
    size = sum(t.numel() * t.element_size() for t in tensors)
    if size > LARGEST_FILE:
        raise InputError(
            f"The weights take {size / 2**30:.1f} GiB, and an ONNX file holds 2.",
            "Export the method as a .strata file instead.",
        )
    # Two rows: torch takes a batch of one for a constant.
    example = tuple(torch.from_numpy(np.repeat(x[:1], 2, axis=0)) for x in inputs.values())
    rows = {0: torch.export.Dim("n")}
    try:
        with _quiet(), torch.no_grad():
            program = torch.onnx.export(
                module,
                (example,),
                input_names=list(inputs),
                output_names=["probabilities", "scores"][not with_probabilities :],
                dynamic_shapes=(tuple(rows for _ in example),),
                dynamo=True,
                verbose=False,
            )
    except (torch.onnx.errors.OnnxExporterError, RuntimeError) as error:
        reason = str(error.__cause__ or error).strip().partition("\n")[0]
        raise StrataError(
            f"torch {torch.__version__} cannot express this network in ONNX: {reason}",
            "Export the method as a .strata file instead.",
        ) from error
    assert program is not None
    return program.model_proto


class _Outputs(nn.Module):
    """Probabilities, where wanted, and scores: the order of the file's outputs."""

    def __init__(self, module: nn.Module, with_probabilities: bool) -> None:
        super().__init__()
        self.module, self.with_probabilities = module, with_probabilities

    def forward(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        found: Scored = self.module(inputs)
        scores, probabilities = found
        if not self.with_probabilities:
            return (scores,)
        assert probabilities is not None
        return probabilities, scores


def _add_labels(model: Any, classes: Sequence[str]) -> None:
    """Add the output `label` (n,): the name of the class of the highest score."""
    onnx = onnx_libraries().onnx
    helper = onnx.helper
    model.graph.node.extend(
        [
            helper.make_node("ArgMax", ["scores"], ["label_number"], axis=1, keepdims=0),
            helper.make_node(
                "LabelEncoder",
                ["label_number"],
                ["label"],
                domain="ai.onnx.ml",
                keys_int64s=list(range(len(classes))),
                values_strings=[utf8(name) for name in classes],
            ),
        ]
    )
    rows = model.graph.output[0].type.tensor_type.shape.dim[0].dim_param
    model.graph.output.append(
        helper.make_tensor_value_info("label", onnx.TensorProto.STRING, [rows])
    )
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep torch's and onnxscript's notes on single operators from the terminal."""
    loggers = [logging.getLogger(name) for name in ("onnxscript", "onnx_ir", "torch.onnx")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
