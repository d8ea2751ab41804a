"""What a worker process does: make one artifact."""

import platform
import sys
import time
import traceback
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from strata._threads import allow_threads
from strata.errors import StrataError
from strata.pipeline.execution.peak_memory import PeakMemory
from strata.pipeline.graph.code_digest import edited
from strata.pipeline.graph.inputs import File, ImageShard, Subset
from strata.pipeline.graph.provenance import describe_node, versions
from strata.pipeline.graph.sharded_arrays import Shards
from strata.pipeline.graph.stage import Node, Sharded, Stage, StageReference
from strata.pipeline.store.store import Store, storage_error
from strata.pipeline.store.task_progress import forget_checkpoint, running


class StageError(StrataError):
    """A stage failed on its inputs."""


@dataclass(frozen=True)
class ArtifactReference:
    """An input to be read from the store."""

    key: str


@dataclass(frozen=True)
class ViewReference:
    """An input to be made when it is read."""

    stage: StageReference
    parameters: dict[str, Any]
    inputs: tuple[Any, ...]


@dataclass(frozen=True)
class ShardsReference:
    """An input that comes in shards."""

    parts: tuple[ArtifactReference | ViewReference, ...]
    digests: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Task:
    """A node without its ancestors: all that a worker needs."""

    root: Path
    stage: StageReference
    parameters: dict[str, Any]
    inputs: tuple[Any, ...]
    key: str
    title: str
    record: dict[str, Any]
    files: dict[str, int]
    again: bool
    threads: int

    @classmethod
    def of(
        cls,
        node: Node,
        store: Store,
        *,
        again: bool,
        threads: int = 1,
        lost: Set[str] = frozenset(),
    ) -> "Task":
        """A node's task.

        Args:
            again: make it even if it lies in the store.
            threads: that it may use; the result is the same.
            lost: keys of inputs that will never be, which a sparing stage does without.
        """
        return cls(
            store.root,
            node.stage.reference,
            node.parameters,
            tuple(_referred(i, lost) for i in node.inputs),
            node.key,
            node.title,
            describe_node(node),
            node.files,
            again,
            threads,
        )


def _referred(given: Any, lost: Set[str]) -> Any:
    if isinstance(given, Node) and given.is_view:
        inputs = tuple(_referred(i, lost) for i in given.inputs)
        return ViewReference(given.stage.reference, given.parameters, inputs)
    if isinstance(given, Node):
        return None if given.key in lost else ArtifactReference(given.key)
    if isinstance(given, Sharded):
        digests = tuple(n.shard.digests for n in given.nodes if n.shard)
        return ShardsReference(tuple(_referred(n, lost) for n in given.nodes), digests)
    if isinstance(given, Subset | ImageShard | File):
        return given
    return [_referred(part, lost) for part in given]


@dataclass(frozen=True)
class Done:
    """An artifact is in the store; made in so many seconds, or found there."""

    seconds: float
    found: bool


#: Stages that this process has run: the next time, nothing is left to import or to compile.
_ran: set[StageReference] = set()


def run_task(task: Task) -> Done:
    """Make an artifact and publish it, unless another run was faster.

    Raises:
        StrataError: for the user; anything else that the stage raises becomes a StageError.
    """
    store = Store(task.root)
    try:
        with store.making(task.key):
            if not task.again and store.state(task.key) == "present":
                return Done(0.0, found=True)
            values, measured = _computed(task, store)
            store.discard(task.key)  # a damaged or unwanted one; absent in the common case
            store.write(task.key, values, {**task.record, **measured})
            forget_checkpoint(store.root, task.key)
    except OSError as error:
        raise storage_error(error, store.root) from error
    return Done(measured["seconds"], found=False)


def _computed(task: Task, store: Store) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the stage returns, and what it took."""
    inputs = [_opened(i, store) for i in task.inputs]
    function = _stage(task.stage).function
    allow_threads(task.threads)
    started, cpu = time.perf_counter(), time.process_time()
    with PeakMemory() as memory, running(store.root, task.key):
        try:
            values = function(*inputs, **task.parameters)
        except MemoryError:
            raise StageError(
                f"{task.title} ran out of memory.", "Fewer jobs (-j 1) need less of it."
            ) from None
        except (StrataError, OSError):
            raise
        except Exception as error:
            raise _failed(task, store, error) from error
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    _check_unedited(task)
    warm = task.stage in _ran
    _ran.add(task.stage)
    return values, {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "warm": warm,
        "accelerator": _uses_accelerator(),
        "peak_memory": memory.bytes,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": platform.node(),
        "versions": versions(),
    }


def _uses_accelerator() -> bool:
    """Whether the work may have been done elsewhere than on the processor."""
    torch = sys.modules.get("torch")
    return bool(torch and (torch.cuda.is_initialized() or torch.backends.mps.is_available()))


def _check_unedited(task: Task) -> None:
    """Code is loaded when it is first needed: an edit since the keys were fixed may have run."""
    symbol = edited(task.record["code"], task.files)
    if symbol:
        raise StageError(
            f"{task.title}: {symbol} was edited during the run.",
            "Make again; what was made before the edit is kept.",
        )


def _opened(given: Any, store: Store) -> Any:
    if isinstance(given, ArtifactReference):
        return store.read(given.key)
    if isinstance(given, ViewReference):
        inputs = [_opened(i, store) for i in given.inputs]
        return _stage(given.stage).function(*inputs, **given.parameters)
    if isinstance(given, ShardsReference):
        return Shards(given.digests, lambda number: _opened(given.parts[number], store))
    if isinstance(given, Sequence) and not isinstance(given, ImageShard):
        return [_opened(part, store) for part in given]
    return given


@cache
def _stage(reference: StageReference) -> Stage:
    from strata.pipeline.graph.user_modules import import_from

    return getattr(import_from(reference.module, reference.path), reference.name)


def _failed(task: Task, store: Store, error: Exception) -> StageError:
    """Keep the traceback in a file, and say where."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    log = store.root / "failures" / f"{task.key}.txt"
    log.parent.mkdir(exist_ok=True)
    log.write_text(f"{task.title}\n\n{traceback.format_exc()}")
    return StageError(
        f"{task.title} failed: {type(error).__name__}: {error} "
        f"({Path(place.filename).name}, line {place.lineno}).",
        f"The traceback is in {log}.",
    )
