"""The front door in Python: `strata.compare` and `strata.audit`, with their results.

They make what the commands `make` and `data audit` make, in the same store, and hand it over as
objects that notebooks show. May import all of the pipeline but the command line. Start at
`compare.py`; `strata/__init__.pyi` lists the public names.
"""
