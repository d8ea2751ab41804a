"""Predefined architectures by name."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from strata.errors import InputError, nearest
from strata.models.architectures.presets.cnn import cnn, cnn_pooled, lenet_5
from strata.models.architectures.presets.googlenet import googlenet, inception_small
from strata.models.architectures.presets.mlp import mlp
from strata.models.architectures.presets.tinynet import tinynet, tinynet_micro, tinynet_residual

#: name -> function that returns a description, with keyword arguments
PRESETS: dict[str, Callable[..., dict[str, Any]]] = {
    "cnn": cnn,
    "cnn-pooled": cnn_pooled,
    "googlenet": googlenet,
    "inception-small": inception_small,
    "lenet-5": lenet_5,
    "mlp": mlp,
    "tinynet": tinynet,
    "tinynet-micro": tinynet_micro,
    "tinynet-residual": tinynet_residual,
}


def preset(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The description of a predefined architecture.

    Args:
        name: a key of `PRESETS`.
        arguments: of its function.

    Raises:
        InputError: unknown name or argument.
    """
    if name not in PRESETS:
        raise InputError(f"Unknown architecture '{name}'.", nearest(name, PRESETS))
    known = inspect.signature(PRESETS[name]).parameters
    for key in arguments:
        if key not in known:
            raise InputError(f"The architecture '{name}' has no '{key}'.", nearest(key, known))
    from pydantic import ValidationError, validate_call  # a slow import, for tables only

    try:
        return validate_call(config={"strict": True})(PRESETS[name])(**arguments)
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        key, reason = str(wrong["loc"][0]), wrong["msg"].removeprefix("Input ")
        raise InputError(
            f"The architecture '{name}' cannot have {key} = {arguments[key]!r}: "
            f"it {reason[0].lower()}{reason[1:]}."
        ) from None
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"The architecture '{name}' cannot have {dict(arguments)}: {error}."
        ) from error
