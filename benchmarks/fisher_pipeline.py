"""`fisher` from files to test scores, against the usual pipeline of OpenCV and scikit-learn.

    python benchmarks/fisher_pipeline.py DIR [--test 807] [--peer-images 96]

DIR holds one folder per class. All its images are training images; mirrored, re-encoded copies of
some of them are the test images (only time is measured here, not accuracy). Two processes, wall
time. `strata` is timed from reading the files to the predictions, with an empty store and including
the start of the processes: with the default of `fisher`, which adds each image's mirror image, and
without mirror images. The peer (OpenCV's SIFT at the same keypoints and scales, scikit-learn's PCA
and GaussianMixture, scikit-image's Fisher vectors, LinearSVC; no mirror images) is timed in one
process: the time of `--peer-images` images is scaled to all of them and halved, and that of fitting
is halved.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import strata  # noqa: F401  (before numpy: it selects the BLAS kernels)

import cv2  # isort: skip
import numpy as np
from rich.console import Console

from strata.pipeline.execution.executor import Run
from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.progress_bar import ProgressBar
from strata.pipeline.experiment.compose import compose
from strata.pipeline.experiment.dataset import open_dataset
from strata.pipeline.experiment.file import read_experiment
from strata.pipeline.experiment.resolve import resolve
from strata.pipeline.store.store import Store

GAUSSIANS, DIMENSIONS, SAMPLE = 256, 80, 250_000
BINS = (4, 6, 8, 12, 16)
EXPERIMENT = f"""
[data]
source = "images"
near_duplicates = false
[methods.fisher]
mixture = {{ n_components = {GAUSSIANS}, n_dims = {DIMENSIONS}, keep_zero = false }}
descriptor.mirror = %s
"""


def make_dataset(source: Path, root: Path, test: int) -> list[Path]:
    """Link `root/train` to the images, write mirrored copies to `root/test`; the training files."""
    (root / "train").parent.mkdir(parents=True)
    (root / "train").symlink_to(source.resolve())
    files = sorted(p for p in source.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"})
    for number in np.linspace(0, len(files) - 1, test).astype(int):
        file = files[number]
        (root / "test" / file.parent.name).mkdir(parents=True, exist_ok=True)
        mirrored = cv2.flip(np.asarray(cv2.imread(str(file))), 1)
        cv2.imwrite(str(root / "test" / file.parent.name / f"{number}.jpg"), mirrored)
    return files


def ours(folder: Path, mirror: bool) -> float:
    """Wall time in seconds to the test predictions of a model fitted on all training images."""
    (folder / "strata.toml").write_text(EXPERIMENT % str(mirror).lower())
    console = Console(stderr=True)
    os.sync()  # so that pending writes are not timed
    start = time.perf_counter()
    store = Store(folder / f".strata-{mirror}").open()
    experiment = read_experiment(folder / "strata.toml")
    dataset = open_dataset(experiment, store, jobs=2, progress=lambda *_: None)
    _, scores = compose(resolve(experiment), dataset, store)[0].folds[-1]
    plan = Plan.of([scores], store)
    with ProgressBar(console, plan, store, 2) as progress:
        outcome = Run(plan, store, progress, jobs=2).execute(keep_going=False)
    seconds = time.perf_counter() - start
    for error in outcome.errors.values():
        raise error
    return seconds


def root_sift(files: list[Path]) -> list[np.ndarray]:
    """RootSIFT by OpenCV at the keypoints and scales of `fisher`."""
    sift, found = cv2.SIFT.create(), []
    for file in files:
        gray = np.asarray(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE))
        points = [
            cv2.KeyPoint(float(x), float(y), size / 1.5, 0)
            for size in BINS
            for y in range(2 * size, gray.shape[0] - 2 * size + 1, 6)
            for x in range(2 * size, gray.shape[1] - 2 * size + 1, 6)
        ]
        _, rows = sift.compute(gray, points)
        found.append(np.sqrt(rows / np.maximum(rows.sum(axis=1, keepdims=True), 1e-7)))
    return found


def peer(files: list[Path], test: int, n_images: int) -> dict[str, float]:
    """Seconds of each step on two otherwise idle processes."""
    from skimage.feature import fisher_vector
    from sklearn.decomposition import PCA
    from sklearn.mixture import GaussianMixture
    from sklearn.svm import LinearSVC

    chosen = files[:: max(1, len(files) // n_images)][:n_images]
    seconds_of: dict[str, float] = {}

    def timed(name: str, start: float, factor: float) -> None:
        seconds_of[name] = (time.perf_counter() - start) * factor / 2

    scale = (len(files) + test) / len(chosen)
    start = time.perf_counter()
    rows = root_sift(chosen)
    timed("SIFT", start, scale)
    sample = np.concatenate(rows)[: SAMPLE * 2 : 2]
    start = time.perf_counter()
    pca = PCA(DIMENSIONS).fit(sample)
    mixture = GaussianMixture(GAUSSIANS, covariance_type="diag", max_iter=20, init_params="random")
    mixture.fit(np.float32(pca.transform(sample)))
    timed("PCA and mixture", start, 1)
    mixture.means_ = mixture.means_.astype(np.float32)
    mixture.covariances_ = mixture.covariances_.astype(np.float32)
    mixture.weights_ = mixture.weights_.astype(np.float32)
    start = time.perf_counter()
    vectors = [fisher_vector(np.float32(pca.transform(x)), mixture, improved=True) for x in rows]
    timed("Fisher vectors", start, scale)
    svm_rows = np.concatenate([vectors] * (len(files) // len(chosen) + 1))[: len(files)]
    start = time.perf_counter()
    LinearSVC(C=1.0).fit(np.float32(svm_rows), [f.parent.name for f in files])
    timed("linear SVM", start, 1)
    return seconds_of


def main() -> None:
    """Print the times of strata and of the libraries, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--test", type=int, default=807)
    parser.add_argument("--peer-images", type=int, default=96)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = make_dataset(given.folder, folder / "images", given.test)
        mirrored, unmirrored = ours(folder, mirror=True), ours(folder, mirror=False)
    print(f"{len(files)} + {given.test} images, two processes")
    print(f"  strata fisher, with mirror images {mirrored:7.1f} s")
    print(f"  strata fisher, without            {unmirrored:7.1f} s")
    seconds_of = peer(files, given.test, given.peer_images)
    for name, seconds in seconds_of.items():
        print(f"  libraries, {name:<23} {seconds:7.1f} s")
    theirs = sum(seconds_of.values())
    print(f"  libraries, in total                {theirs:7.1f} s   {theirs / unmirrored:.1f} x")


if __name__ == "__main__":
    main()
