"""Features of images by a frozen backbone: ours against the usual loop with timm.

    python benchmarks/backbones.py [--backbone timm:vit_small_patch14_dinov2] [--image-size 224]
        [--images 64] [--rounds 5] [--batch-size 16] [--threads 1]

Usual: `timm.create_model(num_classes=0)`, `timm.data.create_transform`, batches of stacked images,
`torch.inference_mode`. Ours: `BackboneFeatures` without mirror images. Both read the same JPEG
files of 256x256 pixels and load the same random weights, written to a temporary file; loading is
not timed. Rounds of both take turns, and times are processor seconds, so that other load on the
machine counts as little as possible; the ratio is the median of the rounds'.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from timm.data import create_transform, resolve_model_data_config

from strata.image_io import read_image
from strata.models.transfer.backbone_features import BackboneFeatures
from strata.models.transfer.zoos.timm_zoo import PREFIX, takes_any_size

Vectors = NDArray[np.float32]


def write_images(folder: Path, count: int) -> list[Path]:
    rng = np.random.default_rng(0)
    paths = [folder / f"{number}.jpg" for number in range(count)]
    for path in paths:
        coarse = Image.fromarray(rng.integers(0, 256, (24, 24, 3), np.uint8))
        coarse.resize((256, 256), Image.Resampling.BICUBIC).save(path)
    return paths


def usual_loop(network: Any, image_size: int, batch_size: int) -> Callable[[list[Path]], Vectors]:
    config = resolve_model_data_config(network) | {"input_size": (3, image_size, image_size)}
    transform = create_transform(**config, is_training=False)

    def features(paths: list[Path]) -> Vectors:
        parts = []
        with torch.inference_mode():
            for start in range(0, len(paths), batch_size):
                images = [Image.open(p).convert("RGB") for p in paths[start : start + batch_size]]
                parts.append(network(torch.stack([transform(image) for image in images])).float())
        return torch.cat(parts).numpy()

    return features


def timed(function: Callable[[list[Path]], Vectors], paths: list[Path]) -> tuple[float, Vectors]:
    """Images per processor second, and the vectors."""
    started = time.process_time()
    vectors = function(paths)
    return len(paths) / (time.process_time() - started), vectors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--backbone", default="timm:vit_small_patch14_dinov2")
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    name, size = given.backbone.removeprefix(PREFIX), given.image_size
    made = {} if takes_any_size(name) else {"img_size": size}
    network = timm.create_model(name, pretrained=False, num_classes=0, **made).eval()
    whole = timm.create_model(name, pretrained=False, **made)
    whole.load_state_dict(network.state_dict(), strict=False)
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.safetensors"
        save_file(whole.state_dict(), weights)
        paths = write_images(Path(folder), given.images)
        reader = BackboneFeatures(
            given.backbone,
            weights=str(weights),
            image_size=size,
            mirror=False,
            norm="none",
            batch_size=given.batch_size,
            device="cpu",
        ).fit()
        usual = usual_loop(network, size, given.batch_size)
        sides = {"usual": usual, "ours": lambda some: reader.transform(map(read_image, some))}
        for function in sides.values():
            function(paths[: given.batch_size])
        rates: dict[str, list[float]] = {side: [] for side in sides}
        vectors: dict[str, Vectors] = {}
        for _ in range(given.rounds):
            for side, function in sides.items():
                rate, vectors[side] = timed(function, paths)
                rates[side].append(rate)
    ratios = [a / b for a, b in zip(rates["ours"], rates["usual"], strict=True)]
    unit = [
        v / np.linalg.norm(v, axis=1)[:, None] for v in (v - v.mean(0) for v in vectors.values())
    ]
    cosines = (unit[0] * unit[1]).sum(1)
    print(f"{given.backbone} at {size} pixels, {given.images} images, {given.rounds} rounds")
    for side, found in rates.items():
        print(f"{side:6} {statistics.median(found):8.2f} images per processor second")
    print(f"ratio  {statistics.median(ratios):8.2f}  ({min(ratios):.2f} to {max(ratios):.2f})")
    print(f"least cosine of both vectors of an image, less the mean image: {cosines.min():.4f}")


if __name__ == "__main__":
    main()
