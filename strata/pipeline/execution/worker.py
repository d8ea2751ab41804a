"""Task of a worker process: run one stage and publish its artifact."""

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
from strata.files import write_atomic
from strata.pipeline.code.code_digest import edited
from strata.pipeline.execution.peak_memory import PeakMemory, is_out_of_memory
from strata.pipeline.graph.inputs import File, ImageShard, Subset
from strata.pipeline.graph.provenance import describe_node, versions
from strata.pipeline.graph.sharded_arrays import Shards
from strata.pipeline.graph.stage import Node, Sharded, Stage, StageReference
from strata.pipeline.store.errors import storage_error
from strata.pipeline.store.store import Store
from strata.pipeline.store.task_progress import forget_checkpoint, running
from strata.text import printable


class StageError(StrataError):
    """Failure of a stage: an exception in its code, lack of memory, or code edited meanwhile."""


@dataclass(frozen=True)
class ArtifactReference:
    """Input that is an artifact, read from the store by its key."""

    key: str


@dataclass(frozen=True)
class ViewReference:
    """Input made by a `ViewStage` when it is read."""

    stage: StageReference
    parameters: dict[str, Any]
    inputs: tuple[Any, ...]


@dataclass(frozen=True)
class ShardsReference:
    """Input in shards: one reference and the image digests of each shard."""

    parts: tuple[ArtifactReference | ViewReference, ...]
    digests: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Task:
    """A node without its ancestors: all that a worker process needs, picklable.

    Attributes:
        root: the store's folder.
        record: provenance of the node, for the artifact's manifest.
        files: source files that the stage reaches, with their times when keys were fixed.
        force: make the artifact even if it is in the store.
        threads: threads of `in_threads` that the stage may use, with the same result; libraries
            stay at one.
    """

    root: Path
    stage: StageReference
    parameters: dict[str, Any]
    inputs: tuple[Any, ...]
    key: str
    title: str
    record: dict[str, Any]
    files: dict[str, int]
    force: bool
    threads: int

    @classmethod
    def of(
        cls,
        node: Node,
        store: Store,
        *,
        title: str,
        force: bool,
        threads: int,
        dropped: Set[str],
    ) -> "Task":
        """Task of a node.

        Args:
            title: the node's title in messages.
            force: see the attributes.
            threads: likewise.
            dropped: keys of inputs that cannot be made; an `OptionalInputsStage` gets None.
        """
        return cls(
            store.root,
            node.stage.reference,
            node.parameters,
            tuple(_reference(i, dropped) for i in node.inputs),
            node.key,
            title,
            describe_node(node),
            node.files,
            force,
            threads,
        )


def _reference(given: Any, dropped: Set[str]) -> Any:
    """An input of a node with references in the place of nodes."""
    if isinstance(given, Node) and given.is_view:
        inputs = tuple(_reference(i, dropped) for i in given.inputs)
        return ViewReference(given.stage.reference, given.parameters, inputs)
    if isinstance(given, Node):
        return None if given.key in dropped else ArtifactReference(given.key)
    if isinstance(given, Sharded):
        digests = tuple(n.shard.digests for n in given.nodes if n.shard)
        return ShardsReference(tuple(_reference(n, dropped) for n in given.nodes), digests)
    if isinstance(given, Subset | ImageShard | File):
        return given
    return [_reference(part, dropped) for part in given]


@dataclass(frozen=True)
class TaskResult:
    """Success of a task: its artifact is in the store.

    Attributes:
        seconds: wall-clock time of the stage; 0 if the artifact was there.
        bytes: size of the artifact; 0 if it was there.
        found: whether the artifact was there already, made by another run.
    """

    seconds: float
    bytes: int
    found: bool


#: Stages that this process has run before: their next run is warm, with nothing left to import or
#: to compile.
_warm: set[StageReference] = set()


def run_task(task: Task) -> TaskResult:
    """Make an artifact and publish it, unless another run has published it meanwhile.

    Raises:
        StrataError: an error for the user; any other exception of the stage becomes a StageError.
    """
    store = Store(task.root)
    try:
        with store.making(task.key):
            if not task.force and store.state(task.key) == "present":
                return TaskResult(0.0, 0, found=True)
            values, measured = _run_stage(task, store)
            store.replace(task.key, values, {**task.record, **measured})
            forget_checkpoint(store.root, task.key)
    except OSError as error:
        raise storage_error(error, store.root) from error
    return TaskResult(measured["seconds"], store.size(task.key), found=False)


def _run_stage(task: Task, store: Store) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return value of the stage, and its measured costs for the manifest."""
    inputs = [_load(i, store) for i in task.inputs]
    stage = _stage(task.stage)
    allow_threads(task.threads)
    started, cpu = time.perf_counter(), time.process_time()
    with PeakMemory() as memory, running(store.root, task.key):
        try:
            values = stage.function(*inputs, **task.parameters)
        except (StrataError, OSError):
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise StageError(
                    "it ran out of memory.",
                    "Fewer jobs (-j 1) need less of it, and so do smaller batches or images.",
                ) from None
            raise _stage_error(task, store, error) from error
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    _check_unedited(task)
    if not isinstance(values, dict):
        raise StageError(f"{task.title}: a stage returns a dictionary, not {values!r}.")
    absent = [name for name in stage.yields if name not in values]
    if absent:
        raise StageError(
            f"{task.title}: a stage of the role '{stage.role}' returns {', '.join(stage.yields)}, "
            f"but {', '.join(absent)} is missing.",
            "Return it, or give the stage another role.",
        )
    warm = task.stage in _warm
    _warm.add(task.stage)
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
    """True if torch may have used a GPU in this process."""
    torch = sys.modules.get("torch")
    return bool(torch and (torch.cuda.is_initialized() or torch.backends.mps.is_available()))


def _check_unedited(task: Task) -> None:
    """Refuse a result if the stage's code was edited since the keys were fixed.

    Code is loaded when it is first needed, so the edited version may have run.

    Raises:
        StageError: it names the edited symbol.
    """
    symbol = edited(task.record["code"], task.files)
    if symbol:
        raise StageError(
            f"{task.title}: {symbol} was edited during the run.",
            "Run the command again; what was made before the edit is kept.",
        )


def _load(given: Any, store: Store) -> Any:
    """An input with values in the place of references; shards are loaded when they are read."""
    if isinstance(given, ArtifactReference):
        return store.read_fitted(given.key)
    if isinstance(given, ViewReference):
        inputs = [_load(i, store) for i in given.inputs]
        return _stage(given.stage).function(*inputs, **given.parameters)
    if isinstance(given, ShardsReference):
        return Shards(given.digests, lambda number: _load(given.parts[number], store))
    if isinstance(given, Sequence) and not isinstance(given, ImageShard):
        return [_load(part, store) for part in given]
    return given


@cache
def _stage(reference: StageReference) -> Stage:
    """Stage at an address, imported once per process."""
    from strata.pipeline.code.user_modules import import_from

    return getattr(import_from(reference.module, reference.path), reference.name)


def _stage_error(task: Task, store: Store, error: Exception) -> StageError:
    """Error for the user with the failing line; the traceback goes to a file in the store."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    log = store.root / "failures" / f"{task.key}.txt"
    hint = f"The traceback is in {log}."
    try:
        log.parent.mkdir(exist_ok=True)
        write_atomic(log, f"{task.title}\n\n{traceback.format_exc()}")
    except OSError:  # a full disk must not hide the error
        hint = "Its traceback could not be written to the store."
    return StageError(
        f"{type(error).__name__}: {printable(str(error))} "
        f"({Path(place.filename).name}, line {place.lineno}).",
        hint,
    )
