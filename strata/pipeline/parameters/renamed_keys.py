"""Names in experiment files that are called otherwise since 2026-11; to be deleted at 1.0."""

from collections.abc import Collection

#: Old name -> what it may be called now, by where it stands.
RENAMED: dict[str, tuple[str, ...]] = {
    # parameters
    "augmentations": ("augmentation",),
    "auxiliary": ("aux_weight",),
    "batch": ("batch_size",),
    "beside": ("head_inputs",),
    "bins": ("bin_sizes",),
    "border": ("freeze_until",),
    "cells": ("cell_sizes", "n_cells"),
    "clip": ("clip_grad_norm",),
    "colour": ("color",),
    "colour_mixture": ("color_mixture",),
    "components": ("n_components",),
    "contrast": ("contrast_threshold",),
    "copies": ("n_copies",),
    "cut": ("output_node",),
    "dimensions": ("n_dims",),
    "distil": ("distillation",),
    "edge": ("edge_threshold",),
    "ema": ("ema_decay",),
    "envelope": ("descriptor",),
    "flip_average": ("tta_flip",),
    "head_C": ("head_init_C",),
    "head_rate": ("head_lr",),
    "initialisation": ("initialization",),
    "intra": ("intra_norm",),
    "iterations": ("max_iter",),
    "keypoints": ("n_keypoints",),
    "largest": ("max_size",),
    "max_rate": ("max_lr",),
    "neighbours": ("n_neighbors",),
    "normalisation": ("batch_norm", "normalization"),
    "octaves": ("n_octaves",),
    "offset": ("coef0",),
    "open": ("trainable_blocks",),
    "optimiser": ("optimizer",),
    "positions": ("position_weight",),
    "pretraining": ("pretrain_epochs",),
    "rate_decay": ("layer_decay",),
    "removed": ("removed_blocks",),
    "sample": ("max_samples",),
    "schedule": ("lr_schedule",),
    "seen": ("head_blocks",),
    "side": ("image_size",),
    "size": ("image_size",),
    "sizes": ("n_sizes",),
    "validation": ("validation_fraction",),
    "views": ("tta_views",),
    "words": ("n_words",),
    "zero": ("zero_descriptors",),
    # values of `use`, recipes
    "additive_map": ("additive_kernel_map",),
    "centred_power": ("centered_power",),
    "colour_statistics": ("color_statistics",),
    "deep_map": ("deep_descriptors",),
    "fisher_colour": ("fisher_color",),
    "radial_map": ("nystroem",),
    "standardise": ("standardize",),
    # other values
    "chi_square": ("chi2",),
    "generalised_intersection": ("generalized_intersection",),
    "grey": ("gray",),
    "rooted": ("power_norm",),
}

#: Removed recipe -> the one that does its work, and what to write.
REPLACED = {
    "stacking": (
        "fusion",
        'recipe = "fusion" learns weights now, from one inner fold of 4; from all of them as '
        "stacking did with combination.parts = 4. inner_folds is combination.inner_folds.",
    ),
}


def renamed(old: object, known: Collection[str]) -> str:
    """A sentence with the new name of an old one that stands where `known` are allowed, or ""."""
    new = [name for name in RENAMED.get(str(old), ()) if name in known]
    if new:
        return f"'{old}' is called '{new[0]}' now."
    replacement, text = REPLACED.get(str(old), ("", ""))
    return text if replacement in known else ""
