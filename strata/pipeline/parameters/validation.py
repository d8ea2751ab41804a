"""Validation of parameters against the signatures of stages and recipes; the one place for it."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_args

from strata.errors import InputError, nearest, short
from strata.pipeline.parameters.renamed_keys import renamed
from strata.pipeline.parameters.signatures import Argument, argument_help

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError


@dataclass(frozen=True)
class Parameters:
    """Names, types, defaults and help texts of parameters."""

    owner: str
    annotations: dict[str, Any]
    defaults: dict[str, Any]
    help: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "Parameters":
        """Keyword-only arguments of a function, from its signature and its docstring.

        Raises:
            InputError: a keyword-only argument lacks its type or its default.
        """
        annotations, defaults = {}, {}
        for name, argument in inspect.signature(function).parameters.items():
            if argument.kind is not argument.KEYWORD_ONLY:
                continue
            if argument.empty in (argument.annotation, argument.default):
                raise InputError(
                    f"The parameter '{name}' of {function.__name__} needs a type and a default.",
                    f"For example: {name}: int = 1.",
                )
            annotations[name] = argument.annotation
            if isinstance(argument.annotation, str):
                annotations[name] = eval(argument.annotation, function.__globals__)
            defaults[name] = argument.default
        told = argument_help(inspect.getdoc(function) or "")
        texts = {name: told[name] for name in annotations if name in told}
        return cls(function.__name__, annotations, defaults, texts)

    def after(self, arguments: Mapping[str, Argument]) -> "Parameters":
        """Parameters of an estimator followed by these; of equal names, these count."""
        return Parameters(
            self.owner,
            {name: a.annotation for name, a in arguments.items()} | self.annotations,
            {name: a.default for name, a in arguments.items()} | self.defaults,
            {name: a.help for name, a in arguments.items() if a.help} | self.help,
        )

    @cached_property
    def _model(self) -> "type[BaseModel]":
        from pydantic import ConfigDict, create_model

        fields: dict[str, Any] = {
            name: (annotation, self.defaults[name]) for name, annotation in self.annotations.items()
        }
        config = ConfigDict(
            extra="forbid", strict=False, validate_default=True, allow_inf_nan=False
        )
        return create_model(self.owner, __config__=config, **fields)

    def checked(self, values: Mapping[str, Any], where: str = "") -> dict[str, Any]:
        """All parameters as plain JSON values, defaults filled in.

        Args:
            values: the parameters that are set.
            where: the key path to name in errors, such as "methods.fisher.mixture"; "" at the top.

        Raises:
            InputError: an unknown name (with the nearest known one) or a value of a wrong kind.
        """
        from pydantic import ValidationError

        where = f"{where}." if where else ""
        for name, value in values.items():
            within = value if isinstance(value, list | tuple) else [value]
            truth = next((v for v in within if isinstance(v, bool)), None)
            if truth is not None and not _takes_truth(self.annotations.get(name, bool)):
                told = short(value).replace("True", "true").replace("False", "false")
                raise InputError(f"{where}{name} = {told}: it should not be true or false.")
        try:
            return self._model(**values).model_dump(mode="json")
        except ValidationError as error:
            raise _readable(error, where, self.annotations) from None
        except InputError as error:  # of whoever reads a table that is a parameter
            raise InputError(f"{where}{error.what}", error.hint) from None


def _takes_truth(annotation: Any) -> bool:
    """True if a type takes true and false; pydantic would take them for 1 and 0 elsewhere."""
    if annotation in (bool, Any) or isinstance(annotation, bool):
        return True
    return not isinstance(annotation, type) and any(map(_takes_truth, get_args(annotation)))


def _readable(error: "ValidationError", where: str, known: Mapping[str, Any]) -> InputError:
    """One error for all that pydantic found: a sentence each, with the key and a remedy."""
    sentences, hints = [], []
    reasons: dict[str, list[str]] = {}
    values: dict[str, Any] = {}
    for problem in error.errors(include_url=False):
        # Of a value that may be of several kinds, each kind complains, under a name of its own.
        place = problem["loc"]
        path = ".".join([str(place[0]), *(str(p) for p in place[1:] if isinstance(p, int))])
        if problem["type"] == "extra_forbidden":
            sentences.append(f"There is no key {where}{path}.")
            hints.append(renamed(path, known) or nearest(path, known))
        elif problem["type"] == "too_short":
            if not problem["input"]:  # else its members are wrong, which is told by itself
                reasons.setdefault(path, []).append("should name one or more")
                values[path] = problem["input"]
        else:
            reason = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
            if problem["type"] == "literal_error":
                allowed = re.findall("'([^']*)'", problem["ctx"]["expected"])
                hints.append(renamed(problem["input"], allowed))
            if reason.startswith("Unable"):
                reason = f"is no number: {_lower(reason)}"
            reasons.setdefault(path, []).append(_lower(reason))
            values[path] = problem["input"]
    for path, found in reasons.items():
        sentences.append(f"{where}{path} = {short(values[path])}: it {', or '.join(found)}.")
    return InputError(" ".join(sentences), " ".join(filter(None, hints)))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
