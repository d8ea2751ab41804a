"""Names and messages that terminals, encodings or signals could break."""

import json
import os
import signal
import time
from functools import partial

import pytest

from tests.pipeline.project import Project


def test_interrupts_in_a_row_end_in_one_sentence(project):
    project.file.write_text(
        project.file.read_text().replace(
            'recipe = "colors"', 'recipe = "colors"\nmeans.delay = 5.0'
        )
    )
    # Whoever runs the tests in the background may have told them to ignore interrupts.
    heed = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    run = project.start("make", "-j", "2", start_new_session=True, preexec_fn=heed)
    while not list((project.store / "artifacts").glob("*/*")):
        assert run.poll() is None
        time.sleep(0.05)
    for _ in range(4):
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGINT)
        time.sleep(0.1)
    out, err = run.communicate(timeout=60)
    # The last one may end the interpreter while it shuts down; shells call that 130 too.
    assert run.returncode in (130, -signal.SIGINT), out + err
    assert err.count("what is finished is kept") == 1
    assert "Traceback" not in err


def test_a_message_with_a_lone_surrogate_fails_its_stage_only(project):
    recipes = project.root / "toy_recipes.py"
    recipes.write_text(
        recipes.read_text().replace("asked to fail", "asked \\udcff\\x1b[31m to fail")
    )
    project.file.write_text(
        project.file.read_text() + '[methods.bad]\nrecipe = "colors"\nscoring.fail = true\n'
    )
    done = project.strata("make", "-k", "-j", "2")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr.replace("The traceback is in", "")
    assert "\x1b" not in done.stderr + done.stdout
    assert "asked \\udcff\\x1b[31m to fail" in done.stderr


@pytest.mark.parametrize("where", ["folder", "options"])
def test_paths_need_not_be_utf8(project, where):
    odd = os.fsdecode(b"od\xffd")
    if where == "folder":
        project.root.joinpath("strata.toml").write_text(
            project.file.read_text().replace('name = "toy"\n', "")
        )
        moved = project.root.with_name(odd)
        project.root.rename(moved)
        project, options, out = Project(moved), [], moved / "out" / odd
    else:
        options = ["--store", f"{odd} store", "--out", f"{odd} out"]
        out = project.root / f"{odd} out" / "toy"
    done = project.strata("make", "-j", "2", *options)
    assert done.returncode == 0, done.stderr
    json.loads((out / "results.json").read_text())
    for command in (
        ["status", *options[:2]],
        ["report", *options],
        ["compare", str(out), str(out)],
    ):
        again = project.strata(*command)
        assert again.returncode == 0, again.stderr
