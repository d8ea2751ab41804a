"""Plain tables."""

from strata.pipeline.cli.terminal.table import print_table
from strata.pipeline.workspace.console import Terminal


def test_a_row_is_one_line_and_columns_stand_below_each_other(capsys):
    rows = [["a\nb", "1"], ["[red]:cat:", "2"], ["東京", "3"], ["\x1b[2J", "4"]]
    print_table(Terminal(), ["class", "n"], rows)
    lines = ["class       n", "a\\nb        1", "[red]:cat:  2", "東京        3", "\\x1b[2J     4"]
    assert capsys.readouterr().out.splitlines() == lines
