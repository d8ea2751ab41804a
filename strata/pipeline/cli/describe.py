"""`strata describe`: stages, vector lengths and network layers of a method, before any training."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

from strata.errors import InputError
from strata.pipeline.cli.terminal.table import print_table
from strata.pipeline.experiment.compose import check_names
from strata.pipeline.experiment.file import DEFAULT_FILE, Experiment, read_experiment
from strata.pipeline.experiment.resolve import resolve
from strata.pipeline.reporting.description import (
    Description,
    StageDescription,
    count_classes,
    describe,
)

if TYPE_CHECKING:
    from strata.pipeline.reporting.described_layers import DescribedLayer
    from strata.pipeline.workspace.console import Terminal


def describe_method(
    name: str, file: Path | None, settings: list[str], classes: int | None, as_json: bool
) -> int:
    """Print a description of one method; neither the store nor the images are read.

    Args:
        classes: number of classes; None: as many as the experiment's data have.

    Raises:
        InputError: no such method, or a name that stands for several variants.
    """
    experiment = read_experiment(file or Path(DEFAULT_FILE), settings)
    _check_name(experiment, name)
    methods = resolve(experiment)
    found = describe(name, methods, classes or count_classes(experiment))
    if as_json:
        print(json.dumps(dataclasses.asdict(found), indent=2))
    else:
        _print(found)
    return 0


def _check_name(experiment: Experiment, name: str) -> None:
    """Refuse names that are not those of one method."""
    check_names(experiment.methods, [name])
    variants = [method.name for method in experiment.methods if method.variant_of == name]
    if variants:
        raise InputError(
            f"'{name}' stands for {len(variants)} variants.",
            f"Name one of them, for example '{variants[0]}'.",
        )


def _print(found: Description) -> None:
    from strata.pipeline.workspace.console import Terminal
    from strata.reports.exports.pretrained_text import sentence
    from strata.reports.formatting import number_of

    console = Terminal()
    many = number_of(found.classes, "class", "classes")
    console.print(f"{found.method}: recipe {found.recipe}, {many}")
    console.print(found.summary)
    for network in found.pretrained:
        console.print(sentence(network))
    console.print("")
    rows = [
        [s.name, s.summary.partition(": `")[0], "" if s.dims is None else str(s.dims)]
        for s in found.stages
    ]
    print_table(console, ["stage", "description", "length of vectors"], rows, left=2)
    for stage in found.stages:
        if stage.layers:
            console.print("")
            _print_layers(console, stage)


def _print_layers(console: "Terminal", stage: StageDescription) -> None:
    """Print the layers of a network and their sums, auxiliary heads apart from the others."""
    from strata.reports.exports.layer_table import layer_sums

    always = [layer for layer in stage.layers if not layer.training_only]
    console.print(f"{stage.name}: {layer_sums(always)}")
    for note in stage.notes:
        console.print(note)
    _print_rows(console, always)
    auxiliary = [layer for layer in stage.layers if layer.training_only]
    if auxiliary:
        console.print("")
        console.print(f"Auxiliary heads, in training only: {layer_sums(auxiliary)}")
        _print_rows(console, auxiliary)


def _print_rows(console: "Terminal", layers: "list[DescribedLayer]") -> None:
    from strata.reports.exports.layer_table import layer_cells, layer_columns

    columns = [name for name, _ in layer_columns()]
    rows = [layer_cells(layer) for layer in layers]
    if any(layer.followed_by for layer in layers):  # after the kind, where text is left-aligned
        columns.insert(2, "followed by")
        for row, layer in zip(rows, layers, strict=True):
            row.insert(2, layer.followed_by)
    print_table(console, columns, rows, left=3 if "followed by" in columns else 2)
