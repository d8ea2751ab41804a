"""Fine-tuning of pretrained networks, on activations that are kept at the boundary of training."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Le

from strata.errors import InputError
from strata.models.training.augment_config import AugmentationLike
from strata.parameter_types import Device, NonNegativeInt, PositiveInt
from strata.pipeline.graph.decorators import shard_stage, stage
from strata.pipeline.graph.inputs import ImageShard, Subset
from strata.pipeline.graph.sharded_arrays import Shards
from strata.pipeline.stages.classifiers import in_all_classes
from strata.pipeline.stages.networks import trained, watched
from strata.pipeline.stages.pretrained import state_of
from strata.pipeline.store.task_progress import checkpoint_path, report_progress


@stage(role="backbone split")
def split_backbone(
    network: Mapping[str, Any],
    *,
    freeze_until: str = "",
    output_node: str = "",
    head_inputs: tuple[str, ...] = (),
    image_size: PositiveInt | None = None,
) -> dict[str, Any]:
    """Frozen and trained part of a network, by the names of nodes.

    Args:
        freeze_until: node whose output is the input of the trained part. "images": every layer is
            trained; "": the same as `output_node`, so that only the new head is.
        output_node: last node that is kept; "": the one before the network's own last layer.
        head_inputs: further nodes whose outputs the head sees, each `freeze_until` or between it
            and `output_node`.
        image_size: side of the images, pixels; None: what the network was trained on.

    Returns:
        The parameters, resolved; `parameters` and `multiply_adds` of the frozen part.
    """
    from strata.models.transfer.subgraph import penultimate_node

    output_node = output_node or penultimate_node(network["backbone"])
    return _split(
        network["backbone"], freeze_until or output_node, output_node, head_inputs, image_size
    )


@stage(role="backbone split")
def split_inception(
    network: Mapping[str, Any],
    *,
    removed_blocks: Annotated[NonNegativeInt, Le(10)] = 2,
    trainable_blocks: NonNegativeInt | Literal["all"] = 1,
    head_blocks: PositiveInt = 1,
    image_size: PositiveInt | None = None,
) -> dict[str, Any]:
    """Frozen and trained part of Inception-v3, by its 11 blocks counted from the end.

    Args:
        removed_blocks: blocks that are cut off.
        trainable_blocks: blocks that are trained, of those kept; "all": the layers before the first
            block too.
        head_blocks: blocks whose outputs the head sees, side by side, counted from the last one
            kept: those that are trained, and the one before them.
        image_size: side of the images, pixels; None: 299.
    """
    from strata.models.transfer.backbones import INCEPTION_BLOCKS, INCEPTION_STEM
    from strata.models.transfer.subgraph import IMAGES

    kept = INCEPTION_BLOCKS[: max(0, len(INCEPTION_BLOCKS) - removed_blocks)]
    if not kept or removed_blocks < 0:
        raise InputError(f"removed_blocks must be from 0 to 10: {removed_blocks}.")
    if trainable_blocks == "all":
        freeze_until = IMAGES
    elif 0 <= trainable_blocks <= len(kept):
        freeze_until = (INCEPTION_STEM, *kept)[len(kept) - trainable_blocks]
    else:
        raise InputError(
            f"trainable_blocks must be from 0 to {len(kept)}, the blocks kept, or 'all': "
            f"{trainable_blocks}."
        )
    if head_blocks > len(kept):
        raise InputError(
            f"head_blocks must be at most {len(kept)}, the blocks kept: {head_blocks}."
        )
    known = len(kept) - kept.index(freeze_until) if freeze_until in kept else len(kept)
    if head_blocks > known:
        raise InputError(
            f"head_blocks must be at most {known}, the trained blocks and the one before: "
            f"{head_blocks}.",
            "Raise trainable_blocks.",
        )
    head_inputs = tuple(reversed(kept[-head_blocks:-1]))
    return _split(network["backbone"], freeze_until, kept[-1], head_inputs, image_size)


def _split(
    backbone: str,
    freeze_until: str,
    output_node: str,
    head_inputs: tuple[str, ...],
    image_size: int | None,
) -> dict[str, Any]:
    from strata.models.transfer.backbones import preprocessing
    from strata.models.transfer.subgraph import IMAGES, check_head_inputs
    from strata.models.transfer.subgraph_flops import subgraph_cost

    check_head_inputs(backbone, freeze_until, output_node, head_inputs)
    image_size = image_size or preprocessing(backbone).image_size
    subgraph_cost(
        backbone, freeze_until, [output_node, *head_inputs], image_size
    )  # is there a way?
    frozen = subgraph_cost(backbone, IMAGES, [freeze_until], image_size)
    return {
        "freeze_until": freeze_until,
        "output_node": output_node,
        "head_inputs": list(head_inputs),
        "image_size": image_size,
        "parameters": frozen.parameters,
        "multiply_adds": frozen.multiply_adds,
    }


@shard_stage(role="images", features="learned", accelerator=True, in_prediction={"n_copies": 0})
def boundary_activations(
    images: ImageShard,
    network: Mapping[str, Any],
    parts: Mapping[str, Any],
    *,
    mirror: bool = True,
    n_copies: NonNegativeInt = 0,
    augmentation: AugmentationLike = "light",
    device: Device = "auto",
) -> dict[str, Any]:
    """Activations at the boundary of the trained part, of each image and of augmented copies.

    `views` (images, views, h, w, channels) float16: the image, its mirror image, the copies;
    `unchanged`: how many there are before the copies. Where only the head is trained, activations
    are pooled, float32, h = w = 1; where every layer is, they are the uint8 images themselves.

    Args:
        mirror: add the mirror image to the views.
        n_copies: further views, augmented at random; the same for the same image in every run.
        augmentation: of the copies: "none", "light", "strong", or a table of magnitudes.
        device: "auto", "cpu", "cuda" or "mps".
    """

    from strata.models.runtime.devices import choose_device
    from strata.models.transfer.finetuning import boundary
    from strata.models.transfer.frozen_backbone import FrozenBackbone
    from strata.models.transfer.subgraph import IMAGES

    size, begin = parts["image_size"], parts["freeze_until"]
    batches = _views(images, size, mirror, n_copies, augmentation)
    if begin != IMAGES:
        frozen = FrozenBackbone(network["backbone"], [begin], state_of(network), size)
        batches = boundary.boundary_activations(frozen, batches, choose_device(device))
    if begin == parts["output_node"]:
        batches = (b.mean((1, 2), dtype=np.float32, keepdims=True) for b in batches)
    found = []
    for views in batches:
        found.append(views)
        report_progress(len(found), len(images))
    return {"views": np.stack(found), "unchanged": 1 + mirror}


def _views(
    images: ImageShard, side: int, mirror: bool, copies: int, augmentation: str | Mapping[str, Any]
) -> Iterator[np.ndarray]:
    """Views of each image, (views, side, side, 3) uint8."""
    import torch

    from strata.models.training import augment
    from strata.models.training.augment_config import Augmentation
    from strata.models.training.resize import resize_image
    from strata.seeds import generator

    changes = Augmentation.of(augmentation)
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


@stage(
    estimator="strata.models.estimators.fine_tuned_classifier:FineTunedClassifier",
    supplies=("backbone", "freeze_until", "output_node", "head_inputs", "image_size", "weights"),
    role="network",
    features="learned",
    accelerator=True,
)
def fine_tune(
    views: Shards,
    network: Mapping[str, Any],
    parts: Mapping[str, Any],
    train: Subset,
    heldout: Sequence[Subset] = (),
    *,
    watch: Literal["heldout", "none"] = "heldout",
    **parameters: Any,
) -> dict[str, Any]:
    """Fine-tuned network: first its new head is trained, then everything after the boundary.

    Args:
        heldout: see `Fold.watched`.
        watch: "heldout": in cross-validation, loss and accuracy on the fold's held-out images stand
            in the history; they choose nothing, and the network is the same without them. With
            `patience` a part of the training images is watched instead. "none": neither.
    """
    from strata.models.estimators.fine_tuned_classifier import FineTunedClassifier

    if parts["freeze_until"] == parts["output_node"]:  # nothing after the boundary but the head
        parameters = {**parameters, "epochs": 0}
    classifier = FineTunedClassifier(
        network["backbone"],
        freeze_until=parts["freeze_until"],
        output_node=parts["output_node"],
        head_inputs=tuple(parts["head_inputs"]),
        image_size=parts["image_size"],
        weights=state_of(network),
        **parameters,
        random_state=train.seed_for("fine-tuning"),
    )
    head_epochs = 0 if classifier.head_init_C else classifier.head_epochs
    total = head_epochs + classifier.epochs
    classifier.fit(
        views.lazy("views", train),
        train.y,
        groups=train.groups,
        watch=watched(views, "views", heldout, 1) if watch == "heldout" else None,
        checkpoint=checkpoint_path(),
        on_epoch=lambda line: report_progress(int(line["epoch"]), total),
    )
    classifier.weights = ""  # they are in the store; what was learned is in the classifier
    return trained(
        classifier,
        trainable_parameters=classifier.trainable_parameters_,
        frozen_parameters=classifier.frozen_parameters_,
        saved_multiply_adds=classifier.saved_multiply_adds_,
    )


@stage(role="image scores", accelerator=True)
def fine_tuned_scores(views: Shards, fitted: Mapping[str, Any], test: Subset) -> dict[str, Any]:
    """Logits and probabilities of images, the mean over an image and its mirror image."""
    unchanged = views.place(test.digests[0])[0]["unchanged"] if len(test) else None
    rows = views.lazy("views", test, unchanged)
    return in_all_classes(fitted, rows, len(test.classes))
