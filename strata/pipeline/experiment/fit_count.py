"""Number of fits that an experiment file asks for, counted before anything is expanded."""

import math
from typing import Any

from strata.errors import InputError
from strata.pipeline.experiment.random_search import search


def check_fit_count(methods: dict[str, Any], protocol: dict[str, Any]) -> None:
    """Refuse experiments of more than `protocol.max_fits` fits.

    A method is fitted once per fold of every repeat and once for the test set, a searched one
    also once per trial and inner part, and all of it once per combination of `vary`. A slip of
    zeros must not hang: composing 100,000 fits takes minutes, and running them, weeks.

    Args:
        methods: the tables of [methods], not checked yet; what is malformed counts as 1.
        protocol: the checked [protocol] table.

    Raises:
        InputError: names the number of fits, and the method that asks for most of them.
    """
    folds = protocol["folds"] * protocol["repeats"] + 1
    counts = {name: folds * _per_fold(table) for name, table in methods.items()}
    total, limit = sum(counts.values()), protocol["max_fits"]
    if total <= limit:
        return
    most = max(counts, key=lambda name: counts[name])
    raise InputError(
        f"This asks for {total:,} fits, {counts[most]:,} of them of methods.{most}: more than "
        f"protocol.max_fits = {limit:,}.",
        f"Fewer repeats, trials or values of `vary` ask for fewer; max_fits = {total} under "
        "[protocol] allows them.",
    )


def _per_fold(table: Any) -> int:
    """Fits of a method in one fold: combinations of `vary`, times trials times inner parts."""
    if not isinstance(table, dict):
        return 1
    vary = table.get("vary")
    lists = vary.values() if isinstance(vary, dict) else ()
    count = math.prod(len(values) for values in lists if isinstance(values, list))
    searched = table.get("search")
    if isinstance(searched, dict):
        defaults = search.__kwdefaults__ or {}
        trials, parts = (_count(searched.get(key, defaults[key])) for key in ("trials", "parts"))
        count *= 1 + trials * parts
    return count


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 1
