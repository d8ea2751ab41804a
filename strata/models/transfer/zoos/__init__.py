"""Collections of pretrained networks: torchvision's and timm's, each with the same four functions.

`check`, `create`, `preprocessing` and `published` take a network's name without its prefix. Imports
nothing of `transfer`. Start at `find.py`.
"""
