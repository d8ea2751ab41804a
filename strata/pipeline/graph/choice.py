"""Choice of a stage: sections of a recipe that offer several, by the key `use`.

descriptor=choice(dense_sift.options(), sparse_sift.options(), dense_daisy.options())

[methods.words.descriptor]
use = "dense_daisy"
step = 6

A chain takes several, applied one after the other, each with a table of its own:

reduction=optional_chain(standardize.options(), lda.options())

[methods.words.reduction]
use = ["standardize", "lda"]
lda.n_components = 3

Where no parameter is set, the names may stand in place of the table: reduction = "lda".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from strata.errors import InputError, nearest, short
from strata.pipeline.graph.stage import Options
from strata.pipeline.parameters.renamed_keys import renamed

#: Value of `use` where an optional step is left out.
NONE = "none"


@dataclass(frozen=True)
class Choice:
    """Interchangeable stages by name; the first is the default.

    A recipe gets what is chosen as `Options`, None where the step is left out, or a tuple of
    `Options` where the file lists several.

    Attributes:
        optional: whether the step may be left out, which then is the default.
        chain: whether several may be chosen, in the order in which they are applied.
    """

    stages: dict[str, Options]
    optional: bool
    chain: bool = False

    @property
    def default(self) -> str:
        """Name of the stage that is used where the file does not say."""
        return NONE if self.optional else next(iter(self.stages))

    def checked(self, table: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Parameters of the chosen stage as plain values, and `use`.

        Of several, `use` is a list, and the parameters of each lie under its name.

        Raises:
            InputError: no such stage, an unknown name or a value of a wrong kind.
        """
        rest = dict(table)
        name = rest.pop("use", self.default)
        if self.chain and isinstance(name, list):
            return self._checked_chain(name, rest, where)
        if name == NONE and self.optional:
            if rest:
                raise InputError(
                    f"{where}.{next(iter(rest))} is set, but {where}.use is not.",
                    f"It takes one of {', '.join(self.stages)}.",
                )
            return {"use": NONE}
        self._check_known(name, where)
        self._check_owner(name, rest, where)
        return {"use": name, **self.stages[name].checked(rest, where)}

    def _checked_chain(
        self, names: list[Any], tables: dict[str, Any], where: str
    ) -> dict[str, Any]:
        """Names of several stages as `use`, and a table of parameters for each."""
        for name in names:
            self._check_known(name, where)
        if not names or len(set(names)) < len(names):
            raise InputError(f"{where}.use = {names!r}: it should name one or more, each once.")
        for key, value in tables.items():
            if key not in names or not isinstance(value, dict):
                raise InputError(
                    f"{where}.{key} is not a table of one of the steps {', '.join(names)}.",
                    f"With several steps, a parameter stands under its step: {where}.{names[0]}.",
                )
        return {"use": names} | {
            name: self.stages[name].checked(tables.get(name, {}), f"{where}.{name}")
            for name in names
        }

    def _check_known(self, name: Any, where: str) -> None:
        if not isinstance(name, str) or name not in self.stages:
            raise InputError(
                f"{where}.use = {short(name)}: there is no such step here.",
                renamed(name, self.stages) or nearest(str(name), self.stages),
            )

    def _check_owner(self, name: str, table: Mapping[str, Any], where: str) -> None:
        """Refuse parameters that another stage of the choice has, and name that stage."""
        for key in table:
            owners = [n for n, o in self.stages.items() if key in o.stage.parameters.defaults]
            if owners and name not in owners:
                raise InputError(
                    f'There is no key {where}.{key} where {where}.use is "{name}".',
                    f'It is one of {where}.use = "{owners[0]}".',
                )

    def bound(self, values: Mapping[str, Any]) -> Options | tuple[Options, ...] | None:
        """Chosen stage, or stages, with checked values."""
        rest = dict(values)
        name = rest.pop("use")
        if isinstance(name, list):
            return tuple(self.stages[each].bound(rest[each]) for each in name)
        return None if name == NONE else self.stages[name].bound(rest)


def choice(*stages: Options) -> Any:
    """One of several stages, the first unless the experiment file says otherwise."""
    return Choice({options.stage.name: options for options in stages}, optional=False)


def optional(*stages: Options) -> Any:
    """One of several stages, or none of them unless the experiment file says otherwise."""
    return Choice({options.stage.name: options for options in stages}, optional=True)


def chain(*stages: Options) -> Any:
    """One of several stages, or some of them in a row; the first unless the file says otherwise."""
    return Choice({options.stage.name: options for options in stages}, optional=False, chain=True)


def optional_chain(*stages: Options) -> Any:
    """One of several stages, or some of them in a row; none unless the file says otherwise."""
    return Choice({options.stage.name: options for options in stages}, optional=True, chain=True)
