"""`strata export`: write a trained method to a file that predicts anywhere."""

from pathlib import Path
from typing import TYPE_CHECKING

from strata.pipeline.cli.trained.target import trained_target
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.prediction.model import Model
from strata.pipeline.workspace.export import export_method

if TYPE_CHECKING:
    from strata.pipeline.prediction.onnx.export import ExportedGraph


def export(workspace: Workspace, method: str, path: Path, onnx: bool = False) -> int:
    """Write a method to a file; print its size, and what it needs elsewhere or its ONNX inputs."""
    done = export_method(workspace, trained_target(workspace, method), path, onnx=onnx)
    size = _megabytes(path.stat().st_size)
    workspace.console.print(f"{path}: {done.model.name}, {size}")
    lines = _about_graph(done.graph, done.checked) if done.graph else needs(done.model, path)
    for line in lines:
        workspace.console.print(line)
    return 0


def _about_graph(graph: "ExportedGraph", checked: int) -> list[str]:
    """Sentences on the inputs of an ONNX file, and on how far its scores are from strata's."""
    found = [f"Input {name}: {held}" for name, held in graph.inputs.items()]
    found.append(
        f"On {checked} images that it was not trained on, onnxruntime differs from the method "
        f"itself, in float32: {graph.agreement.sentence}."
    )
    if graph.precision is not None and graph.precision > graph.agreement.largest:
        found.append(
            "On this machine, strata predict computes the network in bfloat16 and differs by "
            f"{graph.precision:.1e}."
        )
    return found


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
