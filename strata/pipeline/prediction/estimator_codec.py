"""Values of artifacts as JSON and named arrays, and back: fitted estimators without pickles.

An estimator is its class by name, the arguments of its constructor and its fitted attributes; only
classes of the registry are built, and those of modules that the caller names. skops was not taken:
it knows no networks of torch, keeps scikit-learn's private attributes, which change from version to
version, and its files are larger.
"""

import functools
import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from strata.errors import InputError
from strata.pipeline.prediction.known_estimators import (
    KERNEL_FUNCTIONS,
    KERNELS,
    KNOWN,
    KnownEstimator,
    known_estimator,
)

#: Key of an object that stands for what JSON does not have; its value says what.
TAG = "$"

_DTYPES = "biuf"  # kinds of numbers that arrays and scalars can have


class NotEncodableError(InputError):
    """A value that a model file cannot hold."""


def encode(
    values: Mapping[str, Any], modules: Iterable[str] = ()
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Values as JSON can express them, and the arrays that they refer to.

    Args:
        values: of an artifact.
        modules: names of modules whose classes and functions may be kept too.

    Raises:
        NotEncodableError: something else than numbers, text, arrays and known estimators.
    """
    encoder = _Encoder(frozenset(modules))
    plain = {name: encoder.encode(value, name) for name, value in values.items()}
    return plain, encoder.arrays


class _Encoder:
    def __init__(self, modules: frozenset[str]) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._modules = modules

    def encode(self, value: Any, place: str) -> Any:
        """`place` is where the value stands, for names of arrays and for messages."""
        if value is None or type(value) in (bool, int, float, str):
            return value
        if isinstance(value, np.ndarray):
            return self._array(np.asarray(value), place)
        if isinstance(value, np.generic):
            return self._scalar(value, place)
        if type(value) in (list, tuple):
            items = [self.encode(item, f"{place}.{i}") for i, item in enumerate(value)]
            return items if isinstance(value, list) else {TAG: "tuple", "items": items}
        if type(value) is dict:
            return self._dict(value, place)
        if isinstance(value, functools.partial):
            if value.args:
                raise _refused(value, place)
            keywords = self._dict(value.keywords, place)
            return {TAG: "partial", "of": self.encode(value.func, place), "keywords": keywords}
        if isinstance(value, FunctionType):
            return {TAG: "function", "name": self._function(value, place)}
        return self._estimator(value, place)

    def _array(self, array: np.ndarray, place: str) -> dict[str, Any]:
        if array.dtype.kind == "U":
            return {TAG: "texts", "shape": list(array.shape), "items": array.ravel().tolist()}
        if array.dtype.kind not in _DTYPES or array.dtype.itemsize > 8:
            raise _refused(array, place)
        # Products with transposed arrays differ in the last bits, so the order is kept.
        columns = array.flags.f_contiguous and not array.flags.c_contiguous
        name = place
        while name in self.arrays:  # "a.b" and "c" beside "a" and "b.c"
            name += "'"
        native = array.astype(array.dtype.newbyteorder("="), copy=False)
        self.arrays[name] = np.ascontiguousarray(native.T if columns else native)
        if not array.ndim:
            self.arrays[name] = self.arrays[name].reshape(())
        return {TAG: "array", "name": name, **({"transposed": True} if columns else {})}

    def _scalar(self, value: np.generic, place: str) -> dict[str, Any]:
        if value.dtype.kind not in _DTYPES or value.dtype.itemsize > 8:
            raise _refused(value, place)
        return {TAG: "scalar", "dtype": value.dtype.name, "value": value.item()}

    def _dict(self, value: dict[Any, Any], place: str) -> Any:
        if not all(type(key) in (str, int) for key in value):
            raise _refused(value, place)
        pairs = [(key, self.encode(item, f"{place}.{key}")) for key, item in value.items()]
        if all(type(key) is str for key in value) and TAG not in value:
            return dict(pairs)
        return {TAG: "dict", "items": [list(pair) for pair in pairs]}

    def _function(self, function: FunctionType, place: str) -> str:
        module, name = function.__module__, function.__qualname__
        ours = module == KERNELS and name in KERNEL_FUNCTIONS
        if not (ours or module in self._modules) or not name.isidentifier():
            raise _refused(function, place)
        return f"{module}:{name}"

    def _estimator(self, value: Any, place: str) -> dict[str, Any]:
        known = known_estimator(value)
        kind = type(value)
        if known is not None:
            parameters, fitted = _parts(value, known, place)
            path = known.path
        elif kind.__module__ in self._modules and "." not in kind.__qualname__:
            parameters = value.get_params(deep=False) if hasattr(value, "get_params") else {}
            fitted = {k: v for k, v in vars(value).items() if k not in parameters}
            path = f"{kind.__module__}:{kind.__qualname__}"
        else:
            raise _refused(value, place)
        return {
            TAG: "estimator",
            "class": path,
            "parameters": self._dict(parameters, place),
            "fitted": self._dict(fitted, place),
        }


def _parts(value: Any, known: KnownEstimator, place: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments of the constructor, and what is kept of the fitted attributes.

    Raises:
        NotEncodableError: an attribute that the registry does not name would be lost.
    """
    parameters = value.get_params(deep=False)
    for name in known.defaults:
        given, default = parameters.pop(name), _default(type(value), name)
        if given is not default and given != default:
            raise NotEncodableError(
                f"'{place}': a model file holds no {type(value).__name__} with {name} = {given!r}."
            )
    if known.refit:
        rows, labels = (getattr(value, name) for name in known.refit)
        return parameters, {"X": np.asarray(rows), "y": value.classes_[labels]}
    attributes = {k: v for k, v in vars(value).items() if k not in value.get_params(deep=False)}
    unknown = sorted(attributes.keys() - {*known.fitted, *known.dropped})
    if unknown:
        raise NotEncodableError(
            f"'{place}': {type(value).__name__} has an attribute {unknown[0]} here, which a model "
            "file does not hold.",
            "It may be of a newer version of scikit-learn than this version of strata knows.",
        )
    return parameters, {k: v for k, v in attributes.items() if k in known.fitted}


def _default(kind: type, name: str) -> Any:
    return inspect.signature(kind).parameters[name].default


def _refused(value: object, place: str) -> NotEncodableError:
    kind = type(value)
    return NotEncodableError(
        f"'{place}': a model file cannot hold a {kind.__module__}.{kind.__qualname__}.",
        "It holds numbers, text, arrays, the estimators of strata's own stages, and those that are "
        "defined in the file of the stage.",
    )


def decode(
    values: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    modules: Mapping[str, ModuleType] | None = None,
) -> dict[str, Any]:
    """Values that `encode` gave.

    Args:
        values, arrays: what it returned; from a file, which may say anything.
        modules: by name, whose classes and functions may be used too.

    Raises:
        InputError: a class, function or attribute that no file can name, or what is no value.
    """
    decoder = _Decoder(arrays, modules or {})
    try:
        return {name: decoder.decode(value) for name, value in values.items()}
    except InputError:
        raise
    except Exception as error:  # constructors and `fit` raise any kind for odd arguments
        raise InputError(f"No value can be made of it ({type(error).__name__}: {error})") from error


class _Decoder:
    def __init__(self, arrays: Mapping[str, np.ndarray], modules: Mapping[str, ModuleType]) -> None:
        self._arrays = arrays
        self._modules = modules

    def decode(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.decode(item) for item in value]
        if not isinstance(value, dict):
            return value
        if TAG not in value:
            return {key: self.decode(item) for key, item in value.items()}
        return self._tagged(value)

    def _tagged(self, value: dict[str, Any]) -> Any:
        match value[TAG]:
            case "array":
                found = self._arrays[value["name"]]
                return found.T if value.get("transposed") else found
            case "texts":
                texts = [str(item) for item in value["items"]]
                return np.array(texts, dtype=str).reshape(value["shape"])
            case "scalar":
                dtype = np.dtype(str(value["dtype"]))
                if dtype.kind not in _DTYPES:
                    raise InputError(f"A number cannot have the dtype {dtype}.")
                return dtype.type(value["value"])
            case "tuple":
                return tuple(map(self.decode, value["items"]))
            case "dict":
                return {key: self.decode(item) for key, item in value["items"]}
            case "function":
                return self._function(value["name"])
            case "partial":
                function, keywords = self.decode(value["of"]), self.decode(value["keywords"])
                if not isinstance(function, FunctionType):
                    raise InputError("It has a partial of what is no function.")
                return functools.partial(function, **keywords)
            case "estimator":
                return self._estimator(value)
        raise InputError(f"It has a value of an unknown kind, {str(value[TAG])!r:.60}.")

    def _function(self, name: Any) -> Callable[..., Any]:
        module, _, attribute = str(name).partition(":")
        if module == KERNELS and attribute in KERNEL_FUNCTIONS:
            function: Callable[..., Any] = getattr(importlib.import_module(KERNELS), attribute)
            return function
        return self._own(module, attribute, FunctionType)

    def _estimator(self, value: dict[str, Any]) -> Any:
        name = str(value["class"])
        parameters, fitted = self.decode(value["parameters"]), self.decode(value["fitted"])
        known = KNOWN.get(name)
        if known is None:
            module, _, attribute = name.partition(":")
            return _built(self._own(module, attribute, type), parameters, fitted)
        odd = sorted({*known.defaults} & parameters.keys())
        odd += sorted(fitted.keys() - ({"X", "y"} if known.refit else {*known.fitted}))
        if odd:
            raise InputError(f"A {name} from a file has no {str(odd[0])!r:.60}.")
        if known.refit:
            return known.load()(**parameters).fit(fitted["X"], fitted["y"])
        return _built(known.load(), parameters, fitted)

    def _own(self, module: str, attribute: str, kind: type) -> Any:
        """Class or function of a module that the caller named, defined in it."""
        named = self._modules.get(module)
        found = vars(named).get(attribute) if named else None
        if not named or not isinstance(found, kind) or found.__module__ != named.__name__:
            raise InputError(f"It names {f'{module}:{attribute}'!r:.100}, which no file can name.")
        return found


def _built(kind: type, parameters: dict[str, Any], fitted: dict[str, Any]) -> Any:
    if hasattr(kind, "get_params"):
        found = kind(**parameters)
    else:  # a plain class of a user's: its constructor may want anything
        found = object.__new__(kind)
    for name, attribute in fitted.items():
        setattr(found, name, attribute)
    return found
