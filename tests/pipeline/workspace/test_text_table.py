"""Tables as plain text."""

from strata.pipeline.workspace.text_table import table_lines


def test_columns_stand_below_each_other():
    lines = table_lines(["name", "n"], [["a", "10"], ["long", "1"]])
    assert lines == ["name   n", "a     10", "long   1"]
