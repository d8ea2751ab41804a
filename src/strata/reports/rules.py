"""The questions that `checks` asks of every comparison."""

from collections.abc import Iterator

import numpy as np

from strata.reports.checks import Finding, NotApplicable, rule
from strata.reports.convergence import History, trouble
from strata.reports.evaluation import Evaluation
from strata.reports.folds import odd_folds
from strata.reports.intervals import Interval, wilson
from strata.reports.metrics import majority_rate
from strata.reports.ranking import Ranking
from strata.reports.searches import edges
from strata.reports.sweeps import sweeps
from strata.reports.text import listing, number_of, parameter, percent, percent_range

GAP = 0.10
#: By so much a method must be able to beat a constant answer, for all that the interval says.
WORTH_HAVING = 0.10
MISCALIBRATED = 0.10
DEAD, MOSTLY_DEAD = 0.25, 0.5


@rule(
    "R01",
    "Methods without results",
    "A comparison says nothing about the methods that are missing from it.",
    "Read the error, mend its cause and run again: what is done already is kept.",
)
def failed(ranking: Ranking) -> Iterator[Finding]:
    """Methods with an error."""
    for method in ranking.comparison.methods:
        if method.error:
            yield Finding("issue", f"{method.name}: {method.error}", method.name)


@rule(
    "R05",
    "Folds far from the others",
    "A fold far from the others points at odd images in it, or at a fit that broke down.",
    "Look at that fold's mistakes and at its training history.",
)
def odd_fold(ranking: Ranking) -> Iterator[Finding]:
    """A fold whose accuracy is further from the other folds' than its images explain."""
    tables = {
        row.method.name: row.evaluations["cv"].folds
        for row in ranking.rows
        if "cv" in row.evaluations
    }
    if not any(table and table.accuracy.shape[1] > 1 for table in tables.values()):
        raise NotApplicable("nothing was cross-validated over two folds or more")
    for name, table in tables.items():
        for odd in odd_folds(table) if table else []:
            yield Finding(
                "tip",
                f"{name}: {percent(odd.accuracy)} % in fold {odd.fold + 1}, "
                f"{percent(odd.others)} % in the others.",
                name,
            )


@rule(
    "R06",
    "Gap between training and held-out images",
    f"A gap above {100 * GAP:.0f} points, beyond the interval, means that the method has learned "
    "its images by heart.",
    "Regularise more, augment, take a smaller model, or collect more images.",
)
def train_gap(ranking: Ranking) -> Iterator[Finding]:
    """Training accuracy far above all that held-out accuracy may be."""
    rows = [row for row in ranking.rows if row.method.training_accuracy is not None]
    if not rows:
        raise NotApplicable("no method reports its accuracy on the training images")
    for row in rows:
        training = row.method.training_accuracy
        held_out = next(iter(row.evaluations.values()))
        interval = _interval(held_out)
        if training is not None and training - interval.high > GAP:
            yield Finding(
                "tip",
                f"{row.method.name}: {percent(training)} % on the images that it was fitted on, "
                f"{percent(held_out.accuracy)} % ({percent_range(interval)}) on held-out ones.",
                row.method.name,
            )


@rule(
    "R02",
    "Against naming the largest class",
    "A method that does not beat a constant answer has learned nothing of use.",
    "Look at its training curve, its learning rate and whether its labels are in order.",
)
def no_better_than_majority(ranking: Ranking) -> Iterator[Finding]:
    """Not above the rate of the largest class, or too few images to tell.

    An issue only where the interval leaves no room for a gain worth having. Test images alone
    raise no doubt about what cross-validation has shown.
    """
    for row in ranking.rows:
        for evaluation in row.evaluations.values():
            rate = majority_rate(evaluation.scores.labels)
            interval = _interval(evaluation)
            if interval.low > rate:
                break
            useless = interval.high < rate + WORTH_HAVING
            yield Finding(
                "issue" if useless else "tip",
                f"{row.method.name}: {percent(evaluation.accuracy)} % "
                f"({percent_range(interval)}); always naming the largest class gives "
                f"{percent(rate)} %"
                + (
                    "."
                    if useless
                    else f", and {number_of(evaluation.images, 'image')} are too few to tell."
                ),
                row.method.name,
            )


def _interval(evaluation: Evaluation) -> Interval:
    """The evaluation's interval; where folds give none, as if the images were test images."""
    if np.isfinite(evaluation.interval.low):
        return evaluation.interval
    return wilson(evaluation.accuracy * evaluation.images, evaluation.images)


@rule(
    "R03",
    "Classes that are never recognised",
    "The accuracy may look fine while a class is lost altogether.",
    "Look at the class's images and their number; weigh classes, or collect more of it.",
)
def never_right(ranking: Ranking) -> Iterator[Finding]:
    """Classes of which no image is recognised."""
    classes = ranking.comparison.data.classes
    for row in ranking.rows:
        evaluation = next(iter(row.evaluations.values()))
        lost = np.flatnonzero(evaluation.per_class.recall == 0)
        if lost.size:
            names = listing(classes[c] for c in lost)
            yield Finding(
                "issue",
                f"{row.method.name} gets no image of {names} right.",
                row.method.name,
            )


@rule(
    "R04",
    "Test against cross-validation",
    "Test images that score far lower come from elsewhere, or copies on both sides of the "
    "folds made cross-validation too good.",
    "Audit the data for copies, and compare how the two sets were taken.",
)
def test_far_below(ranking: Ranking) -> Iterator[Finding]:
    """Test accuracy that lies wholly below the cross-validated interval."""
    rows = [row for row in ranking.rows if {"cv", "test"} <= set(row.evaluations)]
    if not rows:
        raise NotApplicable("no method has both cross-validated and test scores")
    for row in rows:
        cv, test = row.evaluations["cv"], row.evaluations["test"]
        if test.interval.high < cv.interval.low:
            yield Finding(
                "issue",
                f"{row.method.name}: {percent(cv.accuracy)} % ({percent_range(cv.interval)}) in "
                f"cross-validation, {percent(test.accuracy)} % "
                f"({percent_range(test.interval)}) on the test images.",
                row.method.name,
            )


@rule(
    "R08",
    "Methods that cannot be told from the best",
    "Among methods that cannot be told apart, the order in the table is luck.",
    "Choose by cost, or add repeats and images.",
)
def within_noise(ranking: Ranking) -> Iterator[Finding]:
    """Methods that cannot be told from the best."""
    if len(ranking.rows) < 2:
        raise NotApplicable("there is one method only")
    tied = [row.method.name for row in ranking.rows if row.standing == "tied"]
    if tied and ranking.best:
        yield Finding(
            "tip",
            f"{listing(tied)} cannot be told from {ranking.best.method.name} by these results.",
            ranking.best.method.name,
        )


@rule(
    "R09",
    "Choice on the test images",
    "The best of several test accuracies is too good an estimate of itself.",
    "Rank by cross-validation, and look at the test images once, at the end.",
)
def chosen_on_test(ranking: Ranking) -> Iterator[Finding]:
    """Several methods, compared on test images alone."""
    if len(ranking.rows) < 2:
        raise NotApplicable("there is one method only")
    if ranking.basis == "test":
        yield Finding("tip", f"{len(ranking.rows)} methods are ranked by their test accuracy.")


@rule(
    "R10",
    "Sweeps whose best value is at their edge",
    "At the edge, a better value may lie just outside.",
    "Extend the sweep on that side.",
)
def sweep_edge(ranking: Ranking) -> Iterator[Finding]:
    """The best value of a sweep is its smallest or largest."""
    found = [sweep for sweep in sweeps(ranking) if sweep.numeric]
    if not any(len(sweep.values) > 2 for sweep in found):
        raise NotApplicable("no sweep over three numbers or more")
    for sweep in found:
        best = sweep.best
        if len(sweep.values) > 2 and best in (sweep.values[0], sweep.values[-1]):
            side = "smallest" if best == sweep.values[0] else "largest"
            yield Finding(
                "tip",
                f"{sweep.method}: the best {sweep.parameter} is {parameter(best)}, the {side} "
                f"of {number_of(len(sweep.values), 'value')}.",
                sweep.method,
            )


@rule(
    "R14",
    "Searches that pick at the edge of a range",
    "At the edge, a better value may lie just outside.",
    "Widen the range on that side.",
)
def search_edge(ranking: Ranking) -> Iterator[Finding]:
    """A parameter whose outermost values were picked by most folds."""
    searched = [(row.method.name, row.method.search) for row in ranking.rows if row.method.search]
    if not any(not p.values for _, search in searched if search for p in search.parameters):
        raise NotApplicable("no search over a range of numbers")
    for name, search in searched:
        for searched_for, side, count in edges(search) if search else ():
            end = searched_for.low if side == "lower" else searched_for.high
            yield Finding(
                "tip",
                f"{name}: {count} of {number_of(len(search.picked), 'fold')} picked "
                f"{searched_for.name} near {parameter(end)}, the {side} end of its range.",
                name,
            )


@rule(
    "R07",
    "End of training",
    "A network that was stopped half-way, or whose loss blew up, says little about the method.",
    "Train longer, or lower the learning rate.",
)
def not_converged(ranking: Ranking) -> Iterator[Finding]:
    """Training that broke down or was still under way at its end."""
    rows = [row for row in ranking.rows if row.method.histories]
    if not rows:
        raise NotApplicable("no method reports a training history")
    for row in rows:
        severity, sentence = trouble(row.method.histories)
        if severity is not None:
            yield Finding(severity, f"{row.method.name}: {sentence}", row.method.name)


@rule(
    "R13",
    "Dead units",
    "A unit that gives the same value for every image adds nothing but cost.",
    "Lower the learning rate, or try another initialisation or a leaky activation.",
)
def dead_units(ranking: Ranking) -> Iterator[Finding]:
    """Layers of which many units never answer at the end of training."""
    found = {row.method.name: _dead_at_the_end(row.method.histories) for row in ranking.rows}
    if not any(found.values()):
        raise NotApplicable("no training history tells of dead units")
    for name, layers in found.items():
        for layer, share in layers.items():
            if share > DEAD:
                yield Finding(
                    "issue" if share > MOSTLY_DEAD else "tip",
                    f"{name}: {percent(share, 0)} % of the units of {layer} give one and the same "
                    "value for all images.",
                    name,
                )


def _dead_at_the_end(histories: list[History]) -> dict[str, float]:
    """Share of dead units by layer, in the last epoch that tells of it, mean over folds."""
    ends: dict[str, list[float]] = {}
    for history in histories:
        last = {k: v for epoch in history for k, v in epoch.items() if k.startswith("dead_units/")}
        for key, share in last.items():
            ends.setdefault(key.partition("/")[2], []).append(float(share))
    return {layer: sum(shares) / len(shares) for layer, shares in ends.items()}


@rule(
    "R11",
    "Number of seeds of networks",
    "Two trainings of one network differ by more than many a published gain.",
    "Set repeats to 3 or more.",
)
def one_seed(ranking: Ranking) -> Iterator[Finding]:
    """Networks that were trained with a single seed."""
    rows = [row for row in ranking.rows if row.method.histories]
    if not rows:
        raise NotApplicable("no method reports a training history")
    single = [r for r in rows if max(e.repeats for e in r.evaluations.values()) == 1]
    if single:
        names = listing(row.method.name for row in single)
        yield Finding("tip", f"{names}: trained with one seed.", single[0].method.name)


@rule(
    "R12",
    "Stated probabilities",
    "Thresholds and costs that are set on over-confident probabilities go wrong.",
    "Calibrate on held-out images.",
)
def miscalibrated(ranking: Ranking) -> Iterator[Finding]:
    """Probabilities that do not mean what they say."""
    rows = [
        (row, e.probabilistic)
        for row in ranking.rows
        for e in list(row.evaluations.values())[:1]
        if e.probabilistic
    ]
    if not rows:
        raise NotApplicable("no method gives probabilities")
    for row, figures in rows:
        error = figures.reliability.error
        if error > MISCALIBRATED:
            yield Finding(
                "tip",
                f"{row.method.name}: stated confidence is off by {percent(error)} points on "
                "average.",
                row.method.name,
            )


RULES = (
    failed,
    no_better_than_majority,
    never_right,
    test_far_below,
    odd_fold,
    train_gap,
    not_converged,
    dead_units,
    within_noise,
    chosen_on_test,
    sweep_edge,
    search_edge,
    one_seed,
    miscalibrated,
)
