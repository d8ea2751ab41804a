from dataclasses import replace

from strata.reports.comparison.ranking import rank
from strata.reports.comparison.sweeps import sweep_grids, sweeps
from strata.reports.model.results import MethodResult
from strata.reports.page.plots.sweep_plots import grid_sections, joint_sweeps, sweep_sections
from strata.reports.summary.analysis import analyze
from tests.reports import synthetic


def ranked(varied: list[tuple[dict, float]]):
    methods = [
        MethodResult(
            f"m{i}", "r", cv=synthetic.scores(quality=quality), variant_of="m", varied=values
        )
        for i, (values, quality) in enumerate(varied)
    ]
    return rank(replace(synthetic.three(), methods=methods))


def of(varied: list[tuple[dict, float]]):
    return sweeps(ranked(varied))


def test_numbers_are_put_in_order_and_the_best_is_found():
    (sweep,) = of([({"k": 256}, 3.0), ({"k": 16}, 2.0), ({"k": 64}, 2.5)])
    assert sweep.values == [16, 64, 256]
    assert sweep.numeric
    assert sweep.best == 256
    assert [row.method.name for row in sweep.rows] == ["m1", "m2", "m0"]


def test_words_keep_the_order_of_the_file():
    (sweep,) = of([({"kernel": "rbf"}, 2.0), ({"kernel": "linear"}, 2.5)])
    assert sweep.values == ["rbf", "linear"]
    assert not sweep.numeric


def test_truth_values_are_no_numbers():
    (sweep,) = of([({"root": True}, 2.0), ({"root": False}, 2.5)])
    assert not sweep.numeric
    assert sweep.values == [True, False]


def test_a_grid_is_followed_through_its_best_point():
    grid = [({"k": k, "C": c}, 2 + 0.3 * k - 0.4 * (c - 2) ** 2) for k in (1, 2) for c in (1, 2, 3)]
    by_k, by_c = of(grid)
    assert (by_k.parameter, by_k.fixed, by_k.values) == ("k", {"C": 2}, [1, 2])
    assert (by_c.parameter, by_c.fixed, by_c.values) == ("C", {"k": 2}, [1, 2, 3])
    assert by_c.best == 2


def test_one_value_is_no_sweep():
    assert of([({"k": 16}, 2.0)]) == []


def test_a_grid_has_every_variant_in_its_cell():
    varied = [({"k": k, "kind": kind}, 2.0 + k) for kind in ("b", "a") for k in (2, 1)][:-1]
    (grid,) = sweep_grids(ranked(varied))
    assert grid.parameters == ("k", "kind")
    assert grid.values == ([1, 2], ["b", "a"])
    for k, line in zip(grid.values[0], grid.cells, strict=True):
        for kind, row in zip(grid.values[1], line, strict=True):
            assert (row is None) == ((k, kind) == (1, "a"))
            assert row is None or row.method.varied == {"k": k, "kind": kind}


def test_a_grid_of_three_parameters_is_cut_at_the_best_of_the_third():
    varied = [
        ({"a": a, "b": b, "c": c}, 0.5 + 0.4 * (a + b + c))
        for a in (1, 2)
        for b in (1, 2)
        for c in (1, 2)
    ]
    found = sweep_grids(ranked(varied))
    assert [(g.parameters, g.fixed) for g in found] == [
        (("a", "b"), {"c": 2}),
        (("a", "c"), {"b": 2}),
        (("b", "c"), {"a": 2}),
    ]


def test_a_line_is_no_grid():
    assert sweep_grids(ranked([({"k": 1, "C": 1}, 2.0), ({"k": 2, "C": 1}, 2.5)])) == []


def test_sweeps_are_drawn_with_what_the_paper_gives_and_together_where_methods_share_them():
    analysis = analyze(synthetic.swept(per_class=8))
    sections = sweep_sections(analysis)
    of_words = next(s for s in sections if s["sweep"].parameter == "words")
    assert of_words["drawing"].count('class="cross"') == 3
    assert [row["paper"] for row in of_words["rows"]] == ["80.0"] * 3
    (grid,) = grid_sections(analysis)
    assert grid["drawing"].count("<rect") == 9
    (together,) = joint_sweeps(analysis)
    assert together["parameter"] == "images"
    assert together["drawing"].count("<path") == 2
