"""Visual words as image patches: the nearest patches of each word, and its location in an image."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from strata.features.codebooks.assignment import nearest_words
from strata.pipeline.experiment.dataset import Dataset
from strata.pipeline.graph.inputs import Fold
from strata.pipeline.graph.stage import Node, Sharded
from strata.pipeline.stages.serialize import unpacked
from strata.pipeline.store.store import Store
from strata.pipeline.visualize.patches import outlined, patch
from strata.pipeline.visualize.samples import Sample, samples, sharded_input
from strata.reports.model.visualizations import Panel, PanelRow, Visualization

if TYPE_CHECKING:
    from strata.features.descriptors.local_descriptors import LocalDescriptors
    from strata.pipeline.data.manifest import ImageRecord

#: Most used and most discriminative words shown, patches per word, descriptors in all.
WORDS, PATCHES, DESCRIPTORS = 5, 8, 80_000
#: Width of a descriptor's support region in spatial bins (Lowe 2004; SURF has as many).
BINS = 4
#: Regions outlined in an image, at most.
OUTLINES = 12


class DescribedImage(NamedTuple):
    """The descriptors of one image, assigned to visual words.

    Attributes:
        words: (n,) int, the nearest word, or the most probable Gaussian.
        distances: (n,) float, squared distance to it; for a Gaussian the squared Mahalanobis
            distance.
        places: (n, 4) float, center (x, y) and size (x, y) of the support region, in units of the
            image's sides.
    """

    sample: Sample
    words: np.ndarray
    distances: np.ndarray
    places: np.ndarray


def codebook(
    node: Node, encoder: Any, fold: Fold, dataset: Dataset, store: Store
) -> Visualization | None:
    """Most used and most discriminative visual words, as patches of training images.

    Args:
        node: that fitted the encoder.
        encoder: with `words_` (a codebook) or `mixture_` (a GMM); None is returned for others.

    Raises:
        LookupError: the local descriptors are no longer in the store.
    """
    if not (hasattr(encoder, "words_") or hasattr(encoder, "mixture_")):
        return None
    local = sharded_input(node)
    chosen = samples(local, fold, store)
    records = {record.id: record for record in dataset.manifest.records}
    described = [
        _described(one, encoder, local, len(chosen), store, records[one.id]) for one in chosen
    ]
    words = len(encoder.words_) if hasattr(encoder, "words_") else len(encoder.mixture_.weights_)
    counts = np.zeros((len(fold.train.classes), words))
    for one in described:
        counts[one.sample.label] += np.bincount(one.words, minlength=words)
    name = "component" if hasattr(encoder, "mixture_") else "word"
    used = most_used(counts)
    discriminative = most_discriminative(
        counts, fold.train.classes, besides={word for word, _ in used}
    )
    rows = [
        _row(f"{name} {word}", note, word, described, described, records) for word, note in used
    ]
    for word, note, label in discriminative:
        own = [one for one in described if one.sample.label == label]
        rows.append(_row(f"{name} {word}", note, word, described, own, records))
    return Visualization(
        "Visual words" if name == "word" else "GMM components",
        f"Each row is one of {words} {name}s: its nearest patches, from different training "
        "images, and its location in one of them. First the most used, then the most "
        f"discriminative for a class. From {len(described)} images, {int(counts.sum())} "
        "descriptors.",
        [row for row in rows if row.panels],
    )


def most_used(counts: np.ndarray, most: int = WORDS) -> list[tuple[int, str]]:
    """The words with most descriptors and a note on their share; `counts` is (classes, words)."""
    total = counts.sum(axis=0)
    first = np.argsort(-total, kind="stable")[:most]
    share = total / max(1.0, total.sum())
    return [(int(w), f"{100 * share[w]:.1f} % of the descriptors") for w in first if total[w]]


def most_discriminative(
    counts: np.ndarray,
    classes: tuple[str, ...],
    most: int = WORDS,
    besides: Collection[int] = (),
) -> list[tuple[int, str, int]]:
    """For each class its most discriminative word, a note, and the class; best ones first.

    Ranked by p(word, class) log(p(word | class) / p(word)), the contribution to the mutual
    information of words and classes under equal class priors.

    Args:
        counts: (classes, words).
        besides: words to leave out.
    """
    rates = (counts + 0.5) / (counts + 0.5).sum(axis=1, keepdims=True)
    mean = rates.mean(axis=0)
    information = rates * np.log(rates / mean)
    information[counts == 0] = -np.inf
    information[:, list(besides)] = -np.inf
    best = information.argmax(axis=1)
    order = np.argsort(-information.max(axis=1), kind="stable")[:most]
    found: dict[int, tuple[str, int]] = {}
    for c in order:
        word, times = int(best[c]), rates[c, best[c]] / mean[best[c]]
        if information[c, word] > 0:
            found.setdefault(word, (f"{times:.1f} times as often in {classes[c]}", int(c)))
    return [(word, note, label) for word, (note, label) in found.items()]


def _described(
    one: Sample, encoder: Any, local: Sharded, images: int, store: Store, record: "ImageRecord"
) -> DescribedImage:
    """Assign the descriptors of one image, thinned to its share of `DESCRIPTORS`, to words."""
    described = unpacked(one.artifact, one.row).with_contrast()
    step = max(1, len(described.descriptors) * images // DESCRIPTORS)
    described = type(described)(*(np.asarray(part[::step]) for part in described))
    words, distances = nearest(encoder, described)
    return DescribedImage(one, words, distances, _supports(one, described, local, store, record))


def nearest(encoder: Any, described: "LocalDescriptors") -> tuple[np.ndarray, np.ndarray]:
    """The word of each descriptor (n,) and its squared distance to it (n,)."""
    if hasattr(encoder, "words_"):
        words = nearest_words(described.descriptors, encoder.words_)
        gaps = described.descriptors - encoder.words_[words]
        return words, (gaps**2).sum(axis=1)
    mixture = encoder.mixture_
    points = encoder._points(described)
    words = mixture.predict(points) if len(points) else np.zeros(0, int)
    gaps = points - mixture.means_[words]
    return words, (gaps**2 / mixture.covariances_[words]).sum(axis=1)


def _supports(
    one: Sample, described: "LocalDescriptors", local: Sharded, store: Store, record: "ImageRecord"
) -> np.ndarray:
    """Support regions; those of a network are given in pixels of a resized image."""
    parents = local.nodes[0].parents
    resized = store.read(parents[0].key) if parents else {}
    if "pixels" in resized:
        sides = np.tile(described.scales[:, None] / resized["pixels"].shape[1], 2)
    else:
        sides = BINS * described.scales[:, None] / np.array([record.width, record.height])
    return np.column_stack([described.positions, sides])


def _row(
    heading: str,
    note: str,
    word: int,
    images: list[DescribedImage],
    among: list[DescribedImage],
    records: "dict[str, ImageRecord]",
) -> PanelRow:
    """The nearest patch of each of some images, and the image of `among` with most of the word."""
    nearest_first = []
    for one in images:
        own = (one.words == word).nonzero()[0]
        if len(own):
            best = own[one.distances[own].argmin()]
            nearest_first.append((float(one.distances[best]), one, best))
    nearest_first.sort(key=lambda entry: entry[0])
    panels: list[Panel] = []
    for _, one, best in nearest_first[:PATCHES]:
        picture = patch(records[one.sample.id].read(), one.places[best])
        panels.append(Panel(picture, f"a patch of {heading}, from {one.sample.id}"))
    if panels:
        fullest = max(among, key=lambda one: int((one.words == word).sum()))
        own = (fullest.words == word).nonzero()[0]
        own = own[fullest.distances[own].argsort(kind="stable")][:OUTLINES]
        name = fullest.sample.id
        picture = outlined(records[name].read(), fullest.places[own])
        panels.append(Panel(picture, f"{name}, with the locations of {heading} outlined", name))
    return PanelRow(heading, note, panels)
