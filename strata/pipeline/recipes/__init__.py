"""Methods that come with strata: each a recipe, one module per kind.

May import `stages`, `graph`, `data` and `store`. `registry.py` knows them all by name. Start at
`classical.py`.
"""
