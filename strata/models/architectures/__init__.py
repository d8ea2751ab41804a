"""Networks described in data: blocks, presets, initialization, parameter and FLOP counts.

May import `classifiers` and `runtime`. Start at `architecture.py` (the description), then
`builder.py` (the torch module built from it).
"""
