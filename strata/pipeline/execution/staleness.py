"""Why a node has to be made, in full sentences."""

from collections.abc import Iterator
from typing import Any

from strata.pipeline.execution.plan import Plan
from strata.pipeline.graph.provenance import describe_node, versions
from strata.pipeline.graph.stage import Node
from strata.pipeline.store.store import Store

Record = dict[str, Any]


class History:
    """What was made before: the latest record of each node by what it was for."""

    def __init__(self, store: Store) -> None:
        self._latest: dict[str, Record] = {}
        for key in store.keys():  # noqa: SIM118 (a generator)
            record = store.manifest(key)
            if record:
                title = record.get("title", "")
                if record.get("made", "") >= self._latest.get(title, {}).get("made", ""):
                    self._latest[title] = record

    def before(self, node: Node) -> Record | None:
        """The latest artifact made for the same purpose, whatever its key."""
        return self._latest.get(node.title)


def reasons(plan: Plan, store: Store) -> Iterator[str]:
    """One sentence for each cause; consequences of a cause are not repeated.

    A node is explained if none of the nodes it reads has to be made: what follows from its
    being made follows by itself.
    """
    needed = set(plan.needed)
    history = History(store)
    said: set[str] = set()
    for key in plan.needed:
        node = plan.nodes[key]
        if any(parent.key in needed for parent in node.parents):
            continue
        for reason in _causes(node, plan.states[key], history):
            if reason not in said:
                said.add(reason)
                yield reason


def _causes(node: Node, state: str, history: History) -> Iterator[str]:
    name = node.stage.name
    if state == "present":
        yield f"{node.title}: asked for again."
        return
    if state == "damaged":
        yield f"{node.title}: its files in the store are damaged."
        return
    before = history.before(node)
    if before is None:
        yield f"{_method(node)}{name} has not been made yet."
        return
    changes = list(_differences(before, describe_node(node), name))
    yield from changes or [f"{node.title}: it was removed from the store."]


def _method(node: Node) -> str:
    method = node.context.partition(", ")[0]
    return f"{method}: " if method else ""


def _differences(old: Record, new: Record, name: str) -> Iterator[str]:
    yield from _parameter_differences(old, new, name)
    for symbol in sorted({*old["code"], *new["code"]}):
        was, now = old["code"].get(symbol), new["code"].get(symbol)
        if was is None:
            yield f"{name}: its code now uses {symbol}."
        elif now is None:
            yield f"{name}: its code no longer uses {symbol}."
        elif was != now:
            yield f"{name}: the code of {symbol} changed ({was[:8]} to {now[:8]})."
    yield from _inputs_differences(old, new, name)


def _parameter_differences(old: Record, new: Record, name: str) -> Iterator[str]:
    for parameter in sorted({*old["parameters"], *new["parameters"]}):
        was = old["parameters"].get(parameter, "unset")
        now = new["parameters"].get(parameter, "unset")
        if was != now:
            yield f"{name}: the parameter '{parameter}' changed from {was!r} to {now!r}."


def _inputs_differences(old: Record, new: Record, name: str) -> Iterator[str]:
    if len(old["inputs"]) == len(new["inputs"]):
        for was, now in zip(old["inputs"], new["inputs"], strict=True):
            yield from _input_differences(was, now, name)
    else:
        yield f"{name}: it now reads other inputs."


def _input_differences(was: Record, now: Record, name: str) -> Iterator[str]:
    if was == now:
        return
    if "parameters" in now and "parameters" in was:  # a view, which has no record of its own
        yield from _parameter_differences(was, now, now["stage"])
        yield from _inputs_differences(was, now, now["stage"])
    if "stage" in now or "parts" in now:
        return
    if "file" in now:
        yield f"{name}: {_file_difference(was, now)}."
        return
    count = "" if was["images"] == now["images"] else f", {was['images']} before"
    if "shard" in now:
        part = now["shard"] or "all"
        yield f"{name}: the images of shard [{part}] changed ({now['images']}{count})."
    else:
        yield f"{name}: its set of images changed ({now['images']}{count})."


def _file_difference(was: Record, now: Record) -> str:
    if was.get("file") == now["file"]:
        return f"the content of {now['file']} changed"
    return f"it now reads {now['file']}, {was.get('file', 'no file')} before"


def version_notes(plan: Plan, store: Store) -> Iterator[str]:
    """What was made with other versions of packages: told, not remade."""
    now = versions()
    found: dict[str, set[str]] = {}
    for key, state in plan.states.items():
        record = store.manifest(key) if state == "present" else None
        for package, version in (record or {}).get("versions", {}).items():
            if package in now and now[package] != version:
                found.setdefault(f"{package} {version}, now {now[package]}", set()).add(key)
    for change, keys in sorted(found.items()):
        yield f"{len(keys)} artifacts were made with {change}; -B makes them again."
