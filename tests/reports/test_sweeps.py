from dataclasses import replace

import synthetic

from strata.reports.ranking import rank
from strata.reports.results import Method
from strata.reports.sweeps import sweeps


def of(varied: list[tuple[dict, float]]):
    methods = [
        Method(f"m{i}", "r", cv=synthetic.scores(quality=quality), variant_of="m", varied=values)
        for i, (values, quality) in enumerate(varied)
    ]
    return sweeps(rank(replace(synthetic.three(), methods=methods)))


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


def test_a_grid_is_followed_through_its_best_point():
    grid = [({"k": k, "C": c}, 2 + 0.3 * k - 0.4 * (c - 2) ** 2) for k in (1, 2) for c in (1, 2, 3)]
    by_k, by_c = of(grid)
    assert (by_k.parameter, by_k.fixed, by_k.values) == ("k", {"C": 2}, [1, 2])
    assert (by_c.parameter, by_c.fixed, by_c.values) == ("C", {"k": 2}, [1, 2, 3])
    assert by_c.best == 2


def test_one_value_is_no_sweep():
    assert of([({"k": 16}, 2.0)]) == []
