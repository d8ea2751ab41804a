"""Predictions of any number of files on worker processes, in order, as they come."""

import pickle
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, wait
from itertools import islice

from strata.errors import StrataError
from strata.pipeline.prediction.batch import MAX_IMAGES
from strata.pipeline.prediction.classify import Prediction, classify_files
from strata.pipeline.prediction.listing.paths import AskedFile
from strata.pipeline.prediction.model import Model
from strata.process_pool import kill_workers, submit

AFFECTS_RESULTS = False  # runs stages, whose results are not kept

#: Batches in flight for each process, so that none waits for the slowest.
_IN_FLIGHT = 2
#: Images in a row at which the process was killed, before it is taken for the model's fault.
_MOST_KILLED = 5

Files = list[AskedFile]


def predict_paths(
    model: Model,
    paths: Iterable[str | AskedFile],
    *,
    jobs: int = 1,
    batch_size: int = MAX_IMAGES,
) -> Generator[Prediction, None, None]:
    """Predictions of files, in their order.

    Batches are cut from the list of files alone, so no number depends on `jobs`. As many files are
    held as are in flight, whatever their number. An image that cannot be read or classified, or at
    which a process dies, has a problem in the place of scores, and the others go on.

    Args:
        model: pickled for each process, which loads it once.
        paths: files, read as they are needed.
        jobs: number of worker processes; one on a GPU (`device.most_processes`).
        batch_size: files that are classified together; at most 64 megapixels at once.

    Raises:
        StrataError: the model cannot be loaded, or one process after the other is killed.
    """
    files = (AskedFile(path) if isinstance(path, str) else path for path in paths)
    yield from _Stream(pickle.dumps(model), jobs).of(_chunks(files, batch_size))


def _chunks(files: Iterator[AskedFile], size: int) -> Iterator[Files]:
    while chunk := list(islice(files, size)):
        yield chunk


class _Stream:
    """Chunks of files on their way through worker processes.

    Args:
        pickled: the model.
        jobs: number of processes.
    """

    def __init__(self, pickled: bytes, jobs: int) -> None:
        self._pickled = pickled
        self._jobs = jobs
        self._waiting: deque[tuple[Files, Future[list[Prediction]]]] = deque()
        self._killed_in_a_row = 0

    def of(self, chunks: Iterator[Files]) -> Iterator[Prediction]:
        """Predictions of chunks; an error or an end before the last one kills the workers."""
        try:
            for chunk in chunks:
                self._waiting.append((chunk, self._submitted(chunk)))
                # The next chunk may take its time to arrive, so what is done goes out before.
                while len(self._waiting) > _IN_FLIGHT * self._jobs or self._first_is_done:
                    yield from self._next()
            while self._waiting:
                yield from self._next()
        except BaseException:
            kill_workers()
            raise

    @property
    def _first_is_done(self) -> bool:
        return bool(self._waiting) and self._waiting[0][1].done()

    def _submitted(self, chunk: Files) -> "Future[list[Prediction]]":
        return submit(self._jobs, classify_files, self._pickled, chunk)

    def _next(self) -> list[Prediction]:
        """Predictions of the first chunk in flight."""
        from joblib.externals.loky.process_executor import BrokenProcessPool

        chunk, future = self._waiting.popleft()
        try:
            return future.result()
        except BrokenProcessPool:
            wait([future for _, future in self._waiting])
            return self._alone(chunk)

    def _alone(self, chunk: Files) -> list[Prediction]:
        """Predictions of a chunk while nothing else runs, to find the image to blame.

        A process that is killed takes the whole pool with it, and does not say for which image.
        """
        from joblib.externals.loky.process_executor import BrokenProcessPool

        try:
            found = self._submitted(chunk).result()
        except BrokenProcessPool:
            if len(chunk) == 1:
                return [self._killed(chunk[0])]
            return [part for file in chunk for part in self._alone([file])]
        self._killed_in_a_row = 0
        return found

    def _killed(self, file: AskedFile) -> Prediction:
        self._killed_in_a_row += 1
        if self._killed_in_a_row == _MOST_KILLED:
            raise StrataError(
                "Worker processes are killed again and again, most likely for lack of memory.",
                "Run fewer of them at a time (-j 1), or give fewer images at a time (--batch 1).",
            )
        return Prediction(
            file.path, problem="its process was killed, most likely for lack of memory"
        )
