"""The one place for parameters' validation: against the signatures of stages and recipes."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_args

from strata.errors import InputError, nearest

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError


@dataclass(frozen=True)
class Parameters:
    """Names, types and defaults of a function's keyword-only arguments."""

    owner: str
    annotations: dict[str, Any]
    defaults: dict[str, Any]

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "Parameters":
        """Read a function's signature.

        Raises:
            TypeError: a keyword-only argument lacks its type or its default.
        """
        annotations, defaults = {}, {}
        for name, argument in inspect.signature(function).parameters.items():
            if argument.kind is not argument.KEYWORD_ONLY:
                continue
            if argument.empty in (argument.annotation, argument.default):
                raise TypeError(f"{function.__name__}: '{name}' needs a type and a default")
            annotations[name] = argument.annotation
            if isinstance(argument.annotation, str):
                annotations[name] = eval(argument.annotation, function.__globals__)
            defaults[name] = argument.default
        return cls(function.__name__, annotations, defaults)

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

    def checked(self, values: Mapping[str, Any], where: str) -> dict[str, Any]:
        """All parameters as plain JSON values, defaults filled in.

        Args:
            values: the parameters that are set.
            where: the key path to name in errors, such as "methods.fisher.mixture".

        Raises:
            InputError: an unknown name (with the nearest known one) or a value of a wrong kind.
        """
        from pydantic import ValidationError

        for name, value in values.items():
            if isinstance(value, bool) and not _takes_truth(self.annotations.get(name, bool)):
                raise InputError(
                    f"{where}.{name} = {str(value).lower()}: it should not be true or false."
                )
        try:
            return self._model(**values).model_dump(mode="json")
        except ValidationError as error:
            raise _readable(error, where, self.annotations) from None
        except InputError as error:  # of whoever reads a table that is a parameter
            raise InputError(f"{where}.{error.what}", error.hint) from None


def _takes_truth(annotation: Any) -> bool:
    """Whether true and false are among the values of a type; pydantic takes them for 1 and 0."""
    if annotation in (bool, Any) or isinstance(annotation, bool):
        return True
    return not isinstance(annotation, type) and any(map(_takes_truth, get_args(annotation)))


def _readable(error: "ValidationError", where: str, known: Mapping[str, Any]) -> InputError:
    """All that pydantic found, one sentence each, with the key and what to write instead."""
    sentences, hints = [], []
    reasons: dict[str, list[str]] = {}
    values: dict[str, Any] = {}
    for problem in error.errors(include_url=False):
        # Of a value that may be of several kinds, each kind complains, under a name of its own.
        place = problem["loc"]
        path = ".".join([str(place[0]), *(str(p) for p in place[1:] if isinstance(p, int))])
        if problem["type"] == "extra_forbidden":
            sentences.append(f"There is no key {where}.{path}.")
            hints.append(nearest(path, known))
        elif problem["type"] == "too_short":
            if not problem["input"]:  # else its members are wrong, which is told by itself
                reasons.setdefault(path, []).append("should name one or more")
                values[path] = problem["input"]
        else:
            reason = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
            reasons.setdefault(path, []).append(_lower(reason))
            values[path] = problem["input"]
    for path, found in reasons.items():
        sentences.append(f"{where}.{path} = {values[path]!r}: it {', or '.join(found)}.")
    return InputError(" ".join(sentences), " ".join(filter(None, hints)))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
