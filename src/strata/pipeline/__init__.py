"""What to compute, when, and where it is kept: data, recipes, stages, store, command line."""
