"""All tables of docs/results.md, remade by one command: `make results IMAGES=DIR`.

Start at `__main__.py`. `runs.toml` lists the runs, one experiment file each; `runs.py` makes them
one after the other in one store; `tables.md` holds the tables with placeholders, which `tables.py`
fills from the `results.json` of the runs; `page.py` puts them between the markers of the page, or
of a copy of it. `listing.py` says what there is to make, and how long it takes.
"""
