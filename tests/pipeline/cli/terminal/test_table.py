"""Plain tables."""

import io

from rich.console import Console

from strata.pipeline.cli.terminal.table import print_table


def test_a_row_is_one_line_and_columns_stand_below_each_other():
    out = io.StringIO()
    rows = [["a\nb", "1"], ["[red]", "2"], ["東京", "3"]]
    print_table(Console(file=out, soft_wrap=True), ["class", "n"], rows)
    assert out.getvalue().splitlines() == ["class  n", "a\\nb   1", "[red]  2", "東京   3"]
