"""`python -m experiments.results DIR`: make all runs, then the tables of docs/results.md.

DIR has one folder of images for each class. What is made already is not made again, and a run that
was interrupted goes on where it stopped: repeat the command until it says that all is done.
"""

import argparse
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from experiments.results.history import History
from experiments.results.listing import listing
from experiments.results.outlook import Outlook, digest_of_images
from experiments.results.page import PAGE, refuse_other_images, write_page
from experiments.results.room import make_room
from experiments.results.runs import EXPERIMENTS, RUNS, Place, Run, chosen, read_runs
from experiments.results.tables import Results
from experiments.results.templates import TEMPLATES, read_templates
from strata.errors import InputError, StrataError
from strata.pipeline.store.store import Store
from strata.pipeline.workspace.workspace import cores


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
    parser.add_argument(
        "--list", action="store_true", help="list runs, hours and tables; make nothing"
    )
    parser.add_argument("--tables", action="store_true", help="write the tables, make no run")
    parser.add_argument("-j", dest="jobs", type=int, help="processes at once (default: all cores)")
    parser.add_argument("--disk", type=float, metavar="GB", help="most that the store may hold")
    into = EXPERIMENTS.parent / "out" / "results"
    parser.add_argument("--into", type=Path, default=into, help=f"store and reports ({into})")
    parser.add_argument(
        "--page", type=Path, help="page whose tables are filled (default: a copy, INTO/results.md)"
    )
    for name, path in (("runs", RUNS), ("templates", TEMPLATES)):
        parser.add_argument(f"--{name}", type=Path, default=path, help=argparse.SUPPRESS)
    return parser


def _run(given: argparse.Namespace) -> int:
    images = "" if given.tables or given.list else _images(given.images)
    runs = read_runs(given.runs)
    wanted = chosen(runs, given.only)
    history = History(given.into.absolute() / "history.json")
    if given.list:
        shown = wanted if given.only else runs.values()
        print(listing(shown, read_templates(given.templates), history))
        return 0
    place = Place(images, given.into.absolute(), given.jobs)
    Store(place.store).open()
    if images:
        place = replace(place, digest=digest_of_images(runs.values(), place))
    if given.page:
        refuse_other_images(given.page, place.digest)
    limit = None if given.disk is None else given.disk * 1e9
    failed = [] if given.tables else _make(wanted, place, history, limit)
    page, base = given.page or place.root / "results.md", None if given.page else PAGE
    outcome = write_page(Results(runs, place, history), page, base, given.templates)
    print(f"{page}: {len(outcome.written)} tables written, {len(outcome.left)} left")
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
    done = history.is_done(run.name, outlook.code, place.digest) and place.results(run).exists()
    return done and (outlook.is_made or run.is_script)


def _follow(run: Run, place: Place, outlook: Outlook, history: History, options: list[str]) -> int:
    """Make a run from the folder of the sources and keep its record; return its exit code."""
    jobs = None if run.is_script else place.jobs or cores()
    with subprocess.Popen(run.command(place, *options), cwd=EXPERIMENTS.parent) as process:
        try:
            return history.follow(run.name, outlook.code, process, jobs, place.digest)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()


if __name__ == "__main__":
    sys.exit(main())
