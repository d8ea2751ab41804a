"""Training a head on a frozen network: on cached activations, against the usual loop.

    python benchmarks/transfer.py WEIGHTS [--backbone inception_v3] [--images 64] [--epochs 20]

Usual: every epoch runs the frozen network on every batch, and a DataLoader reads and resizes the
images. Ours: the network runs once, and the epochs train on the pooled activations. WEIGHTS is a
file of weights, or a folder that holds BACKBONE.pth. Images are synthetic, 256x256. The usual loop
is timed for one epoch and multiplied, as every epoch is the same work; ours is timed completely,
including the one run of the network. Both use the same memory format on one thread; times are
processor seconds, so that other load on the machine does not count.
"""

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from strata.image_io import read_image
from strata.models.estimators.fine_tuned_classifier import FineTunedClassifier
from strata.models.transfer import backbones, weights
from strata.models.transfer.backbone_features import BackboneFeatures
from strata.models.transfer.subgraph import IMAGES, extract_subgraph, global_pool

BATCH = 32


def write_synthetic_images(folder: Path, count: int, classes: int = 4) -> None:
    rng = np.random.default_rng(0)
    for i in range(count):
        path = folder / f"class{i % classes}" / f"{i}.jpg"
        path.parent.mkdir(exist_ok=True)
        coarse = rng.integers(0, 256, (4 << (i % classes), 24, 3)).astype(np.uint8)
        image = cv2.resize(coarse, (256, 256), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(path), image)


def usual_epoch(folder: Path, backbone: str, node: str, state: dict[str, torch.Tensor]) -> float:
    """Processor seconds of one epoch of the usual loop."""
    preprocessing = backbones.preprocessing(backbone)
    size = preprocessing.image_size
    images = ImageFolder(
        str(folder),
        transforms.Compose(
            [
                transforms.Resize((size, size)),
                transforms.ToTensor(),
                transforms.Normalize(preprocessing.mean, preprocessing.std),
            ]
        ),
    )
    frozen = extract_subgraph(backbones.build(backbone, state), IMAGES, [node])
    frozen.requires_grad_(False).to(memory_format=torch.channels_last)
    head = nn.LazyLinear(len(images.classes))
    head(global_pool(frozen(torch.zeros(1, 3, size, size))[0]))
    optimizer = torch.optim.SGD(head.parameters(), lr=0.01, momentum=0.9)
    started = time.process_time()
    for x, labels in DataLoader(images, BATCH, shuffle=True):
        with torch.no_grad():
            vectors = global_pool(frozen(x.contiguous(memory_format=torch.channels_last))[0])
        loss = functional.cross_entropy(head(vectors), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.process_time() - started


def ours(
    folder: Path, backbone: str, output_node: str, state: dict[str, torch.Tensor], epochs: int
) -> tuple[float, float]:
    """Processor seconds of the one run of the network, and of all epochs of the head."""
    paths = sorted(folder.glob("*/*.jpg"))
    labels = [path.parent.name for path in paths]
    started = time.process_time()
    reader = BackboneFeatures(
        backbone, nodes=(output_node,), weights=state, mirror=False, norm="none", device="cpu"
    ).fit()
    vectors = reader.transform(map(read_image, paths))
    pooled = time.process_time()
    classifier = FineTunedClassifier(
        backbone,
        freeze_until=output_node,
        output_node=output_node,
        weights=state,
        head_epochs=epochs,
        epochs=0,
        batch_size=BATCH,
        device="cpu",
    )
    classifier.fit(vectors[:, None, None, None], labels)
    return pooled - started, time.process_time() - pooled


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("weights")
    parser.add_argument("--backbone", default="inception_v3")
    parser.add_argument("--output-node", default="Mixed_7a")
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=20)
    given = parser.parse_args()
    torch.set_num_threads(1)
    path = weights.obtain_weights(given.backbone, given.weights)
    state = weights.read_weights(path.read_bytes(), str(path))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_synthetic_images(folder, given.images)
        usual = given.epochs * usual_epoch(folder, given.backbone, given.output_node, state)
        once, epochs = ours(folder, given.backbone, given.output_node, state, given.epochs)
    total = once + epochs
    print(f"{given.backbone} to {given.output_node}, {given.images} images, {given.epochs} epochs")
    print(f"usual  {usual:8.1f} s  (one epoch, times {given.epochs})")
    print(f"ours   {total:8.1f} s  ({once:.1f} s the network once, {epochs:.2f} s epochs)")
    print(f"ratio  {usual / total:8.1f}  ({usual / epochs:.0f} once the activations are cached)")


if __name__ == "__main__":
    main()
