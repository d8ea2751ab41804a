"""Model files: a trained method with all that prediction needs, in one file without pickles.

A zip (`container`) of `model.json` and, for each fitted artifact, `artifacts/NAME.json` and its
arrays, `artifacts/NAME.safetensors`. A file runs no code of its own: its steps are stages of the
package, or of files that the reader names, and its estimators those of `known_estimators`.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from strata.errors import InputError, naming
from strata.image_io import Range
from strata.pipeline.graph.provenance import versions
from strata.pipeline.graph.stage import Stage
from strata.pipeline.prediction.container import Container, container_writer, refused
from strata.pipeline.prediction.estimator_codec import encode
from strata.pipeline.prediction.file_artifacts import ArtifactEntries, FileArtifacts
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.steps import PredictionStep, stage_at
from strata.pipeline.prediction.user_stages import is_module_of, named_modules, own_address
from strata.pipeline.recipes.registry import user_module

AFFECTS_RESULTS = False  # how files are written, not what is in them

#: Version of what stands in `model.json`; readers refuse other versions.
SCHEMA = 1

#: Suffix of model files.
SUFFIX = ".strata"

DOCUMENT = "model.json"
_STAGES = re.compile(r"strata\.pipeline\.stages\.\w+", re.ASCII)
_MOST_BYTES = 2**24  # of `model.json`


def save_model(model: Model, path: Path) -> None:
    """Write a model to a file, whole or not at all.

    The same model gives the same file, byte for byte.

    Raises:
        InputError: the file cannot be written, or a value of a user's stage is none that a model
            file can hold.
    """
    own = sorted({m for m in map(_module, model.steps) if not _STAGES.fullmatch(m)})
    with container_writer(path) as add:
        digests: dict[str, str] = {}
        artifacts: dict[str, ArtifactEntries] = {}
        for number, (name, artifact) in enumerate(model.artifacts.items()):
            stem = f"artifacts/{number:02}-{re.sub(r'[^A-Za-z0-9]+', '-', name)[:60]}"
            values, arrays = encode(dict(artifact), own)
            entries = ArtifactEntries(f"{stem}.json", f"{stem}.safetensors" if arrays else None)
            digests[entries.values] = add(entries.values, _text(values))
            if entries.arrays:
                from safetensors.numpy import save

                digests[entries.arrays] = add(entries.arrays, save(arrays))
            artifacts[name] = entries
        document = {
            "schema": SCHEMA,
            "versions": {"strata": _version(), **versions()},
            "name": model.name,
            "classes": list(model.classes),
            "value_ranges": {kind: list(r) for kind, r in model.value_ranges.items()},
            "steps": [asdict(step) for step in model.steps],
            "modules": {module: _file_of(module, model.modules) for module in own},
            "artifacts": {name: list(entries) for name, entries in artifacts.items()},
            "digests": digests,
            "facts": model.facts,
        }
        add(DOCUMENT, _text(document))


def load_model(path: str | Path, modules: Sequence[str | Path] = ()) -> Model:
    """Read a model from a file that `save_model` wrote; arrays are read when they are needed.

    No code of the file's runs. All checksums are compared.

    Args:
        path: the file.
        modules: files of the recipes whose own stages the method has; they are imported, and so
            they run.

    Raises:
        InputError: no such file, a damaged one, one of another version, or one that needs stages
            of a file that is not named.
    """
    path, named = Path(path), [Path(module).absolute() for module in modules]
    container = Container(path)
    document = read_document(container)
    try:
        container.verify(_checked_texts(document["digests"]))
        steps = [_step(given) for given in document["steps"]]
        own = named_modules(_checked_texts(document["modules"]), named, str(path))
        steps = [
            _checked(own_address(step, own), number, named, document["artifacts"], path)
            for number, step in enumerate(steps)
        ]
        if not steps:
            raise refused(path, "it has no steps")
        return Model(
            name=_text_of(document["name"]),
            classes=tuple(map(_text_of, document["classes"])),
            steps=tuple(steps),
            artifacts=FileArtifacts(
                container,
                {name: ArtifactEntries(*pair) for name, pair in document["artifacts"].items()},
                own,
            ),
            value_ranges={k: _range(v) for k, v in document["value_ranges"].items()},
            modules=tuple(named),
            facts=dict(document["facts"]),
        )
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise refused(path, f"its {DOCUMENT} is none ({type(error).__name__}: {error})") from error


def read_document(container: Container) -> dict[str, Any]:
    """Content of `model.json`, of this version; nothing else is read, and no module needed.

    Raises:
        InputError: it is damaged, or of another version.
    """
    path = container.path
    if container.sizes[DOCUMENT] > _MOST_BYTES:
        raise refused(path, f"its {DOCUMENT} has {container.sizes[DOCUMENT]} bytes")
    try:
        document = json.loads(container.read(DOCUMENT))
        schema = document["schema"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise refused(path, f"its {DOCUMENT} is none ({type(error).__name__})") from error
    if schema != SCHEMA:
        of = document.get("versions")
        made = f" (strata {of['strata']!s:.20})" if isinstance(of, dict) and "strata" in of else ""
        newer = isinstance(schema, int) and schema > SCHEMA
        raise InputError(
            f"{path} is a model file of version {schema!r:.20}{made}, and this program reads "
            f"version {SCHEMA} (strata {_version()}).",
            "Update strata." if newer else "Export the method again with this version.",
        )
    return dict(document)


def _checked(
    step: PredictionStep,
    number: int,
    modules: Sequence[Path],
    artifacts: Collection[str],
    path: Path,
) -> PredictionStep:
    """Step whose stage is one, whose inputs are there, and whose parameters it takes."""
    module, _, name = step.stage.partition(":")
    shown = f"its step {step.stage!r:.80}"
    if not (_STAGES.fullmatch(module) or module in map(user_module, modules)):
        raise refused(path, f"{shown} is no stage of this program")
    try:
        stage = stage_at(step.stage, modules)
    except (ImportError, AttributeError) as error:
        raise refused(path, f"{shown} is unknown to strata {_version()}") from error
    if not isinstance(stage, Stage) or stage.reference.module != module:
        raise refused(path, f"{shown} is no stage")
    _check_inputs(step.inputs, number, artifacts, path)
    with naming(str(path)):  # parameters that are newer than the file have their defaults
        return replace(step, parameters=stage.parameters.checked(step.parameters, name))


def _check_inputs(inputs: list[Any], number: int, artifacts: Collection[str], path: Path) -> None:
    for given in inputs:
        if isinstance(given, list):
            _check_inputs(given, number, artifacts, path)
            continue
        ((kind, which),) = given.items()
        earlier = kind in ("step", "shards") and type(which) is int and 0 <= which < number
        fitted = kind == "artifact" and which in artifacts
        if not (earlier or fitted or given in ({"images": True}, {"subset": True})):
            raise refused(path, f"its step {number} has an input {given!r:.80}")


def _step(given: dict[str, Any]) -> PredictionStep:
    step = PredictionStep(**given)
    if not isinstance(step.inputs, list) or not isinstance(step.parameters, dict):
        raise TypeError("a step has a table of parameters and a list of inputs")
    _text_of(step.stage)
    return step


def _module(step: PredictionStep) -> str:
    return step.stage.partition(":")[0]


def _file_of(module: str, files: Sequence[Path]) -> str:
    """Name of the file of a user's module."""
    known = (file.name for file in files if is_module_of(module, file.name))
    return next(known, f"{module}.py")


def _text(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _text_of(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.60} is no text")
    return value


def _checked_texts(value: Mapping[Any, Any]) -> dict[str, str]:
    return {_text_of(key): _text_of(text) for key, text in value.items()}


def _range(value: Any) -> Range:
    low, high = map(float, value)
    return low, high


def _version() -> str:
    from strata import __version__

    return __version__
