"""Commands on trained methods and model files: `export`, `explain`, and `describe FILE.strata`.

May import all of the pipeline. Start at `commands.py`, then `export.py`.
"""
