"""Remarks on how the folders were read, in `make` and in the findings of the report."""

import pytest

from strata.pipeline.cli import make
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.reporting.audit_findings import audit_findings
from tests.pipeline.data.folders import write_classes


@pytest.fixture
def workspace(project):
    images = project.root / "images"
    images.rename(project.root / "train")
    images.mkdir()
    (project.root / "train").rename(images / "train")
    write_classes(images, {"val/blue": 1, "val/Green": 6, "test": 1})
    return Workspace.at(project.file, [], None, None, 1, False)


SAID = [
    "1 image of test/ in no class folder, so without labels, left out (`strata predict` classifies "
    "them)",
    "used as training images, as folds are drawn from them: val",
    "no test/ folder with classes: the images count as not split",
]


def test_make_says_what_is_left_out_and_doubtful(workspace, capsys):
    make._print_remarks(workspace)
    assert capsys.readouterr().err.splitlines() == [
        *(f"note: {note}" for note in SAID),
        "warning: Classes whose names differ only in case, spaces or Unicode form: 'Green' and "
        "'green'",
    ]


def test_the_report_says_it_too(workspace):
    found = audit_findings(workspace.dataset.manifest, workspace.experiment, workspace.store)
    tips = [finding["title"] for finding in found if finding["code"] == "layout"]
    assert tips == [note[0].upper() + note[1:] for note in SAID]
