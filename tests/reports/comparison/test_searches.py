"""Random searches in a report."""

import re
from dataclasses import replace

import numpy as np
import pytest

from strata.reports.checks import CHECKS
from strata.reports.checks.base import run_checks
from strata.reports.comparison.ranking import rank
from strata.reports.comparison.searches import (
    best_so_far,
    edges,
    importance,
    mean_accuracies,
    picked_by,
    unit_value,
    unit_values,
)
from strata.reports.model.results import SearchedParameter, SearchResult
from strata.reports.page.plots.search_plots import (
    importance_drawing,
    parallel_coordinates_drawing,
    search_section,
    trials_drawing,
)
from strata.reports.summary.analysis import analyze
from strata.reports.writer import write_report
from tests.reports import synthetic

C = SearchedParameter("classifier.C", 0.01, 100.0, log=True)
SHARE = SearchedParameter("reduction.share", 0.0, 1.0)
KERNEL = SearchedParameter("classifier.kernel", values=["linear", "rbf", "chi_square"])


def search(
    trials: int = 20, *, of=lambda c, share, kernel: 0.8 - 0.1 * abs(c), seed=0
) -> SearchResult:
    """Accuracy is a function of log10 C, share and kernel; three folds and the final one."""
    rng = np.random.default_rng(seed)
    drawn, right = [], []
    for _ in range(trials):
        c, share, kernel = rng.uniform(-2, 2), rng.uniform(), int(rng.integers(3))
        drawn.append(
            {C.name: 10.0**c, SHARE.name: share, KERNEL.name: KERNEL.values[kernel]},
        )
        right.append(of(c, share, kernel))
    table = np.array([right] * 4)
    return SearchResult([C, SHARE, KERNEL], drawn, ["fold 1", "fold 2", "fold 3", "final"],
                  [False] * 3 + [True], table, table.argmax(axis=1).tolist())  # fmt: skip


def test_the_mean_is_over_cross_validation_and_the_best_so_far_never_falls():
    found = replace(search(4), accuracies=np.array([[1, 2, 3, 0], [3, 2, 1, 0], [2, 2, 5, 0],
                                                    [9, 9, 9, 9]]) / 10)  # fmt: skip
    assert mean_accuracies(found) == pytest.approx([0.2, 0.2, 0.3, 0.0])
    assert best_so_far(found) == pytest.approx([0.2, 0.2, 0.3, 0.3])
    alone = replace(found, folds=["final"], final=[True], accuracies=found.accuracies[3:])
    assert mean_accuracies(alone) == pytest.approx([0.9] * 4)


def test_places_go_from_0_to_1():
    assert [unit_value(C, v) for v in (0.01, 1.0, 100.0)] == pytest.approx([0, 0.5, 1])
    assert unit_value(SHARE, 0.25) == 0.25
    assert [unit_value(KERNEL, v) for v in KERNEL.values] == [0, 0.5, 1]
    assert unit_value(SearchedParameter("a", values=["only"]), "only") == 0


@pytest.mark.parametrize(
    ("column", "of"),
    [
        (0, lambda c, share, kernel: 0.8 + 0.05 * c),
        (1, lambda c, share, kernel: 0.8 - 0.3 * share**2),
        (2, lambda c, share, kernel: 0.6 + 0.1 * kernel),
    ],
)
def test_what_alone_decides_is_what_matters(column, of):
    shares = list(importance(search(40, of=of)).values())
    assert int(np.argmax(shares)) == column
    assert shares[column] > 0.8
    assert sum(shares) - shares[column] < 0.15


def test_importance_is_the_share_of_variance_of_an_additive_function():
    # Of a sum of independent parts, each part's variance is its share of the whole.
    found = search(150, of=lambda c, share, kernel: 0.1 * c + 0.3 * share)
    X = unit_values(found)
    parts = np.var(0.4 * X[:, 0]), np.var(0.3 * X[:, 1])
    shares = importance(found)
    assert shares[C.name] == pytest.approx(parts[0] / sum(parts), abs=0.1)
    assert shares[SHARE.name] == pytest.approx(parts[1] / sum(parts), abs=0.1)


def test_no_importance_of_few_or_equal_trials():
    assert importance(search(9)) is None
    assert importance(search(20, of=lambda *_: 0.5)) is None
    assert importance_drawing(search(9)) is None


def test_of_pure_noise_nothing_is_said():
    """Accuracies that hang on nothing: 5 of 100 such searches of 12 trials pass at 5 %."""
    alarms = 0
    for seed in range(12):
        rng = np.random.default_rng(1000 + seed)
        noise = search(12, of=lambda *_, rng=rng: rng.normal(0.8, 0.02), seed=seed)
        alarms += importance(noise) is not None
    assert alarms <= 1


def test_the_page_says_that_nothing_can_be_said(tmp_path):
    comparison = synthetic.three(per_class=4)
    methods = [replace(comparison.methods[0], search=search(9))]
    files = write_report(
        replace(comparison, methods=methods), tmp_path, thumbnail=synthetic.picture
    )
    assert "Parameter importance: nothing can be said." in files.html.read_text("utf-8")


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (lambda c, *_: 0.5 + 0.1 * c, [("classifier.C", "upper", 4)]),
        (lambda c, *_: 0.5 - 0.1 * c, [("classifier.C", "lower", 4)]),
        (lambda c, *_: 0.5 - 0.1 * abs(c), []),
        (lambda c, share, kernel: 0.1 * kernel - 0.01 * abs(c), []),
    ],
)
def test_a_search_that_picks_at_the_edge_is_a_tip(of, said):
    found = search(200, of=of)
    if any(p.name != "classifier.C" for p, _, _ in edges(found)):
        found = replace(found, parameters=[C, KERNEL])  # the rest is chance
    assert [(p.name, side, count) for p, side, count in edges(found)] == said
    method = replace(synthetic.three(per_class=4).methods[0], search=found)
    ranking = rank(replace(synthetic.three(per_class=4), methods=[method]))
    (check,) = (c for c in run_checks(ranking, CHECKS) if c.code == "R14")
    assert check.severity == ("tip" if said else "passed")
    if said:
        assert "4 of 4 folds picked classifier.C near" in check.sentences[0]


def test_without_a_range_the_edge_is_not_asked_for():
    ranking = rank(synthetic.three(per_class=4))
    (check,) = (c for c in run_checks(ranking, CHECKS) if c.code == "R14")
    assert check.severity == "not applicable"


def test_drawings_hold_every_trial():
    found = search(20)
    assert trials_drawing(found).count("<circle") == 20
    lines = parallel_coordinates_drawing(found)
    assert lines.count("<path") == 20
    assert lines.count('class="line warm"') == 1
    assert len(re.findall('class="axis"', lines)) == 4
    for text in ("0.01", "100", "chi_square", "kernel", "accuracy"):
        assert text in lines
    assert trials_drawing(search(1)).count("<circle") == 1
    assert parallel_coordinates_drawing(search(1)).count("<path") == 1


def test_the_table_is_best_first_with_the_folds_that_picked():
    found = search(12)
    rows = search_section(found)["rows"]
    best = int(np.argmax(mean_accuracies(found)))
    assert rows[0]["number"] == best + 1
    assert rows[0]["picked"] == "fold 1, fold 2, fold 3 and final"
    assert all(row["picked"] == "" for row in rows[1:])
    assert picked_by(found, best) == found.folds


def test_the_page_and_the_figures_have_the_search(tmp_path):
    comparison = synthetic.three(per_class=4)
    methods = [replace(comparison.methods[0], search=search(20))]
    files = write_report(
        replace(comparison, methods=methods),
        tmp_path,
        thumbnail=synthetic.picture,
        figures=tmp_path / "figures",
    )
    page = files.html.read_text("utf-8")
    assert page.count("Random search <small>20 trials") == 1
    assert "Parameters of bovw were chosen by random search" in page
    assert "Bergstra, James" in page
    assert {path.stem for path in files.figures if "search" in path.stem} == {
        "bovw-search-history",
        "bovw-search-parallel-coordinates",
    }
    assert analyze(comparison).comparison.methods[0].search is None
