"""Collections of pretrained networks: torchvision's and timm's, each with the same functions.

`check`, `create`, `preprocessing`, `published` and `weights_name` take a network's name without its
prefix. `provenance.py` tells what is known of weights. Imports nothing of `transfer`. Start at
`find.py`.
"""
