"""Questions a careful reader asks of results, asked by the program. One registry, one runner.

A rule that cannot be asked of these results says why; one that breaks down becomes a row that says
so. Neither ever takes the report down.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from strata.reports.comparison.ranking import Ranking

Severity = Literal["issue", "tip", "passed", "not applicable", "could not run"]
SEVERITIES: tuple[Severity, ...] = ("issue", "tip", "passed", "not applicable", "could not run")


class NotApplicable(Exception):
    """These results do not hold what a rule needs; the message says what."""


@dataclass(frozen=True)
class Finding:
    """One thing that a rule noticed: how bad, in a sentence, about which method."""

    severity: Literal["issue", "tip"]
    sentence: str
    method: str = ""


Find = Callable[[Ranking], Iterable[Finding]]


@dataclass(frozen=True)
class Rule:
    """A question: `find` yields what it noticed, or raises `NotApplicable`."""

    code: str
    title: str
    why: str
    remedy: str
    find: Find


def rule(code: str, title: str, why: str, remedy: str) -> Callable[[Find], Rule]:
    """Makes a rule of the function below it, which finds what there is to say."""
    return lambda find: Rule(code, title, why, remedy, find)


@dataclass(frozen=True)
class Check:
    """The answer to one question.

    Attributes:
        sentences: what was noticed, worst first; or why the rule was not asked.
        methods: those that it is about.
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


def run_checks(ranking: Ranking, rules: Iterable[Rule]) -> list[Check]:
    """All answers, worst first: the audit's and the methods' own findings, then the rules'."""
    checks = [_reported(finding) for finding in ranking.comparison.data.findings]
    for method in ranking.comparison.methods:
        checks += [_reported(finding, method.name) for finding in method.findings]
    checks += [_asked(rule, ranking) for rule in rules]
    return sorted(checks, key=lambda check: SEVERITIES.index(check.severity))


def _asked(rule: Rule, ranking: Ranking) -> Check:
    head = (rule.code, rule.title)
    try:
        found = sorted(rule.find(ranking), key=lambda f: SEVERITIES.index(f.severity))
    except NotApplicable as reason:
        return Check(*head, "not applicable", rule.why, rule.remedy, [str(reason)])
    except Exception as error:  # the page comes first: whatever breaks here is shown, not raised
        text = f"{type(error).__name__}: {error}"
        return Check(*head, "could not run", rule.why, rule.remedy, [text])
    if not found:
        return Check(*head, "passed", rule.why, rule.remedy)
    methods = list(dict.fromkeys(f.method for f in found if f.method))
    sentences = [f.sentence for f in found]
    return Check(*head, found[0].severity, rule.why, rule.remedy, sentences, methods)


def _reported(finding: dict[str, Any], method: str = "") -> Check:
    severity = finding.get("severity", "tip")
    images = finding.get("images") or []
    return Check(
        code=str(finding.get("code", "")),
        title=str(finding.get("title", "")),
        severity=severity if severity in SEVERITIES else "issue",
        why=str(finding.get("why", "")),
        remedy=str(finding.get("remedy", "")),
        sentences=[str(finding["sentence"])] if finding.get("sentence") else [],
        methods=[method] if method else [],
        images=[[image] if isinstance(image, str) else list(image) for image in images],
    )
