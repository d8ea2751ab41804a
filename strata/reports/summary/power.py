"""Power of the tests over folds: what few folds and one repeat cannot show, and what more cost."""

from strata.reports.comparison.ranking import Ranking
from strata.reports.formatting import duration, number_of
from strata.reports.statistics.folds import MIN_UNITS

#: False alarms of the corrected resampled t-test at a level of 5 %, in percent, by repeats.
FALSE_ALARMS = {1: "0.5 to 2.3", 5: "3.2", 10: "4.8"}


def power_notes(ranking: Ranking) -> list[str]:
    """Sentences on why differences in cross-validation may not be significant, and the remedy."""
    crossed = ranking.on("cv")
    if ranking.basis != "cv" or len(crossed) < 2:
        return []
    units = min(len(e.folds.units) for e in crossed.values() if e.folds)
    bootstrapped = ranking.comparison.intervals == "bootstrap"
    if units < MIN_UNITS:
        return [
            f"{number_of(units, 'fold')} {'is' if units == 1 else 'are'} too few for "
            f"{'tests' if bootstrapped else 'confidence intervals and tests'} in cross-validation: "
            "set protocol.folds to 5 or more."
        ]
    tied = any(row.standing == "tied" for row in ranking.rows)
    if not tied or any(e.repeats > 1 for e in crossed.values()):
        return []
    return [_one_repeat(ranking.comparison.run.repeat_seconds)]


def _one_repeat(seconds: float | None) -> str:
    """Sentence on the conservative test with one repeat, with the cost of more."""
    more = [f"protocol.repeats = {n} ({FALSE_ALARMS[n]} %)" for n in (5, 10)]
    if seconds:
        times = [f"about {duration(seconds * (n - 1))}" for n in (5, 10)]
        cost = f"{more[0]} takes {times[0]} of processor time more, {more[1]} {times[1]}."
    else:
        cost = f"{more[0]} or {more[1]} comes closer."
    return (
        "With one repeat the test in cross-validation is conservative: it calls "
        f"{FALSE_ALARMS[1]} % of equally good methods different, where 5 % are allowed, and misses "
        f"real differences. {cost}"
    )
