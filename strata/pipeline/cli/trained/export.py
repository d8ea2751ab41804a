"""`strata export`: write a trained method to a file that predicts anywhere."""

from pathlib import Path

from strata.errors import InputError
from strata.pipeline.cli.trained.target import trained_target
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.trained import CHECKED_IMAGES, held_out_images
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.model_file import SUFFIX
from strata.pipeline.workspace.export import export_model
from strata.pipeline.workspace.trained import trained


def export(workspace: Workspace, method: str, path: Path, onnx: bool = False) -> int:
    """Write a method to a model file, and print its size and what it needs elsewhere."""
    if onnx or path.suffix == ".onnx":
        return _export_onnx(workspace, trained_target(workspace, method), path)
    if path.suffix != SUFFIX:
        raise InputError(
            f"{path} is no name of a model file.", f"Name it {path.with_suffix(SUFFIX)}."
        )
    model = export_model(workspace, trained_target(workspace, method), path)
    size = path.stat().st_size
    workspace.console.print(f"{path}: {model.name}, {_megabytes(size)}")
    for line in needs(model, path):
        workspace.console.print(line)
    return 0


def _export_onnx(workspace: Workspace, target: Target, path: Path) -> int:
    """Write a method to an ONNX file; print its inputs and how far its scores are from strata's."""
    from strata.pipeline.prediction.onnx.export import export_onnx

    if path.suffix == SUFFIX:
        raise InputError(f"{path} would be an ONNX file.", f"Name it {path.with_suffix('.onnx')}.")
    model = trained(workspace, target)
    images = held_out_images(target, workspace.dataset, CHECKED_IMAGES)
    found = export_onnx(model, path, images)
    workspace.console.print(f"{path}: {model.name}, {_megabytes(path.stat().st_size)}")
    for name, held in found.inputs.items():
        workspace.console.print(f"Input {name}: {held}")
    workspace.console.print(
        f"On {len(images)} images that it was not trained on, onnxruntime differs from the method "
        f"itself, in float32: {found.agreement.sentence}."
    )
    if found.precision is not None and found.precision > found.agreement.largest:
        workspace.console.print(
            "On this machine, strata predict computes the network in bfloat16 and differs by "
            f"{found.precision:.1e}."
        )
    return 0


def needs(model: Model, path: Path) -> list[str]:
    """Sentences on what a model needs where it predicts, besides strata itself."""
    found = []
    if any(step.stage.endswith("_surf") for step in model.steps):
        found.append("It describes images by SURF, which needs mahotas: pip install 'strata[surf]'")
    if any(stage.accelerator for stage in model.stages):
        found.append("It has a network, so that the first prediction loads torch")
    for module in model.modules:
        found.append(
            f"It has stages of {module.name}, which is not in the file: take {module.name} along "
            f"(strata predict {path.name} --modules {module.name} IMAGES)"
        )
    for weights in model.facts.get("weights", ()):
        found.append(
            f"It has the weights of {weights['backbone']} ({weights['source']}): {weights['terms']}"
        )
    return found


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"
