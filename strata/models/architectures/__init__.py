"""Network architectures described as data: blocks, presets, initialization, FLOP counts.

May import `classifiers` and `runtime`. Start at `architecture.py` (the description), then
`builder.py` (the torch module built from it); `registry.py` lists the choices by name.
"""
