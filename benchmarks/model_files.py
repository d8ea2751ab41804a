"""Model files of the recipes: size, and time to load and to classify a first image.

    python benchmarks/model_files.py DIR --weights WEIGHTS [--every 4] [--only fisher,tinynet]

DIR holds one folder per class, of which every fourth image is taken; WEIGHTS holds
`inception_v3.pth` and `squeezenet1_1.pth`. Parameters are the defaults, but networks train for one
epoch, which does not change their size. Each file is loaded in a new process, three times: the
shortest time of `load_model` alone, and from the import of strata to the class of one image.
"""

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.execution.executor import Run
from strata.pipeline.execution.progress_bar import ProgressBar
from strata.pipeline.experiment.trained import trained_model
from strata.pipeline.prediction.model_file import save_model

METHODS = {
    "gist": "",
    "gist_knn": 'recipe = "gist"\nclassifier.use = "knn"',
    "bovw": "",
    "bovw_linear": 'recipe = "bovw"\nclassifier.kernel = "linear"',
    "vlad": "",
    "fisher": "",
    "fisher_color": "",
    "fusion": 'of = ["gist", "fisher"]',
    "mlp": "network.epochs = 1",
    "cnn": "network.epochs = 1",
    "tinynet": "network.epochs = 1",
    "deep_svm": "network.epochs = 1",
    "deep_features": 'backbone = "squeezenet1_1"',
    "fine_tuned": 'nodes.freeze_until = "features.10"\ntraining.epochs = 1',
    "inception": "training.epochs = 1",
}

LOAD = """
import sys, time
begun = time.perf_counter()
import numpy as np
import strata
from strata.pipeline.prediction.model_file import load_model
ready = time.perf_counter()
model = load_model(sys.argv[1])
loaded = time.perf_counter()
model.predict([np.zeros((256, 256, 3), np.uint8)])
print(loaded - ready, time.perf_counter() - begun, "torch" in sys.modules)
"""


def experiment(root: Path, source: Path, every: int, only: list[str]) -> Path:
    """Write an experiment file on some of the images."""
    for folder in sorted(path for path in source.iterdir() if path.is_dir()):
        (root / "images" / folder.name).mkdir(parents=True)
        for file in sorted(folder.iterdir())[::every]:
            (root / "images" / folder.name / file.name).symlink_to(file.resolve())
    text = '[data]\nsource = "images"\n[protocol]\nfolds = 2\n'
    for name, settings in METHODS.items():
        if not only or name in only:
            text += f"[methods.{json.dumps(name)}]\n{settings}\n"
    (root / "strata.toml").write_text(text)
    return root / "strata.toml"


def measured(workspace: Workspace, name: str, path: Path) -> str:
    """Row of the table for one method, whose file is written to `path`."""
    (target,) = workspace.chosen([name])
    model, plan = trained_model(target, workspace.dataset, workspace.store)
    with ProgressBar(workspace.progress_console, plan, workspace.store, workspace.jobs) as bar:
        outcome = Run(plan, workspace.store, bar, jobs=workspace.jobs).execute(keep_going=False)
    for error in outcome.errors.values():
        raise error
    save_model(dataclasses.replace(model, facts={}), path)
    command = [sys.executable, "-c", LOAD, str(path)]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(3)]
    load, first, torch = min(run.stdout.split() for run in runs)
    cells = [
        f"`{name}`",
        f"{path.stat().st_size / 1e6:.1f} MB",
        f"{1000 * float(load):.0f} ms",
        f"{float(first):.1f} s",
        "torch" if torch == "True" else "",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print a table, one row for each method."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--every", type=int, default=4)
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    os.environ["STRATA_WEIGHTS"] = str(arguments.weights.resolve())
    only = [name for name in arguments.only.split(",") if name]
    with tempfile.TemporaryDirectory() as root:
        file = experiment(Path(root), arguments.source, arguments.every, only)
        workspace = Workspace.at(file, [], None, None, arguments.jobs, False)
        print("| method | size | load | first class | |\n|---|---|---|---|---|")
        for number, target in enumerate(workspace.targets):
            print(measured(workspace, target.name, Path(root) / f"{number}.strata"), flush=True)


if __name__ == "__main__":
    main()
