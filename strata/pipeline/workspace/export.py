"""Model files and ONNX files of a workspace's methods."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from strata.errors import InputError
from strata.pipeline.experiment.compose import Target
from strata.pipeline.experiment.trained import CHECKED_IMAGES, held_out_images
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.model_file import SUFFIX, load_model, save_model
from strata.pipeline.workspace.trained import trained
from strata.pipeline.workspace.workspace import Workspace

if TYPE_CHECKING:
    from strata.pipeline.prediction.onnx.export import ExportedGraph

#: Suffix of ONNX files.
ONNX = ".onnx"


@dataclass(frozen=True)
class Exported:
    """A method that has been written to a file.

    Attributes:
        model: the method.
        graph: the ONNX file's inputs, and its agreement with the method; None of a model file.
        checked: number of images that this was measured on.
    """

    model: Model
    graph: "ExportedGraph | None" = None
    checked: int = 0


def export_method(
    workspace: Workspace, target: Target, path: Path, *, onnx: bool = False
) -> Exported:
    """Write a method that has results to a model file, or to an ONNX file if it is named so.

    A model file is read again; an ONNX file is run on images that the method was not trained on.

    Args:
        onnx: an ONNX file, whatever its suffix.

    Raises:
        InputError: another suffix, or a method without an ONNX form.
        StrataError: a fitted part could not be made, or the file not be written.
    """
    _check_name(path, target.name, onnx)
    model = trained(workspace, target)
    if not onnx and path.suffix != ONNX:
        save_model(model, path)
        load_model(path, model.modules)  # whatever cannot be read again should be known here
        return Exported(model)
    from strata.pipeline.prediction.onnx.export import export_onnx

    images = held_out_images(target, workspace.dataset, CHECKED_IMAGES)
    return Exported(model, export_onnx(model, path, images), len(images))


def _check_name(path: Path, method: str, onnx: bool) -> None:
    """Refuse names of folders and other suffixes, and name one that is right."""
    suffix = ONNX if onnx else SUFFIX
    if path.is_dir() or path.name in ("", ".."):
        name = path / f"{method.replace('/', '-')}{suffix}"
        raise InputError(f"{path} is a folder, and no name of a file.", f"Name it {name}.")
    if onnx and path.suffix == SUFFIX:
        raise InputError(f"{path} would be an ONNX file.", f"Name it {path.with_suffix(ONNX)}.")
    if not onnx and path.suffix not in (SUFFIX, ONNX):
        raise InputError(
            f"{path} is no name of a model file.", f"Name it {path.with_suffix(SUFFIX)}."
        )
