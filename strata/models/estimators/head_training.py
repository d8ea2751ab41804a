"""First phase of fine-tuning: the new head alone, on embeddings that are computed once."""

from collections.abc import Callable
from typing import cast

from strata.models.architectures.builder import Network
from strata.models.training.batches import Images
from strata.models.training.config import TrainingConfig
from strata.models.training.trainer import Epoch, Training
from strata.models.transfer.finetuning.finetune_module import FineTuneModule
from strata.models.transfer.finetuning.head_init import init_head_logistic


def train_head(
    module: FineTuneModule,
    images: Images,
    config: TrainingConfig,
    validation: Images | None = None,
    *,
    init_C: float | None,
    on_epoch: Callable[[Epoch], None] | None,
) -> list[Epoch]:
    """Train a fine-tuning module's head, in place; the layers below are fixed.

    Args:
        module: an embedding of form "power_norm" is centered on these images too.
        images: boundary activations (or images) with class numbers.
        config: of the training.
        validation: as `images`, to be watched as in `Training`.
        init_C: inverse strength of the penalty with which the head is set by logistic regression
            instead of training; None: train it.
        on_epoch: called with each new entry of the history.

    Returns:
        the history, one entry per epoch.
    """
    if init_C is None and not config.epochs and module.embedding.center is None:
        return []
    embeddings = module.embedding.fit_center(module.embed_rows(images.pixels))
    if init_C is not None:
        init_head_logistic(
            module.linear(),
            embeddings,
            images.labels,
            C=init_C,
            class_weight="balanced" if config.class_weight else None,
        )
        return []
    if not config.epochs:
        return []
    rows = Images(embeddings[:, None, None], images.labels)
    watched = None
    if validation is not None:
        vectors = module.embed_rows(validation.pixels)
        watched = Images(vectors[:, None, None], validation.labels)
    training = Training(cast(Network, module.head_only()), rows, config, watched)
    training.run(on_epoch=on_epoch)
    return training.history
