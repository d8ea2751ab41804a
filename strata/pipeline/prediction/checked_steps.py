"""Steps of a model file, which may say anything: stages that only predict, with their parameters.

They are those of the package, and those of a user's own files where they are named.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from strata.errors import InputError, naming, short
from strata.pipeline.graph.roles import PREDICTING, SCORING
from strata.pipeline.graph.stage import Stage
from strata.pipeline.prediction.container import refused
from strata.pipeline.prediction.model_document import program_version, text_of
from strata.pipeline.prediction.steps import PredictionStep, stage_at
from strata.pipeline.recipes.registry import user_module

AFFECTS_RESULTS = False  # how files are read, not what is in them

#: Sides of images that steps may ask for at most, pixels, and the parameters that do.
MOST_SIDE, SIDES = 4096, ("size", "image_size", "min_size")

_FEATURES = "strata.pipeline.stages.pretrained:backbone_features"

_EXPORT_AGAIN = "Export the method again with this version: strata export METHOD FILE.strata."

_STAGES = re.compile(r"strata\.pipeline\.stages\.\w+", re.ASCII)


def checked_steps(
    given: Any,
    own: Mapping[str, Path],
    artifacts: Mapping[str, Mapping[str, Any]],
    path: Path,
    made: str,
) -> tuple[PredictionStep, ...]:
    """Steps whose stages predict, whose inputs are there, and whose parameters they take.

    What a stage makes for trainings alone is left out, whatever the file says
    (`Stage.in_prediction`).

    Args:
        given: `steps` of a `model.json`.
        own: files of a user's stages, by the modules' names in the file.
        artifacts: by their names; read where a step's meaning depends on them.
        path: of the file, for messages.
        made: version that the file was made by, for messages.

    Raises:
        InputError: a stage that is none, or that this version has not, or learns; features that
            older versions pooled in another way; an input that is none; parameters that the
            stage does not take, or images larger than `MOST_SIDE`; the last step gives no scores.
    """
    steps = [_own_address(_step(table), own) for table in given]
    if not steps:
        raise refused(path, "it has no steps")
    found, last = [], len(steps) - 1
    for number, step in enumerate(steps):
        stage = _stage(step, list(own.values()), path, made)
        _check_role(stage, SCORING if number == last else PREDICTING, path)
        _check_inputs(step.inputs, number, artifacts, path)
        parameters = _parameters(stage, step, path)
        if step.stage == _FEATURES and "tokens" not in step.parameters:
            _check_pooled_alike(step, parameters, artifacts, path, made)
        found.append(replace(step, parameters=parameters))
    return tuple(found)


def _step(given: dict[str, Any]) -> PredictionStep:
    step = PredictionStep(**given)
    if not isinstance(step.inputs, list) or not isinstance(step.parameters, dict):
        raise TypeError("a step has a table of parameters and a list of inputs")
    text_of(step.stage)
    return step


def _stage(step: PredictionStep, modules: Sequence[Path], path: Path, made: str) -> Stage:
    module = step.stage.partition(":")[0]
    shown = f"its step {step.stage!r:.80}"
    if not (is_stage_module(module) or module in map(user_module, modules)):
        raise refused(path, f"{shown} is no stage of this program")
    try:
        stage = stage_at(step.stage, modules)
    except (ImportError, AttributeError) as error:
        if is_stage_module(module):
            raise InputError(
                f"{path} was made by another version of strata{made}: its step {short(step.stage)} "
                f"is unknown to this one (strata {program_version()}).",
                f"{_EXPORT_AGAIN} Or use the version that made it.",
            ) from error
        raise refused(path, f"{shown} is unknown to strata {program_version()}") from error
    if not isinstance(stage, Stage) or stage.reference.module != module:
        raise refused(path, f"{shown} is no stage")
    return stage


def _check_role(stage: Stage, allowed: Collection[str], path: Path) -> None:
    """Refuse stages that learn, or load weights; a user's own need have no role."""
    if stage.role in allowed or not (stage.role or is_stage_module(stage.reference.module)):
        return
    what = "gives no scores, as the last step has to" if allowed is SCORING else "does not predict"
    raise InputError(
        f"{path} is no model that can be used: its step {stage.name!r:.80} {what}"
        f"{f' (its role: {stage.role})' if stage.role else ''}.",
        "strata export writes no such file: do not trust where it is from.",
    )


def _check_inputs(inputs: list[Any], number: int, artifacts: Collection[str], path: Path) -> None:
    for given in inputs:
        if isinstance(given, list):
            _check_inputs(given, number, artifacts, path)
            continue
        ((kind, which),) = given.items()
        earlier = kind in ("step", "shards") and type(which) is int and 0 <= which < number
        fitted = kind == "artifact" and which in artifacts
        images = kind in ("images", "subset") and which is True
        if not (earlier or fitted or images):
            raise refused(path, f"its step {number} has an input {given!r:.80}")


def _parameters(stage: Stage, step: PredictionStep, path: Path) -> dict[str, Any]:
    """Parameters of a step; those that are newer than the file have their defaults."""
    with naming(str(path)):
        found = stage.parameters.checked({**step.parameters, **stage.in_prediction}, stage.name)
    for name in SIDES if is_stage_module(stage.reference.module) else ():
        side = found.get(name)
        if isinstance(side, int) and side > MOST_SIDE:
            raise InputError(
                f"{path}: its step {stage.name!r} has {name} = {side}, and images of a model "
                f"file's steps have at most {MOST_SIDE} pixels a side.",
                "Larger images take more memory than a stranger's file should.",
            )
    return found


def _check_pooled_alike(
    step: PredictionStep,
    parameters: Mapping[str, Any],
    artifacts: Mapping[str, Mapping[str, Any]],
    path: Path,
    made: str,
) -> None:
    """Refuse features of a file without `tokens` that were pooled in another way then.

    Those are of tokens, and of maps whose channels are last, which were taken for maps of others.
    """
    from strata.models.transfer.canonical_subgraph import output_layout
    from strata.models.transfer.last_nodes import feature_nodes

    for name in (given["artifact"] for given in step.inputs if "artifact" in given):
        backbone = text_of(artifacts[name]["backbone"])
        for node in feature_nodes(backbone, parameters["nodes"]):
            layout = output_layout(backbone, node, parameters["image_size"])
            if layout.kind == "tokens" or layout != layout.canonical:
                raise InputError(
                    f"{path} was made by an older strata{made}, which pooled {node!r:.80} of "
                    f"{backbone:.80} in another way: its classifier is for other features.",
                    _EXPORT_AGAIN,
                )


def is_stage_module(module: str) -> bool:
    """Test for the name of a module of the package's own stages."""
    return bool(_STAGES.fullmatch(module))


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


def _own_address(step: PredictionStep, modules: Mapping[str, Path]) -> PredictionStep:
    """Step with the address that its stage has here."""
    module, _, name = step.stage.partition(":")
    if module not in modules:
        return step
    return replace(step, stage=f"{user_module(modules[module])}:{name}")
