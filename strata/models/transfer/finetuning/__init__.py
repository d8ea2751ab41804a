"""Fine-tuning of a pretrained network's last layers: the module that is trained, and its parts.

May import `transfer`'s modules beside it, which import nothing of this folder. Start at
`finetune_module.py`; what the trained part takes is in `boundary.py`.
"""
