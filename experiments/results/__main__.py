"""`python -m experiments.results DIR`: make all runs, then the tables of docs/results.md.

DIR has one folder of images for each class. What is made already is not made again, and a run that
was interrupted goes on where it stopped: repeat the command until it says that all is done.
"""

import argparse
import signal
import subprocess
import sys
from pathlib import Path

from experiments.results.history import History
from experiments.results.outlook import Outlook
from experiments.results.page import PAGE, write_page
from experiments.results.room import make_room
from experiments.results.runs import EXPERIMENTS, RUNS, Place, Run, chosen, read_runs
from experiments.results.tables import TEMPLATES, Results
from strata.errors import InputError, StrataError
from strata.pipeline.cli.workspace import cores
from strata.pipeline.store.store import Store
from strata.reports.formatting import brief, duration, size


def main(arguments: list[str] | None = None) -> int:
    """Run the command; exit code 1 if a run failed, 2 for wrong usage, 130 if interrupted."""
    given = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return _run(given)
    except StrataError as error:
        print(f"results: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("results: interrupted; the same command goes on from here.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.results", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("images", nargs="?", help="one folder of images for each class")
    parser.add_argument("--only", nargs="+", default=[], metavar="RUN", help="make these runs only")
    parser.add_argument("--list", action="store_true", help="list the runs and the hours they take")
    parser.add_argument("--tables", action="store_true", help="write the tables, make no run")
    parser.add_argument("-j", dest="jobs", type=int, help="processes at once (default: all cores)")
    parser.add_argument("--disk", type=float, metavar="GB", help="most that the store may hold")
    into = EXPERIMENTS.parent / "out" / "results"
    parser.add_argument("--into", type=Path, default=into, help=f"store and reports ({into})")
    for name, path in (("runs", RUNS), ("templates", TEMPLATES), ("page", PAGE)):
        parser.add_argument(f"--{name}", type=Path, default=path, help=argparse.SUPPRESS)
    return parser


def _run(given: argparse.Namespace) -> int:
    images = "" if given.tables else _images(given.images)
    place = Place(images, given.into.absolute(), given.jobs)
    Store(place.store).open()
    runs = read_runs(given.runs)
    wanted = chosen(runs, given.only)
    history = History(place.root / "history.json")
    if given.list:
        _list(wanted, place, history)
        return 0
    limit = None if given.disk is None else given.disk * 1e9
    failed = [] if given.tables else _make(wanted, place, history, limit)
    outcome = write_page(Results(runs, place, history), given.page, given.templates)
    print(f"{given.page}: {len(outcome.written)} tables written, {len(outcome.left)} left")
    for name, cause in outcome.left.items():
        print(f"    {name}: {cause}")
    if failed:
        print(f"results: failed, wholly or in part: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _images(named: str | None) -> str:
    """The images as experiment files name them: an absolute path, or the built-in scenes.

    Raises:
        InputError: none are named, or there are none.
    """
    if named is None:
        raise InputError(
            "No images are named.",
            "`make results IMAGES=DIR` names a folder; without make it stands before --only.",
        )
    if named == "scenes":
        return named
    if not Path(named).exists():
        raise InputError(f"There are no images at {named}.", "Name one folder per class.")
    return str(Path(named).absolute())


def _make(wanted: list[Run], place: Place, history: History, limit: float | None) -> list[str]:
    """Make the runs one after the other; return the names of those that failed."""
    failed = []
    for number, run in enumerate(wanted):
        print(f"[{number + 1}/{len(wanted)}] {run.name}: {run.in_words()}", flush=True)
        try:
            outlook = Outlook.of(run, place)
            if _is_up_to_date(run, outlook, place, history):
                print("    up to date", flush=True)
                continue
            options = [] if run.is_script else make_room(number, wanted, place, limit)
        except InputError as error:
            print(f"results: {error}", file=sys.stderr)
            failed.append(run.name)
            continue
        code = _follow(run, place, outlook, history, options)
        if code == 130:
            raise KeyboardInterrupt
        if code:
            failed.append(run.name)
    return failed


def _is_up_to_date(run: Run, outlook: Outlook, place: Place, history: History) -> bool:
    """True if a run came to its end with the present code, and its results are still there."""
    done = history.is_done(run.name, outlook.code) and place.results(run).exists()
    return done and (outlook.is_made or run.is_script)


def _follow(run: Run, place: Place, outlook: Outlook, history: History, options: list[str]) -> int:
    """Make a run from the folder of the sources and keep its record; return its exit code."""
    jobs = None if run.is_script else place.jobs or cores()
    with subprocess.Popen(run.command(place, *options), cwd=EXPERIMENTS.parent) as process:
        try:
            return history.follow(run.name, outlook.code, process, jobs)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()


def _list(wanted: list[Run], place: Place, history: History) -> None:
    """Print each run with the time that it took or will take, and what it writes."""
    total = 0.0
    for run in wanted:
        outlook, record = Outlook.of(run, place), history.records.get(run.name)
        total += outlook.seconds
        took = f"took {brief(duration(round(record.seconds)))}" if record else ""
        if outlook.is_made or (run.is_script and history.is_done(run.name, outlook.code)):
            state = "made"
        elif run.is_script:
            state = "to be made"
        else:
            hours = f"{outlook.seconds / 3600:.1f} h"
            state = f"about {hours} and {size(outlook.bytes)} left"
        print(f"{run.name:24}{state:32}{took:20}{run.in_words()}")
    print(f"about {total / 3600:.1f} h left in all")


if __name__ == "__main__":
    sys.exit(main())
