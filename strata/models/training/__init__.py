"""Training loop with its optimizers, learning-rate schedules, augmentation and LR finder.

May import `architectures`, `classifiers` and `runtime`. Start at `trainer.py` (epochs), then
`train_step.py` (one gradient step).
"""
