"""A made-up comparison that looks like a real one: for the tests of everything that reads it."""

import zlib

import numpy as np

from strata.reports.comparison.evaluation import Evaluation, evaluate
from strata.reports.model.results import (
    Comparison,
    Cost,
    DataSummary,
    LayerRow,
    MethodResult,
    RunInfo,
    StageRow,
)
from strata.reports.model.scores import Scores
from strata.reports.model.visualizations import Panel, PanelRow, Visualization

SCENES = ["coast", "forest", "highway", "inside_city", "mountain", "open_country", "street",
          "tall_building"]  # fmt: skip


def class_names(classes: int) -> list[str]:
    if classes == 2:
        return ["cat", "dog"]
    if classes == 8:
        return SCENES
    return sorted(f"{SCENES[i % 8]}_{chr(97 + i // 8)}" for i in range(classes))


def picture(image_id: str) -> np.ndarray:
    """A small landscape whose colors hang on the id."""
    rng = np.random.default_rng(zlib.crc32(image_id.encode()))
    height, width = int(rng.integers(90, 160)), int(rng.integers(110, 200))
    sky, ground = rng.integers(90, 255, 3), rng.integers(20, 160, 3)
    horizon = int(height * rng.uniform(0.3, 0.7))
    image = np.empty((height, width, 3), float)
    fade = np.linspace(0, 60, height)[:, None, None]
    image[:] = sky + fade
    image[horizon:] = ground + fade[horizon:] / 2
    for _ in range(rng.integers(2, 7)):
        x, w = rng.integers(0, width - 20), rng.integers(8, 40)
        top = rng.integers(horizon // 2, horizon + 1)
        image[top : horizon + 20, x : x + w] = rng.integers(0, 230, 3)
    image += rng.normal(0, 8, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)


def ids_and_labels(classes: int, per_class: int, split: str) -> tuple[list[str], np.ndarray]:
    names = class_names(classes)
    ids = [f"{split}/{name}/{i:03}.jpg" for name in names for i in range(per_class)]
    return ids, np.repeat(np.arange(classes), per_class)


def scores(
    *,
    classes: int = 8,
    per_class: int = 60,
    quality: float = 2.5,
    folds: int = 8,
    repeats: int = 1,
    seed: int = 0,
    split: str = "train",
    probabilities: bool = False,
) -> Scores:
    """Scores = quality x truth + what is hard about an image for everyone + own noise."""
    ids, labels = ids_and_labels(classes, per_class, split)
    n = len(ids)
    hard = np.random.default_rng(99).normal(0, 1.0, (n, classes))
    neighbor = np.zeros((n, classes))
    neighbor[np.arange(n), (labels ^ 1) % classes] = 0.9
    fold = np.tile(np.arange(folds), n // folds + 1)[:n]
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(repeats):
        values = hard * 0.8 + neighbor + rng.normal(0, 0.6, (n, classes))
        values[np.arange(n), labels] += quality
        parts.append(values)
    values = np.concatenate(parts)
    odds = np.exp(1.5 * (values - values.max(axis=1, keepdims=True)))
    return Scores(
        ids * repeats,
        np.tile(labels, repeats),
        np.repeat(np.arange(repeats), n),
        np.tile(fold, repeats),
        values,
        odds / odds.sum(axis=1, keepdims=True) if probabilities else None,
    )


def history(epochs: int, seed: int) -> list[dict[str, float]]:
    rng = np.random.default_rng(seed)
    rows = []
    for e in range(epochs):
        t = (e + 1) / epochs
        loss = 2.0 * np.exp(-3.2 * t) + 0.08 + 0.03 * rng.normal()
        rows.append(
            {
                "epoch": e + 1,
                "loss": float(loss),
                "accuracy": float(1 - 0.8 * np.exp(-4.5 * t)),
                "validation_loss": float(1.9 * np.exp(-2.5 * t) + 0.3 + 0.05 * rng.normal()),
                "validation_accuracy": float(0.93 - 0.75 * np.exp(-4 * t) + 0.01 * rng.normal()),
                "auxiliary_loss/auxiliary": float(2.2 * np.exp(-2 * t) + 0.2),
                "auxiliary_accuracy/auxiliary": float(0.9 - 0.8 * np.exp(-3 * t)),
                "zeros/block1": 0.3 + 0.2 * t,
                "zeros/block2": 0.5 + 0.4 * t,
                "dead_units/block1": 0.02 * t,
                "dead_units/block2": 0.3 * t,
                "gradient_norm/block1": float(2 * np.exp(-t)),
                "gradient_norm/block2": float(np.exp(-2 * t)),
                "gradient_norm/scores": float(0.4 * np.exp(-t)),
                "activation_mean/block1": -0.2 * t,
                "activation_mean/block2": 0.5 * t,
                "activation_std/block1": 1.0,
                "activation_std/block2": 1 + t,
                **{
                    f"{quantity}_histogram/block{i}": rng.dirichlet(
                        np.exp(-((np.arange(40) - middle) ** 2) / (20 * i)) + 0.01
                    ).tolist()
                    for i in (1, 2)
                    for quantity, middle in (("activation", 16), ("parameter", 20))
                },
                "lr": float(0.01 * np.sin(np.pi * min(t * 1.6, 1) / 2 if t < 0.6 else 1 - t)),
            }
        )
    return rows


def layers() -> list[LayerRow]:
    """A small network of two blocks."""
    return [
        LayerRow("block1", "Conv2d", (32, 32, 32), (3, 3), 864, 864, 0, 884_736, (3, 3)),
        LayerRow("block1", "BatchNorm2d", (32, 32, 32), (), 64, 64, 64, 0, (3, 3)),
        LayerRow("block2", "Conv2d", (64, 16, 16), (3, 3), 18_432, 18_432, 0, 4_718_592, (7, 7)),
        LayerRow("scores", "Linear", (8,), (), 520, 520, 0, 512, (64, 64)),
    ]


def stages(kind: str) -> list[StageRow]:
    if kind == "network":
        return [
            StageRow(
                "tensors",
                2.4,
                "kept",
                4,
                33_000_000,
                {"size": 64},
                "2026-10-10T18:02:11+00:00",
                {"numpy": "2.3.1"},
            ),
            StageRow(
                "train", 241.0, "now", 8, 1_600_000, {"epochs": 60, "rate": 0.01, "batch": 64}
            ),
            StageRow("predict", 1.9, "now", 9, 240_000),
        ]
    return [
        StageRow("describe", 38.0, "kept", 16, 410_000_000, {"bins": [4, 6, 8, 12], "step": 6}),
        StageRow("fit_mixture", 21.4, "now", 8, 1_100_000, {"k": 64, "pca": 64}),
        StageRow("fisher_encode", 26.0, "now", 128, 62_000_000, {"root": True}),
        StageRow("classify", 6.1, "now", 9, 540_000, {"kernel": "linear", "C": 1.0}),
    ]


def words(seed: int) -> Visualization:
    """Patches of the size and number that a codebook has."""
    rng = np.random.default_rng(seed)
    rows = []
    for word in range(8):
        image = picture(f"word {word}")
        tops, lefts = rng.integers(0, 60, 8), rng.integers(0, 80, 8)
        panels = [
            Panel(image[t : t + 24, s : s + 24].repeat(2, 0).repeat(2, 1), f"patch of word {word}")
            for t, s in zip(tops, lefts, strict=True)
        ]
        panels.append(Panel(image, "where it lies in an image", "in coast/001.jpg"))
        rows.append(PanelRow(f"word {word}", f"{rng.uniform(0, 4):.1f} % of the patches", panels))
    return Visualization("Visual words", "Patches nearest to the words that are used most.", rows)


def filters(seed: int) -> Visualization:
    rng = np.random.default_rng(seed)
    panels = [
        Panel(rng.integers(0, 256, (3, 3, 3), np.uint8), f"filter {i}", enlarged=True)
        for i in range(32)
    ]
    return Visualization("First filters", "3 x 3 pixels each.", [PanelRow("", "", panels)])


def method(
    name: str, quality: float, *, kind: str = "classical", seed: int = 1, **shape
) -> MethodResult:
    network = kind == "network"
    rng = np.random.default_rng(seed)
    fit = float(np.exp(rng.uniform(2.5, 5.5)))
    test_shape = {k: v for k, v in shape.items() if k in ("classes",)}
    return MethodResult(
        name=name,
        recipe="tinynet" if network else "fisher_svm",
        parameters={"rate": 0.01, "epochs": 60, "widths": [32, 64, 128, 256]}
        if network
        else {"descriptor": {"bins": [4, 6, 8, 12], "step": 6}, "classifier": {"C": 1.0}},
        cv=scores(quality=quality, seed=seed, probabilities=network, **shape),
        test=scores(
            quality=quality, seed=seed + 1000, split="test", folds=1, probabilities=network,
            per_class=max(4, shape.get("per_class", 60) // 2), **test_shape,
        ),
        cost=Cost(
            fit, float(np.exp(rng.uniform(0.5, 4))), int(np.exp(rng.uniform(10, 16))),
            int(np.exp(rng.uniform(15, 20))), int(np.exp(rng.uniform(12, 18))), 600_000_000,
        ),
        stages=stages(kind),
        histories=[history(60, seed + f) for f in range(8)] if network else [],
        watched="heldout" if network else "",
        begins="scratch" if network else "",
        layers=layers() if network else [],
        training_accuracy=0.999 if network else 0.98,
        kind="deep" if network else "classical",
        visualizations=[filters(seed)] if network else [words(seed)],
    )  # fmt: skip


def data(classes: int = 8, per_class: int = 60) -> DataSummary:
    names = class_names(classes)
    train, _ = ids_and_labels(classes, per_class, "train")
    copies = [["train/" + names[0] + "/003.jpg", "train/" + names[1] + "/007.jpg"]]
    return DataSummary(
        name="scenes",
        root_hint="data/scenes",
        classes=names,
        counts={name: {"train": per_class, "test": max(4, per_class // 2)} for name in names},
        sample_ids={
            name: [i for i in train if f"/{name}/" in i][:6] for name in names
        },
        findings=[
            {
                "code": "D02", "severity": "issue", "title": "Copies with different labels",
                "sentence": "One pair of byte-identical files lies in two class folders.",
                "why": "One of the two labels is wrong, and no method can get both right.",
                "remedy": "Look at the pictures and delete the one that is wrong.",
                "images": copies,
            },
            {
                "code": "odd-size", "severity": "tip",
                "title": "2 images 4 times larger, smaller, wider or taller than usual",
                "why": "Thumbnails, panoramas and scans among photographs are often strays.",
                "remedy": "Look at them.",
                "images": [i for i in train if f"/{names[-1]}/" in i],
            },
            {
                "code": "D01", "severity": "passed", "title": "Every file can be read",
                "why": "", "remedy": "", "images": [],
            },
        ],
        sizes="all 256 × 256, RGB",
        digest="sha256:5f2ab91c03de77aa",
    )  # fmt: skip


RUN = RunInfo(
    command="strata make -j 2",
    file="strata.toml",
    file_text='[data]\nfolder = "data/scenes"\n\n[protocol]\nfolds = 8\nseed = 0\n\n'
    '[methods.fisher]\nrecipe = "fisher_svm"\nmixture.k = 64\n',
    seed=0,
    folds=8,
    repeats=1,
    versions={"strata": "0.1.0", "python": "3.11.7", "numpy": "2.4.6", "torch": "2.15.0"},
    machine={"processor": "x86-64, 2 cores", "memory": "8 GB", "system": "Linux 6.1"},
    started="2026-10-11T09:14:03+02:00",
    seconds=283.0,
)


def three(classes: int = 8, per_class: int = 60, **shape) -> Comparison:
    shape = {"classes": classes, "per_class": per_class, **shape}
    methods = [
        method("bovw", 2.2, seed=11, **shape),
        method("fisher", 2.9, seed=12, **shape),
        method("tinynet", 2.75, kind="network", seed=13, **shape),
    ]
    return Comparison(
        "scenes", "Classical and deep on scenes", data(classes, per_class), methods, RUN
    )


def twenty(classes: int = 8, per_class: int = 60) -> Comparison:
    """Fifteen methods, a sweep of four values, one that failed."""
    shape = {"classes": classes, "per_class": per_class}
    methods = [
        method(f"{'net' if i % 3 == 0 else 'sift'}-{i:02}", 1.0 + 0.15 * i,
               kind="network" if i % 3 == 0 else "classical", seed=20 + i, **shape)
        for i in range(15)
    ]  # fmt: skip
    for i, k in enumerate([16, 64, 256, 1024]):
        base = method(f"fisher@k={k}", 2.0 + 0.3 * i, seed=50 + i, **shape)
        changes = {"variant_of": "fisher", "varied": {"mixture.k": k}}
        methods.append(MethodResult(**{**vars(base), **changes}))
    methods.append(
        MethodResult("inception", "finetune", error="weights/inception_v3.pth is not there")
    )
    return Comparison("large", "Twenty ways to look at scenes", data(**shape), methods, RUN)


def swept(per_class: int = 20) -> Comparison:
    """A grid of two parameters with a paper's values, and two methods by training images."""
    shape = {"per_class": per_class}
    methods = []

    def add(name: str, parent: str, quality: float, paper=None, kind="classical", **varied) -> None:
        base = method(name, quality, kind=kind, seed=len(methods), **shape)
        changes = {"variant_of": parent, "varied": varied, "paper": paper}
        methods.append(MethodResult(**{**vars(base), **changes}))

    for words in (64, 256, 1024):
        for kernel in ("linear", "chi2", "intersection"):
            quality = 1.2 + 0.25 * np.log2(words / 64) + 0.2 * len(kernel) / 6
            paper = 0.8 if kernel == "intersection" else None
            add(f"bovw[{words},{kernel}]", "bovw", quality, paper, words=words, kernel=kernel)
    for images in (5, 10, 20, 50, 100):
        add(f"fisher[{images}]", "fisher", 1.0 + 0.9 * np.log10(images), images=images)
        add(f"tinynet[{images}]", "tinynet", 1.5 * np.log10(images), kind="network", images=images)
    return Comparison("swept", "Two parameters, and how many images it takes", data(**shape),
                      methods, RUN)  # fmt: skip


def tiny(rows: dict[str, tuple[int, list[float]]], probabilities=None) -> Evaluation:
    """Three classes, images by name: label and scores of each."""
    labels = np.array([label for label, _ in rows.values()])
    values = np.array([scores for _, scores in rows.values()], float)
    zeros = np.zeros(len(rows), int)
    return evaluate(Scores(list(rows), labels, zeros, zeros, values, probabilities), "test", 3)


ONE = {
    "a": (0, [5, 1, 0]),
    "b": (0, [1, 4, 0]),
    "c": (1, [0, 2, 1]),
    "d": (2, [9, 0, 1]),
    "e": (2, [0, 0, 3]),
}
