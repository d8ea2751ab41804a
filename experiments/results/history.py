"""Records of the runs: when each was made, for how long, and of which code."""

import json
import subprocess
import time
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from experiments.results.runs import EXPERIMENTS
from strata.files import write_atomic

#: Seconds between two notes of a running run, so that little is lost if it is killed.
BEAT = 20.0


@dataclass(frozen=True)
class Record:
    """One run.

    Attributes:
        started: when it was begun, in ISO format with the time zone.
        finished: when its last attempt ended; "" while it is running or after it was killed.
        seconds: of all attempts together.
        commit: git commit of the sources, with "+" if they had been changed since.
        code: digest of the code that its results depend on.
        exit_code: of its last attempt; None while it is running or after it was killed.
        jobs: processes at once; None for a script.
        images: digest of the images; "" where only results.json says it.
    """

    started: str
    finished: str
    seconds: float
    commit: str
    code: str
    exit_code: int | None
    jobs: int | None = None
    images: str = ""

    @property
    def is_done(self) -> bool:
        """True if the run came to its end and nothing failed."""
        return self.exit_code == 0


class History:
    """Records by name of the run, in a file.

    Args:
        path: the file; without it there are no records.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        self.records = {name: Record(**fields) for name, fields in found.items()}

    def is_done(self, name: str, code: str, images: str = "") -> bool:
        """True if a run of this name has come to its end with this code and these images."""
        record = self.records.get(name)
        if record is None or not record.is_done or record.code != code:
            return False
        return record.images in ("", images)

    def follow(
        self,
        name: str,
        code: str,
        process: "subprocess.Popen[bytes]",
        jobs: int | None = None,
        images: str = "",
    ) -> int:
        """Wait for the end of a run and keep its record; return its exit code.

        An attempt goes on with the one before, if that did not come to its end and was of the same
        code and images: their times are added.
        """
        before = self.records.get(name)
        if before is None or before.is_done or (before.code, before.images) != (code, images):
            before = Record(_now(), "", 0.0, commit(), code, None, jobs, images)
        begun, ended = time.monotonic(), None
        while ended is None:
            ended = _exit_code(process)
            self.records[name] = replace(
                before,
                finished="" if ended is None else _now(),
                seconds=round(before.seconds + time.monotonic() - begun, 1),
                exit_code=ended,
            )
            self._save()
        return ended

    def _save(self) -> None:
        records = {name: asdict(record) for name, record in self.records.items()}
        write_atomic(self._path, json.dumps(records, indent=1) + "\n")


def _exit_code(process: "subprocess.Popen[bytes]") -> int | None:
    """Exit code of a process, or None if it is still running after a while."""
    try:
        return process.wait(timeout=BEAT)
    except subprocess.TimeoutExpired:
        return None


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="minutes")


def commit() -> str:
    """Git commit of the sources, "+" after it if they were changed since; "" without git."""

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=EXPERIMENTS, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", "../strata", ".")
        return git("rev-parse", "--short=10", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return ""
