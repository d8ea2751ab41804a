"""The methods that come with strata, each as a recipe, one module a family."""

from strata.pipeline.recipes import classical, fusion, networks

__all__ = ["classical", "fusion", "networks"]
