"""One network trained by several processes together ends as it does in one."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from torch import distributed

from strata.models.estimators.fine_tuned_classifier import FineTunedClassifier
from strata.models.estimators.network_classifier import NetworkClassifier
from strata.models.transfer import backbones
from strata.models.transfer.finetuning.finetune_module import FineTuneModule
from tests.models.estimators.test_network_classifier import scenes

pytestmark = pytest.mark.skipif(
    not (distributed.is_available() and distributed.is_gloo_available()),
    reason="torch was built without gloo",
)

#: All that looks at more than one image of a batch; 21 images in batches of 7, which no two share.
SETTINGS = {
    "architecture": {
        "blocks": [
            {"filters": 4, "stride": 2},
            {"filters": 6, "stride": 2, "normalization": "batch-renorm"},
        ],
        "head": {"hidden": [5], "normalization": "batch"},
        "auxiliary": [{"after": 1, "weight": 0.3}],
    },
    "image_size": 8,
    "batch_size": 7,
    "epochs": 3,
    "optimizer": "sgd",
    "max_lr": 0.02,
    "base_momentum": 0.85,
    "loss": {"name": "center", "weight": 0.1},
    "augmentation": {"flip": True, "shift": [0.1, 0.2], "noise": 0.02, "mixup": 0.4},
    "clip_grad_norm": 1.0,
    "ema_decay": 0.8,
    "patience": 5,
    "validation_fraction": 0.3,
    "class_weight": "balanced",
    "device": "cpu",
    "random_state": 5,
}

SCRIPT = """
    import sys
    from pathlib import Path
    import numpy as np
    import torch
    from torch import distributed
    from tests.models.runtime.test_distributed import SETTINGS, distillation_data
    from strata.models.estimators.network_classifier import NetworkClassifier

    folder, rank = Path(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder / 'meet'}", rank=rank, world_size=2
    )
    X, y, teacher = distillation_data()
    found = NetworkClassifier(**SETTINGS)
    found.fit(X, y, teacher=teacher, checkpoint=folder / "training")
    figures = [[line[k] for k in FIGURES] for line in found.history_]
    np.savez(folder / f"rank{rank}.npz", figures=figures, **found.weights_)
    distributed.destroy_process_group()
"""
FIGURES = ("loss", "accuracy", "gradient_norm", "validation_loss", "auxiliary_loss/block1")

FINE_TUNED = """
    import sys
    from pathlib import Path
    import numpy as np
    import torch
    from torch import distributed
    from tests.models.runtime.test_distributed import activations, fine_tuned
    from strata.models.transfer.finetuning.finetune_module import FineTuneModule

    FineTuneModule.large = False
    folder, rank = Path(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder / 'meet'}", rank=rank, world_size=2
    )
    np.savez(folder / f"rank{rank}.npz", **fine_tuned().fit(*activations()).weights_)
    distributed.destroy_process_group()
"""


def distillation_data():
    X, y = scenes(14, side=8)
    kept = np.sort(np.r_[:14, 14:22, 28:35])  # classes of three sizes
    X, y = X[kept], y[kept]
    return X, y, np.random.default_rng(0).dirichlet(np.ones(3), len(X))


def activations():
    """Boundary activations of twelve images of two classes."""
    y = np.arange(12) % 2
    X = np.random.default_rng(1).random((12, 1, 4, 4, 256)).astype(np.float32)
    return X + y[:, None, None, None, None] / 4, y


def fine_tuned():
    """A network whose open part normalizes over the batch."""
    torch.manual_seed(0)
    state = backbones.skeleton("resnet18").state_dict()
    settings = {
        "head_epochs": 2,
        "epochs": 2,
        "batch_size": 6,
        "ema_decay": 0.5,
        "optimizer": "sgd",
    }
    return FineTunedClassifier(
        "resnet18",
        freeze_until="layer3",
        output_node="layer4",
        image_size=64,
        weights=state,
        device="cpu",
        **settings,
    )


def in_two_processes(script, folder):
    """Arrays that each process saved."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script), str(folder), str(rank)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    for process in processes:
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    return [np.load(folder / f"rank{rank}.npz") for rank in range(2)]


def test_two_processes_end_where_one_does(tmp_path):
    first, second = in_two_processes(SCRIPT.replace("FIGURES", repr(FIGURES)), tmp_path)
    X, y, teacher = distillation_data()
    alone = NetworkClassifier(**SETTINGS).fit(X, y, teacher=teacher)
    for name, value in alone.weights_.items():
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)
        np.testing.assert_allclose(first[name], value, rtol=1e-3, atol=2e-5, err_msg=name)
    expected = [[line[k] for k in FIGURES] for line in alone.history_]
    np.testing.assert_allclose(first["figures"], expected, rtol=1e-3, atol=1e-4)
    assert not (tmp_path / "training").exists()


def test_two_processes_fine_tune_as_one_does(tmp_path, monkeypatch):
    monkeypatch.setattr(
        FineTuneModule, "large", False
    )  # bfloat16 rounds more than the parts differ
    first, second = in_two_processes(FINE_TUNED, tmp_path)
    alone = fine_tuned().fit(*activations())
    for name, value in alone.weights_.items():
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)
        np.testing.assert_allclose(first[name], value, rtol=1e-3, atol=2e-4, err_msg=name)
