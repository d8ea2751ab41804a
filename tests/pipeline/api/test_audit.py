"""`strata.audit`: findings of the command line, as an object."""

import json
import shutil
import subprocess
import sys

import strata
from tests.pipeline.project import write_images


def test_findings_are_those_of_the_command(tmp_path):
    write_images(tmp_path / "photos", per_class=3)
    shutil.copy(tmp_path / "photos/blue/000.png", tmp_path / "photos/gray/copy.png")
    found = strata.audit(tmp_path / "photos", folds=2, jobs=1, progress=False)
    command = [sys.executable, "-m", "strata", "data", "audit", "photos", "--folds", "2"]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert printed.returncode == found.has_errors
    as_printed = repr(found).replace("findings has all", "--json lists all")
    assert as_printed == printed.stdout.rstrip()
    told = subprocess.run([*command, "--json"], cwd=tmp_path, capture_output=True, text=True)
    codes = [f["code"] for f in json.loads(told.stdout)["findings"]]
    assert [f.code for f in found.findings] == codes
    assert "contradiction" in codes
    assert list(found.table()["code"]) == codes
    assert found.counts["gray"] == {"unsplit": 4}
    page = found._repr_html_()
    assert "contradiction" in page
    assert "gray/copy.png" in page


def test_remedies_name_what_there_is_in_python(tmp_path):
    write_images(tmp_path / "photos", per_class=2)
    (tmp_path / "photos/blue/broken.png").write_bytes(b"no image")
    found = strata.audit(tmp_path / "photos", folds=2, jobs=1, progress=False)
    (remedy,) = [f.remedy for f in found.findings if f.code == "unreadable"]
    assert 'settings={"data.skip_broken": True}' in remedy
