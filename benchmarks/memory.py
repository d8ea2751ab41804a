"""Peak memory and time of the stages that fit or score, from 1,000 images to 100,000.

    python benchmarks/memory.py [--most 100000] [--only STAGE ...]

The images are a synthetic list: 256 drawn scenes of 128 x 128 pixels, whose descriptors are
computed once and used for every shard of 256 images. Each stage runs in a process of its own.
"allocated" is the peak of the process's anonymous memory; "resident" includes the pages of
memory-mapped artifacts, which the system can reclaim. Time is the process's processor time, without
start-up and imports.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import strata  # noqa: F401  (before numpy: it selects the BLAS kernels)
from strata._worker_environment import worker_environment
from strata.pipeline.graph.inputs import Subset
from strata.pipeline.graph.sharded_arrays import Shards
from strata.pipeline.stages import classifiers, descriptors, encodings, reductions
from strata.pipeline.store.artifact import Artifact, write_artifact

SHARD = 256
CLASSES = tuple("abcdefgh")

#: Stage -> the artifact that it reads, and its function.
STAGES: dict[str, tuple[str, Callable[..., Any]]] = {
    "visual_words": ("local", encodings.visual_words.function),
    "vlad": ("local", encodings.vlad.function),
    "fisher_vectors": ("local", encodings.fisher_vectors.function),
    "standardize": ("fisher", reductions.standardize.function),
    "pca": ("fisher", reductions.pca.function),
    "lda": ("histograms", reductions.lda.function),
    "additive_kernel_map": ("histograms", reductions.additive_kernel_map.function),
    "svm": ("fisher", classifiers.svm.run),
    "logistic": ("fisher", classifiers.logistic.function),
    "class_scores": ("fisher", classifiers.class_scores.function),
}


def images(numbers: range) -> Subset:
    names = tuple(f"{n // SHARD}-{n % SHARD}" for n in numbers)
    return Subset(names, names, tuple(n % SHARD % len(CLASSES) for n in numbers), CLASSES, 0)


def shards(folder: Path, n: int) -> Shards:
    digests = [
        [f"{s}-{i}" for i in range(min(SHARD, n - s * SHARD))] for s in range(-(-n // SHARD))
    ]
    return Shards(digests, lambda number: Artifact(folder, unpickle=True))


def prepare(root: Path) -> None:
    """Write the descriptors, histograms, Fisher vectors and a classifier of one shard."""
    from strata.image_io import read_image
    from strata.scenes.write import write_scenes

    write_scenes(root / "scenes", per_class=SHARD // 8, size=128, seed=0, jobs=2)
    files = sorted((root / "scenes").rglob("*.*"), key=lambda path: (path.stem, path.parent.name))
    local = descriptors.dense_sift.function(map(read_image, files[:SHARD]))
    made = {"local": local}
    few = images(range(SHARD))
    write(root / "local", local)
    of_shard = shards(root / "local", SHARD)
    fitted = encodings.fisher_vectors.function(of_shard, few)
    made["fisher"] = encodings.encode.function(local, fitted)
    words = encodings.visual_words.function(of_shard, few)
    made["histograms"] = encodings.bag_of_words.run(local, words)
    for name in ("fisher", "histograms"):
        write(root / name, made[name])
    write(root / "classifier", classifiers.svm.run(shards(root / "fisher", SHARD), few))


def write(folder: Path, values: dict[str, Any]) -> None:
    folder.mkdir()
    write_artifact(values, folder)


def anonymous_memory() -> int:
    """Anonymous memory of this process, bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    raise SystemExit("/proc/self/status is missing: run this benchmark on Linux.")


def run(stage: str, n: int, root: Path) -> None:
    """Run one stage on n images in this process, and print its memory and time as JSON."""
    reads, function = STAGES[stage]
    everything, given = images(range(n)), shards(root / reads, n)
    few, one = images(range(SHARD)), shards(root / reads, SHARD)
    inputs: tuple[Any, ...] = (everything,)
    if stage == "class_scores":
        inputs = (dict(Artifact(root / "classifier", unpickle=True)), everything)
        function(one, inputs[0], few)
    else:
        function(one, few)  # imports and compiles
    peak, done = [anonymous_memory()], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            peak[0] = max(peak[0], anonymous_memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.process_time()
    function(given, *inputs)
    seconds = time.process_time() - start
    done.set()
    watcher.join()
    import resource

    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"allocated": peak[0], "resident": resident, "seconds": seconds}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=100_000)
    parser.add_argument("--only", nargs="*", choices=STAGES, default=list(STAGES))
    parser.add_argument("--in-process", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.in_process:
        stage, n, root = options.in_process
        run(stage, int(n), Path(root))
        return
    counts = [n for n in (1000, 3000, 10_000, 30_000, 100_000) if n <= options.most]
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        print(
            f"{'stage':<16}{'images':>9}{'allocated, MiB':>16}{'resident, MiB':>15}{'seconds':>10}"
        )
        for stage in options.only:
            for n in counts:
                command = [sys.executable, __file__, "--in-process", stage, str(n), folder]
                environment = {**os.environ, **worker_environment()}
                done = subprocess.run(
                    command, capture_output=True, text=True, check=False, env=environment
                )
                if done.returncode:
                    print(f"{stage:<16}{n:>9}  {done.stderr.strip().splitlines()[-1]}")
                    continue
                found = json.loads(done.stdout)
                memory = f"{found['allocated'] / 2**20:>16.0f}{found['resident'] / 2**20:>15.0f}"
                print(f"{stage:<16}{n:>9}{memory}{found['seconds']:>10.1f}", flush=True)


if __name__ == "__main__":
    main()
