"""Worker processes: order of results, killed workers, interrupts."""

import os
import signal
import subprocess
import sys
import time

import pytest

from strata.errors import StrataError
from strata.process_pool import parallel_map


def test_results_come_in_order():
    assert list(parallel_map(abs, range(-20, 0), jobs=2, batch=3)) == list(range(20, 0, -1))
    assert list(parallel_map(abs, [-1, -2], jobs=1)) == [1, 2]


def test_a_killed_worker_is_an_error_for_the_user():
    with pytest.raises(StrataError, match="killed"):
        list(parallel_map(os._exit, [9, 9, 9], jobs=2))


PARENT = """\
import os, time
from strata.process_pool import parallel_map

def who(_):
    time.sleep(0.2)
    return os.getpid()

print(*set(parallel_map(who, range(8), jobs=2)), flush=True)
time.sleep(60)
"""


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_workers_end_with_their_parent_however_it_ends(tmp_path):
    (tmp_path / "parent.py").write_text(PARENT)
    command = [sys.executable, str(tmp_path / "parent.py")]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert pids
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    end = time.monotonic() + 30
    while any(map(alive, pids)) and time.monotonic() < end:
        time.sleep(0.1)
    assert not any(map(alive, pids))
