"""Formats of predictions, read back."""

import csv
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.pipeline.cli.terminal.predictions import CsvRows, JsonLines, TableRows
from strata.pipeline.prediction.classify import Prediction
from strata.pipeline.workspace.console import Terminal

CLASSES = ("a,b", "c", 'd"')


def prediction(path: str, *scores: float, probabilities: bool = True, **more) -> Prediction:
    values = np.array(scores)
    return Prediction(path, values, values / 10 if probabilities else None, **more)


def written(kind, predictions, top=None) -> tuple[list[str], str]:
    """Lines on stdout, and text on stderr."""
    out, err = printed(kind, predictions, top)
    return out.splitlines(), err


def printed(kind, predictions, top=None) -> tuple[str, str]:
    out, err = io.StringIO(newline=""), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", out)
        patch.setattr("sys.stderr", err)
        output = kind(Terminal(), Terminal(stderr=True), CLASSES, top)
        for one in predictions:
            output.write(one)
        output.end()
    return out.getvalue(), err.getvalue()


FLOATS = st.floats(-1e6, 1e6)
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1)
PREDICTIONS = st.lists(
    st.one_of(
        st.builds(lambda name, s: prediction(name, *s), NAMES, st.tuples(FLOATS, FLOATS, FLOATS)),
        st.builds(lambda name, reason: Prediction(name, problem=reason), NAMES, NAMES),
    )
)


@given(PREDICTIONS)
def test_json_lines_hold_every_prediction_exactly(predictions):
    lines, _ = written(JsonLines, predictions)
    assert len(lines) == len(predictions)
    for line, one in zip(map(json.loads, lines), predictions, strict=True):
        assert line["image"] == one.path
        assert line.get("problem", "") == one.problem
        if not one.problem:
            found = line["probabilities"]
            assert [found[name] for name in CLASSES] == one.probabilities.tolist()
            assert line["class"] == next(iter(found)) == CLASSES[one.scores.argmax()]


@given(PREDICTIONS)
def test_csv_holds_every_prediction_exactly(predictions):
    text, _ = printed(CsvRows, predictions)
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert header == ["path", "class", "probability", *CLASSES]
    for row, one in zip(rows, predictions, strict=True):
        assert row[0] == one.path
        if one.problem:
            assert row[1:] == [""] * 5
        else:
            assert row[1] == CLASSES[one.scores.argmax()]
            assert [float(cell) for cell in row[3:]] == one.probabilities.tolist()
            assert float(row[2]) == one.probabilities[one.scores.argmax()]


def test_scores_are_said_to_be_scores():
    one = prediction("x.png", -1.5, 2.25, -3, probabilities=False)
    assert written(CsvRows, [one])[0] == [
        'path,class,score,"a,b",c,"d"""',
        "x.png,c,2.25,-1.5,2.25,-3.0",
    ]
    assert json.loads(written(JsonLines, [one])[0][0])["scores"] == {
        "c": 2.25,
        "a,b": -1.5,
        'd"': -3,
    }
    assert written(TableRows, [one])[0] == [
        f"{'image':40}  class  score    second",
        f"{'x.png':40}  c       2.25  a,b -1.50",
    ]


@pytest.mark.parametrize(
    ("top", "header", "row"),
    [
        (1, "path,class,probability", "x.png,c,0.3"),
        (2, "path,class,probability,class_2,probability_2", 'x.png,c,0.3,"a,b",0.2'),
        (9, "path,class,probability,class_2,probability_2,class_3,probability_3", None),
    ],
)
def test_the_best_classes(top, header, row):
    one = prediction("x.png", 2, 3, 1)
    lines, _ = written(CsvRows, [one, Prediction("y.png", problem="gone")], top)
    assert lines[0] == header
    assert row in (None, lines[1])
    assert len(next(csv.reader([lines[2]]))) == header.count(",") + 1
    found = json.loads(written(JsonLines, [one], top)[0][0])["probabilities"]
    assert list(found) == ["c", "a,b", 'd"'][:top]
    columns = written(TableRows, [one], top)[0][0].split()
    assert columns == ["image", "class", "probability", "second", "third"][: 2 + min(top, 3)]


def test_problems_and_flat_images():
    given = [
        Prediction("gone.png", problem="no such file"),
        prediction("wall.png", 1, 2, 3, flat=True),
    ]
    lines, told = written(CsvRows, given)
    assert lines[1] == "gone.png,,,,,"
    assert told.splitlines() == [
        "gone.png: no such file",
        "wall.png: nearly flat, so its class and score say little",
    ]
    lines, told = written(TableRows, given)
    assert lines[0] == "gone.png: no such file"
    assert lines[3] == "wall.png: nearly flat, so its class and score say little"
    assert not told
    objects = [json.loads(line) for line in written(JsonLines, given)[0]]
    assert objects[0] == {"image": "gone.png", "problem": "no such file"}
    assert objects[1]["flat"] is True


def test_nothing_but_problems():
    gone = Prediction("gone\n.png", problem="no such file")
    header, row = csv.reader(io.StringIO(printed(CsvRows, [gone])[0]))
    assert header[:3] == ["path", "class", "probability"]
    assert row == ["gone\n.png", *[""] * 5]
    assert written(TableRows, [gone])[0] == [r"gone\n.png: no such file"]


def test_columns_of_a_table_are_as_wide_as_their_cells():
    def line(path):
        return prediction(path, 1, 2, 3)

    output = TableRows(Terminal(), Terminal(stderr=True), CLASSES, 1)
    output.fit_names(["long name.png", "東京.png"])
    lines = []
    output._line = lambda text, style=None: lines.append(text)
    for path in ("東京.png", "long name.png", "a much longer name.png", "x"):
        output.write(line(path))
    assert lines == [
        "image          class  probability",
        '東京.png       d"            0.30',
        'long name.png  d"            0.30',
        'a much longer name.png  d"            0.30',
        'x                       d"            0.30',
    ]


def test_rows_are_aligned_where_the_paths_are_not_known():
    names = ["a.png", "photos/of/the/sea/in/winter.png"]
    (header, *rows), _ = written(TableRows, [prediction(name, 9, 1, 0) for name in names])
    assert {row.index("a,b") for row in rows} == {header.index("class")}
