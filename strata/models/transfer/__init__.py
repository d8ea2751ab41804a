"""Transfer learning: pretrained weights, frozen features, and the module that is fine-tuned.

May import `training`, `architectures`, `classifiers` and `runtime`. Start at `backbones.py`;
frozen features are in `backbone_features.py`, fine-tuning in `finetuning/`.
"""
