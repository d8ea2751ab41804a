"""A small folder of images, an experiment on it, and the program to run on them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from strata.pipeline.store.checked_json import read_checked, write_checked
from strata.pipeline.store.store import MANIFEST, Store

FILE = """\
name = "toy"
recipes = "toy_recipes.py"

[data]
source = "images"
near_duplicates = false

[protocol]
folds = 3
test = 0.25

[methods.plain]
recipe = "colors"

[methods.squared]
recipe = "colors"
color.power = 2
"""


def write_images(root: Path, per_class: int = 8) -> None:
    """Noisy images of three colors; each is another picture."""
    for number, (name, color) in enumerate(
        {"blue": (40, 60, 200), "green": (40, 180, 60), "gray": (120, 120, 120)}.items()
    ):
        (root / name).mkdir(parents=True)
        for i in range(per_class):
            rng = np.random.default_rng([number, i])
            pixels = np.clip(rng.normal(color, 60, size=(24, 24, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / name / f"{i:03d}.png")


class Project:
    """A folder with an experiment file, as a user has it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.file = root / "strata.toml"
        self.store = root / ".strata"

    def start(self, *arguments: str, **keywords: object) -> "subprocess.Popen[str]":
        environment = {k: v for k, v in os.environ.items() if k != "COLUMNS"}
        return subprocess.Popen(
            [sys.executable, "-m", "strata", *arguments],
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            **keywords,  # type: ignore[call-overload]
        )

    def strata(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def make(self, *arguments: str, code: int = 0) -> str:
        done = self.strata("make", "-j", "2", *arguments)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


def predictions_of(project: Project, store: Path | None = None) -> dict[str, list[bytes]]:
    """Predictions of every method, to the bit."""
    place = Store(store or project.store)
    found = {}
    for key in place.keys():  # noqa: SIM118 (a generator)
        if (place.manifest(key) or {}).get("stage") == "predictions":
            artifact = place.read(key)
            found[key] = [artifact[n].tobytes() for n in ("ids", "fold", "labels", "scores")]
    return found


def rot(folder: Path, name: str) -> None:
    """Flip bits of an artifact's file as a disk does below the file system: times stay known."""
    path = folder / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 0xFF
    path.write_bytes(content)
    record = read_checked(folder / MANIFEST)
    status = path.stat()
    record["files"][name]["stamp"] = [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    write_checked(folder / MANIFEST, record)


#: Stages of artifacts beside the graph of methods.
BESIDE = {"split", "audit", "visualizations"}


def keys_of_methods(store: Store) -> list[str]:
    """Keys of the artifacts that stages of methods have made."""
    return [k for k in store.keys() if (store.manifest(k) or {})["stage"] not in BESIDE]  # noqa: SIM118
