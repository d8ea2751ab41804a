"""The demo in small: from drawn scenes to the page, with the methods that it really compares."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[1] / "experiments" / "demo.toml"
SMALL = [
    "data.per_class=12",
    "data.size=96",
    "protocol.folds=3",
    "bovw.codebook.n_words=32",
    "fisher.mixture.n_components=8",
    "fisher.mixture.n_dims=24",
    "tinynet.network.epochs=4",
]


@pytest.mark.slow
def test_the_demo_makes_a_page_that_compares_its_methods(tmp_path):
    settings = [part for setting in SMALL for part in ("--set", setting)]
    places = ["--store", str(tmp_path / "store"), "--out", str(tmp_path / "out")]
    command = [sys.executable, "-m", "strata", "make", "-j2", "-f", str(DEMO), *settings, *places]
    first = subprocess.run(command, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stderr
    out = tmp_path / "out" / "demo"
    page = (out / "report.html").read_text()
    assert len(page) < 5e6
    results = json.loads((out / "results.json").read_text())
    names = {m["name"] for m in results["methods"]}
    assert names == {"bovw", "fisher", "tinynet", "efficientnet"}
    for method in results["methods"]:
        assert method["error"] is None
        assert method["name"] in page
    assert (out / "results.csv").read_text().count("\n") >= 4
    second = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Nothing to be done" in second.stdout
