"""Fitted artifacts of a model file, read when they are first used."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from strata.errors import InputError
from strata.pipeline.code.user_modules import import_from
from strata.pipeline.prediction.container import Container, refused
from strata.pipeline.prediction.estimator_codec import decode
from strata.pipeline.prediction.model_document import strict_json
from strata.pipeline.recipes.registry import user_module

AFFECTS_RESULTS = False  # reads what has been made


class ArtifactEntries(NamedTuple):
    """Names of the entries of a file that hold an artifact."""

    values: str  #: as JSON
    arrays: str | None  #: as safetensors; None without any


class FileArtifacts(Mapping[str, Mapping[str, Any]]):
    """Artifacts of a model file by name; pickled, it is their place alone.

    Args:
        container: the file, whose checksums were compared.
        entries: of each artifact.
        modules: files whose classes estimators may have, by the modules' names in the file.
        classes: number of them.
    """

    def __init__(
        self,
        container: Container,
        entries: dict[str, ArtifactEntries],
        modules: dict[str, Path],
        classes: int,
    ) -> None:
        self._container, self._entries, self._modules = container, entries, modules
        self._classes = classes
        self._read: dict[str, dict[str, Any]] = {}

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return FileArtifacts, (self._container, self._entries, self._modules, self._classes)

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        if name not in self._read:
            self._read[name] = self._values(self._entries[name])
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries  # without reading it

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def _values(self, entries: ArtifactEntries) -> dict[str, Any]:
        arrays: dict[str, Any] = {}
        if entries.arrays:
            from safetensors import SafetensorError
            from safetensors.numpy import load

            try:
                arrays = load(self._container.read(entries.arrays))
            except (SafetensorError, KeyError, ValueError) as error:
                raise refused(self._container.path, f"{entries.arrays}: {error}") from error
        modules = {
            name: import_from(user_module(file), file) for name, file in self._modules.items()
        }
        try:
            values = strict_json(self._container.read(entries.values))
            found = decode(values, arrays, modules)
            if not self._modules:  # a user's stages may mean something else by these names
                _check_classes(found, self._classes)
            return found
        except InputError as error:
            if str(self._container.path) in error.what:
                raise
            raise refused(self._container.path, f"{entries.values}: {error.what}") from error
        except (ValueError, AttributeError, RecursionError) as error:
            raise refused(self._container.path, f"{entries.values}: {error}") from error


def _check_classes(values: Mapping[str, Any], classes: int) -> None:
    """Raise `ValueError` for a classifier whose classes are not among those of the file."""
    if not {"classifier", "classes"} <= values.keys():
        return
    numbers = values["classes"]
    known = isinstance(numbers, list) and all(type(k) is int for k in numbers)
    if not known or len(set(numbers)) < len(numbers) or not set(numbers) <= set(range(classes)):
        raise ValueError(f"classes {numbers!r:.60} are not among the {classes} of the file")
    if len(getattr(values["classifier"], "classes_", numbers)) != len(numbers):
        raise ValueError(f"its classifier has other classes than {numbers!r:.60}")
