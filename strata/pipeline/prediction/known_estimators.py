"""Registry of the estimators that a model file can hold: their classes and fitted attributes.

No other class is built from a file, and no other attribute set. A test fits one of each class and
compares, so that a new attribute cannot be forgotten here.
"""

import importlib
from dataclasses import dataclass
from typing import Any

AFFECTS_RESULTS = False  # how files are written, not what is in them

#: Functions that a kernel can be, of this module.
KERNELS = "strata.features.transforms.kernels"
KERNEL_FUNCTIONS = (
    "linear",
    "polynomial",
    "sigmoid",
    "rbf",
    "intersection",
    "generalized_intersection",
    "chi2",
    "hellinger",
)


@dataclass(frozen=True)
class KnownEstimator:
    """Class of estimators that a model file can hold.

    Attributes:
        path: "module:Class", by which it is imported.
        fitted: attributes that are kept, where an estimator has them.
        dropped: attributes that tell of the training, and that no prediction reads.
        defaults: arguments of the constructor that must have their defaults, since they name
            files, or more than a file can hold.
        refit: attributes that hold the training vectors and labels that it is fitted on again, in
            place of `fitted`.
    """

    path: str
    fitted: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()
    refit: tuple[str, str] | tuple[()] = ()

    def load(self) -> type:
        """Import the class."""
        module, _, name = self.path.partition(":")
        found: type = getattr(importlib.import_module(module), name)
        return found


_NETWORK = (
    "classes_",
    "weights_",
    "watched_",
    "layers_",
    "parameters_",
    "multiply_adds_",
    "training_accuracy_",
)
_TRAINING = ("history_", "fit_seconds_")
_SVM = ("classes_", "n_features_in_", "C_", "coef_", "intercept_", "temperature_")
_FIT = ("inner_accuracy_", "training_accuracy_", "converged_")

KNOWN = {
    known.path: known
    for known in (
        KnownEstimator(
            "strata.features.codebooks.visual_words:VisualWords",
            ("words_", "bandwidth_", "n_iter_"),
        ),
        KnownEstimator(
            "strata.features.codebooks.gaussian_mixture:DiagonalGaussianMixture",
            (
                "n_features_in_",
                "weights_",
                "means_",
                "covariances_",
                "shift_",
                "density_map_",
                "n_iter_",
                "converged_",
                "lower_bounds_",
            ),
        ),
        KnownEstimator(
            "strata.features.encodings.fisher_vectors:FisherVectors",
            ("mean_", "projection_", "mixture_", "n_iter_"),
        ),
        KnownEstimator("strata.features.encodings.vlad:VLAD", ("words_", "n_iter_")),
        KnownEstimator(
            "strata.features.transforms.normalize:CenteredPower",
            ("n_features_in_", "mean_", "n_samples_seen_"),
        ),
        KnownEstimator(
            "strata.features.transforms.block_weights:BlockWeights", ("n_features_in_",)
        ),
        KnownEstimator(
            "strata.features.transforms.lda:LDA",
            ("n_features_in_", "_n_features_out", "mean_", "directions_"),
        ),
        KnownEstimator(
            "strata.features.transforms.kernel_approximation:AdditiveKernelMap",
            ("n_features_in_", "is_fitted_"),
        ),
        KnownEstimator(
            "strata.models.classifiers.kernel_svm:KernelSVM",
            (*_SVM, *_FIT, "gamma_", "dual_coef_", "support_", "support_vectors_"),
        ),
        KnownEstimator(
            "strata.models.classifiers.linear_svm:LinearSVM", (*_SVM, *_FIT, "n_iter_", "gap_")
        ),
        KnownEstimator(
            "strata.models.classifiers.logistic:CalibratedLogistic", (*_SVM, *_FIT, "n_iter_")
        ),
        KnownEstimator(
            "strata.models.classifiers.smoothed_knn:SmoothedKNN",
            ("classes_", "n_features_in_", "neighbors_", "smoothing_", "temperature_"),
        ),
        KnownEstimator(
            "strata.models.classifiers.mlp:CalibratedMLP",
            (
                "classes_",
                "n_features_in_",
                "alpha_",
                "coefs_",
                "intercepts_",
                "temperature_",
                "n_iter_",
                *_FIT,
            ),
        ),
        KnownEstimator(
            "strata.models.estimators.network_classifier:NetworkClassifier",
            (*_NETWORK, "architecture_", "channels_", "max_lr_"),
            (*_TRAINING, "lr_curve_", "pretrain_losses_"),
        ),
        KnownEstimator(
            "strata.models.estimators.fine_tuned_classifier:FineTunedClassifier",
            (*_NETWORK, "trainable_parameters_", "frozen_parameters_", "saved_multiply_adds_"),
            _TRAINING,
            defaults=("weights",),
        ),
        KnownEstimator(
            "sklearn.preprocessing:StandardScaler",
            ("n_features_in_", "n_samples_seen_", "mean_", "var_", "scale_"),
        ),
        KnownEstimator(
            "sklearn.decomposition:PCA",
            (
                "n_features_in_",
                "n_samples_",
                "mean_",
                "components_",
                "n_components_",
                "explained_variance_",
                "explained_variance_ratio_",
                "singular_values_",
                "noise_variance_",
                "_fit_svd_solver",
            ),
        ),
        KnownEstimator(
            "sklearn.kernel_approximation:Nystroem",
            (
                "n_features_in_",
                "_n_features_out",
                "components_",
                "component_indices_",
                "normalization_",
            ),
            defaults=("kernel_params", "n_jobs"),
        ),
        KnownEstimator("sklearn.pipeline:Pipeline", defaults=("memory", "transform_input")),
        KnownEstimator("sklearn.frozen:FrozenEstimator"),
        KnownEstimator(
            "sklearn.neighbors:KNeighborsClassifier",
            refit=("_fit_X", "_y"),
            defaults=("metric_params", "n_jobs"),
        ),
    )
}


def known_estimator(value: Any) -> KnownEstimator | None:
    """Entry of the registry for the class of an object; None for other classes.

    scikit-learn's classes are defined in modules that are not public.
    """
    kind = type(value)
    for known in KNOWN.values():
        module, _, name = known.path.partition(":")
        of_package = kind.__module__.startswith(f"{module}._") or kind.__module__ == module
        if name == kind.__qualname__ and of_package:
            return known
    return None
