"""The one place for parallelism: joblib's loky processes, one thread each."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from strata._threads import ONE_THREAD

Item = TypeVar("Item")
Result = TypeVar("Result")


def parallel_map(
    function: Callable[[Item], Result], items: Iterable[Item], *, jobs: int, batch: int = 1
) -> Iterator[Result]:
    """Yield `function(item)` for each item, in order, on `jobs` processes.

    With one job, or one item, everything runs in this process. `function` must be picklable
    and, for cheap work, worth its trip: `batch` items travel together.
    """
    items = list(items)
    if jobs <= 1 or len(items) <= batch:
        yield from map(function, items)
        return
    from joblib import Parallel, delayed, parallel_config

    threads = int(ONE_THREAD["OMP_NUM_THREADS"])
    with parallel_config(backend="loky", inner_max_num_threads=threads):
        run = Parallel(n_jobs=jobs, batch_size=batch, return_as="generator")
        yield from run(delayed(function)(item) for item in items)
