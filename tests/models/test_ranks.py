"""One network trained by several processes together ends as it does in one."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
from tests.models.test_network import scenes
from torch import distributed

from strata.models.network import NetworkClassifier

pytestmark = pytest.mark.skipif(
    not (distributed.is_available() and distributed.is_gloo_available()),
    reason="torch was built without gloo",
)

#: All that looks at more than one image of a batch; 21 images in batches of 7, which no two share.
SETTINGS = {
    "architecture": {
        "blocks": [
            {"filters": 4, "stride": 2},
            {"filters": 6, "stride": 2, "normalisation": "batch-renorm"},
        ],
        "head": {"hidden": [5], "normalisation": "batch"},
        "auxiliary": [{"after": 1, "weight": 0.3}],
    },
    "size": 8,
    "batch": 7,
    "epochs": 3,
    "optimiser": "sgd",
    "max_rate": 0.02,
    "augmentations": {"flip": True, "shift": 0.1, "mixup": 0.4},
    "clip": 1.0,
    "ema": 0.8,
    "patience": 5,
    "validation": 0.3,
    "class_weight": "balanced",
    "device": "cpu",
    "seed": 5,
}

SCRIPT = """
    import sys
    from pathlib import Path
    import numpy as np
    import torch
    from torch import distributed
    from tests.models.test_ranks import SETTINGS, taught
    from strata.models.network import NetworkClassifier

    folder, rank = Path(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder / 'meet'}", rank=rank, world_size=2
    )
    X, y, teacher = taught()
    found = NetworkClassifier(**SETTINGS)
    found.fit(X, y, teacher=teacher, checkpoint=folder / "training")
    figures = [[line[k] for k in FIGURES] for line in found.history_]
    np.savez(folder / f"rank{rank}.npz", figures=figures, **found.weights_)
    distributed.destroy_process_group()
"""
FIGURES = ("loss", "accuracy", "gradient_norm", "validation_loss")


def taught():
    X, y = scenes(14, side=8)
    kept = np.sort(np.r_[:14, 14:22, 28:35])  # classes of three sizes
    X, y = X[kept], y[kept]
    return X, y, np.random.default_rng(0).dirichlet(np.ones(3), len(X))


def test_two_processes_end_where_one_does(tmp_path):
    script = textwrap.dedent(SCRIPT).replace("FIGURES", repr(FIGURES))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path), str(rank)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    X, y, teacher = taught()
    alone = NetworkClassifier(**SETTINGS).fit(X, y, teacher=teacher)
    for process in processes:
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    first, second = (np.load(tmp_path / f"rank{rank}.npz") for rank in range(2))
    for name, value in alone.weights_.items():
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)
        np.testing.assert_allclose(first[name], value, rtol=1e-3, atol=2e-5, err_msg=name)
    expected = [[line[k] for k in FIGURES] for line in alone.history_]
    np.testing.assert_allclose(first["figures"], expected, rtol=1e-3, atol=1e-4)
    assert not (tmp_path / "training").exists()
