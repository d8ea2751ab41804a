"""Effect of three methodological flaws of arXiv:2105.04895, each measured on and off.

    python experiments/paper/flaws.py DIR

With `--json FILE` the table is written to a file too, for docs/results.md.

DIR has one folder of images for each class. Recipes cannot have these flaws, as a stage that fits
something is given the training part of its fold only. So this script has the paper's protocol
without the pipeline: its dense SIFT, 128 visual words, raw counts, standardized, an SVM with RBF
kernel, eight stratified folds in the order of the file names. One step at a time is fitted on all
images or on the fold's training images.
"""

import argparse
import json
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
CODEBOOK = VisualWords(128, zero_descriptors="keep")


def main() -> None:
    """Print a table of cross-validation accuracies with 95 % confidence intervals."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="one folder of images for each class")
    parser.add_argument("--json", type=Path, help="file for the numbers")
    given = parser.parse_args()
    folder = given.folder
    classes = sorted(p for p in folder.iterdir() if p.is_dir())
    paths = [(path, label) for label, c in enumerate(classes) for path in sorted(c.iterdir())]
    y = np.array([label for _, label in paths])
    images = [read_image(path) for path, _ in paths]
    local = list(map(PaperDenseSIFT().describe, images))
    rows = [
        ("codebook of all images", codebook_accuracies(local, y, leak=True)),
        ("codebook of the fold's training images", codebook_accuracies(local, y, leak=False)),
        ("LDA of all images", lda_accuracies(local, y, leak=True)),
        ("LDA of the fold's training images", lda_accuracies(local, y, leak=False)),
        ("1 + 2 x 2 cells, each cropped first", cropped_cells_accuracies(images, local, y)),
        ("1 + 2 x 2 cells, one keypoint grid", pyramid_accuracies(local, y)),
    ]
    measured = {name: interval(accuracies) for name, accuracies in rows}
    for name, cv in measured.items():
        low, high = cv["accuracy_low"], cv["accuracy_high"]
        print(f"{name:45s} {cv['accuracy']:.3f} ({low:.3f} to {high:.3f})")
    if given.json:
        methods = [{"name": name, "cv": cv} for name, cv in measured.items()]
        given.json.write_text(json.dumps({"methods": methods}) + "\n")


def interval(accuracies: list[float]) -> dict[str, float]:
    """Mean of the folds' accuracies and its 95 % interval, as results.json has them."""
    low, high = corrected_mean_interval(np.array(accuracies), 1 / (FOLDS - 1))[:2]
    return {"accuracy": float(np.mean(accuracies)), "accuracy_low": low, "accuracy_high": high}


def folds(y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Training and test indices of the paper's folds: stratified, not shuffled."""
    return list(StratifiedKFold(FOLDS).split(y, y))


def svm_accuracy(X: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray) -> float:
    """Test accuracy of scikit-learn's SVC, default parameters, on standardized vectors."""
    scaler = StandardScaler().fit(X[train])
    svm = SVC().fit(scaler.transform(X[train]), y[train])
    return np.mean(svm.predict(scaler.transform(X[test])) == y[test])


def bags_of_words(local: list[LocalDescriptors], fitted_on: np.ndarray) -> np.ndarray:
    """Raw counts of 128 visual words, (images, 128), the codebook fitted on some of the images."""
    bag = BagOfWords(CODEBOOK, pyramid="none", norm="none")
    return bag.fit([local[i] for i in fitted_on]).transform(local)


def codebook_accuracies(local: list[LocalDescriptors], y: np.ndarray, *, leak: bool) -> list[float]:
    """Accuracy by fold, the codebook fitted on all images (leak) or the training images."""
    common = bags_of_words(local, np.arange(len(y))) if leak else None
    accuracies = []
    for train, test in folds(y):
        X = bags_of_words(local, train) if common is None else common
        accuracies.append(svm_accuracy(X, y, train, test))
    return accuracies


def lda_accuracies(local: list[LocalDescriptors], y: np.ndarray, *, leak: bool) -> list[float]:
    """Accuracy by fold, LDA fitted on all images' labels (leak) or those of training images."""
    X = bags_of_words(local, np.arange(len(y)))
    accuracies = []
    for train, test in folds(y):
        fitted_on = np.arange(len(y)) if leak else train
        Z = LDA().fit(X[fitted_on], y[fitted_on]).transform(X)
        accuracies.append(svm_accuracy(Z, y, train, test))
    return accuracies


def cropped_cells_accuracies(
    images: list[np.ndarray], local: list[LocalDescriptors], y: np.ndarray
) -> list[float]:
    """Accuracy by fold of a pyramid whose 2 x 2 cells are cropped before they are described."""
    bag = BagOfWords(CODEBOOK, pyramid="none", norm="none").fit(local)
    sift = PaperDenseSIFT()
    cells = [bag.transform(local)]
    for quarter in range(4):
        cells.append(bag.transform([sift.describe(crop(i, quarter)) for i in images]))
    X = np.concatenate(cells, axis=1)
    return [svm_accuracy(X, y, train, test) for train, test in folds(y)]


def pyramid_accuracies(local: list[LocalDescriptors], y: np.ndarray) -> list[float]:
    """Accuracy by fold of a pyramid of 1 + 2 x 2 cells on one keypoint grid."""
    bag = BagOfWords(CODEBOOK, pyramid="paper", levels=1, weighted=False, norm="none")
    X = bag.fit(local).transform(local)
    return [svm_accuracy(X, y, train, test) for train, test in folds(y)]


def crop(image: np.ndarray, quarter: int) -> np.ndarray:
    """One quarter of the image: 0 and 1 at the top, 2 and 3 at the bottom."""
    h, w = image.shape[0] // 2, image.shape[1] // 2
    y, x = h * (quarter // 2), w * (quarter % 2)
    return np.ascontiguousarray(image[y : y + h, x : x + w])


if __name__ == "__main__":
    main()
