"""The methods that come with strata, each as a recipe, one module a family."""

from strata.pipeline.recipes import classical, distillation, fusion, networks, transfer

__all__ = ["classical", "distillation", "fusion", "networks", "transfer"]
