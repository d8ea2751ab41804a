"""Images that do not fit into memory: read batch by batch, to the same end bit for bit."""

import numpy as np
import pytest
import torch

from strata.models.estimators.network_classifier import NetworkClassifier
from strata.models.runtime import image_source
from tests.models.estimators.test_network_classifier import STATEFUL, same, scenes, without_seconds


class Mapped:
    """Images in a file that are never read all at once."""

    def __init__(self, path, X, most):
        np.save(path, X)
        self._file = np.load(path, mmap_mode="r")
        self._most = most
        self.shape, self.dtype, self.nbytes = X.shape, X.dtype, X.nbytes

    def __len__(self):
        return len(self._file)

    def __getitem__(self, rows):
        found = np.array(self._file[rows])
        assert len(found) <= self._most, "too many at a time"
        return found

    def __array__(self, dtype=None, copy=None):
        raise AssertionError("all were taken into memory")


LEAST_VARIANCE = {"initialization": "lsuv", "blocks": [{"filters": 4, "stride": 2}]}


@pytest.mark.parametrize(
    "settings",
    [
        {**STATEFUL, "epochs": 2},
        {
            "image_size": 16,
            "epochs": 2,
            "batch_size": 8,
            "augmentation": {"crop": 0.5},
            "tta_views": 2,
        }
        | {"architecture": LEAST_VARIANCE, "device": "cpu"},
        {"image_size": 16, "epochs": 1, "batch_size": 8, "max_lr": "auto", "device": "cpu"}
        | {"architecture": {"name": "tinynet", "widths": [4]}},
    ],
)
def test_streamed_images_give_the_same_bits(tmp_path, monkeypatch, settings):
    X, y = scenes(24)
    whole = NetworkClassifier(**settings).fit(X, y)
    monkeypatch.setattr(image_source, "IN_MEMORY", 2000)
    monkeypatch.setattr(image_source, "BLOCK_SIZE", 8)
    mapped = Mapped(tmp_path / "images.npy", X, most=64)
    streamed = NetworkClassifier(**settings).fit(mapped, y)
    assert same(whole, streamed)
    assert without_seconds(whole.history_) == without_seconds(streamed.history_)
    np.testing.assert_array_equal(whole.decision_function(X), streamed.decision_function(mapped))


def test_a_mapped_file_is_enough(tmp_path, monkeypatch):
    X, y = scenes(4)
    np.save(tmp_path / "images.npy", X)
    settings = {**STATEFUL, "epochs": 1, "patience": None}
    whole = NetworkClassifier(**settings).fit(X, y)
    monkeypatch.setattr(image_source, "IN_MEMORY", 0)
    assert same(whole, NetworkClassifier(**settings).fit(np.load(tmp_path / "images.npy", "r"), y))


def test_sources_beyond_the_memory_limit_are_streamed(monkeypatch):
    X, _ = scenes(2)
    cpu = torch.device("cpu")
    rows = np.array([4, 0, 3])
    assert torch.equal(image_source.to_device(X, cpu), torch.from_numpy(X))
    monkeypatch.setattr(image_source, "IN_MEMORY", X.nbytes - 1)
    streamed = image_source.to_device(X, cpu)
    assert isinstance(streamed, image_source.StreamedTensor)
    assert torch.equal(streamed.index_select(0, torch.from_numpy(rows)), torch.from_numpy(X[rows]))
    assert torch.equal(torch.cat(list(streamed.split(4))), torch.from_numpy(X))
    part = image_source.take_rows(X, rows)
    assert part.shape == (3, 16, 16, 3)
    assert isinstance(image_source.to_device(part, cpu), torch.Tensor)  # small enough by itself
    np.testing.assert_array_equal(part[1:], X[rows[1:]])


def test_pretraining_is_streamed_with_the_same_result(monkeypatch):
    X, y = scenes(4)
    settings = {**STATEFUL, "pretrain_epochs": 1, "epochs": 1}
    whole = NetworkClassifier(**settings).fit(X, y, unlabeled=X[::-1])
    monkeypatch.setattr(image_source, "IN_MEMORY", 0)
    assert same(whole, NetworkClassifier(**settings).fit(X, y, unlabeled=X[::-1]))


def test_a_concatenation_reads_rows_of_its_parts_in_any_order():
    X, _ = scenes(3)
    whole = image_source.Concatenation(X[:4], X[4:5], X[5:])
    assert (whole.shape, whole.nbytes, whole.dtype) == (X.shape, X.nbytes, X.dtype)
    rows = np.array([5, 0, 4, 4, 1])
    np.testing.assert_array_equal(whole[rows], X[rows])
    np.testing.assert_array_equal(whole[2:], X[2:])


@pytest.mark.parametrize("most", [2**30, 0])
def test_views_of_some_images_in_memory_or_not(monkeypatch, most):
    monkeypatch.setattr(image_source, "IN_MEMORY", most)
    views = np.random.default_rng(0).random((5, 3, 2, 2, 4))
    rows = np.array([4, 1, 2])
    found = image_source.flatten_views(views, rows)
    assert found.shape == (9, 2, 2, 4)
    assert np.array_equal(found[np.arange(9)], views[rows].reshape(9, 2, 2, 4))
    assert np.array_equal(image_source.flatten_views(views)[np.arange(15)][5], views[1, 2])
    assert np.array_equal(image_source.first_views(views, rows)[np.arange(3)], views[rows, 0])
