"""Networks from scratch and dense SIFT on a GPU against one CPU thread, in one run.

    python benchmarks/gpu.py [FOLDER] [--epochs 60] [--folds 8] [--device cuda]

- a training of TinyNet (depthwise, 49 thousand parameters) at 64x64, batch size 64, eager and with
  `torch.compile`; for comparison a few epochs on one thread of the CPU;
- the trainings of 8 folds in parallel, a process each, against one of them alone;
- dense SIFT by torch, one image at a time and in a batch of 64, against the compiled kernel on one
  thread, and the largest difference of their descriptors.

FOLDER holds a folder of JPEG or PNG images per class; without it, 1,881 synthetic images in 8
classes are used. `--device cpu` is for testing the script only. Times are wall times after a
warm-up, with the GPU synchronized before each reading of the clock.
"""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from strata.features.descriptors import _sift_torch
from strata.features.descriptors._sift_numpy import DIMENSIONS
from strata.features.descriptors.color_spaces import color_channels
from strata.features.descriptors.dense_sift import (
    BINS_PER_SCALE,
    SIDE,
    DenseSIFT,
    smoothing_taps,
    window,
)
from strata.features.descriptors.sampling_grid import inner_grids
from strata.image_io import read_image
from strata.models.architectures.builder import build
from strata.models.architectures.presets.tinynet import tinynet
from strata.models.training.augment_config import Augmentation
from strata.models.training.batches import Images
from strata.models.training.config import TrainingConfig
from strata.models.training.resize import resize_images
from strata.models.training.trainer import Training

SIZE, BATCH, STEP, BINS = 64, 64, 6, (4, 6, 8, 12)
CPU_EPOCHS, SIFT_IMAGES, SIFT_SIDE = 2, 64, 256
Labeled = tuple[np.ndarray, np.ndarray]


def images_of(folder: Path | None, count: int) -> tuple[list[np.ndarray], np.ndarray]:
    """RGB images and class indices."""
    if folder is None:
        rng = np.random.default_rng(0)
        coarse = rng.integers(0, 256, (count, 24, 24, 3)).astype(np.uint8)
        big = [cv2.resize(c, (SIFT_SIDE,) * 2, interpolation=cv2.INTER_CUBIC) for c in coarse]
        return big, np.arange(count) % 8
    paths = sorted(p for p in folder.glob("*/*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    read = [read_image(path) for path in paths]
    return read, np.unique([path.parent.name for path in paths], return_inverse=True)[1]


def training(given: Labeled, device: str, epochs: int) -> Training:
    pixels, labels = (torch.from_numpy(part).to(device) for part in given)
    network = build(tinynet(depthwise=True), image_size=SIZE, num_classes=int(labels.max()) + 1)
    network.fit_standardization(given[0])
    config = TrainingConfig(
        epochs=epochs,
        batch_size=BATCH,
        optimizer="adamw",
        max_lr=0.01,
        momentum=0.9,
        weight_decay=0.05,
        lr_schedule="one-cycle",
        label_smoothing=0.1,
        class_weight=None,
        augmentation=Augmentation.of("light"),
        clip_grad_norm=None,
        ema_decay=0.0,
        patience=None,
        seed=0,
    )
    return Training(network, Images(pixels, labels), config)


def synchronized_time(device: str) -> float:
    """The time after synchronizing the device, seconds."""
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def seconds_to_train(given: Labeled, device: str, epochs: int, *, compiled: bool = False) -> float:
    """Seconds of a training, after an epoch of warm-up (and compilation)."""
    trainer = training(given, device, epochs)
    if compiled:
        network = trainer.network
        network.all_scores = torch.compile(network.all_scores)  # type: ignore[method-assign]
    trainer.run_epoch(0)
    started = synchronized_time(device)
    trainer.run()
    return synchronized_time(device) - started


def one_fold(
    number: int, folds: int, given: Labeled, device: str, epochs: int, shared: Any
) -> None:
    """Train on all images but one fold's, once all processes are ready (entry of a process)."""
    barrier, seconds = shared
    torch.set_num_threads(1)
    mine = np.arange(len(given[1])) % folds != number
    part = given[0][mine], given[1][mine]
    training(part, device, epochs).run_epoch(0)
    trainer = training(part, device, epochs)
    barrier.wait()
    started = synchronized_time(device)
    trainer.run()
    seconds[number] = synchronized_time(device) - started


def seconds_of_folds(given: Labeled, device: str, epochs: int, folds: int) -> float:
    """Seconds until the last of so many trainings in parallel is done."""
    context = multiprocessing.get_context("spawn")
    shared = context.Barrier(folds), context.Array("d", folds)
    processes = [
        context.Process(target=one_fold, args=(n, folds, given, device, epochs, shared))
        for n in range(folds)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        sys.exit("The training of a fold failed: its error is above.")
    return float(max(shared[1][:]))


def batched_sift(gray: np.ndarray, device: str) -> torch.Tensor:
    """(b, n, 128) descriptors of (b, h, w) float32 gray images, as `DenseSIFT` by default."""
    stack = torch.from_numpy(gray).to(device)
    found = []
    _, height, width = gray.shape
    for grid in inner_grids(height, width, STEP, BINS):
        min_sum = 0.005 * 255 * (SIDE * grid.bin_size) ** 2
        taps, weights = smoothing_taps(grid.bin_size / BINS_PER_SCALE), window(grid.bin_size)
        found.append(_sift_torch.descriptors(stack, grid, taps, weights, min_sum, root=True))
    return torch.cat(found, 1)


def seconds_each(describe: Callable[[], object], images: int, device: str) -> float:
    describe()
    started = synchronized_time(device)
    describe()
    return (synchronized_time(device) - started) / images


def sift_rows(images: list[np.ndarray], device: str) -> list[tuple[str, str]]:
    chosen = [cv2.resize(image, (SIFT_SIDE,) * 2) for image in images[:SIFT_IMAGES]]
    compiled, torch_sift = DenseSIFT(STEP, BINS), DenseSIFT(STEP, BINS, engine="torch")
    gray = np.concatenate([color_channels(image, "gray") for image in chosen]).astype(np.float32)
    once = batched_sift(gray, device).cpu().numpy().reshape(len(chosen), -1, DIMENSIONS)
    difference = max(
        float(np.abs(compiled.describe(image).descriptors - found).max())
        for image, found in zip(chosen, once, strict=True)
    )
    contenders: dict[str, Callable[[], object]] = {
        "compiled, one CPU thread": lambda: [compiled.describe(image) for image in chosen],
        "torch, one image at a time": lambda: [torch_sift.describe(image) for image in chosen],
        f"torch, batch of {len(chosen)}, copied back": lambda: batched_sift(gray, device).cpu(),
        f"torch, batch of {len(chosen)}, on device": lambda: batched_sift(gray, device),
    }
    rows = [
        (f"dense SIFT, {name}", f"{1000 * seconds_each(run, len(chosen), device):.2f} ms an image")
        for name, run in contenders.items()
    ]
    return [*rows, ("largest difference of an entry", f"{difference:.1e}")]


def training_rows(given: Labeled, device: str, epochs: int, folds: int) -> list[tuple[str, str]]:
    network = training(given, "cpu", 1).network
    parameters = sum(p.numel() for p in network.parameters())
    single = seconds_to_train(given, device, epochs)
    part = tuple(values[np.arange(len(values)) % folds != 0] for values in given)
    fold = seconds_to_train(part, device, epochs)
    parallel = seconds_of_folds(given, device, epochs, folds)
    torch.set_num_threads(1)
    cpu = seconds_to_train(given, "cpu", CPU_EPOCHS) / CPU_EPOCHS
    sequential = folds * fold
    rows = [
        (f"{epochs} epochs of {len(given[1])} images", f"{single:.1f} s"),
        ("an epoch", f"{1000 * single / epochs:.0f} ms"),
        ("an epoch, one CPU thread", f"{1000 * cpu:.0f} ms ({cpu * epochs / single:.1f} times)"),
        (f"{folds} folds in parallel", f"{parallel:.1f} s"),
        (
            f"{folds} folds in sequence",
            f"{sequential:.1f} s ({sequential / parallel:.1f} times)",
        ),
    ]
    if device == "cuda":
        used = torch.cuda.max_memory_allocated() / 2**20
        rows.append(("GPU memory of one training", f"{used:.0f} MiB"))
    return [("parameters", f"{parameters:,}"), *rows]


def compiled_rows(given: Labeled, device: str, epochs: int) -> list[tuple[str, str]]:
    seconds = seconds_to_train(given, device, epochs, compiled=True)
    return [("compiled by torch.compile, an epoch", f"{1000 * seconds / epochs:.0f} ms")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--images", type=int, default=1881, help="synthetic ones, without a folder")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--folds", type=int, default=8)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit(
            "torch finds no CUDA device, so nothing was measured (--device cpu tries the script)."
        )
    images, labels = images_of(options.folder, options.images)
    given = resize_images(images, SIZE), labels.astype(np.int64)
    name = torch.cuda.get_device_name() if options.device == "cuda" else "CPU (test of the script)"
    print(f"{name}, torch {torch.__version__}, Python {sys.version.split()[0]}")
    print_table(training_rows(given, options.device, options.epochs, options.folds))
    print_table(sift_rows(images, options.device))
    if options.device == "cuda":  # last: it needs a C++ compiler, which may be missing
        print_table(compiled_rows(given, options.device, options.epochs))


def print_table(rows: list[tuple[str, str]]) -> None:
    for label, value in rows:
        print(f"{label:48} {value}", flush=True)


if __name__ == "__main__":
    main()
