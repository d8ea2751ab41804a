"""Agreement of an ONNX file with the scores of the classifier that it was made from."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from strata.errors import StrataError
from strata.models.onnx_export.libraries import onnx_libraries

#: Largest difference of a probability, and of a score as a share of the largest score.
TOLERANCE = 1e-4
#: Inputs at a time; the last batch is smaller, so that batches of several sizes are run.
_BATCH_SIZE = 16


class Agreement(NamedTuple):
    """Largest differences between an ONNX file's outputs and the classifier's own."""

    n: int  #: images or vectors compared
    probabilities: float | None  #: None without probabilities
    scores: float  #: as a share of the largest absolute score (of 1 at least)

    @property
    def largest(self) -> float:
        """Difference that is held against `TOLERANCE`: probabilities of 0 and 1 hide that of
        scores.
        """
        return max(self.scores, 0.0 if self.probabilities is None else self.probabilities)

    @property
    def sentence(self) -> str:
        """The differences in words."""
        scores = f"scores by {self.scores:.1e} of the largest"
        if self.probabilities is None:
            return scores
        return f"probabilities by {self.probabilities:.1e} at most, {scores}"


def check_agreement(
    content: bytes,
    inputs: Mapping[str, np.ndarray],
    scores: np.ndarray,
    probabilities: np.ndarray | None,
) -> Agreement:
    """Run an ONNX model in onnxruntime and compare its outputs.

    Args:
        content: of the file.
        inputs: by name, (n, ...) as the file takes them, n at least 1.
        scores, probabilities: (n, classes) of the classifier itself.

    Raises:
        StrataError: they differ by more than `TOLERANCE`, or are no numbers.
    """
    found = run(content, inputs)
    by_score = _largest(found["scores"], scores) / max(1.0, float(np.abs(scores).max()))
    by_probability = None
    if probabilities is not None:
        by_probability = _largest(found["probabilities"], probabilities)
    agreement = Agreement(len(scores), by_probability, by_score)
    if not (by_score <= TOLERANCE and (by_probability is None or by_probability <= TOLERANCE)):
        raise StrataError(
            f"The ONNX graph differs from the method itself on {len(scores)} images: "
            f"{agreement.sentence}; more than {TOLERANCE:g}, so no file was written.",
            "Export the method as a .strata file instead, which gives its scores bit for bit.",
        )
    return agreement


def run(content: bytes, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs of an ONNX model by name, on the processor."""
    runtime = onnx_libraries().onnxruntime
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    parts = [
        session.run(
            None, {name: rows[start : start + _BATCH_SIZE] for name, rows in inputs.items()}
        )
        for start in range(0, len(next(iter(inputs.values()))), _BATCH_SIZE)
    ]
    names = [output.name for output in session.get_outputs()]
    columns: zip[Any] = zip(*parts, strict=True)
    return {n: np.concatenate(column) for n, column in zip(names, columns, strict=True)}


def _largest(found: np.ndarray, own: np.ndarray) -> float:
    return float(np.abs(found.astype(np.float64) - own).max())
