"""Roles of stages: those who look at graphs ask for them, never for names."""

from typing import Literal

AFFECTS_RESULTS = False  # about stages, not in them

#: Part that a stage plays in a method.
Role = Literal[
    "",
    "weights",
    "backbone split",
    "images",
    "local descriptors",
    "codebook",
    "encoder",
    "reduction",
    "vectors",
    "classifier",
    "vector scores",
    "network",
    "image scores",
    "soft labels",
    "combination",
    "selection",
    "selected scores",
    "predictions",
]
#: Entries that the artifact of a role has at least.
YIELDS: dict[Role, tuple[str, ...]] = {
    "weights": ("backbone", "content"),
    "backbone split": ("freeze_until", "output_node", "head_inputs", "image_size"),
    "local descriptors": ("descriptors", "positions", "scales", "offsets"),
    "codebook": ("codebook",),
    "encoder": ("encoder",),
    "reduction": ("reduction",),
    "vectors": ("vectors",),
    "classifier": ("classifier", "classes"),
    "vector scores": ("scores",),
    "network": ("classifier", "classes"),
    "image scores": ("scores",),
    "soft labels": ("probabilities", "teacher_weight", "temperature"),
    "combination": ("scores",),
    "selection": ("trial", "accuracies"),
    "selected scores": ("scores",),
    "predictions": ("ids", "labels", "repeat", "fold", "scores", "probabilities"),
}
#: Roles of stages that give scores of images: the last one of a prediction.
SCORING: frozenset[Role] = frozenset(
    ("vector scores", "image scores", "combination", "selected scores")
)
#: Roles of stages between images and scores, which learn nothing.
PREDICTING: frozenset[Role] = SCORING | {"images", "local descriptors", "vectors"}
#: Origin of the features of images that a stage makes.
Features = Literal["", "designed", "learned"]
