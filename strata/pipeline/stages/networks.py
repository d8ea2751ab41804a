"""Images to class scores, vectors or local descriptors by networks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Gt

from strata.errors import InputError
from strata.pipeline.graph.inputs import Subset
from strata.parameter_types import (
    Architecture,
    Augmentations,
    BatchSize,
    Fraction,
    NonNegativeFloat,
    NonNegativeInt,
    Optimizer,
    PositiveFloat,
    PositiveInt,
    Schedule,
    UnitInterval,
)
from strata.pipeline.graph.sharded_arrays import Shards
from strata.pipeline.graph.stage import shard_stage, stage
from strata.pipeline.stages.classifiers import fitted_with, in_all_classes
from strata.pipeline.stages.serialize import serialize_float16
from strata.pipeline.store.task_progress import checkpoint_path, report_progress

if TYPE_CHECKING:
    import numpy as np

    from strata.models.estimators.base import BaseNetworkClassifier
    from strata.models.training.lr_finder import LRCurve


@shard_stage
def resized(images: "Iterable[np.ndarray]", *, size: PositiveInt = 64) -> dict[str, Any]:
    """Square images of one size: `pixels` (images, size, size, 3) uint8."""
    from strata.models.training.resize import resize_images

    return {"pixels": resize_images(images, size)}


@stage
def train_network(
    images: Shards,
    train: Subset,
    taught: Mapping[str, Any] | None = None,
    *,
    architecture: Architecture = "tinynet",
    epochs: PositiveInt = 60,
    batch: BatchSize = 64,
    optimizer: Optimizer = "adamw",
    max_rate: PositiveFloat | Literal["auto"] = 0.01,
    momentum: Fraction = 0.9,
    weight_decay: NonNegativeFloat = 0.05,
    schedule: Schedule = "one-cycle",
    label_smoothing: Fraction = 0.1,
    class_weight: Literal["balanced"] | None = None,
    augmentations: Augmentations = "light",
    clip: PositiveFloat | None = None,
    ema: Fraction = 0.0,
    flip_average: bool = True,
    views: PositiveInt = 1,
    pretraining: NonNegativeInt = 0,
    patience: PositiveInt | None = None,
    validation: Annotated[Fraction, Gt(0)] = 0.1,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
) -> dict[str, Any]:
    """Train a network from scratch, on the labels and, where there is a teacher, on what it says.

    Parameters as of `strata.models.estimators.network_classifier.NetworkClassifier`.
    """
    from strata.models.estimators.network_classifier import NetworkClassifier

    pixels = images.lazy("pixels", train)
    teaching = {name: taught[name] for name in ("teaching", "temperature")} if taught else {}
    classifier = NetworkClassifier(
        architecture,
        image_size=pixels.shape[1],
        epochs=epochs,
        batch_size=batch,
        optimizer=optimizer,
        max_lr=max_rate,
        momentum=momentum,
        weight_decay=weight_decay,
        lr_schedule=schedule,
        label_smoothing=label_smoothing,
        class_weight=class_weight,
        augmentation=augmentations,
        clip_grad_norm=clip,
        ema_decay=ema,
        tta_flip=flip_average,
        tta_views=views,
        pretrain_epochs=pretraining,
        patience=patience,
        validation_fraction=validation,
        device=device,
        random_state=train.seed_for("network"),
        **teaching,
    )
    classifier.fit(
        pixels,
        train.y,
        groups=train.groups,
        teacher=taught["probabilities"][:, sorted(set(train.y.tolist()))] if taught else None,
        checkpoint=checkpoint_path(),
        on_epoch=lambda line: report_progress(int(line["epoch"]), epochs),
    )
    searched = {"rate_search": _rate_search(classifier.rate_curve_)} if max_rate == "auto" else {}
    return trained(classifier, max_rate=float(classifier.max_rate_), **searched)


def trained(classifier: "BaseNetworkClassifier", **facts: Any) -> dict[str, Any]:
    """A trained network as an artifact, with what the report shows of its training."""
    return fitted_with(
        classifier,
        history=classifier.history_,
        parameters=classifier.parameters_,
        multiply_adds=classifier.multiply_adds_,
        training_accuracy=classifier.training_accuracy_,
        **facts,
    )


def _rate_search(curve: "LRCurve") -> dict[str, Any]:
    """What a learning-rate finder saw, as plain values."""
    return {
        "rates": curve.rates.tolist(),
        "losses": curve.losses.tolist(),
        "suggestion": curve.suggestion,
    }


@stage
def soft_labels(
    scores: Sequence[Mapping[str, Any]],
    scored: Sequence[Subset],
    train: Subset,
    *,
    weight: UnitInterval = 0.5,
    temperature: PositiveFloat = 2.0,
) -> dict[str, Any]:
    """A teacher's probabilities for the training images (Hinton, Vinyals and Dean, 2015).

    Args:
        scores: of the images in each of `scored`, which together are all of `train`.
        weight: of the teacher in the loss, against the images' own labels.
        temperature: how far its probabilities are softened.
    """
    import numpy as np

    if not all("probabilities" in part for part in scores):
        raise InputError(
            "The teacher gives no probabilities.",
            "A support vector machine gives them with inner_folds of 2 or more.",
        )
    said = np.concatenate([part["probabilities"] for part in scores])
    row = {name: i for i, name in enumerate(name for part in scored for name in part.ids)}
    return {
        "probabilities": said[[row[name] for name in train.ids]],
        "teaching": weight,
        "temperature": temperature,
    }


@stage
def network_scores(images: Shards, fitted: Mapping[str, Any], test: Subset) -> dict[str, Any]:
    """Logits and probabilities of images, in the columns of all classes."""
    return in_all_classes(fitted, images.lazy("pixels", test), len(test.classes))


@shard_stage
def deep_features(
    images: Mapping[str, Any], fitted: Mapping[str, Any], *, layer: str = "embedding"
) -> dict[str, Any]:
    """One layer of a trained network, one vector per image: `vectors` (images, units) float32.

    `layer` as of `strata.models.estimators.hidden_features.HiddenFeatures`.
    """
    from strata.models.estimators.hidden_features import LayerReader

    return {"vectors": LayerReader(fitted["classifier"], layer).of_images(images["pixels"])}


@shard_stage
def patch_descriptors(
    images: Mapping[str, Any],
    fitted: Mapping[str, Any],
    *,
    layer: str = "embedding",
    step: PositiveInt = 3,
) -> dict[str, Any]:
    """One layer of a network trained on windows, at each place of a grid, as local descriptors.

    Args:
        layer: as of `strata.models.estimators.hidden_features.HiddenFeatures`.
        step: from window to window, pixels of the resized image.
    """
    import numpy as np

    from strata.features.descriptors.local_descriptors import LocalDescriptors
    from strata.models.estimators.hidden_features import LayerReader

    reader = LayerReader(fitted["classifier"], layer)
    described = (reader.of_grid(np.asarray(image), step) for image in images["pixels"])
    return serialize_float16(
        LocalDescriptors(vectors, places, np.full(len(vectors), reader.window, np.float32))
        for vectors, places in described
    )
