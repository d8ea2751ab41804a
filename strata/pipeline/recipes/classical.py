"""Classical methods: local descriptors, an encoding learned from them, a classifier of vectors.

Descriptor and classifier are choices (`descriptor.use = "dense_daisy"`, `classifier.use = "knn"`);
between encoding and classifier the vectors may be scaled or projected (`reduction.use = "lda"`, or
one after the other: `reduction.use = ["standardize", "pca"]`).
"""

from collections.abc import Sequence
from typing import Any, Literal

from strata.errors import InputError
from strata.parameter_types import Weights, check_weights
from strata.pipeline.graph.choice import chain, choice, optional_chain
from strata.pipeline.graph.inputs import Fold
from strata.pipeline.graph.recipe import recipe
from strata.pipeline.graph.recipe_context import Data
from strata.pipeline.graph.stage import Node, Options, Sharded
from strata.pipeline.stages.classifiers import class_scores, knn, logistic, mlp, svm
from strata.pipeline.stages.deep_descriptors import deep_descriptors
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
    bag_of_words,
    encode,
    fisher_vectors,
    visual_words,
)
from strata.pipeline.stages.encodings import vlad as vlad_codebook
from strata.pipeline.stages.global_descriptors import gist_descriptor
from strata.pipeline.stages.joins import join
from strata.pipeline.stages.reductions import (
    additive_kernel_map,
    apply_reduction,
    centered_power,
    lda,
    nystroem,
    pca,
    standardize,
)

#: Choices of local descriptors besides dense SIFT with the settings of each recipe.
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
        deep_descriptors,
    )
)
#: With the mirror image in the same set: in photographs, left and right rarely tell a class.
MIRRORED_SIFT = dense_sift.options(mirror=True)
#: More sizes, and fainter contrast, than is best for a bag of words.
FISHER_SIFT = dense_sift.options(bin_sizes=(4, 6, 8, 12, 16), contrast_threshold=0.002, mirror=True)
REDUCTIONS: Any = optional_chain(
    standardize.options(),
    centered_power.options(),
    pca.options(),
    lda.options(),
    additive_kernel_map.options(),
    nystroem.options(),
)

#: Reductions as a recipe gets them: none, one, or several to apply in this order.
Reductions = Options | tuple[Options, ...] | None


def classifiers(**parameters: Any) -> Any:
    """Choice of classifier: an SVM with these parameters unless the file says otherwise."""
    return choice(svm.options(**parameters), logistic.options(), mlp.options(), knn.options())


@recipe
def bovw(
    data: Data,
    fold: Fold,
    *,
    descriptor: Options = choice(MIRRORED_SIFT, *OTHERS),
    codebook: Options = visual_words.options(),
    histogram: Options = bag_of_words.options(),
    reduction: Reductions = REDUCTIONS,
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
    codebook: Options = vlad_codebook.options(),
    reduction: Reductions = REDUCTIONS,
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
    reduction: Reductions = REDUCTIONS,
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
    shape_mixture: Options = fisher_vectors.options(n_components=256, n_dims=80, keep_zero=False),
    color: Options = choice(
        color_statistics.options(step=6, cell_sizes=(4, 6, 8, 12), mirror=True),
        dense_sift.options(color="opponent", contrast_threshold=0.002, mirror=True),
    ),
    color_mixture: Options = fisher_vectors.options(n_components=128),
    weights: Weights | Literal["cv"] = "cv",
    classifier: Options = classifiers(),
) -> Node:
    """Fisher vectors of SIFT and of local color statistics side by side, a linear SVM.

    Perronnin, Sanchez and Mensink (ECCV 2010). Or of opponent SIFT: van de Sande, Gevers and
    Snoek, "Evaluating color descriptors" (PAMI 2010).

    Args:
        weights: of the two Fisher vectors in a dot product; "cv": those of the least leave-one-out
            loss on the fold's training images.
    """
    if weights != "cv":
        check_weights(weights, 2)
    branches = (
        encoded(data, fold, shape, shape_mixture),
        encoded(data, fold, color, color_mixture),
    )
    return classified(join(branches, fold.train, weights=weights), fold, None, classifier)


@recipe
def gist(
    data: Data,
    fold: Fold,
    *,
    descriptor: Options = gist_descriptor.options(),
    reduction: Reductions = chain(
        nystroem.options(), standardize.options(), pca.options(), lda.options()
    ),
    classifier: Options = classifiers(),
) -> Node:
    """GIST, energies of Gabor filters in a grid of cells, and a kernel SVM.

    Oliva and Torralba, "Modeling the shape of the scene" (IJCV 2001); the RBF
    kernel by the Nystroem method: Williams and Seeger (NIPS 2000).
    """
    return classified(descriptor(data.images), fold, reduction, classifier)


def encoded(data: Data, fold: Fold, descriptor: Options, encoding: Options) -> Sharded:
    """One vector an image, by an encoding learned from the fold's training images."""
    local = descriptor(data.images)
    return encode(local, encoding(local, fold.train))


def classified(vectors: Sharded, fold: Fold, reduction: Reductions, classifier: Options) -> Node:
    """Scores of the fold's test images by a classifier of its training images."""
    reductions = steps_of(reduction)
    check_classifier(reductions, classifier)
    vectors = reduced(vectors, fold, reductions)
    return class_scores(vectors, classifier(vectors, fold.train), fold.test)


def steps_of(reduction: Reductions) -> list[Options]:
    """Reductions in the order in which they are applied."""
    steps = reduction if isinstance(reduction, tuple) else (reduction,)
    return [step for step in steps if step is not None]


def reduced(vectors: Sharded, fold: Fold, reductions: Sequence[Options]) -> Sharded:
    """Vectors after reductions that are learned from the fold's training images."""
    for step in reductions:
        vectors = apply_reduction(vectors, step(vectors, fold.train))
    return vectors


def check_classifier(reductions: Sequence[Options], classifier: Options) -> None:
    """Refuse what an SVM cannot do, before its vectors are made."""
    if classifier.stage is not svm:
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
    signed = [r.stage.name for r in reductions if r.stage is not additive_kernel_map]
    if kernel in ("intersection", "chi2", "hellinger") and signed:
        raise InputError(
            f'classifier.kernel = "{kernel}" is for histograms, and what reduction.use = '
            f'"{signed[0]}" makes of them has negative numbers.',
            'For example: classifier.kernel = "linear".',
        )
