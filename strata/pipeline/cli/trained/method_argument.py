"""The argument METHOD_OR_FILE, where it names neither."""

from pathlib import Path

from strata.errors import InputError
from strata.image_io import SUFFIXES


def refuse_other_files(name: str) -> None:
    """Raise `InputError` for ONNX files, and for images that exist."""
    suffix = Path(name).suffix.lower()
    if suffix == ".onnx":
        raise InputError(
            f"{name} is an ONNX file, which onnxruntime reads; strata does not.",
            "Name the method, or its model file: strata export METHOD FILE.strata writes one.",
        )
    if suffix in SUFFIXES and Path(name).is_file():
        raise InputError(
            f"{name} is an image, and no method or model file.",
            "Name the method before the images: strata predict METHOD_OR_FILE IMAGES...",
        )
