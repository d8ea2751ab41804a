"""Numbers of one method of a results.json, as the tables print them."""

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

Method = dict[str, Any]


class AbsentError(Exception):
    """A number that a run does not have; the message says which."""


def long(value: float) -> str:
    """A fraction with three decimals: 0.904."""
    return f"{value:.3f}"


def short(value: float, digits: int = 3) -> str:
    """A fraction without the leading zero: .904."""
    text = f"{value:.{digits}f}"
    return text.removeprefix("0") if value < 1 else text


def published(value: float) -> str:
    """A published accuracy with the decimals that were published, two at least: 0.83, 0.799."""
    return f"{value:.3f}".removesuffix("0")


def _paper(method: Method) -> float:
    if method.get("paper") is None:
        raise AbsentError(f"{method['name']} has no published accuracy in its experiment file")
    return float(method["paper"])


def _cv(method: Method, key: str) -> Any:
    found = (method.get("cv") or {}).get(key)
    if found is None:
        raise AbsentError(f"{method['name']} has no {key.replace('_', ' ')}")
    return found


def _cost(method: Method, key: str) -> Any:
    found = (method.get("cost") or {}).get(key)
    if found is None:
        raise AbsentError(f"{method['name']} has no {key.replace('_', ' ')}")
    return found


def _half(method: Method) -> float:
    """Half the width of the interval, which is symmetric in cross-validation."""
    return float(_cv(method, "accuracy_high") - _cv(method, "accuracy_low")) / 2


def _training(method: Method) -> float:
    if method.get("training_accuracy") is None:
        raise AbsentError(f"{method['name']} has no accuracy on its training images")
    return float(method["training_accuracy"])


def _ratio(accuracy: float, parameters: int) -> str:
    """Accuracy times 100,000 over the number of parameters, the paper's figure of merit."""
    return short(accuracy * 1e5 / parameters, 2)


def _by_seed(method: Method) -> str:
    """Accuracy of each repeat of the cross-validation."""
    return ", ".join(short(sum(folds) / len(folds)) for folds in _cv(method, "folds"))


def _over_seeds(method: Method) -> str:
    """Standard deviation of one fold's accuracy over the seeds."""
    spread = _cv(method, "spread")
    if not spread.get("shared"):
        raise AbsentError(f"{method['name']} has no repeats on the same folds")
    return short(math.sqrt(spread["within"]))


def _curve(method: Method, key: str) -> str:
    """Start, slope or asymptote of the validation accuracy over the epochs."""
    found = (method.get("validation") or {}).get(key)
    if found is None:
        raise AbsentError(f"{method['name']} has no {key} of a validation curve")
    return short(found)


def _picked(method: Method) -> str:
    """Parameters of the trials that a search selected, with the number of folds that did."""
    search = method.get("search")
    if not search:
        raise AbsentError(f"{method['name']} has no search")
    counts = Counter(search["picked"])
    return "; ".join(
        ", ".join(f"{value}" for value in search["trials"][trial]["parameters"].values())
        + (f" ({folds} folds)" if folds > 1 else "")
        for trial, folds in counts.most_common()
    )


#: What a placeholder may ask for.
FIELDS: dict[str, Callable[[Method], str]] = {
    "accuracy": lambda m: long(_cv(m, "accuracy")),
    "interval": lambda m: f"{long(_cv(m, 'accuracy_low'))}–{long(_cv(m, 'accuracy_high'))}",
    "short": lambda m: short(_cv(m, "accuracy")),
    "half": lambda m: short(_half(m)),
    "both": lambda m: f"{short(_cv(m, 'accuracy'))} ± {short(_half(m))}",
    "paper": lambda m: published(_paper(m)),
    "pair": lambda m: f"{published(_paper(m)).removeprefix('0')} / {short(_cv(m, 'accuracy'))}",
    "training": lambda m: short(_training(m)),
    "parameters": lambda m: f"{_cost(m, 'parameters'):,}",
    "ratio": lambda m: _ratio(_cv(m, "accuracy"), _cost(m, "parameters")),
    "ratios": lambda m: " / ".join(
        _ratio(a, _cost(m, "parameters")) for a in (_paper(m), _cv(m, "accuracy"))
    ),
    "millions": lambda m: f"{_cost(m, 'parameters') / 1e6:.1f}",
    "seconds": lambda m: f"{_cost(m, 'fit_seconds'):.0f}",
    "by_seed": _by_seed,
    "over_seeds": _over_seeds,
    "start": lambda m: _curve(m, "start"),
    "slope": lambda m: _curve(m, "slope"),
    "asymptote": lambda m: _curve(m, "asymptote"),
    "picked": _picked,
}
