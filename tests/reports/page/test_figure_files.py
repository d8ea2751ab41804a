"""Drawings as files: readable without the page, in SVG and PDF."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from strata.reports.page.figure_files import write_figures
from strata.reports.page.plots.method_markers import marker
from strata.reports.page.plots.svg import drawing, element
from strata.reports.page.plots.svg_styles import SPACE, styled
from strata.reports.summary.analysis import analyze
from tests.reports import synthetic


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    swept = synthetic.swept(per_class=8)
    analysis = analyze(replace(swept, methods=swept.methods[:6] + swept.methods[9:13]))
    files, missing = write_figures(analysis, tmp_path_factory.mktemp("figures") / "new")
    assert missing == ""
    return files


def test_every_drawing_is_there_twice_under_a_plain_name(figures):
    assert all(path.is_file() for path in figures)
    stems = [path.stem for path in figures if path.suffix == ".svg"]
    assert stems == [path.stem for path in figures if path.suffix == ".pdf"]
    assert len(set(stems)) == len(stems)
    assert all(re.fullmatch(r"[a-z0-9-]+", stem) for stem in stems)
    assert {"critical-difference", "agreement", "accuracy-and-fit-time", "bovw-by-words-and-kernel",
            "sweep-of-images", "bovw-64-linear-confusion-cv",
            "validation-accuracy-by-epoch"} <= set(stems)  # fmt: skip


def test_svg_needs_nothing_of_the_page(figures):
    for path in figures:
        if path.suffix == ".svg":
            text = path.read_text("utf-8")
            root = ElementTree.fromstring(text)
            assert root.tag == f"{{{SPACE}}}svg"
            assert "class=" not in text
            assert "var(" not in text
            drawn = [e for e in root.iter() if e.tag.rpartition("}")[2] in ("text", "rect")]
            assert all(e.get("fill") for e in drawn)


def test_pdf_is_one_page_of_the_drawing_s_size_with_text_as_text(figures):
    path = next(p for p in figures if p.name == "critical-difference.pdf")
    data = path.read_bytes()
    assert data.startswith(b"%PDF")
    assert data.count(b"/Type /Page\n") + data.count(b"/Type /Page ") == 1
    root = ElementTree.fromstring(path.with_suffix(".svg").read_text("utf-8"))
    (box,) = re.findall(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+)", data)
    expected = [0.75 * float(root.get(side)) for side in ("width", "height")]
    assert [float(v) for v in box] == pytest.approx(expected, abs=0.5)
    assert b"/Font" in data


def test_of_several_rules_the_one_for_most_classes_wins():
    parts = [marker("deep", 5, 5, 4, on=True), element("text", "a", class_="label on")]
    root = styled(drawing(10, 10, parts, "a"))
    polygon, text = list(root)
    assert polygon.get("fill") == "#b5460f"  # not the accent of other filled marks
    assert text.get("font-weight") == "600"
    assert root.get("font-size") == "12px"


def test_names_that_differ_in_signs_only_have_files_of_their_own(tmp_path):
    whole = synthetic.three(classes=2, per_class=4, folds=2)
    methods = [
        replace(whole.methods[0], name=name, visualizations=[]) for name in ("a+b", "a-b", "a-b-2")
    ]
    files, _ = write_figures(analyze(replace(whole, methods=methods)), tmp_path)
    assert len({path.name.lower() for path in files}) == len(files)
