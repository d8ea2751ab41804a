"""Stages of a user's own file, for a model file that needs them: those of files that are named."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from strata.errors import InputError
from strata.pipeline.prediction.steps import PredictionStep
from strata.pipeline.recipes.registry import user_module

AFFECTS_RESULTS = False  # finds files


def named_modules(
    wanted: Mapping[str, str], given: Sequence[Path], model_file: str
) -> dict[str, Path]:
    """File of each module that a model file needs, among those that the caller names.

    Args:
        wanted: name of the module where the model was made, and of its file.
        given: files, of the same names.
        model_file: for messages.

    Raises:
        InputError: a file that is not named, or that does not exist.
    """
    for file in given:
        if not file.is_file():
            raise InputError(f"There is no file of recipes {file}.")
    found = {}
    for module, name in wanted.items():
        if not is_module_of(module, name):
            raise InputError(f"{model_file} names a module {module!r:.80}, which is no user's.")
        files = [file for file in given if file.name == name]
        if not files:
            raise InputError(
                f"{model_file} was made by a recipe of a user's own: it needs the stages of the "
                f"file {name!r:.80}, and a model file holds no code.",
                f"Name the file, which will run: --modules {name} (load_model(..., modules=[...]) "
                "in Python). Do so only if you trust it.",
            )
        found[module] = files[0]
    return found


def is_module_of(module: str, file: str) -> bool:
    """Test whether a module can have been imported from a file of this name (`user_module`)."""
    stem = re.escape(Path(file).stem)
    return bool(re.fullmatch(rf"(recipes_)?{stem}(_[0-9a-f]{{8}})?", module))


def own_address(step: PredictionStep, modules: Mapping[str, Path]) -> PredictionStep:
    """Step with the address that its stage has here."""
    module, _, name = step.stage.partition(":")
    if module not in modules:
        return step
    return replace(step, stage=f"{user_module(modules[module])}:{name}")
