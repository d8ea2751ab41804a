"""Prediction by a model file: rate beside the training pipeline's stages, and peak memory.

    python benchmarks/predict.py [--images 1000] [--size 128] [--gaussians 32] [--most 10000]

The images are drawn scenes, the method a small `fisher`, fitted on 128 of them and exported. The
rate is processor time in one process, in rounds that alternate: the stages as the training pipeline
runs them, on shards of 256 files, without its store; and the predictions of the same files, with
everything that they have around the stages. Memory is that of `strata predict FILE -j 2 --csv` and
its processes, on links to the same images: the largest sum of their anonymous memory.
"""

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import strata  # noqa: F401  (before numpy: it selects the BLAS kernels)
from strata.pipeline.graph.inputs import ImageShard, Subset
from strata.pipeline.prediction.batch import MAX_IMAGES
from strata.pipeline.prediction.classify import classify_files
from strata.pipeline.prediction.listing.paths import AskedFile
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.model_file import load_model

SHARD = 256
EXPERIMENT = """
[data]
source = "train"
near_duplicates = false
[protocol]
test = 0
folds = 2
[methods.fisher]
mixture.n_components = {gaussians}
descriptor.mirror = false
"""


class ShardFiles:
    """A shard of files, as the stages of the training pipeline are given it."""

    def __init__(self, paths: list[Path]) -> None:
        digests = tuple(str(number) for number in range(len(paths)))
        self._shard, self.digests = ImageShard("", digests, tuple(paths)), digests
        self._paths = paths

    def __len__(self) -> int:
        return len(self.digests)

    def __iter__(self) -> Iterator[object]:
        from strata.image_io import read_image

        return map(read_image, self._paths)

    def subset(self, classes: tuple[str, ...]) -> Subset:
        return Subset(self.digests, self.digests, None, classes, 0)


def command(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "strata", *arguments], cwd=folder, stdout=subprocess.DEVNULL
    )


def prepare(folder: Path, images: int, size: int, gaussians: int) -> tuple[Path, list[Path]]:
    """Model file, and the files to be predicted."""
    from strata.scenes.write import write_scenes

    write_scenes(folder / "train", per_class=16, size=size, seed=0, jobs=2)
    write_scenes(folder / "new", per_class=-(-images // 8), size=size, seed=1, jobs=2)
    (folder / "strata.toml").write_text(EXPERIMENT.format(gaussians=gaussians))
    for arguments in (["make", "-j", "2"], ["export", "fisher", "fisher.strata"]):
        if command(folder, *arguments).wait():
            raise SystemExit(f"strata {' '.join(arguments)} failed.")
    files = sorted((folder / "new").rglob("*.jpg"), key=lambda path: (path.stem, path.parent.name))
    return folder / "fisher.strata", files[:images]


def by_stages(model: Model, files: list[Path]) -> None:
    """Scores, as the training pipeline computes them."""
    for start in range(0, len(files), SHARD):
        model.scored(ShardFiles(files[start : start + SHARD]))  # type: ignore[arg-type]


def by_predict(pickled: bytes, files: list[Path]) -> None:
    """Predictions, as a worker of `strata predict` makes them."""
    for start in range(0, len(files), MAX_IMAGES):
        classify_files(pickled, [AskedFile(str(f)) for f in files[start : start + MAX_IMAGES]])


def rates(model_file: Path, files: list[Path]) -> tuple[float, float]:
    """Images per second of processor time, of the stages and of predictions."""
    model = load_model(model_file)
    pickled = pickle.dumps(model)
    by_stages(model, files[:MAX_IMAGES])  # imports and compiles
    by_predict(pickled, files[:MAX_IMAGES])
    seconds = [0.0, 0.0]
    for start in range(0, len(files), SHARD):
        part = files[start : start + SHARD]
        for number, run in enumerate((by_stages, by_predict)):
            begun = time.process_time()
            run(pickled if number else model, part)  # type: ignore[operator]
            seconds[number] += time.process_time() - begun
    return len(files) / seconds[0], len(files) / seconds[1]


def peak_memory(folder: Path, files: list[Path], count: int) -> tuple[int, float]:
    """Largest anonymous memory of `strata predict` and its processes, bytes; seconds."""
    links = folder / f"links-{count}"
    for number in range(count):
        link = links / f"{number // 1000:03d}" / f"{number:06d}.jpg"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(files[number % len(files)])
    begun, peak = time.perf_counter(), 0
    process = command(folder, "predict", "fisher.strata", str(links), "--csv", "-j", "2")
    while process.poll() is None:
        peak = max(peak, sum(map(anonymous_memory, family(process.pid))))
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit("strata predict failed.")
    return peak, time.perf_counter() - begun


def family(pid: int) -> Iterator[int]:
    """A process and its descendants."""
    yield pid
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = tasks.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from family(int(child))


def anonymous_memory(pid: int) -> int:
    """Anonymous memory of a process, bytes; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--gaussians", type=int, default=32)
    parser.add_argument("--most", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        model_file, files = prepare(folder, options.images, options.size, options.gaussians)
        stages, predicted = rates(model_file, files)
        print(f"{len(files)} images of {options.size} x {options.size}, images per second and core")
        print(f"  stages of the training pipeline {stages:8.1f}")
        print(f"  strata predict FILE             {predicted:8.1f}   {predicted / stages:.1%}")
        for count in (n for n in (1000, 10_000, 100_000) if n <= options.most):
            peak, seconds = peak_memory(folder, files, count)
            print(
                f"  {count:>7} images: {peak / 2**20:.0f} MiB at most, {seconds:.0f} s", flush=True
            )


if __name__ == "__main__":
    main()
