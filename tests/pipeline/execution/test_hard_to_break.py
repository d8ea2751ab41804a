"""Runs killed, interrupted or out of disk space keep what is finished and nothing broken."""

import os
import random
import shutil
import signal
import subprocess
import time
from functools import partial

import pytest

from strata.pipeline.store.store import Store
from tests.pipeline.project import Project, predictions_of


def write_slow_recipes(project: Project, delay: float) -> None:
    """Enough work that a kill falls into it: seconds that a stage of every fold sleeps."""
    text = project.file.read_text()
    project.file.write_text(
        text.replace('recipe = "colors"', f'recipe = "colors"\nmeans.delay = {delay}')
    )


def test_killed_at_random_moments_the_predictions_are_those_of_an_undisturbed_run(project):
    write_slow_recipes(project, 0.15)
    begun = time.monotonic()
    project.make()
    whole = time.monotonic() - begun
    undisturbed = predictions_of(project)
    shutil.rmtree(project.store)
    moments = random.Random(0)
    for _ in range(10):
        run = project.start("make", "-j", "2")
        time.sleep(whole * moments.uniform(0.1, 0.9))
        run.kill()
        run.communicate()
    assert list((project.store / "artifacts").glob("*/*"))
    project.make()
    assert predictions_of(project) == undisturbed
    assert not list((project.store / "writing").iterdir())


def test_an_interrupt_ends_at_once_and_keeps_what_is_finished(project):
    write_slow_recipes(project, 1.0)
    # Whoever runs the tests in the background may have told them to ignore interrupts.
    heed = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    run = project.start("make", "-j", "2", start_new_session=True, preexec_fn=heed)
    while not list((project.store / "artifacts").glob("*/*/means.npy")):
        assert run.poll() is None
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGINT)  # as the terminal does: to workers too
    begun = time.monotonic()
    out, err = run.communicate(timeout=180)
    assert run.returncode == 130, out + err
    assert "what is finished is kept" in err
    assert "Traceback" not in err
    assert time.monotonic() - begun < 60
    kept = len(list(Store(project.store).keys()))
    assert kept > 2
    project.make()
    assert len(list(Store(project.store).keys())) > kept


@pytest.mark.parametrize("seconds", [0.8, 1.1, 1.4])
def test_termination_while_workers_start_is_one_line(project, seconds):
    write_slow_recipes(project, 5.0)  # a fast machine must not have ended by then
    run = project.start("make", "-j", "2")
    time.sleep(seconds)
    run.terminate()
    out, err = run.communicate(timeout=180)
    assert run.returncode, out + err
    assert "Traceback" not in err
    assert "Error" not in err


@pytest.fixture
def small_disk(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if os.name != "posix" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system of a given size needs the right to mount one")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_report_from_a_read_only_store(project, small_disk):
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    project.make()
    shutil.copytree(project.store, small_disk / "store")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = project.strata("report", "--store", str(small_disk / "store"), "--out", "again")
    assert done.returncode == 0, done.stderr
    assert "not-checked" not in (project.root / "again" / "toy" / "results.json").read_text()


def test_a_full_disk_ends_with_a_clear_message_and_a_store_that_works(project, small_disk):
    store = small_disk / "store"
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(190 * 1024))
    done = project.strata("make", "-j", "2", "--store", str(store))
    assert done.returncode in (1, 2)
    assert "No space left" in done.stderr, done.stderr
    assert "strata gc" in done.stderr
    assert "Traceback" not in done.stderr
    ballast.unlink()
    subprocess.run(
        ["mount", "-o", "remount,size=64m", str(small_disk)], check=True, capture_output=True
    )
    assert project.strata("make", "-j", "2", "--store", str(store)).returncode == 0
    shutil.rmtree(project.root / "out")
    on_small = predictions_of(project, store)
    project.make()
    assert on_small == predictions_of(project)
