"""Fitted artifacts of a method, read from the store when they are first used."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from strata.pipeline.store.store import Store

AFFECTS_RESULTS = False  # reads what has been made


class StoreArtifacts(Mapping[str, Mapping[str, Any]]):
    """Artifacts of a store by name; pickled, it is their place alone.

    Args:
        root: the store's folder.
        keys: of the artifacts, by name.
    """

    def __init__(self, root: Path, keys: dict[str, str]) -> None:
        self._root, self._keys = root, keys
        self._read: dict[str, Mapping[str, Any]] = {}

    def __reduce__(self) -> tuple[type, tuple[Path, dict[str, str]]]:
        return StoreArtifacts, (self._root, self._keys)

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        if name not in self._read:
            self._read[name] = Store(self._root).read_fitted(self._keys[name])
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)
