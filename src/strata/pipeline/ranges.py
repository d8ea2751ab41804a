"""What values a parameter may take, said in its type."""

from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le

Count = Annotated[int, Ge(1)]
Whole = Annotated[int, Ge(0)]
Positive = Annotated[float, Gt(0)]
Share = Annotated[float, Ge(0), Le(1)]
Optimiser = Literal["adamw", "adam", "sgd", "plain-sgd", "rmsprop", "adadelta", "adagrad"]
Architecture = (
    Literal["cnn", "cnn-pooled", "lenet-5", "mlp", "tinynet", "tinynet-micro", "tinynet-residual"]
    | dict[str, Any]
)
Augmentations = Literal["none", "light", "strong"] | dict[str, Any]
Schedule = Literal["one-cycle", "cosine", "constant", "step"]
