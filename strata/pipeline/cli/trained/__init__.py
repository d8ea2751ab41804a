"""Commands on trained methods and model files: `export`, `predict`, `explain`, `describe FILE`.

May import all of the pipeline. Start at `commands.py`, then `predict.py`.
"""
