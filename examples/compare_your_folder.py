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
# # Compare classifiers on your folder of images
#
# How far do classical features go on your images, how far does a small network go, and what does
# each cost? This notebook draws a folder of scenes, so that it runs as it is, in well under a
# minute. For your own images, name your folder in `PHOTOS`: it holds one folder of images per
# class.
#
# Open it in Jupyter with the extension jupytext, or make a notebook of it:
# `jupytext --to notebook compare_your_folder.py`.

# %%
import strata
from strata.scenes import write_scenes

PHOTOS = "photos"  # your folder; then leave out the next line
write_scenes(PHOTOS, per_class=8, size=64, seed=0)

# %% [markdown]
# ## Before training: are the images sound?
#
# Broken files, copies of an image in two classes or on both sides of a split, classes that are too
# small for the folds.

# %%
print(strata.audit(PHOTOS, folds=3))

# %% [markdown]
# ## Compare
#
# `methods` are names of recipes (`strata list --recipes` prints all), or names of your own with the
# parameters of each, as in an experiment file. Those here are cut down for the small scenes:
# without the parameters, and with `folds=8`, a comparison of some thousand photographs takes an
# hour or so.
#
# What is made is kept in `.strata`: running the cell again makes nothing, and after a change to a
# parameter only what depends on it.

# %%
METHODS = {
    "fisher": {
        "descriptor": {"step": 8, "bin_sizes": [4, 8]},
        "mixture": {"n_components": 8, "n_dims": 24},
    },
    "network": {"recipe": "tinynet", "images": {"size": 32}, "network": {"epochs": 10}},
}
result = strata.compare(PHOTOS, METHODS, folds=3, test=0.25)
print(result)

# %% [markdown]
# The intervals are wide: so few images tell little. Three folds of 64 images are for trying
# this notebook, not for a decision.
#
# All numbers are in a table, here of some of its columns:

# %%
columns = ["method", "cv_accuracy", "cv_balanced_accuracy", "fit_seconds", "predict_ms"]
print(result.table()[columns])

# %% [markdown]
# ## Use the winner
#
# It leaves for one file, which needs nothing else: neither the images nor the store. From there it
# classifies paths, arrays and Pillow images.

# %%
from strata.scenes import SCENES, draw
import numpy as np

model = strata.load(result.export(f"{result.best}.strata"))
new = [draw(name, np.random.default_rng(7), 64) for name in SCENES[:4]]
print(dict(zip(SCENES, model.predict(new).tolist(), strict=False)))

# %%
print(model.predict_proba(new).round(2))

# %% [markdown]
# ## The report
#
# Confusion matrices, costs, what was learned, the images that were misclassified: one page.

# %%
print(result.report("report"))
