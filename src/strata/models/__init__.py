"""From vectors or images to class scores: classifiers and networks, as scikit-learn estimators."""
