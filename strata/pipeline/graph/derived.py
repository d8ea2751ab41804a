"""Artifacts beside the graph of methods: splits, audit findings, visualizations, the page.

One rule says when they are valid, the same as for nodes: the key covers what they are made from and
the code that makes them, and the store checks their files.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from strata.errors import StrataError
from strata.pipeline.code.code_digest import code_key
from strata.pipeline.graph.provenance import versions
from strata.pipeline.store.artifact import PickledValueError
from strata.pipeline.store.errors import DamagedError
from strata.pipeline.store.hashing import content_key
from strata.pipeline.store.store import Store

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

    def read(self, store: Store, make: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        """Arrays and JSON values from the store, made first if they are absent or damaged.

        A store that cannot be written keeps nothing: they are made again next time. Pickles, which
        can run code, are no such values: where the store holds one, they are made again too.
        """
        with suppress(DamagedError, PickledValueError):
            return dict(store.read(self.key))
        values = make()
        try:
            store.replace(self.key, values, self._manifest())
            return dict(store.read(self.key))
        except (OSError, StrataError):
            return values

    def _manifest(self) -> dict[str, Any]:
        made = datetime.now(UTC).isoformat(timespec="seconds")
        return {"stage": self.name, "title": self.name, "made": made, "versions": versions()}
