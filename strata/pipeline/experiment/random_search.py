"""Random search: trials of a method, drawn before anything runs.

Bergstra and Bengio, "Random search for hyper-parameter optimization" (JMLR 13, 2012). A trial is
an ordinary method, so the store keeps what is done of a search, and stages are shared.
"""

from dataclasses import dataclass
from typing import Any

from strata.errors import InputError
from strata.parameter_types import PositiveInt
from strata.pipeline.experiment.search_space import Space, read_space
from strata.pipeline.graph.parameters import Parameters
from strata.seeds import generator


def search(
    *,
    trials: PositiveInt = 20,
    seed: int = 0,
    folds: int = 4,
    parts: PositiveInt = 1,
    space: dict[str, Any] = {},  # noqa: B006 (a signature to check against, never called)
) -> None:
    """The keys of [methods.NAME.search]; docs/experiment-file.md says what they mean."""


@dataclass(frozen=True)
class Search:
    """What to draw, how often, and how a draw is judged.

    Attributes:
        folds: inner folds that the training part of a fold is cut into.
        parts: on how many of them, one by one, a trial is scored by a model that learned from
            the others.
    """

    trials: int
    seed: int
    folds: int
    parts: int
    space: Space

    @classmethod
    def of(cls, table: Any, settings: dict[str, Any], where: str) -> "Search":
        """Check a table of the experiment file.

        Args:
            settings: what the method sets besides, none of which may be searched for.
            where: the table's key path, for errors.

        Raises:
            InputError: an unknown key, a wrong value, or an empty space.
        """
        if not isinstance(table, dict):
            raise InputError(f"{where} must be a table: [{where}].")
        checked = Parameters.of(search).checked(table, where)
        if not isinstance(table.get("space"), dict) or not table["space"]:
            raise InputError(
                f"{where} has no space to search.",
                f'For example: "classifier.C" = {{ log = [0.01, 100] }} in [{where}.space].',
            )
        if checked["folds"] < 2 or checked["parts"] > checked["folds"]:
            raise InputError(
                f"{where}: {checked['parts']} of {checked['folds']} folds cannot be scored.",
                "`folds` is 2 or more, `parts` at most that many.",
            )
        space = read_space(table["space"], f"{where}.space")
        for dotted in space:
            if _is_set(settings, dotted.split(".")):
                raise InputError(
                    f"{where}.space.{dotted}: the method sets or varies it too.", "Take one out."
                )
        return cls(**checked | {"space": space})

    def drawn(self) -> list[dict[str, Any]]:
        """For each trial, dotted parameter -> value.

        A draw depends on the seed, the trial's number and the parameter's name only: more trials
        begin with the same ones, and another parameter leaves the draws of the rest alone.
        """
        return [
            {
                name: values.draw(generator(self.seed, "search", number, name))
                for name, values in self.space.items()
            }
            for number in range(self.trials)
        ]

    def extremes(self) -> list[dict[str, Any]]:
        """The first trial with each parameter in turn at every end of its range."""
        first = self.drawn()[0]
        return [first | {n: end} for n, values in self.space.items() for end in values.ends]


def _is_set(table: Any, parts: list[str]) -> bool:
    if not parts:
        return True
    return isinstance(table, dict) and parts[0] in table and _is_set(table[parts[0]], parts[1:])


def with_values(settings: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """A method's settings with values set by dotted name."""
    for dotted, value in values.items():
        settings = _with(settings, dotted.split("."), value)
    return settings


def _with(table: dict[str, Any], parts: list[str], value: Any) -> dict[str, Any]:
    """A copy of a nested table with one value set."""
    if len(parts) == 1:
        return {**table, parts[0]: value}
    inner = table.get(parts[0], {})
    return {**table, parts[0]: _with(inner if isinstance(inner, dict) else {}, parts[1:], value)}
