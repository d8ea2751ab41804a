"""Artifacts beside the graph of methods: splits, audit findings, visualizations, the page.

One rule says when they are valid, the same as for nodes: the key covers what they are made from and
the code that makes them, and the store checks their files.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from strata.pipeline.graph.code_digest import code_key
from strata.pipeline.graph.provenance import versions
from strata.pipeline.store.artifact import Artifact
from strata.pipeline.store.hashing import content_key
from strata.pipeline.store.store import Store, storage_error

AFFECTS_RESULTS = False  # keeps, and computes nothing


@dataclass(frozen=True)
class Derived:
    """Artifact made from known values by one function of the project.

    Attributes:
        name: stands in the manifest as the stage.
        source: JSON values that it is made from.
        code: module and name of the function that makes it.
    """

    name: str
    source: tuple[Any, ...]
    code: tuple[str, str]

    @cached_property
    def key(self) -> str:
        """Content key of name, source and code."""
        return content_key("derived", self.name, self.source, code_key(*self.code))

    def read(self, store: Store, make: Callable[[], Mapping[str, Any]]) -> Artifact:
        """Artifact from the store, made first if it is absent or damaged.

        Raises:
            StrataError: the store cannot be written, or what `make` raises.
        """
        if store.state(self.key) != "present":
            self.write(store, make())
        return store.read(self.key)

    def write(self, store: Store, values: Mapping[str, Any]) -> None:
        """Publish values as the artifact, in place of a damaged one.

        Raises:
            StrataError: the store cannot be written.
        """
        try:
            store.discard(self.key)
            store.write(
                self.key,
                values,
                {"stage": self.name, "title": self.name, "versions": versions()},
            )
        except OSError as error:
            raise storage_error(error, store.root) from error
