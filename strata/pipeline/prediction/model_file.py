"""Model files: a trained method with all that prediction needs, in one file without pickles.

A zip (`container`) of `model.json` and, for each fitted artifact, `artifacts/NAME.json` and its
arrays, `artifacts/NAME.safetensors`. A file runs no code of its own: its steps are stages of the
package, or of files that the reader names, and its estimators those of `known_estimators`.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from strata.errors import InputError
from strata.pipeline.graph.provenance import versions
from strata.pipeline.prediction.checked_steps import (
    checked_steps,
    is_module_of,
    is_stage_module,
    named_modules,
)
from strata.pipeline.prediction.container import Container, container_writer, refused
from strata.pipeline.prediction.estimator_codec import encode
from strata.pipeline.prediction.file_artifacts import ArtifactEntries, FileArtifacts
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.model_document import (
    DOCUMENT,
    SCHEMA,
    classes_of,
    made_by,
    program_version,
    range_of,
    read_document,
    text_of,
    texts_of,
)
from strata.pipeline.prediction.steps import PredictionStep

AFFECTS_RESULTS = False  # how files are written, not what is in them

#: Suffix of model files.
SUFFIX = ".strata"


def save_model(model: Model, path: Path) -> None:
    """Write a model to a file, whole or not at all.

    The same model gives the same file, byte for byte.

    Raises:
        InputError: the file cannot be written, or a value of a user's stage is none that a model
            file can hold.
    """
    own = sorted({m for m in map(_module, model.steps) if not is_stage_module(m)})
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
            "versions": {"strata": program_version(), **versions()},
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
        own = named_modules(texts_of(document["modules"]), named, str(path))
        entries = {name: ArtifactEntries(*pair) for name, pair in document["artifacts"].items()}
        classes = classes_of(document["classes"])
        artifacts = FileArtifacts(container, entries, own, len(classes))
        return Model(
            name=text_of(document["name"]),
            classes=classes,
            steps=checked_steps(document["steps"], own, artifacts, path, made_by(document)),
            artifacts=artifacts,
            value_ranges={k: range_of(v) for k, v in document["value_ranges"].items()},
            modules=tuple(named),
            facts=dict(document["facts"]),
        )
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise refused(path, f"its {DOCUMENT} is none ({type(error).__name__}: {error})") from error


def _module(step: PredictionStep) -> str:
    return step.stage.partition(":")[0]


def _file_of(module: str, files: Sequence[Path]) -> str:
    """Name of the file of a user's module."""
    known = (file.name for file in files if is_module_of(module, file.name))
    return next(known, f"{module}.py")


def _text(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
