"""Networks of a described architecture: images to class scores, vectors or local descriptors."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from strata.errors import InputError
from strata.parameter_types import PositiveFloat, PositiveInt, UnitInterval
from strata.pipeline.graph.decorators import shard_stage, stage
from strata.pipeline.graph.inputs import Subset
from strata.pipeline.graph.sharded_arrays import LazyRows, Shards
from strata.pipeline.graph.stage import Input, Node, Step
from strata.pipeline.stages.classifiers import fitted_with, in_all_classes
from strata.pipeline.stages.serialize import serialize_float16
from strata.pipeline.store.task_progress import checkpoint_path, report_progress

if TYPE_CHECKING:
    from strata.models.estimators.base import BaseNetworkClassifier
    from strata.models.training.lr_finder import LRCurve


@shard_stage(role="images")
def resize(
    images: Iterable[np.ndarray], *, size: PositiveInt = 64, color: bool = True
) -> dict[str, Any]:
    """Square images of one size: `pixels` (images, size, size, 3) uint8, or 1 channel.

    Args:
        size: side of the square, pixels; images are cropped to the square in their middle.
        color: False: gray values in one channel, for images without color.
    """
    from strata.models.training.resize import resize_images

    return {"pixels": resize_images(images, size, color=color)}


#: Estimator of the networks here, and its arguments that are no parameters of a recipe's network.
NETWORK = "strata.models.estimators.network_classifier:NetworkClassifier"
SUPPLIED = ("image_size", "teacher_weight", "temperature")


@stage(
    estimator=NETWORK,
    supplies=SUPPLIED,
    role="network",
    features="learned",
    accelerator=True,
)
def train_network(
    images: Shards,
    train: Subset,
    heldout: Sequence[Subset] = (),
    teacher: Mapping[str, Any] | None = None,
    unlabeled: Sequence[Any] = (),
    initial: Mapping[str, Any] | None = None,
    *,
    watch: Literal["heldout", "none"] = "heldout",
    **parameters: Any,
) -> dict[str, Any]:
    """Network trained on labeled images.

    Args:
        heldout: see `Fold.watched`.
        teacher: soft labels to learn from too (distillation); None: there is no teacher.
        unlabeled: images to pretrain on too: all, as `images`, and a subset of them; or nothing.
        initial: trained network of the same architecture to start from.
        watch: "heldout": in cross-validation, loss and accuracy on the fold's held-out images stand
            in the history; they choose nothing, and the network is the same without them. With
            `patience` a part of the training images is watched instead. "none": neither.
    """
    from strata.models.estimators.network_classifier import NetworkClassifier

    pixels = images.lazy("pixels", train)
    soft = {name: teacher[name] for name in ("teacher_weight", "temperature")} if teacher else {}
    classifier = NetworkClassifier(
        **parameters, image_size=pixels.shape[1], random_state=train.seed_for("network"), **soft
    )
    known = sorted(set(train.y.tolist()))
    classifier.fit(
        pixels,
        train.y,
        groups=train.groups,
        teacher=teacher["probabilities"][:, known] if teacher else None,
        unlabeled=unlabeled[0].lazy("pixels", unlabeled[1]) if unlabeled else None,
        initial=initial["classifier"] if initial else None,
        watch=watched(images, "pixels", heldout) if watch == "heldout" else None,
        checkpoint=checkpoint_path(),
        on_epoch=lambda line: report_progress(int(line["epoch"]), classifier.epochs),
    )
    found: dict[str, Any] = {}
    if classifier.max_lr == "auto":
        found["lr_search"] = _lr_search(classifier.lr_curve_)
    if classifier.pretrain_epochs:
        found["pretraining"] = classifier.pretrain_losses_
    return trained(
        classifier,
        max_lr=float(classifier.max_lr_),
        trainable_parameters=classifier.parameters_,
        frozen_parameters=0,
        **found,
    )


@partial(Step, estimator=NETWORK, supplies=(*SUPPLIED, "architecture", "frozen_epochs"))
def train_source_network(
    images: Input, train: Subset, architecture: Any, **parameters: Any
) -> Node:
    """Network trained on other images, for another one of its architecture to start from."""
    return train_network(images, train, architecture=architecture, **parameters)


def watched(
    images: Shards, name: str, heldout: Sequence[Subset], columns: int | None = None
) -> tuple[LazyRows, np.ndarray] | None:
    """Rows and class numbers of the images that a training watches; None of none."""
    for subset in heldout:
        return images.lazy(name, subset, columns), subset.y
    return None


def trained(classifier: "BaseNetworkClassifier", **facts: Any) -> dict[str, Any]:
    """Artifact of a trained network, with what the report shows of its training."""
    return fitted_with(
        classifier,
        history=classifier.history_,
        watched=classifier.watched_,
        parameters=classifier.parameters_,
        multiply_adds=classifier.multiply_adds_,
        training_accuracy=classifier.training_accuracy_,
        layers=classifier.layers_,
        **facts,
    )


def _lr_search(curve: "LRCurve") -> dict[str, Any]:
    """Curve of the learning-rate finder, as plain values."""
    return {
        "lrs": curve.lrs.tolist(),
        "losses": curve.losses.tolist(),
        "suggestion": curve.suggestion,
    }


@stage(role="network", features="learned")
def network_at_size(
    fitted: Mapping[str, Any], train: Subset, *, size: PositiveInt = 64
) -> dict[str, Any]:
    """A trained network for images of another size, with what it costs there.

    Args:
        train: its training images: like the network itself, it is fitted on them.
        size: side of the images, pixels.
    """
    classifier = fitted["classifier"].at_size(size)
    costs = {"layers": classifier.layers_, "multiply_adds": classifier.multiply_adds_}
    return {**fitted, "classifier": classifier, **costs}


@stage(role="soft labels")
def soft_labels(
    scores: Sequence[Mapping[str, Any]],
    scored: Sequence[Subset],
    train: Subset,
    *,
    weight: UnitInterval = 0.5,
    temperature: PositiveFloat = 2.0,
) -> dict[str, Any]:
    """Soft labels: a teacher's probabilities for the training images (Hinton et al. 2015).

    Args:
        scores: of the images in each of `scored`, which together are all of `train`.
        weight: weight of the soft labels in the loss, against the images' own labels.
        temperature: softens the teacher's probabilities and the network's.
    """
    if not all("probabilities" in part for part in scores):
        raise InputError(
            "The teacher gives no probabilities.",
            "A support vector machine gives them with inner_folds of 2 or more.",
        )
    probabilities = np.concatenate([part["probabilities"] for part in scores])
    row = {name: i for i, name in enumerate(name for part in scored for name in part.ids)}
    return {
        "probabilities": probabilities[[row[name] for name in train.ids]],
        "teacher_weight": weight,
        "temperature": temperature,
    }


@stage(role="image scores", accelerator=True)
def network_scores(images: Shards, fitted: Mapping[str, Any], test: Subset) -> dict[str, Any]:
    """Logits and probabilities of images, in the columns of all classes."""
    return in_all_classes(fitted, images.lazy("pixels", test), len(test.classes))


@shard_stage(
    estimator="strata.models.estimators.hidden_features:HiddenFeatures",
    supplies=("classifier",),
    role="vectors",
    features="learned",
    accelerator=True,
)
def hidden_features(
    images: Mapping[str, Any], fitted: Mapping[str, Any], *, layer: str = "embedding"
) -> dict[str, Any]:
    """Activations of one layer of a trained network: `vectors` (images, units) float32.

    Args:
        layer: "embedding", the input of the last layer, or the name of a layer, whose maps are
            averaged over places.
    """
    from strata.models.estimators.hidden_features import LayerReader

    return {"vectors": LayerReader(fitted["classifier"], layer).of_images(images["pixels"])}


@shard_stage(
    role="local descriptors",
    features="learned",
    accelerator=True,
)
def patch_descriptors(
    images: Mapping[str, Any],
    fitted: Mapping[str, Any],
    *,
    layer: str = "embedding",
    step: PositiveInt = 3,
) -> dict[str, Any]:
    """Activations of one layer of a network trained on windows, at each place of a grid.

    Args:
        layer: "embedding", the input of the last layer, or the name of a layer.
        step: from window to window, pixels of the resized image.
    """

    from strata.features.descriptors.local_descriptors import LocalDescriptors
    from strata.models.estimators.hidden_features import LayerReader

    reader = LayerReader(fitted["classifier"], layer)
    described = (reader.of_grid(np.asarray(image), step) for image in images["pixels"])
    return serialize_float16(
        LocalDescriptors(vectors, places, np.full(len(vectors), reader.window, np.float32))
        for vectors, places in described
    )
