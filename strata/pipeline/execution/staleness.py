"""Staleness of artifacts: the causes for which a node has to be made, as sentences."""

from collections.abc import Iterator
from typing import Any

from strata.pipeline.execution.plan import Plan
from strata.pipeline.graph.provenance import describe_node, versions
from strata.pipeline.graph.stage import Node
from strata.pipeline.store.run_notes import RunNote
from strata.pipeline.store.store import Store

#: Manifest of an artifact, or a part of one, as `describe_node` makes it.
Record = dict[str, Any]


class History:
    """Manifests of earlier artifacts, by the title of their node, whatever their key.

    Of several, that of the run in which the method was last up to date, else the latest one.

    Args:
        store: the store.
        note: on the earlier runs of the experiment file.
    """

    def __init__(self, store: Store, note: RunNote) -> None:
        of_last_run = {key for method in note.made for key in note.keys_of(method)}
        self._by_title: dict[str, Record] = {}
        self._steps: set[tuple[str, str]] = set()
        rank: dict[str, tuple[bool, str]] = {}
        for key in store.keys():  # noqa: SIM118 (a generator)
            record = store.manifest(key)
            if record and "title" in record:
                title, this = record["title"], (key in of_last_run, record.get("made", ""))
                if this >= rank.get(title, (False, "")):
                    rank[title], self._by_title[title] = this, record
                self._steps.add((record.get("context", ""), record["stage"]))

    def latest(self, node: Node) -> Record | None:
        """Manifest of the earlier artifact with the node's title, or None."""
        return self._by_title.get(node.title)

    def knows_part_of(self, node: Node) -> bool:
        """True if the node's stage was made before for other parts of the images."""
        return bool(node.shard) and (node.context, node.stage.name) in self._steps


def reasons(plan: Plan, history: History) -> Iterator[str]:
    """One sentence per cause, each once.

    Only nodes of which no input has to be made are explained: the others follow from these.
    """
    needed = set(plan.needed)
    seen: set[str] = set()
    for key in plan.needed:
        node = plan.nodes[key]
        if any(parent.key in needed for parent in node.parents):
            continue
        for reason in _causes(node, plan, history):
            if reason not in seen:
                seen.add(reason)
                yield reason


def _causes(node: Node, plan: Plan, history: History) -> Iterator[str]:
    name, state = node.stage.name, plan.states[node.key]
    if state == "present":
        yield f"{plan.title(node)}: to be made again on request (-B)."
        return
    if state == "damaged":
        yield f"{plan.title(node)}: its files in the store are damaged."
        return
    latest = history.latest(node)
    if latest is None and history.knows_part_of(node):
        yield f"{name}: the images have changed, and are divided into other parts than before."
        return
    if latest is None:
        method = node.context.partition(", ")[0].partition("[")[0]
        prefix = f"{method}: " if method else ""
        yield f"{prefix}{name} has not been made yet."
        return
    changes = list(_differences(latest, describe_node(node), name, plan.shard_name(node)))
    yield from changes or [f"{plan.title(node)}: it was removed from the store."]


def _differences(old: Record, new: Record, name: str, shard: str) -> Iterator[str]:
    """Differences between two records of a stage: parameters, code, inputs."""
    yield from _parameter_differences(old, new, name)
    was_code, now_code = _without_moved(old["code"], new["code"])
    for symbol in sorted({*was_code, *now_code}):
        was, now = was_code.get(symbol), now_code.get(symbol)
        if was is None:
            yield f"{name}: its code now uses {symbol}."
        elif now is None:
            yield f"{name}: its code no longer uses {symbol}."
        elif was != now:
            yield f"{name}: the code of {symbol} changed ({was[:8]} to {now[:8]})."
    yield from _inputs_differences(old, new, name, shard)


def _without_moved(old: Record, new: Record) -> tuple[Record, Record]:
    """Digests of symbols, but for those that have only moved to another module."""

    def identity(symbol: str, digest: str) -> tuple[str, str]:
        return symbol.rpartition(".")[2], digest.partition("-")[0]

    moved = {identity(s, d) for s, d in old.items() if s not in new}
    moved &= {identity(s, d) for s, d in new.items() if s not in old}

    def unmoved(these: Record, those: Record) -> Record:
        return {s: d for s, d in these.items() if s in those or identity(s, d) not in moved}

    return unmoved(old, new), unmoved(new, old)


def _parameter_differences(old: Record, new: Record, name: str) -> Iterator[str]:
    for parameter in sorted({*old["parameters"], *new["parameters"]}):
        was = old["parameters"].get(parameter, "unset")
        now = new["parameters"].get(parameter, "unset")
        if was != now:
            yield f"{name}: the parameter '{parameter}' changed from {was!r} to {now!r}."


def _inputs_differences(old: Record, new: Record, name: str, shard: str) -> Iterator[str]:
    if len(old["inputs"]) == len(new["inputs"]):
        for was, now in zip(old["inputs"], new["inputs"], strict=True):
            yield from _input_differences(was, now, name, shard)
    else:
        yield f"{name}: it now reads other inputs."


def _input_differences(was: Record, now: Record, name: str, shard: str) -> Iterator[str]:
    if was == now:
        return
    if "parameters" in now and "parameters" in was:  # a view, which has no manifest of its own
        yield from _parameter_differences(was, now, now["stage"])
        yield from _inputs_differences(was, now, now["stage"], shard)
    if "stage" in now or "parts" in now:
        return
    if "file" in now:
        yield f"{name}: {_file_difference(was, now)}."
        return
    count = "" if was["images"] == now["images"] else f", {was['images']} before"
    if "shard" in now:
        images = f"the images of {shard}" if shard else "the images"
        yield f"{name}: {images} changed ({now['images']}{count})."
    else:
        yield f"{name}: its set of images changed ({now['images']}{count})."


def _file_difference(was: Record, now: Record) -> str:
    if was.get("file") == now["file"]:
        return f"the content of {now['file']} changed"
    return f"it now reads {now['file']}, {was.get('file', 'no file')} before"


def version_notes(plan: Plan, store: Store) -> Iterator[str]:
    """One sentence per package whose version has changed; this alone makes nothing stale."""
    now = versions()
    found: dict[str, set[str]] = {}
    for key, state in plan.states.items():
        record = store.manifest(key) if state == "present" else None
        for package, version in (record or {}).get("versions", {}).items():
            if package in now and now[package] != version:
                found.setdefault(f"{package} {version}, now {now[package]}", set()).add(key)
    for change, keys in sorted(found.items()):
        yield f"{len(keys)} artifacts were made with {change}; -B makes them again."
