"""Pretrained networks: weights, frozen features, the parts that fine-tuning trains.

May import `training`, `architectures`, `classifiers` and `runtime`. Start at `backbones.py`;
frozen features are in `backbone_features.py`, fine-tuning in `finetune_module.py`.
"""
