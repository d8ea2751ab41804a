"""Dense SIFT against OpenCV (and VLFeat, where cyvlfeat is installed), on one thread.

    python benchmarks/dense_sift.py [FOLDER] [--images 20] [--rounds 5]

All compute descriptors of the same gray 256 x 256 images at the same keypoints and scales (step 6,
bins of 4, 6, 8 and 12 pixels: 6,171 descriptors). Times are processor time of the one thread;
implementations alternate on each image, so that other load on the machine affects all of them
alike. FOLDER holds JPEG files at any depth; without it, the images are synthetic textures.
"""

import argparse
import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from strata.features.descriptors._sift_layout import bin_lines
from strata.features.descriptors.dense_sift import DenseSIFT, smoothing_taps
from strata.features.descriptors.sampling_grid import inner_grids

BINS, STEP, SIDE = (4, 6, 8, 12), 6, 256
Describe = Callable[[np.ndarray], np.ndarray]


def read_images(folder: Path | None, count: int) -> list[np.ndarray]:
    if folder is None:
        rng = np.random.default_rng(0)
        coarse = [rng.integers(0, 256, (32, 32)).astype(np.uint8) for _ in range(count)]
        return [cv2.resize(c, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for c in coarse]
    files = sorted(folder.rglob("*.jpg"))
    chosen = files[:: max(1, len(files) // count)][:count]
    gray = [np.asarray(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)) for file in chosen]
    return [cv2.resize(image, (SIDE, SIDE)) for image in gray]


def opencv() -> Describe:
    cv2.setNumThreads(1)
    sift = cv2.SIFT.create()
    keypoints = [
        cv2.KeyPoint(float(x), float(y), grid.bin_size / 1.5, 0)
        for grid in inner_grids(SIDE, SIDE, STEP, BINS)
        for y in grid.y.centers
        for x in grid.x.centers
    ]
    return lambda image: sift.compute(image, keypoints)[1]


def vlfeat() -> Describe:
    from cyvlfeat.sift import dsift

    def describe(image: np.ndarray) -> np.ndarray:
        out = []
        for bin_size in BINS:
            sigma = float(np.sqrt(max((bin_size / 6) ** 2 - 0.25, 0)))
            smooth = cv2.GaussianBlur(image.astype(np.float32) / 255, (0, 0), sigma)
            out.append(
                dsift(smooth, step=STEP, size=bin_size, fast=True, float_descriptors=True)[1]
            )
        return np.concatenate(out)

    return describe


def implementations() -> dict[str, Describe]:
    sift, plain = DenseSIFT(STEP, BINS), DenseSIFT(STEP, BINS, engine="numpy")
    functions: dict[str, Describe] = {
        "OpenCV SIFT.compute": opencv(),
        "strata, compiled": lambda image: sift.describe(image).descriptors,
        "strata, NumPy": lambda image: plain.describe(image).descriptors,
    }
    try:
        functions["VLFeat dsift, flat window"] = vlfeat()
    except ImportError:
        print("cyvlfeat is not installed: no VLFeat in this run.")
    return functions


def multiply_adds() -> tuple[float, float]:
    """Millions of multiply-adds per image: (smoothing and spatial bins, in total)."""
    sums = other = 0.0
    for grid in inner_grids(SIDE, SIDE, STEP, BINS):
        down = bin_lines(grid.y, grid.bin_size).pixels.size
        along = bin_lines(grid.x, grid.bin_size).pixels.size
        taps = 2 * grid.bin_size
        sums += 2 * SIDE * SIDE * smoothing_taps(grid.bin_size / 6).size
        sums += 8 * along * taps * (SIDE + down)
        other += SIDE * SIDE * (8 * 4 + 24)  # votes for eight orientations; the gradient
        other += len(grid) * 128 * 5  # Gaussian window, norms, clipping, normalization
    return sums / 1e6, (sums + other) / 1e6


def fastest(call: Callable[[], object], times: int = 7) -> float:
    found = []
    for _ in range(times):
        start = time.thread_time()
        call()
        found.append(time.thread_time() - start)
    return min(found)


def limits(milliseconds: float) -> None:
    """Print lower bounds of the time: multiply-adds at a GEMM's rate, bytes at that of a copy."""
    square = np.random.default_rng(0).random((1024, 1024), np.float32)
    rate = 1024**3 / fastest(lambda: square @ square)
    buffer = np.empty(1 << 26, np.uint8)
    copied = 2 * buffer.size / fastest(lambda: np.copyto(buffer[: 1 << 25], buffer[1 << 25 :])) / 2
    sums, total = multiply_adds()
    out = 6171 * 128 * 4
    print(
        f"\nMultiply-adds: {sums:.1f} M in weighted sums, {total:.1f} M in total; at the "
        f"{rate / 1e9:.0f} G/s of a matrix product {total * 1e9 / rate:.2f} ms, "
        f"{100 * total * 1e9 / rate / milliseconds:.0f} % of the time taken.\n"
        f"Bytes: {out / 1e6:.1f} MB of descriptors; at the {copied / 1e9:.0f} GB/s of a copy "
        f"{1e3 * out / copied:.2f} ms, {1e5 * out / copied / milliseconds:.0f} % of the time taken."
    )


def agreement(images: list[np.ndarray]) -> None:
    """Print cosine similarities with OpenCV's descriptors, whose orientations are reversed."""
    reference, backwards = opencv(), -np.arange(8) % 8
    parts = np.concatenate([reference(image) for image in images]).reshape(-1, 16, 8)
    theirs = parts[..., backwards].reshape(-1, 128)
    theirs /= np.maximum(np.linalg.norm(theirs, axis=1, keepdims=True), 1e-9)
    print("\nCosine similarity with OpenCV, mean (1st percentile), by bin size:")
    for smoothing in (True, 1.6):
        sift = DenseSIFT(STEP, BINS, root=False, contrast_threshold=0.01, smoothing=smoothing)
        ours = sift.transform(images)
        rows, sizes = (
            np.concatenate([getattr(o, n) for o in ours]) for n in ("descriptors", "scales")
        )
        found = []
        for size in BINS:
            kept = (sizes == size) & rows.any(axis=1)
            cosine = (rows[kept] * theirs[kept]).sum(axis=1)
            found.append(f"{size}: {cosine.mean():.3f} ({np.percentile(cosine, 1):.3f})")
        print(f"  smoothing={smoothing!s:5}", "  ".join(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    images = read_images(options.folder, options.images)

    start = time.thread_time()
    DenseSIFT(STEP, BINS).describe(images[0])
    print(f"First call (numba, compiled or from its cache): {time.thread_time() - start:.2f} s\n")

    functions = implementations()
    times_ms: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(options.rounds):
        for image in images:
            for name, describe in functions.items():
                start = time.thread_time()
                describe(image)
                times_ms[name].append(1e3 * (time.thread_time() - start))
    base = np.array(times_ms["OpenCV SIFT.compute"])
    print(f"{'':28}{'ms/image':>9}{'[fastest]':>11}{'descriptors/s':>15}{'x OpenCV':>10}")
    for name, times in times_ms.items():
        middle, ratio = np.median(times), np.median(base / times)
        print(f"{name:28}{middle:9.2f}{min(times):11.2f}{6171e3 / middle:15,.0f}{ratio:10.1f}")
    limits(float(np.median(times_ms["strata, compiled"])))
    agreement(images)


if __name__ == "__main__":
    main()
