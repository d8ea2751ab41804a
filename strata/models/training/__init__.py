"""The training loop and all that it uses: optimizers, schedules, augmentation, LR finder.

May import `architectures`, `classifiers` and `runtime`. Start at `trainer.py` (epochs), then
`train_step.py` (one gradient step).
"""
