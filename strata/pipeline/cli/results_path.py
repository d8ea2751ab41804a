"""Lookup of the results.json of a report named on the command line."""

import tomllib
from pathlib import Path

from strata.errors import InputError
from strata.pipeline.experiment.file import DEFAULT_FILE

RESULTS = "results.json"
#: Number of reports listed in a hint.
MOST = 12


def results_path(named: Path) -> Path:
    """Find the results.json named by itself, or by its report's folder, page or experiment file.

    The `out/` before a report's folder may be left out, and a folder above a single report stands
    for that report.

    Raises:
        InputError: there is none, or there are several; the hint lists the existing reports.
    """
    if named.suffix == ".html":
        named = named.parent
    if named.is_file() and named.suffix != ".toml":
        return named
    stem = named.parent / _experiment_name(named) if named.suffix == ".toml" else named
    for folder in (named, stem.parent / "out" / stem.name, Path("out") / stem):
        if (folder / RESULTS).is_file():
            return folder / RESULTS
    within = _below(named)
    if len(within) == 1:
        return within[0]
    if within:
        raise InputError(f"Below {named} are several reports.", _named(within))
    raise InputError(f"There are no results of a report at {named}.", _named(_below(Path())))


def previous_results_path(results: Path) -> Path:
    """Find the results.json of the report that this one replaced.

    Raises:
        InputError: there is none.
    """
    from strata.reports.exports.previous_report import PREVIOUS, earlier_reports

    found = earlier_reports(results.parent)
    if not found:
        raise InputError(
            f"There is no earlier report in {results.parent / PREVIOUS} to compare {results} with.",
            "The next `strata make` with other results keeps this one there; or name two reports.",
        )
    return found[-1] / RESULTS


def _experiment_name(file: Path) -> str:
    """Name of the report's folder of an experiment file, as `read_experiment` finds it."""
    try:
        name = tomllib.loads(file.read_text(encoding="utf-8-sig")).get("name")
    except (OSError, ValueError, RecursionError):
        name = None
    if isinstance(name, str) and name:
        return name
    return file.absolute().parent.name if file.name == DEFAULT_FILE else file.stem


def _below(folder: Path) -> list[Path]:
    return sorted({*folder.glob(f"*/{RESULTS}"), *folder.glob(f"out/*/{RESULTS}")})


def _named(found: list[Path]) -> str:
    if found:
        places = ", ".join(str(path.parent) for path in found[:MOST])
        more = f" and {len(found) - MOST} more" if len(found) > MOST else ""
        return f"There are reports at {places}{more}."
    return (
        f"Give a {RESULTS}, or the folder that a report was written to: `strata make` prints it at "
        "its end."
    )
