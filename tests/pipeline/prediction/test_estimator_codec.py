"""Fitted estimators as plain arrays: all that they have learned, to the bit; nothing foreign."""

import json
import pickle
import types
from functools import cache, partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.kernel_approximation import Nystroem
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strata.errors import InputError
from strata.features import (
    LDA,
    VLAD,
    AdditiveKernelMap,
    BlockWeights,
    CenteredPower,
    DiagonalGaussianMixture,
    FisherVectors,
    LocalDescriptors,
    VisualWords,
)
from strata.features.transforms import kernels
from strata.models import (
    CalibratedLogistic,
    CalibratedMLP,
    FineTunedClassifier,
    KernelSVM,
    LinearSVM,
    NetworkClassifier,
    SmoothedKNN,
)
from strata.models.transfer.backbones import skeleton
from strata.pipeline.prediction.estimator_codec import NotEncodableError, decode, encode
from strata.pipeline.prediction.known_estimators import KNOWN, known_estimator

RNG = np.random.default_rng(0)
X = RNG.random((40, 6)).astype(np.float32)
Y = np.arange(40) % 3
LOCAL = [
    LocalDescriptors(
        RNG.random((30, 8)).astype(np.float32),
        RNG.random((30, 2)).astype(np.float32),
        np.ones(30, np.float32),
    )
    for _ in range(4)
]
PIXELS = RNG.integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)
VIEWS = RNG.random((12, 1, 1, 1, 512)).astype(np.float32)
TINY = {"architecture": {"name": "mlp", "hidden": [4]}, "image_size": 8, "epochs": 1}


def fine_tuned():
    classifier = FineTunedClassifier(
        "squeezenet1_1",
        freeze_until="features.12.cat",
        output_node="features.12.cat",
        image_size=48,
        weights=skeleton("squeezenet1_1").state_dict(),
        head_epochs=1,
        epochs=0,
    ).fit(VIEWS, Y[:12])
    classifier.weights = ""
    return classifier


def vectors(estimator):
    return estimator.transform(X)


def probabilities(estimator):
    return estimator.predict_proba(X)


#: What fits an estimator of each class, and what it predicts.
KINDS = {
    "words": (lambda: VisualWords(3).fit(LOCAL), lambda e: e.words_),
    "mixture": (lambda: DiagonalGaussianMixture(2).fit(X), probabilities),
    "fisher": (lambda: FisherVectors(2, 3).fit(LOCAL), lambda e: e.transform(LOCAL)),
    "vlad": (lambda: VLAD(2).fit(LOCAL), lambda e: e.transform(LOCAL)),
    "blocks of nodes": (lambda: BlockWeights([2, 4], [1.0, 3.0]).fit(X), vectors),
    "power": (lambda: CenteredPower().fit(X), vectors),
    "lda": (lambda: LDA().fit(X, Y), vectors),
    "map": (lambda: AdditiveKernelMap().fit(X), vectors),
    "linear": (lambda: KernelSVM().fit(X, Y), probabilities),
    "rbf": (lambda: KernelSVM("rbf", gamma="cv").fit(X, Y), probabilities),
    "chi2": (lambda: KernelSVM(kernels.chi2).fit(X, Y), probabilities),
    "polynomial": (
        lambda: KernelSVM(partial(kernels.polynomial, gamma=0.5, degree=2)).fit(X, Y),
        probabilities,
    ),
    "blocks": (lambda: LinearSVM().fit(X, Y), probabilities),
    "logistic": (lambda: CalibratedLogistic().fit(X, Y), probabilities),
    "smoothed": (lambda: SmoothedKNN(3).fit(X, Y), probabilities),
    "mlp": (lambda: CalibratedMLP((4,)).fit(X, Y), probabilities),
    "network": (
        lambda: NetworkClassifier(**TINY, max_lr="auto", pretrain_epochs=1).fit(PIXELS, Y[:12]),
        lambda e: e.predict_proba(PIXELS),
    ),
    "fine-tuned": (fine_tuned, lambda e: e.logits(VIEWS)),
    "scaler": (lambda: StandardScaler().fit(X), vectors),
    "centering": (lambda: StandardScaler(with_std=False).fit(X), vectors),
    "pca": (lambda: PCA(0.9, whiten=True).fit(X), vectors),
    "nystroem": (lambda: Nystroem(n_components=5, random_state=0).fit(X), vectors),
    "pipeline": (lambda: make_pipeline(StandardScaler(), PCA(2)).fit(X), vectors),
    "frozen": (lambda: FrozenEstimator(PCA(2).fit(X)), vectors),
    "neighbors": (
        lambda: KNeighborsClassifier(3, algorithm="brute").fit(X, Y),
        lambda e: e.kneighbors(X)[0],
    ),
}


@cache
def fitted(kind):
    return KINDS[kind][0]()


def travelled(values, modules=()):
    """Values as they come out of a file."""
    plain, found = encode(values, [m.__name__ for m in modules])
    copies = {
        name: np.frombuffer(bytearray(a.tobytes()), a.dtype).reshape(a.shape)
        for name, a in found.items()
    }
    return decode(json.loads(json.dumps(plain)), copies, {m.__name__: m for m in modules})


def test_an_estimator_of_each_known_class_is_tested():
    assert {known_estimator(fitted(kind)).path for kind in KINDS} == KNOWN.keys()
    assert all(known.load().__name__ == path.partition(":")[2] for path, known in KNOWN.items())


@pytest.mark.parametrize("kind", KINDS)
def test_estimators_predict_the_same_to_the_bit(kind):
    estimator, predicted = fitted(kind), KINDS[kind][1]
    found = travelled({"it": estimator})["it"]
    assert type(found) is type(estimator)
    assert repr(found) == repr(estimator)
    np.testing.assert_array_equal(predicted(found), predicted(estimator), strict=True)


@pytest.mark.parametrize("kind", KINDS)
def test_no_attribute_is_lost(kind):
    """A new attribute of an estimator has to be named in the registry, as kept or as dropped."""
    estimator = fitted(kind)
    found = travelled({"it": estimator})["it"]
    dropped = set(known_estimator(estimator).dropped)
    assert vars(estimator).keys() - dropped == vars(found).keys()


def test_an_attribute_that_no_one_has_declared_is_refused():
    scaler = StandardScaler().fit(X)
    scaler.extra_ = 1
    with pytest.raises(NotEncodableError, match="'it': StandardScaler has an attribute extra_"):
        encode({"it": scaler})


@pytest.mark.parametrize(
    "value",
    [
        GaussianNB(),
        object(),
        print,
        len,
        lambda x: x,
        b"bytes",
        {1.5: 2},
        {"a", "b"},
        1j,
        np.array([object()]),
        np.complex128(1),
        np.dtype("f8"),
        partial(kernels.chi2, X),
        partial(np.dot, b=X),
        StandardScaler,
        types.SimpleNamespace(a=1),
        FineTunedClassifier(weights="elsewhere.pth"),
        make_pipeline(StandardScaler(), memory="somewhere"),
        KernelSVM(print),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_known_value_is_refused(value):
    with pytest.raises(NotEncodableError, match="a model file"):
        encode({"it": value})


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.builds(np.float32, st.floats(width=32, allow_nan=False))
    | st.builds(np.int64, st.integers(-(2**63), 2**63 - 1))
    | arrays(
        st.sampled_from(["f4", "f8", "f2", "i1", "i8", "u1", "u8", "?", ">f4"]),
        array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=2) | st.just("$") | st.integers(0, 3), inner, max_size=3)
    ),
    max_leaves=8,
)


def same(a, b):
    if isinstance(a, np.ndarray):
        order = a.flags.f_contiguous, a.flags.c_contiguous
        equal = a.shape == b.shape and a.dtype.newbyteorder("=") == b.dtype
        return (
            equal
            and order == (b.flags.f_contiguous, b.flags.c_contiguous)
            and (
                np.ascontiguousarray(a.astype(b.dtype)).tobytes()
                == np.ascontiguousarray(b).tobytes()
            )
        )
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return type(a) is type(b) and a == b


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=3), PLAIN, max_size=4))
def test_plain_values_and_arrays_come_back_the_same(values):
    assert same(values, travelled(values))


def test_the_order_of_arrays_in_memory_is_kept():
    """BLAS adds up in another order for a transposed matrix."""
    columns = np.asfortranarray(RNG.random((3, 4)))
    found = travelled({"a": columns, "b": columns[::2], "c": np.array(["é", "b"])})
    assert found["a"].flags.f_contiguous
    assert found["b"].flags.c_contiguous
    assert found["c"].tolist() == ["é", "b"]
    np.testing.assert_array_equal(found["b"], columns[::2])


SCALER = {"$": "estimator", "class": "sklearn.preprocessing:StandardScaler"}
EVIL = {
    "function": {"$": "function", "name": "os:system"},
    "function of a kernel's module": {
        "$": "function",
        "name": "strata.features.transforms.kernels:assert_all_finite",
    },
    "partial": {
        "$": "partial",
        "of": {"$": "function", "name": "os:system"},
        "keywords": {"command": "true"},
    },
    "partial of a partial": {
        "$": "partial",
        "of": {"$": "estimator", "class": "functools:partial", "parameters": {}, "fitted": {}},
        "keywords": {},
    },
    "partial of a text": {"$": "partial", "of": "os.system", "keywords": {}},
    "class": {**SCALER, "class": "subprocess:Popen", "parameters": {"args": "true"}, "fitted": {}},
    "unknown estimator": {
        **SCALER, "class": "sklearn.naive_bayes:GaussianNB", "parameters": {}, "fitted": {},
    },
    "attribute": {**SCALER, "parameters": {}, "fitted": {"transform": 1}},
    "dunder": {**SCALER, "parameters": {}, "fitted": {"__class__": 1}},
    "parameter": {**SCALER, "parameters": {"evil": 1}, "fitted": {}},
    "path": {
        "$": "estimator",
        "class": "strata.models.estimators.fine_tuned_classifier:FineTunedClassifier",
        "parameters": {"weights": "/etc/passwd"},
        "fitted": {},
    },
    "dtype": {"$": "scalar", "dtype": "O", "value": 1},
    "no array": {"$": "array", "name": "absent"},
    "kind": {"$": "pickle", "bytes": "..."},
    "no kind": {"$": None},
    "shape": {"$": "texts", "items": ["a"], "shape": [2**40]},
    "neighbors": {
        "$": "estimator", "class": "sklearn.neighbors:KNeighborsClassifier",
        "parameters": {}, "fitted": {"X": "a", "y": 3},
    },
}  # fmt: skip


@pytest.mark.parametrize("value", EVIL.values(), ids=EVIL)
def test_what_no_file_can_name_is_refused(value):
    with pytest.raises(InputError):
        decode({"it": {"deep": [value]}}, {})


def test_classes_of_named_modules_are_kept():
    own = types.ModuleType("recipes_own")
    code = """
class Plain:
    def __init__(self, needed): self.needed = needed
class Bias:
    def __init__(self, by=1): self.by = by
    def get_params(self, deep=True): return {"by": self.by}
def double(x): return 2 * x
from os import system
"""
    exec(code, own.__dict__)
    bias = own.Bias(3)
    bias.seen_ = X[:2]
    values = {"plain": own.Plain(np.arange(3)), "bias": bias, "f": own.double}
    found = travelled(values, [own])
    assert found["plain"].needed.tolist() == [0, 1, 2]
    assert found["bias"].by == 3
    assert found["f"] is own.double
    with pytest.raises(NotEncodableError, match="cannot hold a recipes_own"):
        encode(values)
    plain, made = encode(values, ["recipes_own"])
    with pytest.raises(InputError, match="recipes_own:Plain"):
        decode(plain, made)
    for name in ("system", "absent", "__builtins__"):
        with pytest.raises(InputError, match="which no file can name"):
            decode(
                {"f": {"$": "function", "name": f"recipes_own:{name}"}}, {}, {"recipes_own": own}
            )


def test_nothing_that_is_encoded_needs_pickle(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("pickled")

    monkeypatch.setattr(pickle, "dumps", refuse)
    monkeypatch.setattr(pickle, "loads", refuse)
    for kind in KINDS:
        travelled({"it": fitted(kind)})
