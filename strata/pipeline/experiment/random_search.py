"""Random search: trials of a method, drawn before anything runs.

Bergstra and Bengio, "Random search for hyper-parameter optimization" (JMLR 13, 2012). A trial is
composed like any other method: an interrupted search continues where it stopped, and trials share
the stages before the first parameter in which they differ.
"""

from dataclasses import dataclass
from typing import Any

from strata.errors import InputError
from strata.parameter_types import PositiveInt
from strata.pipeline.experiment.search_space import Space, read_space
from strata.pipeline.parameters.validation import Parameters
from strata.seeds import generator


def search(
    *,
    trials: PositiveInt = 20,
    seed: int = 0,
    folds: int = 4,
    parts: PositiveInt = 1,
    space: dict[str, Any] = {},  # noqa: B006 (a signature to check against, never called)
) -> None:
    """Keys of the table [methods.NAME.search], documented in docs/experiment-file.md."""


@dataclass(frozen=True)
class RandomSearch:
    """Settings of a random search.

    Attributes:
        trials: number of parameter settings drawn.
        seed: seed of the draws.
        folds: inner folds that the training part of a fold is divided into.
        parts: number of inner folds that a trial is scored on, each by a model fitted on the
            others.
        space: range or list of values of each parameter, by dotted name.
    """

    trials: int
    seed: int
    folds: int
    parts: int
    space: Space

    @classmethod
    def of(cls, table: Any, settings: dict[str, Any], where: str) -> "RandomSearch":
        """Check a [methods.NAME.search] table.

        Args:
            table: the table, as read from TOML.
            settings: the method's other settings, none of which may be in the space.
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
                "`folds` must be 2 or more, `parts` no more than `folds`.",
            )
        space = read_space(table["space"], f"{where}.space")
        for dotted in space:
            if _is_set(settings, dotted.split(".")):
                raise InputError(
                    f"{where}.space.{dotted}: the method sets or varies it too.",
                    "Remove it from one of the two places.",
                )
        return cls(**checked | {"space": space})

    def drawn(self) -> list[dict[str, Any]]:
        """Parameters of each trial: dotted name -> value.

        A draw depends on the seed, the trial's number and the parameter's name only: a longer
        search begins with the same trials, and another parameter changes no other draw.
        """
        return [
            {
                name: values.draw(generator(self.seed, "search", number, name))
                for name, values in self.space.items()
            }
            for number in range(self.trials)
        ]

    def extremes(self) -> list[dict[str, Any]]:
        """The first trial with each parameter in turn set to each end of its range."""
        first = self.drawn()[0]
        return [first | {n: end} for n, values in self.space.items() for end in values.ends]


def _is_set(table: Any, parts: list[str]) -> bool:
    if not parts:
        return True
    return isinstance(table, dict) and parts[0] in table and _is_set(table[parts[0]], parts[1:])


def with_values(settings: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Copy of a method's settings with some values set, given by dotted name."""
    for dotted, value in values.items():
        settings = _with_value(settings, dotted.split("."), value)
    return settings


def _with_value(table: dict[str, Any], parts: list[str], value: Any) -> dict[str, Any]:
    """Copy of a nested table with one value set."""
    if len(parts) == 1:
        return {**table, parts[0]: value}
    inner = table.get(parts[0])
    inner = inner if isinstance(inner, dict) else {}
    return {**table, parts[0]: _with_value(inner, parts[1:], value)}
