"""Arguments of `strata.compare`, checked for what they are; errors name the argument."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from strata.errors import InputError, short


def plain(value: Any) -> Any:
    """A number of NumPy as Python's own; other values as they are."""
    is_number = hasattr(value, "item") and getattr(value, "ndim", 1) == 0
    return value.item() if is_number else value


def checked_path(name: str, value: Any) -> None:
    """Raise `InputError` for what is neither None nor a path."""
    if value is not None and not isinstance(value, str | os.PathLike):
        raise InputError(f"{name} = {short(value)} is no path.", "Give a str or a pathlib.Path.")


def checked_methods(methods: Any) -> None:
    """Raise `InputError` for what is neither names of methods nor their tables of parameters."""
    if isinstance(methods, Mapping):
        for name, table in methods.items():
            if not isinstance(name, str):
                raise InputError(f"methods has the name {short(name)}, which is no text.")
            if not isinstance(table, Mapping):
                raise InputError(
                    f"methods[{name!r}] = {short(table)} is no table of parameters.",
                    "{} takes all of their defaults.",
                )
    elif not isinstance(methods, str) and not (
        isinstance(methods, Sequence) and all(isinstance(name, str) for name in methods)
    ):
        raise InputError(
            f"methods = {short(methods)} is neither a list of names nor a table of methods.",
            'For example methods=["fisher", "tinynet"].',
        )


def checked_settings(settings: Any) -> None:
    """Raise `InputError` for what is no table of dotted names."""
    if settings is None:
        return
    if not isinstance(settings, Mapping):
        raise InputError(
            f"settings = {short(settings)} is no table.",
            'For example settings={"protocol.train_per_class": 20}.',
        )
    for key in settings:
        if not isinstance(key, str):
            raise InputError(
                f"settings has the key {short(key)}, which is no text.",
                'Keys are dotted names, such as "data.split".',
            )


def checked_jobs(jobs: Any) -> int | None:
    """Number of processes, None for one each core.

    Raises:
        InputError: it is no integer from 1 on.
    """
    jobs = plain(jobs)
    if jobs is not None and (type(jobs) is not int or jobs < 1):
        raise InputError(
            f"jobs = {short(jobs)} is no number of processes.",
            "Give an integer from 1 on, or leave it out: one for each core.",
        )
    return jobs
