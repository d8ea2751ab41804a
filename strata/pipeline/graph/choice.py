"""Choice of a stage: sections of a recipe that offer several, by the key `use`.

descriptor=choice(dense_sift.options(), sparse_sift.options(), dense_daisy.options())

[methods.words.descriptor]
use = "dense_daisy"
step = 6
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

    A recipe gets what is chosen as `Options`, or None where the step is left out.

    Attributes:
        optional: whether the step may be left out, which then is the default.
    """

    stages: dict[str, Options]
    optional: bool

    @property
    def default(self) -> str:
        """Name of the stage that is used where the file does not say."""
        return NONE if self.optional else next(iter(self.stages))

    def checked(self, table: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Parameters of the chosen stage as plain values, and `use`.

        Raises:
            InputError: no such stage, an unknown name or a value of a wrong kind.
        """
        rest = dict(table)
        name = rest.pop("use", self.default)
        if name == NONE and self.optional:
            if rest:
                raise InputError(
                    f"{where}.{next(iter(rest))} is set, but {where}.use is not.",
                    f"It takes one of {', '.join(self.stages)}.",
                )
            return {"use": NONE}
        if not isinstance(name, str) or name not in self.stages:
            raise InputError(
                f"{where}.use = {short(name)}: there is no such step here.",
                renamed(name, self.stages) or nearest(str(name), self.stages),
            )
        return {"use": name, **self.stages[name].checked(rest, where)}

    def bound(self, values: Mapping[str, Any]) -> Options | None:
        """Chosen stage with checked values."""
        rest = dict(values)
        name = rest.pop("use")
        return None if name == NONE else self.stages[name].bound(rest)


def choice(*stages: Options) -> Any:
    """One of several stages, the first unless the experiment file says otherwise."""
    return Choice({options.stage.name: options for options in stages}, optional=False)


def optional(*stages: Options) -> Any:
    """One of several stages, or none of them unless the experiment file says otherwise."""
    return Choice({options.stage.name: options for options in stages}, optional=True)
