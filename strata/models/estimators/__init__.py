"""Networks as scikit-learn estimators: training from scratch, fine-tuning, features, Grad-CAM.

May import every other package of `models`. Start at `network_classifier.py`.
"""
