"""Parameters of stages and recipes: names, types, defaults, help and validation.

May import `code` and `store`. Start at `validation.py`; `signatures.py` reads them from estimators'
constructors.
"""
