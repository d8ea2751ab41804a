"""Local descriptors, encoded by what was learned from them, to a classifier on one vector an image.

Descriptor and classifier are choices (`descriptor.use = "dense_daisy"`, `classifier.use = "knn"`);
between encoding and classifier the vectors may be scaled or projected (`reduction.use = "lda"`).
"""

from typing import Any

from strata.errors import InputError
from strata.pipeline.graph.choice import choice, optional
from strata.pipeline.graph.inputs import Data, Fold
from strata.parameter_types import NonNegativeFloat, check_weights
from strata.pipeline.graph.recipe import recipe
from strata.pipeline.graph.stage import Node, Options, Sharded
from strata.pipeline.stages.classifiers import class_scores, knn, logistic, svm
from strata.pipeline.stages.deep_descriptors import deep_map
from strata.pipeline.stages.descriptors import (
    color_statistics,
    dense_daisy,
    dense_sift,
    dense_surf,
    paper_sift,
    sparse_daisy,
    sparse_sift,
    sparse_surf,
)
from strata.pipeline.stages.encodings import (
    encode,
    fisher_vectors,
    histograms,
    visual_words,
    vlad_vectors,
)
from strata.pipeline.stages.global_descriptors import spatial_envelope
from strata.pipeline.stages.reductions import (
    additive_map,
    centered_power,
    joined,
    lda,
    pca,
    radial_map,
    reduced,
    standardize,
)

#: What describes the images, besides dense SIFT with the settings of each recipe.
OTHERS = tuple(
    stage.options()
    for stage in (
        paper_sift,
        sparse_sift,
        dense_surf,
        sparse_surf,
        dense_daisy,
        sparse_daisy,
        color_statistics,
        deep_map,
    )
)
#: The mirrored image in the same set: in photographs, left and right rarely tell a class.
MIRRORED_SIFT = dense_sift.options(mirror=True)
#: More sizes and fainter contrast than a bag of words likes.
FISHER_SIFT = dense_sift.options(bins=(4, 6, 8, 12, 16), contrast=0.002, mirror=True)
REDUCTIONS: Any = optional(
    standardize.options(),
    centered_power.options(),
    pca.options(),
    lda.options(),
    additive_map.options(),
    radial_map.options(),
)


def classifiers(**machine: Any) -> Any:
    """A support vector machine with these parameters unless another classifier is chosen."""
    return choice(svm.options(**machine), logistic.options(), knn.options())


@recipe
def bovw(
    data: Data,
    fold: Fold,
    *,
    descriptor: Options = choice(MIRRORED_SIFT, *OTHERS),
    codebook: Options = visual_words.options(),
    histogram: Options = histograms.options(),
    reduction: Options | None = REDUCTIONS,
    classifier: Options = classifiers(kernel="intersection"),
) -> Node:
    """Local descriptors, a k-means codebook, a spatial pyramid of word counts, a kernel SVM.

    Csurka et al., "Visual categorization with bags of keypoints" (ECCV workshop 2004); Lazebnik,
    Schmid and Ponce, "Beyond bags of features" (CVPR 2006).
    """
    local = descriptor(data.images)
    vectors = histogram(local, codebook(local, fold.train))
    return classified(vectors, fold, reduction, classifier)


@recipe
def vlad(
    data: Data,
    fold: Fold,
    *,
    descriptor: Options = choice(MIRRORED_SIFT, *OTHERS),
    codebook: Options = vlad_vectors.options(),
    reduction: Options | None = REDUCTIONS,
    classifier: Options = classifiers(),
) -> Node:
    """Local descriptors, a k-means codebook, residuals summed word by word, a linear SVM.

    Jegou, Douze, Schmid and Perez, "Aggregating local descriptors into a compact image
    representation" (CVPR 2010).
    """
    return classified(encoded(data, fold, descriptor, codebook), fold, reduction, classifier)


@recipe
def fisher(
    data: Data,
    fold: Fold,
    *,
    descriptor: Options = choice(FISHER_SIFT, *OTHERS),
    mixture: Options = fisher_vectors.options(),
    reduction: Options | None = REDUCTIONS,
    classifier: Options = classifiers(),
) -> Node:
    """Multi-scale dense RootSIFT, PCA, a Gaussian mixture, Fisher vectors, a linear SVM.

    Perronnin, Sanchez and Mensink, "Improving the Fisher kernel" (ECCV 2010); positions appended
    as in Sanchez, Perronnin and de Campos (PRL 2012).
    """
    return classified(encoded(data, fold, descriptor, mixture), fold, reduction, classifier)


@recipe
def fisher_color(
    data: Data,
    fold: Fold,
    *,
    shape: Options = FISHER_SIFT,
    shape_mixture: Options = fisher_vectors.options(components=256, dimensions=80, keep_zero=False),
    color: Options = choice(
        color_statistics.options(step=6, cells=(4, 6, 8, 12), mirror=True),
        dense_sift.options(color="opponent", contrast=0.002, mirror=True),
    ),
    color_mixture: Options = fisher_vectors.options(components=128),
    weights: tuple[NonNegativeFloat, NonNegativeFloat] = (0.5, 0.5),
    classifier: Options = classifiers(),
) -> Node:
    """Fisher vectors of SIFT and of local color statistics side by side, a linear SVM.

    Perronnin, Sanchez and Mensink (ECCV 2010). Or of opponent SIFT: van de Sande, Gevers and
    Snoek, "Evaluating color descriptors" (PAMI 2010).
    """
    check_weights(weights, 2)
    branches = (
        encoded(data, fold, shape, shape_mixture),
        encoded(data, fold, color, color_mixture),
    )
    return classified(joined(*branches, weights=weights), fold, None, classifier)


@recipe
def gist(
    data: Data,
    fold: Fold,
    *,
    envelope: Options = spatial_envelope.options(),
    reduction: Options | None = choice(radial_map.options(), standardize.options(), pca.options()),
    classifier: Options = classifiers(),
) -> Node:
    """Strengths of Gabor filters over a grid on the whole image, a kernel SVM.

    Oliva and Torralba, "Modeling the shape of the scene" (IJCV 2001); the kernel's map is
    Nystroem's: Williams and Seeger (NIPS 2000).
    """
    return classified(envelope(data.images), fold, reduction, classifier)


def encoded(data: Data, fold: Fold, descriptor: Options, encoding: Options) -> Sharded:
    """One vector an image, by an encoding that is learned from the fold's training images."""
    local = descriptor(data.images)
    return encode(local, encoding(local, fold.train))


def classified(
    vectors: Sharded, fold: Fold, reduction: Options | None, classifier: Options
) -> Node:
    """Scores of the fold's test images by what its training images teach."""
    _check(reduction, classifier)
    if reduction is not None:
        vectors = reduced(vectors, reduction(vectors, fold.train))
    return class_scores(vectors, classifier(vectors, fold.train), fold.test)


def _check(reduction: Options | None, classifier: Options) -> None:
    """Refuse what a support vector machine could not do, before its vectors are made."""
    if classifier.stage.name != svm.name:
        return
    settings = {**svm.parameters.defaults, **classifier}
    kernel, chosen = settings["kernel"], [n for n in ("C", "gamma") if settings[n] == "cv"]
    if chosen and settings["inner_folds"] < 2:
        raise InputError(
            f'classifier.{chosen[0]} = "cv" needs classifier.inner_folds of 2 or more.',
            "The value is chosen by accuracy in the inner folds.",
        )
    if settings["gamma"] == "cv" and kernel in ("polynomial", "sigmoid"):
        raise InputError(
            f'classifier.gamma = "cv" is for the kernel rbf, not {kernel}.', "Give it a number."
        )
    if kernel not in ("intersection", "chi_square", "hellinger") or reduction is None:
        return
    if reduction.stage.name != additive_map.name:
        raise InputError(
            f'classifier.kernel = "{kernel}" is for histograms, and what reduction.use = '
            f'"{reduction.stage.name}" makes of them has negative numbers.',
            'For example: classifier.kernel = "linear".',
        )
