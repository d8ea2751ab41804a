import re
import zipfile
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from strata.errors import StrataError
from strata.reports import write_report
from strata.reports.model.results import DataSummary, MethodResult, StageRow
from strata.reports.model.scores import Scores
from tests.reports import synthetic

VOID = {"meta", "img", "link", "br", "input", "hr"}


class Checker(HTMLParser):
    """Notes unbalanced tags, ids that come twice and pictures without a text."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.problems, self.text = [], [], [], []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "img" and not found.get("alt"):
            self.problems.append("img without alt")
        if tag == "svg" and not (found.get("aria-label") or found.get("aria-hidden")):
            self.problems.append("svg without label")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes nothing")

    def handle_data(self, data):
        self.text.append(data)


def checked(html: str) -> Checker:
    checker = Checker()
    checker.feed(html)
    problems = checker.problems + [f"<{tag}> stays open" for tag in checker.open]
    problems += [f"id {i} twice" for i in {i for i in checker.ids if checker.ids.count(i) > 1}]
    assert not problems
    return checker


def written(comparison, folder, thumbnail=synthetic.picture) -> str:
    return write_report(comparison, folder, thumbnail=thumbnail).html.read_text("utf-8")


def test_the_report_s_files_are_written_and_nothing_else(tmp_path):
    files = write_report(synthetic.three(), tmp_path / "out" / "new", thumbnail=synthetic.picture)
    assert sorted(p.name for p in files.html.parent.iterdir()) == [
        "report.html",
        "results.csv",
        "results.json",
        "table.md",
        "table.tex",
    ]
    assert files.archive is None
    assert files.figures == []
    assert 0 < files.picture_bytes <= files.picture_budget
    assert files.csv.read_text("utf-8").startswith("rank,method,recipe")


@pytest.mark.parametrize(
    "comparison",
    [synthetic.three(), synthetic.three(2, 40), synthetic.three(30, 12, folds=4),
     synthetic.three(8, 20, repeats=3), synthetic.twenty(per_class=8),
     synthetic.swept(per_class=8)],
    ids=["three", "two-classes", "thirty-classes", "repeats", "twenty", "swept"],
)  # fmt: skip
def test_page_is_well_formed_self_contained_and_small(comparison, tmp_path):
    html = written(comparison, tmp_path)
    checked(html)
    assert len(html.encode()) < 5_000_000
    assert not re.findall(r'(?:src|href)="(?!#|data:image/)[^"]*"', html)
    assert not re.findall(r"url\(|@import|https?://", html)
    assert not re.findall(r"\bnan\b", html.partition("<script>")[0], re.I)


def test_a_zip_holds_the_report_and_full_pictures_that_its_page_leads_to(tmp_path):
    def large(image):
        return np.repeat(np.repeat(synthetic.picture(image), 3, 0), 3, 1)

    files = write_report(synthetic.three(2, 20), tmp_path, thumbnail=large, zipped=True)
    with zipfile.ZipFile(files.archive) as archive:
        assert archive.testzip() is None
        names = {name.removeprefix("scenes/") for name in archive.namelist()}
        page = archive.read("scenes/report.html").decode()
        one = Image.open(archive.open(f"scenes/{min(n for n in names if '/' in n)}"))
    assert {"report.html", "results.csv", "results.json", "table.md", "table.tex"} < names
    led_to = set(re.findall(r'href="(pictures/[^"]+)"', page))
    assert led_to == {name for name in names if name.startswith("pictures/")}
    assert max(one.size) > 300
    checked(page)


def test_an_archive_made_twice_is_the_same(tmp_path):
    for name in "ab":
        write_report(synthetic.three(2, 10), tmp_path / name, thumbnail=synthetic.picture,
                     zipped=True)  # fmt: skip
    assert (tmp_path / "a" / "report.zip").read_bytes() == (
        tmp_path / "b" / "report.zip"
    ).read_bytes()


def test_the_same_results_give_the_same_page(tmp_path):
    first = written(synthetic.three(2, 40), tmp_path / "a")
    assert written(synthetic.three(2, 40), tmp_path / "b") == first


def test_names_are_never_markup(tmp_path):
    nasty = "<script>alert(1)</script> & \"quotes\" 'ünïcode' 漢字 </svg>"
    whole = synthetic.three(2, 40)
    classes = [nasty, "dog<b>"]
    data = replace(
        whole.data,
        name=nasty,
        classes=classes,
        counts={name: {"train": 40} for name in classes},
        sample_ids={nasty: ["train/cat/001.jpg"]},
        findings=[{"code": "<i>", "severity": "issue", "title": nasty, "images": [nasty]}],
    )
    methods = [
        replace(
            whole.methods[0],
            name=nasty,
            recipe=nasty,
            parameters={nasty: nasty},
            stages=[StageRow(nasty, 1.0, "now", 1, 1, {nasty: nasty})],
        ),
        replace(whole.methods[1], name=nasty + "2"),
        MethodResult("lost<i>", "r", error=nasty),
    ]
    run = replace(whole.run, command=nasty, file=nasty, file_text=nasty)
    html = written(replace(whole, title=nasty, data=data, methods=methods, run=run), tmp_path)
    assert "<script>alert" not in html
    assert "dog<b>" not in html
    assert "".join(checked(html).text).count(nasty) > 10


def test_partial_results_make_a_page(tmp_path):
    shape = {"classes": 2, "per_class": 16}
    whole = synthetic.three(**shape)
    scores = synthetic.scores(**shape)
    bare = DataSummary("bare", "", whole.data.classes, {})
    cases = {
        "nothing at all": [],
        "one that failed": [MethodResult("a", "r", error="no weights")],
        "no test set": [replace(m, test=None) for m in whole.methods],
        "no cross-validation": [replace(m, cv=None) for m in whole.methods],
        "no cost": [replace(m, cost=None, stages=[], histories=[]) for m in whole.methods],
        "mixed": [replace(whole.methods[0], cv=None), replace(whole.methods[1], test=None)],
        "failed half-way": [replace(whole.methods[0], test=None, error="stopped")],
        "one class only": [MethodResult("a", "r", cv=scores.where(scores.labels == 0))],
        "one image": [MethodResult("a", "r", cv=scores.where(np.arange(1)))],
        "all right": [MethodResult("a", "r", cv=synthetic.scores(**shape, quality=50.0))],
        "all wrong": [MethodResult("a", "r", cv=synthetic.scores(**shape, quality=-50.0))],
    }
    for name, methods in cases.items():
        html = written(replace(whole, methods=methods), tmp_path)
        checked(html)
        assert all(m.error in html for m in methods if m.error), name
    checked(written(replace(whole, data=bare), tmp_path))


def test_the_overview_counts_the_methods_that_have_results(tmp_path):
    whole = synthetic.three(2, 16)
    assert "<dt>Methods</dt><dd>3</dd>" in written(whole, tmp_path)
    more = [*whole.methods, MethodResult("a", "r", error="no weights")]
    assert "<dt>Methods</dt><dd>3 of 4</dd>" in written(replace(whole, methods=more), tmp_path)


def test_an_unreadable_image_costs_a_picture(tmp_path):
    def lost(image):
        raise FileNotFoundError(image)

    whole = synthetic.three(2, 40)
    bare = replace(whole, methods=[replace(m, visualizations=[]) for m in whole.methods])
    html = written(bare, tmp_path, lost)
    checked(html)
    assert "data:image/jpeg" not in html
    assert "no picture" in html


def test_flagged_images_are_marked_among_those_that_all_methods_miss(tmp_path):
    whole = synthetic.three()
    spoiled = []
    for method in whole.methods:
        values = method.cv.scores.copy()
        row = method.cv.ids.index("train/coast/003.jpg")
        values[row] = np.eye(8)[5]
        spoiled.append(replace(method, cv=Scores(**{**vars(method.cv), "scores": values})))
    html = written(replace(whole, methods=spoiled), tmp_path)
    section = html.split('id="cross-method"')[1].split("</section>")[0]
    place = section.index("train/coast/003.jpg")
    assert "Copies with different labels" in section[place : place + 20_000].split("</figure>")[0]


def test_a_folder_that_cannot_be_written_is_an_error_for_people(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StrataError, match="cannot be written"):
        write_report(synthetic.three(), tmp_path / "file", thumbnail=synthetic.picture)


def test_an_interrupted_write_leaves_the_old_page_and_no_litter(tmp_path, monkeypatch):
    before = written(synthetic.three(2, 30), tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("strata.files.os.replace", full)
    with pytest.raises(StrataError, match="No space left"):
        write_report(synthetic.three(2, 40), tmp_path, thumbnail=synthetic.picture)
    assert (tmp_path / "report.html").read_text("utf-8") == before
    assert len(list(tmp_path.iterdir())) == 5


def test_results_import_without_the_page(tmp_path):
    import subprocess
    import sys

    code = (
        "import sys, strata.reports, strata.reports.model.results;"
        "print([m for m in ('jinja2', 'matplotlib', 'scipy', 'PIL', 'torch') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
