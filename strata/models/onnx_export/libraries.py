"""The optional packages that write and run ONNX files."""

from importlib import import_module
from typing import Any

from strata.errors import StrataError


def onnx_library(name: str) -> Any:
    """The module `onnx`, `onnxscript` or `onnxruntime`.

    Raises:
        StrataError: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise StrataError(
            f"ONNX files need the package {name}.", "pip install onnx onnxruntime 'onnxscript>=0.6'"
        ) from error
