# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Classical features inside scikit-learn
#
# Descriptors, codebooks and encodings of `strata.features` are scikit-learn transformers: they work
# in a `Pipeline`, in `cross_val_score` and in `GridSearchCV`. Everything that learns, learns inside
# the fold.

# %%
import numpy as np
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline

from strata.features import GIST, VLAD, BagOfWords, DenseSIFT, FisherVectors, VisualWords
from strata.features import intersection
from strata.models import CalibratedLogistic, KernelSVM, LinearSVM
from strata.scenes import draw

# %% [markdown]
# Images are arrays: uint8, (height, width, 3) RGB or (height, width) gray, of any sizes. Of your
# files, `np.asarray(PIL.Image.open(path).convert("RGB"))` makes them.

# %%
classes = ["coast", "forest", "highway", "tallbuilding"]
images = [draw(name, np.random.default_rng([i, n]), 64)
          for i, name in enumerate(classes) for n in range(12)]  # fmt: skip
labels = np.repeat(classes, 12)
folds = StratifiedKFold(3, shuffle=True, random_state=0)

# %% [markdown]
# ## A whole image as one vector

# %%
gist = make_pipeline(GIST(image_size=64), CalibratedLogistic(C=10))
print(cross_val_score(gist, images, labels, cv=folds).mean())

# %% [markdown]
# ## Fisher vectors of dense SIFT, a linear SVM
#
# The descriptor learns nothing and is the slowest part, so it is computed once, outside of the
# folds. The mixture of Gaussians learns, so it is in the pipeline.

# %%
local = DenseSIFT(step=8, bin_sizes=(4, 8)).transform(images)
print(local[0].descriptors.shape, local[0].positions.shape)

# %%
fisher = make_pipeline(FisherVectors(n_components=8, n_dims=24), LinearSVM())
print(cross_val_score(fisher, local, labels, cv=folds).mean())

# %% [markdown]
# ## Choosing parameters by grid search
#
# A bag of visual words: the size of the codebook and the levels of the spatial pyramid are chosen
# in folds of their own; step names and arguments are joined by `__`, as everywhere in scikit-learn.

# %%
words = Pipeline(
    [
        ("encode", BagOfWords(VisualWords(max_iter=10))),
        ("svm", KernelSVM(intersection, inner_folds=0)),
    ]
)
grid = {"encode__codebook__n_words": [16, 32], "encode__levels": [0, 1]}
search = GridSearchCV(words, grid, cv=folds).fit(local, labels)
print(search.best_params_, search.best_score_)

# %% [markdown]
# ## Descriptors of your own
#
# Encoders take plain arrays too, one (n, d) array per image: whatever describes parts of an image,
# here the colors of its pixels. A plain array has no positions, so those arguments that use
# positions are off.

# %%
colors = [image[::4, ::4].reshape(-1, 3).astype(np.float32) for image in images]
encoders = {
    "words": BagOfWords(VisualWords(32), pyramid="none"),
    "vlad": VLAD(16),
    "fisher": FisherVectors(n_components=4, n_dims=0, position_weight=0),
}
for name, encoder in encoders.items():
    pipeline = make_pipeline(encoder, LinearSVM())
    print(name, cross_val_score(pipeline, colors, labels, cv=folds).mean())
