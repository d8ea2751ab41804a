"""The methods that come with strata, each as a recipe."""

from strata.pipeline.inputs import Data, Fold
from strata.pipeline.recipe import recipe
from strata.pipeline.stage import Node, Options
from strata.pipeline.stages.classifiers import svm, svm_scores
from strata.pipeline.stages.encodings import bag_of_words, encode, fisher_vectors
from strata.pipeline.stages.local import dense_sift
from strata.pipeline.stages.networks import network_scores, resized, train_network


@recipe
def bovw(
    data: Data,
    fold: Fold,
    *,
    descriptor: Options = dense_sift.options(),
    codebook: Options = bag_of_words.options(),
    classifier: Options = svm.options(kernel="intersection"),
) -> Node:
    """Dense SIFT, a k-means codebook, a spatial pyramid of word counts, a kernel SVM.

    Lazebnik, Schmid and Ponce, "Beyond bags of features" (CVPR 2006).
    """
    local = dense_sift(data.images, **descriptor)
    words = bag_of_words(local, fold.train, **codebook)
    histograms = encode(local, words)
    machine = svm(histograms, fold.train, **classifier)
    return svm_scores(histograms, machine, fold.test)


@recipe
def fisher(
    data: Data,
    fold: Fold,
    *,
    descriptor: Options = dense_sift.options(bins=(4, 6, 8, 12, 16), contrast=0.002),
    mixture: Options = fisher_vectors.options(),
    classifier: Options = svm.options(kernel="linear"),
) -> Node:
    """Multi-scale dense RootSIFT, PCA, a Gaussian mixture, Fisher vectors, a linear SVM.

    Perronnin, Sanchez and Mensink, "Improving the Fisher kernel" (ECCV 2010); positions appended
    as in Sanchez, Perronnin and de Campos (PRL 2012).
    """
    local = dense_sift(data.images, **descriptor)
    gaussians = fisher_vectors(local, fold.train, **mixture)
    vectors = encode(local, gaussians)
    machine = svm(vectors, fold.train, **classifier)
    return svm_scores(vectors, machine, fold.test)


@recipe
def tinynet(
    data: Data,
    fold: Fold,
    *,
    images: Options = resized.options(size=64),
    network: Options = train_network.options(),
) -> Node:
    """A small network trained from scratch: four 3x3 blocks of stride 2, global average pooling."""
    pixels = resized(data.images, **images)
    fitted = train_network(pixels, fold.train, **network)
    return network_scores(pixels, fitted, fold.test)
