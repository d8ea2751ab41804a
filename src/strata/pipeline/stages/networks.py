"""Images to class scores by networks."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from strata.pipeline.inputs import Subset
from strata.pipeline.running import checkpoint_path, tick
from strata.pipeline.shards import Shards
from strata.pipeline.stage import shard_stage, stage
from strata.pipeline.stages.classifiers import in_all_classes

if TYPE_CHECKING:
    import numpy as np


@shard_stage
def resized(images: "Iterable[np.ndarray]", *, size: int = 64) -> dict[str, Any]:
    """Square images of one size: `pixels` (images, size, size, 3) uint8."""
    from strata.models.images import resize_images

    return {"pixels": resize_images(images, size)}


@stage
def train_network(
    images: Shards,
    train: Subset,
    *,
    architecture: str | dict[str, Any] = "tinynet",
    widths: tuple[int, ...] = (32, 64, 128, 256),
    depthwise: bool = False,
    activation: str = "relu",
    epochs: int = 60,
    batch: int = 64,
    optimiser: str = "adamw",
    max_rate: float = 0.01,
    weight_decay: float = 0.05,
    schedule: str = "one-cycle",
    label_smoothing: float = 0.1,
    augmentations: dict[str, Any] | None = None,
    ema: float = 0.0,
    flip_average: bool = True,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
) -> dict[str, Any]:
    """Train a network from scratch; a TinyNet where no other architecture is described.

    Parameters as of `strata.models.network.NetworkClassifier`.
    """
    from strata.models.network import NetworkClassifier

    pixels = images.rows("pixels", train)
    classifier = NetworkClassifier(
        architecture,
        widths=widths,
        depthwise=depthwise,
        activation=activation,
        size=pixels.shape[1],
        epochs=epochs,
        batch=batch,
        optimiser=optimiser,
        max_rate=max_rate,
        weight_decay=weight_decay,
        schedule=schedule,
        label_smoothing=label_smoothing,
        augmentations=augmentations,
        ema=ema,
        flip_average=flip_average,
        device=device,
        seed=train.seed_for("network"),
    )
    classifier.fit(
        pixels,
        train.y,
        checkpoint=checkpoint_path(),
        on_epoch=lambda line: tick(int(line["epoch"]), epochs),
    )
    return {
        "classifier": classifier,
        "classes": [int(c) for c in classifier.classes_],
        "history": classifier.history_,
        "parameters": classifier.parameters_,
        "multiply_adds": classifier.multiply_adds_,
        "training_accuracy": classifier.training_accuracy_,
    }


@stage
def network_scores(images: Shards, fitted: Mapping[str, Any], test: Subset) -> dict[str, Any]:
    """Logits and probabilities of images, in the columns of all classes."""
    classifier = fitted["classifier"]
    pixels = images.rows("pixels", test)
    return in_all_classes(
        fitted["classes"],
        len(test.classes),
        classifier.decision_function(pixels),
        classifier.predict_proba(pixels),
    )
