"""Networks as scikit-learn estimators: trained from scratch, fine-tuned, read out, explained.

May import every other package of `models`. Start at `network_classifier.py`.
"""
