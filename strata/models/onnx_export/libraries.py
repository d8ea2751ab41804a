"""The optional packages that write and run ONNX files."""

from typing import Any, NamedTuple

from strata.errors import StrataError


class OnnxLibraries(NamedTuple):
    """Modules of the packages."""

    onnx: Any
    onnxruntime: Any


def onnx_libraries() -> OnnxLibraries:
    """The modules `onnx` and `onnxruntime`; `onnxscript`, by which torch exports, is there too.

    Raises:
        StrataError: one of them is not installed.
    """
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise StrataError(
            f"ONNX files need the package {error.name}.",
            "pip install onnx onnxruntime 'onnxscript>=0.6'",
        ) from error
    return OnnxLibraries(onnx, onnxruntime)
