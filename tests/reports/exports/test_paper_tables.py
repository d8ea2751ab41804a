import html
import re
from dataclasses import replace

import numpy as np
import pytest

from strata.reports import analyze, latex_table, markdown_table
from strata.reports.exports.paper_tables import markdown_escaped
from tests.reports import synthetic


@pytest.fixture(scope="module")
def odd():
    """Names that mean something to Markdown and LaTeX."""
    whole = synthetic.three(per_class=16)
    names = ["a|b*c", "50%_& co", "{x}^2 ~ $y$ #1 \\z <b>"]
    methods = [replace(m, name=n) for m, n in zip(whole.methods, names, strict=True)]
    return analyze(replace(whole, name="50 % of {a}\\#1", methods=methods))


def test_markdown_has_one_cell_per_column_whatever_the_names(odd):
    table = markdown_table(odd).split("\n\n")[0].splitlines()
    assert len(table) == 2 + 3
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1
    assert r"a\|b\*c" in "".join(table)


def test_latex_has_one_cell_per_column_and_no_bare_special_sign(odd):
    text = latex_table(odd)
    rows = re.findall(r"^(.*) \\\\$", text, re.M)
    columns = re.search(r"\\begin\{tabular\}\{(\w+)\}", text)[1]
    assert len(rows) == 1 + 3
    assert all(len(re.findall(r"(?<!\\)&", row)) == len(columns) - 1 for row in rows)
    assert not re.findall(r"(?<!\\)[%#_]", text)
    assert text.count("{") == text.count("}") + text.count(r"\{") - text.count(r"\}")
    assert text.count(r"\begin") == text.count(r"\end") == 2


def test_latex_prints_the_near_best_in_bold():
    text = latex_table(analyze(synthetic.three()))
    assert re.findall(r"\\textbf\{(\w+)\}", text) == ["fisher", "tinynet"]


def test_the_caption_says_what_was_repeated_and_nothing_of_a_single_method():
    once, thrice = (synthetic.three(per_class=8, repeats=n) for n in (1, 3))
    assert "over 8 folds with" in latex_table(analyze(once))
    assert "over 8 folds, repeated with 3 seeds, with" in latex_table(analyze(thrice))
    first = thrice.methods[0]
    fold = (first.cv.fold + first.cv.repeat * np.arange(len(first.cv.fold))) % 8
    anew = replace(thrice, methods=[replace(first, cv=replace(first.cv, fold=fold))])
    text = latex_table(analyze(anew))
    assert "over 8 folds, repeated with 3 draws of the folds, with" in text
    assert "Bold" not in text


@pytest.mark.parametrize(
    "text",
    [
        "see https://example.org/x?a=1",
        "HTTP://EXAMPLE.ORG",
        "www.example.org",
        "mail me@example.org",
        "[label](javascript:alert(1))",
        "![](http://example.org/p.png)",
        "<https://example.org>",
        "`code` ~~gone~~ \\*",
        "&lt;b&gt; \x1b[31m",
    ],
)
def test_markdown_makes_nothing_of_a_name(text):
    """Every character that could open a link, an image or markup is escaped."""
    escaped = markdown_escaped(text)
    assert not re.search(r"(?<!\\)[\[\]`*_~@|]|[<>\x1b]|://|www\.|&(?!amp;|lt;|gt;)", escaped, re.I)
    shown = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escaped)
    assert html.unescape(shown).replace("\\x1b", "\x1b") == text
