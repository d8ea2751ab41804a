"""What three flaws of arXiv:2105.04895 are worth, each measured on and off.

    python experiments/paper/flaws.py DIR

DIR has one folder of images for each class. The program itself cannot make these mistakes: what
learns in a recipe is given the training part of its fold. So here is the paper's protocol by hand:
its dense SIFT, 128 words, raw counts, an RBF machine, eight stratified folds in the order of the
file names, and one thing at a time learned from all images, or from the fold's.
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from strata.features import (
    LDA,
    BagOfWords,
    LocalDescriptors,
    PaperDenseSIFT,
    VisualWords,
)
from strata.image_io import read_image
from strata.reports.statistics.intervals import corrected_mean_interval

FOLDS = 8
WORDS = VisualWords(128, zero_descriptors="keep")


def main() -> None:
    """Print a table: accuracy in cross-validation, with its interval."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="one folder of images for each class")
    folder = parser.parse_args().folder
    classes = sorted(p for p in folder.iterdir() if p.is_dir())
    paths = [(path, label) for label, c in enumerate(classes) for path in sorted(c.iterdir())]
    labels = np.array([label for _, label in paths])
    images = [read_image(path) for path, _ in paths]
    whole = list(map(PaperDenseSIFT().describe, images))
    rows = [
        ("codebook of all images", in_fold(whole, labels, outside=True)),
        ("codebook of the fold's training images", in_fold(whole, labels, outside=False)),
        ("discriminants of all images (7)", discriminants(whole, labels, outside=True)),
        ("discriminants of the fold's (7)", discriminants(whole, labels, outside=False)),
        ("2 x 2 cells, keypoints laid anew in each", cells(images, whole, labels, again=True)),
        ("2 x 2 cells, one layout", cells(images, whole, labels, again=False)),
    ]
    for name, accuracies in rows:
        low, high = corrected_mean_interval(np.array(accuracies), 1 / (FOLDS - 1))[:2]
        print(f"{name:45s} {np.mean(accuracies):.3f} ({low:.3f} to {high:.3f})", flush=True)


def folds(labels: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """As the paper has them: stratified, not shuffled."""
    return list(StratifiedKFold(FOLDS).split(labels, labels))


def machine(train: np.ndarray, labels: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Classes of the test vectors by scaled vectors and the library's default machine."""
    scaler = StandardScaler().fit(train)
    return SVC().fit(scaler.transform(train), labels).predict(scaler.transform(test))


def histograms(local: list[LocalDescriptors], learned_from: np.ndarray) -> np.ndarray:
    """Raw counts of 128 words, learned from some of the images."""
    words = BagOfWords(WORDS, pyramid="none", norm="none")
    return words.fit([local[i] for i in learned_from]).transform(local)


def in_fold(local: list[LocalDescriptors], labels: np.ndarray, *, outside: bool) -> list[float]:
    """The codebook, from all images or from the fold's training images."""
    common = histograms(local, np.arange(len(labels))) if outside else None
    found = []
    for train, test in folds(labels):
        X = histograms(local, train) if common is None else common
        found.append(np.mean(machine(X[train], labels[train], X[test]) == labels[test]))
    return found


def discriminants(
    local: list[LocalDescriptors], labels: np.ndarray, *, outside: bool
) -> list[float]:
    """Linear discriminants, which see labels, from all images or from the training images."""
    X = histograms(local, np.arange(len(labels)))
    found = []
    for train, test in folds(labels):
        learned_from = np.arange(len(labels)) if outside else train
        lda = LDA().fit(X[learned_from], labels[learned_from])
        Z = lda.transform(X)
        found.append(np.mean(machine(Z[train], labels[train], Z[test]) == labels[test]))
    return found


def cells(
    images: list[np.ndarray],
    whole: list[LocalDescriptors],
    labels: np.ndarray,
    *,
    again: bool,
) -> list[float]:
    """A pyramid of 1 + 2 x 2 cells, each cropped and described anew, or all of one layout."""
    everything = np.arange(len(labels))
    if again:
        words = BagOfWords(WORDS, pyramid="none", norm="none").fit(whole)
        describer = PaperDenseSIFT()
        parts = [words.transform(whole)]
        for quarter in range(4):
            parts.append(words.transform([describer.describe(crop(i, quarter)) for i in images]))
        X = np.concatenate(parts, axis=1)
    else:
        words = BagOfWords(WORDS, pyramid="paper", levels=1, weighted=False, norm="none")
        X = words.fit([whole[i] for i in everything]).transform(whole)
    return [
        np.mean(machine(X[train], labels[train], X[test]) == labels[test])
        for train, test in folds(labels)
    ]


def crop(image: np.ndarray, quarter: int) -> np.ndarray:
    """One of the four quarters."""
    h, w = image.shape[0] // 2, image.shape[1] // 2
    y, x = h * (quarter // 2), w * (quarter % 2)
    return np.ascontiguousarray(image[y : y + h, x : x + w])


if __name__ == "__main__":
    main()
