"""Remarks on a data set before a run."""

from strata.pipeline.experiment.dataset import Dataset
from strata.text import one_line


def remarks(dataset: Dataset) -> list[str]:
    """Notes on how folders were read, and what is doubtful about the classes, one line each."""
    from strata.pipeline.data.layout_checks import doubtful_classes

    manifest = dataset.manifest
    return [
        *(f"note: {one_line(note)}" for note in [*manifest.notes, *dataset.further.notes]),
        *(f"{f.severity}: {one_line(f.title)}" for f in doubtful_classes(manifest.records)),
    ]
