"""Second phase of fine-tuning: the layers after the boundary, with the head."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

from strata.models.architectures.builder import Network
from strata.models.training.batches import Images
from strata.models.training.config import TrainingConfig
from strata.models.training.trainer import Epoch, Training
from strata.models.transfer.finetuning.finetune_module import FineTuneModule
from strata.models.transfer.finetuning.lora import add_lora, merge_lora
from strata.models.transfer.finetuning.weight_decay import exempt_from_weight_decay
from strata.seeds import derive


def train_layers(
    module: FineTuneModule,
    images: Images,
    config: TrainingConfig,
    validation: Images | None = None,
    *,
    layer_decay: float,
    lora_rank: int,
    lora_alpha: float,
    checkpoint: Path | None,
    key: str,
    on_epoch: Callable[[Epoch], None] | None,
) -> list[Epoch]:
    """Train all of a fine-tuning module, or low-rank updates of its linear layers, in place.

    Args:
        module: with a trained head.
        images: boundary activations (or images) with class numbers.
        config: of the training.
        validation: as `images`, to be watched as in `Training`.
        layer_decay: factor on the learning rate from each block to the one before it.
        lora_rank, lora_alpha: as of `lora.add_lora`; the updates are merged into the weights at the
            end. Batch normalizations keep their statistics. Rank 0: the weights are trained.
        checkpoint, key: file of the state after each epoch, and the training that it is of.
        on_epoch: called with each new entry of the history.

    Returns:
        the history, one entry per epoch.

    Raises:
        InputError: no linear layer for updates.
        DivergedError: the loss is not finite.
    """
    if lora_rank:
        add_lora(module.blocks, rank=lora_rank, alpha=lora_alpha, seed=derive(config.seed, "lora"))
        module.adapt_batch_norm = False
    layers = module.layer_lrs(layer_decay)
    training = Training(cast(Network, module), images, config, validation, layers=layers)
    exempt_from_weight_decay(training.descent.optimizer, module.undecayed)
    training.run(checkpoint_path=checkpoint, key=key, on_epoch=on_epoch)
    merge_lora(module.blocks)
    return training.history
