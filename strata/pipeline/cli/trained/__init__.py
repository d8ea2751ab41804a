"""Commands on trained methods and model files: `predict`, `export`, and `describe FILE.strata`.

May import all of the pipeline. Start at `commands.py`, then `predict.py`.
"""
