"""Artifacts: the named arrays, JSON values and pickled objects that a stage returns."""

import json
import pickle
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from strata.errors import StrataError

VALUES = "values.json"
_CHUNK_BYTES = 1 << 20  # bytes per write call


def write_artifact(values: Mapping[str, Any], folder: Path) -> None:
    """Write each value to `folder`, in the simplest format that can hold it.

    Arrays become `NAME.npy` (memory-mapped when read), values that JSON can express go to
    `values.json` (written in any case), anything else (fitted estimators) is pickled to
    `NAME.pickle`.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    plain: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, np.ndarray) and not value.dtype.hasobject:
            _write_array(value, folder / f"{name}.npy")
        elif _is_plain(value):
            plain[name] = value
        else:
            with (folder / f"{name}.pickle").open("wb") as file:
                pickle.dump(value, _ChunkedWriter(file), protocol=5)
    (folder / VALUES).write_text(json.dumps(plain))


def _write_array(array: np.ndarray, path: Path) -> None:
    """Write an array as `numpy.save` does, in C order, in chunks."""
    whole = np.asarray(array, order="C")
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(whole))
        _ChunkedWriter(file).write(whole.reshape(-1).view(np.uint8).data)


class _ChunkedWriter:
    """File wrapper that writes in chunks: one write of many megabytes is 10x slower on Linux."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, data: bytes | memoryview) -> int:
        """Write all of `data`; return its length in bytes."""
        view = memoryview(data)
        for start in range(0, len(view), _CHUNK_BYTES):
            self._file.write(view[start : start + _CHUNK_BYTES])
        return len(view)


def _is_plain(value: Any) -> bool:
    """Test whether JSON holds a value without loss."""
    if value is None or isinstance(value, bool | int | float | str):
        return True
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return isinstance(value, dict) and all(
        isinstance(k, str) and _is_plain(v) for k, v in value.items()
    )


class PickledValueError(StrataError):
    """A value is kept as a pickle, which can run code, and was not asked for as one."""


class Artifact(Mapping[str, Any]):
    """Read-only mapping of an artifact's values; loaded on first access, arrays memory-mapped.

    Args:
        folder: the artifact's folder.
        files: names of its files; None: all files in the folder.
        unpickle: load pickles too. Else they count as values, but cannot be read.
    """

    def __init__(
        self, folder: Path, files: Iterable[str] | None = None, *, unpickle: bool = False
    ) -> None:
        self._folder = folder
        self._unpickle = unpickle
        names = sorted(path.name for path in folder.iterdir()) if files is None else list(files)
        paths = [folder / name for name in names]
        self._has_plain = VALUES in names
        self._paths = {p.stem: p for p in paths if p.suffix in (".npy", ".pickle")}
        self._loaded: dict[str, Any] = {}

    @cached_property
    def _plain(self) -> dict[str, Any]:
        return json.loads((self._folder / VALUES).read_text()) if self._has_plain else {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def _load(self, name: str) -> Any:
        if name in self._plain:
            return self._plain[name]
        path = self._paths[name]
        if path.suffix == ".npy":
            try:
                return np.load(path, mmap_mode="r", allow_pickle=False)
            except ValueError:  # an empty array cannot be memory-mapped
                return np.load(path, allow_pickle=False)
        if not self._unpickle:
            raise PickledValueError(
                f"'{name}' of {self._folder} is a pickle, and is not opened here.",
                "Pickles can run code (SECURITY.md). If this artifact is your own, remove its "
                "folder and run `strata make` again.",
            )
        return pickle.loads(path.read_bytes())

    def __contains__(self, name: object) -> bool:
        return name in self._plain or name in self._paths

    def __iter__(self) -> Iterator[str]:
        yield from self._plain
        yield from self._paths

    def __len__(self) -> int:
        return len(self._plain) + len(self._paths)
