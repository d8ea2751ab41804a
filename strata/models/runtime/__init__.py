"""Devices, processes, image sources and checkpoints that training and inference run on.

Imports no other package of `models`. Start at `devices.py`.
"""
