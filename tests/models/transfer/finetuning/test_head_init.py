import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from strata.models.transfer.finetuning.head_init import init_head_logistic


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_the_head_is_that_of_logistic_regression(classes, class_weight):
    rng = np.random.default_rng(classes)
    y = np.sort(np.concatenate([np.arange(classes), rng.integers(0, classes, 60)]))
    X = (rng.standard_normal((len(y), 7)) + y[:, None] * rng.standard_normal(7)).astype(np.float32)
    head = torch.nn.Linear(7, classes)
    init_head_logistic(
        head, torch.from_numpy(X), torch.from_numpy(y), C=0.3, class_weight=class_weight
    )
    expected = LogisticRegression(C=0.3, class_weight=class_weight, tol=1e-8, max_iter=10_000)
    probabilities = head(torch.from_numpy(X)).softmax(1).detach().numpy()
    np.testing.assert_allclose(probabilities, expected.fit(X, y).predict_proba(X), atol=2e-3)
