"""What training and inference run on: devices, processes, image sources, checkpoints.

Imports no other package of `models`. Start at `devices.py`.
"""
