"""Agreement and speed of ONNX files of methods, on real images.

    python benchmarks/onnx_agreement.py DIR WEIGHTS [--images 200] [--train 12] [--only tinynet ...]

DIR holds one folder per class, WEIGHTS the ImageNet weights (`inception_v3.pth`, ...). Each method
is trained for a short time on `--train` images of each class; its ONNX file is checked on
`--images` others, evenly drawn. A line per method: largest difference of a probability from the
method's own (in float32, of an export that would fail above 1e-4) and of a score, as a share of the
largest; from what `strata predict` gives on this processor, which may compute in bfloat16; the
file's size; seconds to export and check; milliseconds per image by onnxruntime and by strata, one
thread each.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import strata  # noqa: F401  (before numpy: it selects the BLAS kernels)

import numpy as np  # isort: skip
import onnxruntime
from rich.console import Console

from strata.image_io import read_image
from strata.models.training.resize import resize_images
from strata.pipeline.execution.executor import Run
from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.progress_bar import ProgressBar
from strata.pipeline.experiment.compose import compose
from strata.pipeline.experiment.dataset import open_dataset
from strata.pipeline.experiment.file import read_experiment
from strata.pipeline.experiment.resolve import resolve
from strata.pipeline.experiment.trained import trained_model
from strata.pipeline.prediction.model import Model
from strata.pipeline.prediction.onnx.export import export_onnx
from strata.pipeline.store.store import Store

EXPERIMENT = """
[data]
source = "images"
near_duplicates = false
[protocol]
folds = 2
test = 0.5
[methods.tinynet]
network.epochs = 10
[methods.inception]
weights = "{weights}"
[methods.squeezenet]
recipe = "deep_features"
backbone = "squeezenet1_1"
weights = "{weights}"
[methods.googlenet]
recipe = "cnn"
images.size = 96
network = {{ architecture = "googlenet", epochs = 2 }}
[methods.gist]
[methods.fisher]
"""
SIDES = {"tinynet": 64, "googlenet": 96, "inception": 299, "squeezenet": 224}


def models(folder: Path, weights: Path, only: list[str]) -> list[Model]:
    """Models of the methods, trained by the pipeline on the images of `folder/images`."""
    text = EXPERIMENT.format(weights=weights)
    (folder / "strata.toml").write_text(text)
    store = Store(folder / ".strata").open()
    experiment = read_experiment(folder / "strata.toml")
    dataset = open_dataset(experiment, store, jobs=1, progress=lambda *_: None)
    targets = [t for t in compose(resolve(experiment), dataset, store) if t.name in only]
    made = [trained_model(target, dataset, store) for target in targets]
    plan = Plan.of([target.folds[-1][1] for target in targets], store)
    with ProgressBar(Console(stderr=True), plan, store, 1) as progress:
        outcome = Run(plan, store, progress, jobs=1).execute(keep_going=False)
    for error in outcome.errors.values():
        raise error
    return [model for model, _ in made]


def milliseconds(path: Path, model: Model, images: list[np.ndarray]) -> tuple[float, float]:
    """Time of an image by onnxruntime, resized before, and by strata, resizing included."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options)
    pixels = resize_images(images, SIDES[model.name])
    seconds = []
    for run in (
        lambda: session.run(None, {"images": pixels}),
        lambda: model.decision_function(images),
    ):
        run()
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return seconds[0] / len(images) * 1e3, seconds[1] / len(images) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images_of", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--train", type=int, default=12)
    parser.add_argument("--only", nargs="*", default=[*SIDES, "gist", "fisher"])
    given = parser.parse_args()
    files = [sorted(f.iterdir()) for f in sorted(given.images_of.iterdir()) if f.is_dir()]
    others = [path for of_class in files for path in of_class[2 * given.train :]]
    chosen = [others[i] for i in np.linspace(0, len(others) - 1, given.images).astype(int)]
    images = [read_image(path) for path in chosen]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for of_class in files:
            place = folder / "images" / of_class[0].parent.name
            place.mkdir(parents=True)
            for path in of_class[: 2 * given.train]:  # half of them are the test images
                (place / path.name).symlink_to(path.resolve())
        for model in models(folder, given.weights.resolve(), given.only):
            path = folder / f"{model.name}.onnx"
            start = time.perf_counter()
            agreement = export_onnx(model, path, images).agreement
            seconds = time.perf_counter() - start
            line = f"{model.name}: {agreement.n} images, probabilities within "
            line += f"{agreement.probabilities or 0:.1e}, scores {agreement.scores:.1e}; "
            line += f"{path.stat().st_size / 1e6:.1f} MB, exported in {seconds:.0f} s"
            if model.name in SIDES:
                onnx, own = milliseconds(path, model, images[:32])
                session = onnxruntime.InferenceSession(path)
                pixels = resize_images(images[:32], SIDES[model.name])
                found = session.run(["probabilities"], {"images": pixels})[0]
                apart = np.abs(found - model.predict_proba(images[:32])).max()
                line += f"; from strata predict {apart:.1e}; {onnx:.1f} and {own:.1f} ms an image"
            print(line, flush=True)


if __name__ == "__main__":
    main()
