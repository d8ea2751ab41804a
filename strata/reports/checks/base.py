"""Checks that a careful reader would make of results: definition, registry and runner.

A check that does not apply to the results says why; one that raises becomes a result that says so.
Neither ever stops the report.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from strata.reports.comparison.ranking import Ranking

Severity = Literal["issue", "tip", "passed", "not applicable", "could not run"]
SEVERITIES: tuple[Severity, ...] = ("issue", "tip", "passed", "not applicable", "could not run")


class NotApplicable(Exception):
    """The results lack what a check needs; the message says what."""


@dataclass(frozen=True)
class Observation:
    """One problem that a check found: severity, sentence, and the method that it is about."""

    severity: Literal["issue", "tip"]
    sentence: str
    method: str = ""


Observe = Callable[[Ranking], Iterable[Observation]]


@dataclass(frozen=True)
class Check:
    """A check; `observe` yields the problems that it finds, or raises `NotApplicable`."""

    code: str
    title: str
    why: str
    remedy: str
    observe: Observe


def check(code: str, title: str, why: str, remedy: str) -> Callable[[Observe], Check]:
    """Decorator that makes a check of a function that yields observations."""
    return lambda observe: Check(code, title, why, remedy, observe)


@dataclass(frozen=True)
class CheckResult:
    """Result of one check.

    Attributes:
        severity: the worst of its observations, or "passed", "not applicable", "could not run".
        sentences: the observations, worst first; or why the check did not run.
        methods: names of the methods that it is about.
        images: ids to show, in groups that belong together.
    """

    code: str
    title: str
    severity: Severity
    why: str
    remedy: str
    sentences: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    images: list[list[str]] = field(default_factory=list)


def run_checks(ranking: Ranking, checks: Iterable[Check]) -> list[CheckResult]:
    """All results, worst first: findings of the audit and the methods, then those of `checks`."""
    comparison = ranking.comparison
    results = [_reported(f) for f in (*comparison.data.findings, *comparison.findings)]
    for method in ranking.comparison.methods:
        results += [_reported(finding, method.name) for finding in method.findings]
    results += [_run(check, ranking) for check in checks]
    return sorted(results, key=lambda result: SEVERITIES.index(result.severity))


def _run(check: Check, ranking: Ranking) -> CheckResult:
    """Result of one check; an exception becomes the severity "could not run"."""
    head = (check.code, check.title)
    try:
        found = sorted(check.observe(ranking), key=lambda f: SEVERITIES.index(f.severity))
    except NotApplicable as reason:
        return CheckResult(*head, "not applicable", check.why, check.remedy, [str(reason)])
    except Exception as error:  # a broken check must not stop the report
        text = f"{type(error).__name__}: {error}"
        return CheckResult(*head, "could not run", check.why, check.remedy, [text])
    if not found:
        return CheckResult(*head, "passed", check.why, check.remedy)
    methods = list(dict.fromkeys(f.method for f in found if f.method))
    sentences = [f.sentence for f in found]
    return CheckResult(*head, found[0].severity, check.why, check.remedy, sentences, methods)


def _reported(finding: dict[str, Any], method: str = "") -> CheckResult:
    """A finding in dictionary form (see `DataSummary.findings`) as a check result."""
    severity = finding.get("severity", "tip")
    images = finding.get("images") or []
    return CheckResult(
        code=str(finding.get("code", "")),
        title=str(finding.get("title", "")),
        severity=severity if severity in SEVERITIES else "issue",
        why=str(finding.get("why", "")),
        remedy=str(finding.get("remedy", "")),
        sentences=[str(finding["sentence"])] if finding.get("sentence") else [],
        methods=[method] if method else [],
        images=[[image] if isinstance(image, str) else list(image) for image in images],
    )
