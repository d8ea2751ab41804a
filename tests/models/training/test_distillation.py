import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from strata.errors import InputError
from strata.models.estimators.network_classifier import NetworkClassifier
from strata.models.training.distillation import SoftLabels, soften

CPU = torch.device("cpu")


@given(st.integers(0, 999), st.floats(0.5, 20), st.floats(0, 1))
def test_the_loss_is_that_of_the_paper(seed, temperature, weight):
    rng = np.random.default_rng(seed)
    teacher, student = rng.normal(0, 2, (2, 5, 4))
    hard = float(rng.random())

    def softmax(z):
        return np.exp(z) / np.exp(z).sum()

    apart = 0.0
    for t, s in zip(teacher, student, strict=True):
        p, q = softmax(t / temperature), softmax(s / temperature)
        apart += sum(p * np.log(p / q)) / len(teacher)
    given_ = np.stack([softmax(t) for t in teacher])
    soft = SoftLabels.of(given_, weight, temperature, CPU)
    loss = soft.blend(torch.tensor(hard), torch.from_numpy(student).float(), soft.probabilities)
    expected = (1 - weight) * hard + weight * temperature**2 * apart
    assert loss.item() == pytest.approx(expected, rel=1e-3, abs=1e-4)


@given(st.integers(0, 999))
def test_softened_probabilities_keep_their_order_and_come_closer(seed):
    p = np.random.default_rng(seed).dirichlet(np.ones(5), 3)
    soft = soften(p, 3.0)
    np.testing.assert_allclose(soften(p, 1.0), np.maximum(p, 1e-6), atol=1e-5)
    np.testing.assert_allclose(soft.sum(1), 1, rtol=1e-5)
    assert (np.ptp(soft, axis=1) <= np.ptp(p, axis=1) + 1e-6).all()
    assert (soft[np.arange(3), p.argmax(1)] >= soft.max(1) - 1e-6).all()
    assert np.isfinite(soften([[1.0, 0.0]], 2.0)).all()


SMALL = {
    "architecture": {"name": "tinynet", "widths": [4, 8]},
    "image_size": 8,
    "batch_size": 8,
    "device": "cpu",
    "augmentation": "none",
}


def colors(n=48, seed=0):
    """Red and blue images, and a teacher who knows which is which."""
    rng = np.random.default_rng(seed)
    red = rng.random(n) < 0.5
    images = rng.integers(0, 120, (n, 8, 8, 3)).astype(np.uint8)
    images[red, ..., 0] += 100
    images[~red, ..., 2] += 100
    return images, red, np.column_stack([np.where(red, 0.1, 0.9), np.where(red, 0.9, 0.1)])


def test_a_student_learns_from_its_teacher_what_the_labels_do_not_say():
    X, _, teacher = colors()
    labels = np.arange(len(X)) % 2  # say nothing of the color
    student = NetworkClassifier(**SMALL, epochs=15, teacher_weight=1.0).fit(
        X, labels, teacher=teacher
    )
    fresh, truth, _ = colors(seed=1)
    assert (student.predict(fresh) == truth).mean() > 0.95


def test_a_teacher_of_weight_0_changes_nothing():
    X, red, teacher = colors(16)
    alone = NetworkClassifier(**SMALL, epochs=2).fit(X, red)
    heard = NetworkClassifier(**SMALL, epochs=2, teacher_weight=0.0).fit(X, red, teacher=teacher)
    for name, value in alone.weights_.items():
        np.testing.assert_array_equal(value, heard.weights_[name])


def test_soft_labels_follow_their_images_into_validation_and_mixup():
    X, red, teacher = colors()
    settings = {**SMALL, "augmentation": {"mixup": 0.3}, "patience": 3, "validation_fraction": 0.3}
    student = NetworkClassifier(**settings, epochs=3).fit(X, red, teacher=teacher)
    assert len(student.history_) == 3


def test_a_checkpoint_of_another_teacher_is_not_taken_up(tmp_path):
    X, red, teacher = colors(16)
    path = tmp_path / "training"

    def stop(_line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        NetworkClassifier(**SMALL, epochs=2).fit(
            X, red, teacher=teacher, checkpoint=path, on_epoch=stop
        )
    seen = []
    NetworkClassifier(**SMALL, epochs=2).fit(
        X, red, teacher=teacher[::-1], checkpoint=path, on_epoch=seen.append
    )
    assert [line["epoch"] for line in seen] == [1, 2]


@pytest.mark.parametrize(
    ("settings", "teacher", "match"),
    [
        ({}, np.ones((16, 3)), "shape"),
        ({"teacher_weight": 1.5}, np.ones((16, 2)), "weight"),
        ({"temperature": 0.0}, np.ones((16, 2)), "temperature"),
    ],
)
def test_wrong_soft_labels_are_explained(settings, teacher, match):
    X, red, _ = colors(16)
    with pytest.raises(InputError, match=match):
        NetworkClassifier(**SMALL, **settings, epochs=1).fit(X, red, teacher=teacher)
