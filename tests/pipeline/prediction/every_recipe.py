"""One method of each recipe, and of each kind of classifier and reduction, made in this process.

`inception` has the stages of `fine_tuned`, and takes long: tests/real/test_model_files.py has it.
"""

from pathlib import Path
from typing import Any

import numpy as np

from strata.image_io import read_image
from strata.pipeline.cli.workspace import Workspace
from strata.pipeline.execution.plan import Plan
from strata.pipeline.execution.worker import Task, run_task
from strata.pipeline.experiment.trained import trained_model
from strata.pipeline.graph.stage import Node
from strata.pipeline.prediction.model import Model

BACKBONE = "squeezenet1_1"
SMALL = "epochs = 1, batch_size = 8"

FILE = f"""\
name = "every"
recipes = "toy_recipes.py"
[data]
source = "images"
near_duplicates = false
[protocol]
folds = 2
test = 0.4

[methods.bovw]
codebook.n_words = 8
[methods.vlad]
codebook.n_words = 4
classifier.use = "logistic"
[methods.fisher]
mixture = {{ n_components = 4, n_dims = 8 }}
[methods.fisher_color]
shape_mixture = {{ n_components = 2, n_dims = 8 }}
color_mixture = {{ n_components = 2, n_dims = 8 }}
[methods.gist]
descriptor = {{ image_size = 32, n_cells = 2 }}
[methods.gist_knn]
recipe = "gist"
descriptor = {{ image_size = 32, n_cells = 2 }}
reduction = {{ use = ["standardize", "pca"], pca.n_components = 5 }}
classifier = {{ use = "knn", metric = "cosine", weights = "distance" }}
[methods.gist_lda]
recipe = "gist"
descriptor = {{ image_size = 32, n_cells = 2 }}
reduction = {{ use = ["lda"] }}
classifier = {{ use = "svm", kernel = "sigmoid" }}
[methods.bovw_map]
recipe = "bovw"
codebook.n_words = 8
reduction = {{ use = ["additive_kernel_map", "centered_power"] }}
classifier.kernel = "rbf"
[methods.bovw_chi2]
recipe = "bovw"
codebook.n_words = 8
classifier.kernel = "generalized_intersection"

[methods.tinynet]
images.size = 16
network = {{ {SMALL}, max_lr = "auto" }}
[methods.cnn]
images.size = 16
test_size = 24
network.architecture = {{ blocks = [{{ filters = 4 }}], head = {{ pool = "average" }} }}
network.epochs = 1
[methods.mlp]
images.size = 8
network = {{ {SMALL}, architecture = {{ name = "mlp", hidden = [8] }}, pretrain_epochs = 1 }}
[methods.patch_mlp]
images.size = 16
network = {{ {SMALL}, architecture = {{ name = "mlp", hidden = [8] }}, tta_views = 2 }}
[methods.deep_svm]
images.size = 8
network = {{ {SMALL}, architecture = {{ name = "mlp", hidden = [8] }} }}
[methods.patch_words]
images.size = 16
network = {{ {SMALL}, architecture = {{ name = "mlp", hidden = [8] }} }}
codebook.n_words = 4
[methods.distilled]
teacher = "gist"
inner_folds = 2
images.size = 16
network = {{ {SMALL} }}
[methods.transferred]
source = "others"
images.size = 16
source_network = {{ {SMALL} }}
network = {{ {SMALL} }}

[methods.deep_features]
backbone = "{BACKBONE}"
weights = "weights/{BACKBONE}.pth"
features.image_size = 48
[methods.weighted_nodes]
recipe = "deep_features"
backbone = "{BACKBONE}"
weights = "weights/{BACKBONE}.pth"
features = {{ image_size = 48, nodes = 2, pyramid = "horizontal" }}
reduction.use = ["centered_power", "pca"]
node_weights = "cv"
classifier = {{ use = "mlp", hidden_layer_sizes = [4], inner_folds = 2 }}
[methods.fine_tuned]
backbone = "{BACKBONE}"
weights = "weights/{BACKBONE}.pth"
nodes = {{ freeze_until = "features.10", image_size = 48 }}
training = {{ head_epochs = 1, {SMALL} }}
[methods.deep_words]
recipe = "bovw"
descriptor.use = "deep_descriptors"
descriptor.backbone = "{BACKBONE}"
descriptor.image_size = 64
descriptor.weights = "weights/{BACKBONE}.pth"
codebook.n_words = 4

[methods.fusion]
of = ["gist", "bovw"]
combination.inner_folds = 2
[methods.early_fusion]
of = ["gist", "bovw"]
join.weights = "cv"
[methods.mean]
recipe = "fusion"
of = ["gist", "bovw"]
combination.use = "average_scores"
[methods.searched]
recipe = "gist"
descriptor = {{ image_size = 32, n_cells = 2 }}
search = {{ trials = 2, folds = 2, space."classifier.C" = [0.1, 10] }}
[methods.colors]
"""


def make_here(workspace: Workspace, nodes: list[Node]) -> None:
    """Make artifacts in this process, which starts sooner than workers do."""
    plan = Plan.of(nodes, workspace.store)
    for key in plan.needed:
        node = plan.nodes[key]
        if not node.is_view:
            task = Task.of(
                node, workspace.store, title=node.title, force=False, threads=1, dropped=set()
            )
            run_task(task)


def made_model(workspace: Workspace, name: str) -> Model:
    """Model of a method, whose artifacts are made if they are not."""
    while (target := workspace.chosen([name])[0]).pending_searches:
        make_here(workspace, list(target.pending_searches))
        workspace.compose_again()
    model, plan = trained_model(target, workspace.dataset, workspace.store)
    make_here(workspace, [plan.nodes[key] for key in plan.needed])
    return model


def some_images(folder: Path) -> list[np.ndarray]:
    """Images of the data set, and one of another size."""
    files = sorted(folder.rglob("*.png"))
    return [*(read_image(file) for file in files[::5]), read_image(files[0])[:20]]


def random_weights(folder: Path, *backbones: str) -> None:
    """Files of weights that nobody trained."""
    import torch

    from strata.models.transfer.backbones import skeleton

    folder.mkdir()
    for name in backbones:
        torch.manual_seed(0)
        state: dict[str, Any] = skeleton(name).state_dict()
        torch.save({k: v.half() for k, v in state.items()}, folder / f"{name}.pth")


def other_images(folder: Path, per_class: int = 6) -> None:
    """Images of two other classes."""
    from PIL import Image

    rng = np.random.default_rng(1)
    for name, light in (("dark", 60), ("light", 200)):
        (folder / name).mkdir(parents=True)
        for number in range(per_class):
            pixels = np.clip(rng.normal(light, 40, (24, 24, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
