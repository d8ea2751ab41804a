"""Seconds per epoch of our training loop against the usual one, alternating in one run.

    python benchmarks/training.py [FOLDER] [--threads 1] [--rounds 5]

Both train the same network (TinyNet, depthwise) with the same optimizer on the same images at
64x64, batch size 64, with random flips and shifts. The usual loop is torchvision's ImageFolder with
a DataLoader of two persistent workers. Rounds alternate, so that other load on the machine affects
both; medians are compared. FOLDER holds a folder of images per class; without it, 1,881 synthetic
images of 256x256 in 8 classes are used.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from strata.models.architectures.builder import Network, build
from strata.models.architectures.presets.tinynet import tinynet
from strata.models.training.augment_config import Augmentation
from strata.models.training.batches import Images
from strata.models.training.config import TrainingConfig
from strata.models.training.optimizers import build_optimizer
from strata.models.training.resize import resize_images
from strata.models.training.trainer import Training

SIDE, BATCH = 64, 64


def write_synthetic_images(folder: Path, count: int = 1881, classes: int = 8) -> None:
    rng = np.random.default_rng(0)
    for i in range(count):
        path = folder / f"class{i % classes}" / f"{i}.jpg"
        path.parent.mkdir(exist_ok=True)
        coarse = rng.integers(0, 256, (24, 24, 3)).astype(np.uint8)
        fine = rng.normal(0, 8, (256, 256, 3))
        image = cv2.resize(coarse, (256, 256), interpolation=cv2.INTER_CUBIC) + fine
        cv2.imwrite(str(path), image.clip(0, 255).astype(np.uint8))


def network(classes: int) -> Network:
    return build(tinynet(depthwise=True), image_size=SIDE, num_classes=classes)


def usual_loop(folder: Path, workers: int) -> Iterator[float]:
    """Yield the seconds of one epoch after another, in torch's default memory format."""
    images = ImageFolder(
        str(folder),
        transforms.Compose(
            [
                transforms.Resize((SIDE, SIDE)),
                transforms.RandomHorizontalFlip(),
                transforms.RandomCrop(SIDE, padding=8, padding_mode="reflect"),
                transforms.ToTensor(),
                transforms.Normalize([0.5] * 3, [0.25] * 3),
            ]
        ),
    )
    loader = DataLoader(
        images, BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0
    )
    ours = network(len(images.classes))
    model = nn.Sequential(ours.blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), ours.head)
    optimizer = build_optimizer("adamw", [(1.0, model.parameters())], 0.01, 0.05)
    while True:
        started = time.perf_counter()
        for x, y in loader:
            loss = functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        yield time.perf_counter() - started


def our_loop(folder: Path, augmentation: Augmentation) -> Iterator[float]:
    """Yield the seconds of one epoch after another."""
    training = our_training(folder, augmentation)
    while True:
        yield training.run_epoch(0)["seconds"]


def our_training(folder: Path, augmentation: Augmentation) -> Training:
    paths = sorted(folder.glob("*/*"))
    pixels = resize_images((np.asarray(cv2.imread(str(path)), np.uint8) for path in paths), SIDE)
    names = [path.parent.name for path in paths]
    classes, labels = np.unique(names, return_inverse=True)
    config = TrainingConfig(
        epochs=1,
        batch_size=BATCH,
        optimizer="adamw",
        max_lr=0.01,
        momentum=0.9,
        weight_decay=0.05,
        lr_schedule="one-cycle",
        label_smoothing=0.0,
        class_weight=None,
        augmentation=augmentation,
        clip_grad_norm=None,
        ema_decay=0.0,
        patience=None,
        seed=0,
    )
    images = Images(torch.from_numpy(pixels), torch.from_numpy(labels))
    return Training(network(len(classes)), images, config)


def network_alone(folder: Path) -> Iterator[float]:
    """Yield the seconds of an epoch's gradient steps on one batch that is already in memory."""
    training = our_training(folder, Augmentation())
    images = training.images
    x = images.pixels.index_select(0, torch.arange(BATCH)).permute(0, 3, 1, 2)
    y = images.labels[:BATCH]
    while True:
        started = time.perf_counter()
        for rows in training.descent.bounds:
            size = rows.stop - rows.start
            loss = functional.cross_entropy(training.network(x[:size]), y[:size])
            training.descent.optimizer.zero_grad()
            loss.backward()
            training.descent.optimizer.step()
        yield time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        if options.folder is None:
            write_synthetic_images(folder)
        flip_shift = Augmentation(flip=True, shift=0.125)
        affine = Augmentation(flip=True, shift=0.125, zoom=0.2, rotation=8)
        loops: dict[str, Callable[[], Iterator[float]]] = {
            "usual loop, 2 workers": lambda: usual_loop(folder, 2),
            "ours, flip and shift": lambda: our_loop(folder, flip_shift),
            "ours, affine": lambda: our_loop(folder, affine),
            "network alone": lambda: network_alone(folder),
        }
        running = {name: start() for name, start in loops.items()}
        times: dict[str, list[float]] = {name: [] for name in loops}
        for round_ in range(options.rounds + 1):
            for name, epochs in running.items():
                seconds = next(epochs)
                if round_:  # the first round warms up
                    times[name].append(seconds)
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    usual, alone = medians["usual loop, 2 workers"], medians["network alone"]
    print(f"{'':24}{'s/epoch':>9}{'speed-up':>10}{'network share':>15}")
    for name, seconds in medians.items():
        print(f"{name:24}{seconds:9.3f}{usual / seconds:10.1f}{min(1, alone / seconds):15.0%}")


if __name__ == "__main__":
    main()
