"""Pretrained networks trained on, from activations that are kept at a border."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Le

from strata.pipeline.graph.inputs import ImageShard, Subset
from strata.parameter_types import (
    Augmentations,
    BatchSize,
    Fraction,
    NonNegativeFloat,
    NonNegativeInt,
    Optimizer,
    PositiveFloat,
    PositiveInt,
    Schedule,
)
from strata.pipeline.graph.sharded_arrays import Shards
from strata.pipeline.graph.stage import shard_stage, stage
from strata.pipeline.stages.classifiers import in_all_classes
from strata.pipeline.stages.networks import trained
from strata.pipeline.stages.pretrained import state_of
from strata.pipeline.store.task_progress import checkpoint_path, report_progress

if TYPE_CHECKING:
    import numpy as np


@stage
def divided(
    network: Mapping[str, Any],
    *,
    border: str = "",
    cut: str = "",
    beside: tuple[str, ...] = (),
    side: PositiveInt | None = None,
) -> dict[str, Any]:
    """Which part of a network stays frozen, and which is trained.

    Args:
        border: the node from which on the network learns; "images" is before the first layer;
            "": the same as `cut`, so that only the new head learns.
        cut: the last node that is kept; "": the one before the network's own last layer.
        beside: more nodes that the head looks at, each the border or between it and the cut.
        side: of the images, pixels; None: what the network was made for.

    Returns:
        `border`, `cut`, `beside` and `side`; what the part before the border costs.
    """
    from strata.models.transfer.subgraph import last_node

    cut = cut or last_node(network["backbone"])
    return _parts(network["backbone"], border or cut, cut, beside, side)


@stage
def inception_divided(
    network: Mapping[str, Any],
    *,
    removed: Annotated[NonNegativeInt, Le(10)] = 2,
    open: NonNegativeInt | Literal["all"] = 1,
    seen: PositiveInt = 1,
    side: PositiveInt | None = None,
) -> dict[str, Any]:
    """Which of Inception's 11 blocks, counted from the end, are cut off, and which are trained.

    Args:
        removed: blocks that are cut off.
        open: blocks that learn, of those kept; "all" is the layers before the first block too.
        seen: blocks whose outputs the head looks at, side by side, counted from the last one kept.
            Beside those that learn, the one before them can be among them.
        side: of the images, pixels.
    """
    from strata.errors import InputError
    from strata.models.transfer.backbones import INCEPTION_BLOCKS, INCEPTION_STEM
    from strata.models.transfer.subgraph import IMAGES

    kept = INCEPTION_BLOCKS[: max(0, len(INCEPTION_BLOCKS) - removed)]
    if not kept or removed < 0:
        raise InputError(f"removed must be from 0 to 10: {removed}.")
    if open == "all":
        border = IMAGES
    elif 0 <= open <= len(kept):
        border = (INCEPTION_STEM, *kept)[len(kept) - open]
    else:
        raise InputError(f"open must be from 0 to {len(kept)}, the blocks kept, or 'all': {open}.")
    if seen > len(kept):
        raise InputError(f"seen must be at most {len(kept)}, the blocks kept: {seen}.")
    known = len(kept) - kept.index(border) if border in kept else len(kept)
    if seen > known:
        raise InputError(
            f"seen must be at most {known}, the open blocks and the one before: {seen}.",
            "Open more blocks.",
        )
    beside = tuple(reversed(kept[-seen:-1]))
    return _parts(network["backbone"], border, kept[-1], beside, side)


def _parts(
    backbone: str, border: str, cut: str, beside: tuple[str, ...], side: int | None
) -> dict[str, Any]:
    from strata.models.transfer.backbones import preparation
    from strata.models.transfer.subgraph import IMAGES, check_beside
    from strata.models.transfer.subgraph_flops import part_cost

    check_beside(backbone, border, cut, beside)
    side = side or preparation(backbone).side
    part_cost(backbone, border, [cut, *beside], side)  # an error if there is no way
    frozen = part_cost(backbone, IMAGES, [border], side)
    return {
        "border": border,
        "cut": cut,
        "beside": beside,
        "side": side,
        "parameters": frozen.parameters,
        "multiply_adds": frozen.multiply_adds,
    }


@shard_stage
def border_views(
    images: ImageShard,
    network: Mapping[str, Any],
    parts: Mapping[str, Any],
    *,
    mirror: bool = True,
    copies: NonNegativeInt = 0,
    augmentations: Augmentations = "light",
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
) -> dict[str, Any]:
    """Activations at the border of each image and of its changed copies.

    `views` (images, views, h, w, channels) float16: the image, its mirror image, the copies;
    `unchanged`: how many there are before the copies. Where only the head learns, the activations
    are pooled, float32, h = w = 1; where everything does, they are the uint8 images themselves.

    Args:
        mirror: whether the mirror image is among the views.
        copies: further views, changed at random by `augmentations` (fields of
            `Augmentation`); the same for the same image in every run.
    """
    import numpy as np

    from strata.models.runtime.devices import choose_device
    from strata.models.transfer.frozen_backbone import FrozenBackbone, border_activations
    from strata.models.transfer.subgraph import IMAGES

    batches = _views(images, parts["side"], mirror, copies, augmentations)
    if parts["border"] != IMAGES:
        frozen = FrozenBackbone(
            network["backbone"], [parts["border"]], state_of(network), parts["side"]
        )
        batches = border_activations(frozen, batches, choose_device(device))
    if parts["border"] == parts["cut"]:
        batches = (b.mean((1, 2), dtype=np.float32, keepdims=True) for b in batches)
    found = []
    for views in batches:
        found.append(views)
        report_progress(len(found), len(images))
    return {"views": np.stack(found), "unchanged": 1 + mirror}


def _views(
    images: ImageShard, side: int, mirror: bool, copies: int, augmentations: str | dict[str, Any]
) -> "Iterator[np.ndarray]":
    """For each image, its views (views, side, side, 3) uint8."""
    import numpy as np
    import torch

    from strata.errors import InputError
    from strata.models.training import augment
    from strata.models.training.augment_config import Augmentation
    from strata.models.training.resize import resize_image
    from strata.seeds import generator

    changes = Augmentation.of(augmentations)
    if changes.crop < 1 or changes.mixup:
        raise InputError("Views cannot be cropped or mixed: they all have the network's size.")
    for digest, image in zip(images.digests, images, strict=True):
        plain = resize_image(image, side)
        views = [plain, plain[:, ::-1]] if mirror else [plain]
        if copies:
            draws = augment.draw(
                changes, copies, side, generator(0, "views", digest), torch.device("cpu")
            )
            same = torch.from_numpy(plain).expand(copies, -1, -1, -1).contiguous()
            views += list(augment.apply(changes, same, draws).round().to(torch.uint8).numpy())
        yield np.stack(views)


@stage
def fine_tune(
    views: Shards,
    network: Mapping[str, Any],
    parts: Mapping[str, Any],
    train: Subset,
    *,
    embedding: Literal["pooled", "rooted"] = "pooled",
    head_epochs: NonNegativeInt = 10,
    head_rate: PositiveFloat = 0.01,
    head_C: PositiveFloat | None = None,
    epochs: NonNegativeInt = 3,
    batch: BatchSize = 32,
    optimizer: Optimizer = "adamw",
    max_rate: PositiveFloat = 3e-4,
    momentum: Fraction = 0.9,
    weight_decay: NonNegativeFloat = 0.05,
    schedule: Schedule = "one-cycle",
    label_smoothing: Fraction = 0.1,
    class_weight: Literal["balanced"] | None = None,
    clip: PositiveFloat | None = None,
    ema: Fraction = 0.99,
    rate_decay: NonNegativeFloat = 1.0,
    normalization: Literal["adapt", "frozen"] = "adapt",
    dropout: Fraction = 0.0,
    auxiliary: NonNegativeFloat = 0.0,
    augmentations: Augmentations = "none",
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
) -> dict[str, Any]:
    """Train the head of a pretrained network, then everything after the border.

    Parameters as of `strata.models.estimators.fine_tuned_classifier.FineTunedClassifier`.
    """
    from strata.models.estimators.fine_tuned_classifier import FineTunedClassifier

    only_head = parts["border"] == parts["cut"]
    classifier = FineTunedClassifier(
        network["backbone"],
        freeze_until=parts["border"],
        output_node=parts["cut"],
        head_inputs=parts["beside"],
        embedding=embedding,
        weights=state_of(network),
        head_epochs=head_epochs,
        head_lr=head_rate,
        head_init_C=head_C,
        epochs=0 if only_head else epochs,
        batch_size=batch,
        optimizer=optimizer,
        max_lr=max_rate,
        momentum=momentum,
        weight_decay=weight_decay,
        lr_schedule=schedule,
        label_smoothing=label_smoothing,
        class_weight=class_weight,
        clip_grad_norm=clip,
        ema_decay=ema,
        layer_decay=rate_decay,
        batch_norm=normalization,
        dropout=dropout,
        aux_weight=auxiliary,
        augmentation=augmentations,
        device=device,
        random_state=train.seed_for("fine-tuning"),
    )
    total = (0 if head_C else head_epochs) + classifier.epochs
    classifier.fit(
        views.lazy("views", train),
        train.y,
        checkpoint=checkpoint_path(),
        on_epoch=lambda line: report_progress(int(line["epoch"]), total),
    )
    classifier.weights = ""  # they are in the store; what was learned is in the classifier
    return trained(classifier, saved_multiply_adds=classifier.saved_multiply_adds_)


@stage
def fine_tuned_scores(views: Shards, fitted: Mapping[str, Any], test: Subset) -> dict[str, Any]:
    """Logits and probabilities of images, the mean over an image and its mirror image."""
    unchanged = views.place(test.digests[0])[0]["unchanged"] if len(test) else None
    rows = views.lazy("views", test, unchanged)
    return in_all_classes(fitted, rows, len(test.classes))
