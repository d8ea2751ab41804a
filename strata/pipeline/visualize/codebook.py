"""A codebook made visible: the patches nearest to its words, and where one lies in an image."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NamedTuple

from strata.pipeline.experiment.dataset import Dataset
from strata.pipeline.graph.inputs import Fold
from strata.pipeline.graph.stage import Node, Sharded
from strata.pipeline.store.store import Store
from strata.pipeline.visualize.patches import marked, patch
from strata.pipeline.visualize.samples import Sample, samples, sharded_input

if TYPE_CHECKING:
    import numpy as np

    from strata.features.descriptors.local_descriptors import LocalDescriptors
    from strata.pipeline.data.manifest import ImageRecord
    from strata.reports.model.visualizations import TileRow, Visualization

#: Words of each kind, patches of each word, descriptors looked at in all.
WORDS, PATCHES, DESCRIPTORS = 5, 8, 80_000
#: A descriptor's support is so many of its spatial bins wide (Lowe 2004; SURF has as many).
BINS = 4
#: Places marked in an image, at most.
MARKS = 12


class Seen(NamedTuple):
    """The descriptors of one image, told by their words.

    Attributes:
        words: (n,) int, the nearest word, or the most probable Gaussian.
        distances: (n,) float, squared, to it; in its own deviations for a Gaussian.
        places: (n, 4) float: center (x, y) and size (x, y) of the support, in units of the
            image's sides.
    """

    sample: Sample
    words: "np.ndarray"
    distances: "np.ndarray"
    places: "np.ndarray"


def codebook(
    node: Node, encoder: Any, fold: Fold, dataset: Dataset, store: Store
) -> "Visualization | None":
    """Words by use and by what they tell, on some training images.

    Args:
        node: that the encoder was fitted by.
        encoder: with `words_` (a codebook) or `mixture_` (Gaussians); others show nothing.

    Raises:
        LookupError: the local descriptors are no longer in the store.
    """
    import numpy as np

    from strata.reports.model.visualizations import Visualization

    if not (hasattr(encoder, "words_") or hasattr(encoder, "mixture_")):
        return None
    local = sharded_input(node)
    chosen = samples(local, fold, store)
    records = {record.id: record for record in dataset.manifest.records}
    seen = [_seen(one, encoder, local, len(chosen), store, records[one.id]) for one in chosen]
    words = len(encoder.words_) if hasattr(encoder, "words_") else len(encoder.mixture_.weights_)
    counts = np.zeros((len(fold.train.classes), words))
    for one in seen:
        counts[one.sample.label] += np.bincount(one.words, minlength=words)
    name = "Gaussian" if hasattr(encoder, "mixture_") else "word"
    used = most_used(counts)
    telling = most_telling(counts, fold.train.classes, besides={word for word, _ in used})
    rows = [_row(f"{name} {word}", note, word, seen, seen, records) for word, note in used]
    for word, note, label in telling:
        own = [one for one in seen if one.sample.label == label]
        rows.append(_row(f"{name} {word}", note, word, seen, own, records))
    return Visualization(
        f"Visual {'words' if name == 'word' else 'Gaussians'}",
        f"Each row is one of {words}: the patches nearest to it, from different training images, "
        f"and where it lies in one of them. First the most used, then those that tell a class. "
        f"From {len(seen)} images, {int(counts.sum())} descriptors.",
        [row for row in rows if row.tiles],
    )


def most_used(counts: "np.ndarray", most: int = WORDS) -> list[tuple[int, str]]:
    """The words with most descriptors, (classes, words) counts, and their share in words."""
    import numpy as np

    total = counts.sum(axis=0)
    first = np.argsort(-total, kind="stable")[:most]
    share = total / max(1.0, total.sum())
    return [(int(w), f"{100 * share[w]:.1f} % of the descriptors") for w in first if total[w]]


def most_telling(
    counts: "np.ndarray",
    classes: tuple[str, ...],
    most: int = WORDS,
    besides: Collection[int] = (),
) -> list[tuple[int, str, int]]:
    """For each class the word that tells it best, a note, and the class; best told ones first.

    A word tells a class by p(word, class) log(p(word | class) / p(word)), its part in the mutual
    information of words and classes, each class taken as equally large.

    Args:
        besides: words that are not to be named.
    """
    import numpy as np

    rates = (counts + 0.5) / (counts + 0.5).sum(axis=1, keepdims=True)
    mean = rates.mean(axis=0)
    told = rates * np.log(rates / mean)
    told[counts == 0] = -np.inf
    told[:, list(besides)] = -np.inf
    best = told.argmax(axis=1)
    order = np.argsort(-told.max(axis=1), kind="stable")[:most]
    found: dict[int, tuple[str, int]] = {}
    for c in order:
        word, times = int(best[c]), rates[c, best[c]] / mean[best[c]]
        if told[c, word] > 0:
            found.setdefault(word, (f"{times:.1f} times as often in {classes[c]}", int(c)))
    return [(word, note, label) for word, (note, label) in found.items()]


def _seen(
    one: Sample, encoder: Any, local: Sharded, images: int, store: Store, record: "ImageRecord"
) -> Seen:
    import numpy as np

    from strata.pipeline.stages.serialize import unpacked

    described = unpacked(one.artifact, one.row).with_contrast()
    step = max(1, len(described.descriptors) * images // DESCRIPTORS)
    described = type(described)(*(np.asarray(part[::step]) for part in described))
    words, distances = nearest(encoder, described)
    return Seen(one, words, distances, _supports(one, described, local, store, record))


def nearest(encoder: Any, described: "LocalDescriptors") -> "tuple[np.ndarray, np.ndarray]":
    """The word of each descriptor (n,) and its squared distance to it (n,)."""
    import numpy as np

    if hasattr(encoder, "words_"):
        from strata.features.codebooks.assignment import nearest_words

        words = nearest_words(described.descriptors, encoder.words_)
        gaps = described.descriptors - encoder.words_[words]
        return words, (gaps**2).sum(axis=1)
    mixture = encoder.mixture_
    points = encoder._points(described)
    words = mixture.predict(points) if len(points) else np.zeros(0, int)
    gaps = points - mixture.means_[words]
    return words, (gaps**2 / mixture.variances_[words]).sum(axis=1)


def _supports(
    one: Sample, described: "LocalDescriptors", local: Sharded, store: Store, record: "ImageRecord"
) -> "np.ndarray":
    """Centers and sizes as in `Seen`; a network's windows are in pixels of a resized image."""
    import numpy as np

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
    seen: list[Seen],
    among: list[Seen],
    records: "dict[str, ImageRecord]",
) -> "TileRow":
    """The nearest patch of each of some images, and the one `among` some with most of the word."""
    from strata.reports.model.visualizations import Panel, TileRow

    nearest_first = []
    for one in seen:
        own = (one.words == word).nonzero()[0]
        if len(own):
            best = own[one.distances[own].argmin()]
            nearest_first.append((float(one.distances[best]), one, best))
    nearest_first.sort(key=lambda entry: entry[0])
    tiles: list[Panel] = []
    for _, one, best in nearest_first[:PATCHES]:
        seen_by_it = patch(records[one.sample.id].path, one.places[best])
        tiles.append(Panel(seen_by_it, f"a patch of {heading}, from {one.sample.id}"))
    if tiles:
        fullest = max(among, key=lambda one: int((one.words == word).sum()))
        own = (fullest.words == word).nonzero()[0]
        own = own[fullest.distances[own].argsort(kind="stable")][:MARKS]
        name = fullest.sample.id
        picture = marked(records[name].path, fullest.places[own])
        tiles.append(Panel(picture, f"{name}, with squares where {heading} lies", name))
    return TileRow(heading, note, tiles)
