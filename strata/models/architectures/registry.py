"""What a network's parts may be called, known without torch: experiment files are checked by it.

The modules and functions behind the names stand in `blocks`, `normalization`, `builder` and
`initialization`.
"""

ACTIVATIONS = (
    "relu", "leaky-relu", "elu", "selu", "gelu", "silu", "tanh", "sigmoid", "none",
)  # fmt: skip
#: 2x2 with stride 2, or ("-3") 3x3 that keeps the size.
POOLS = ("none", "max", "average", "max-3", "average-3")
CONVOLUTIONS = ("full", "depthwise")
#: Of feature maps.
NORMALIZATIONS = (
    "none", "batch", "batch-renorm", "group", "layer", "local-response", "local-response-within",
)  # fmt: skip
#: From the last feature maps to a vector.
HEAD_POOLS = ("average", "max", "flatten")
#: Of a head's hidden layers.
HEAD_NORMALIZATIONS = ("none", "batch", "layer")
#: Layer-sequential unit variance, which needs images.
LSUV = "lsuv"
INITIALIZATIONS = (
    "glorot-uniform", "glorot-normal", "he-uniform", "he-normal", "normal", "zeros", LSUV,
)  # fmt: skip
