"""Derivation of random seeds: one seed of the experiment, independent streams per purpose."""

import hashlib

import numpy as np


def derive(seed: int, *names: str | int) -> int:
    """Derive a 63-bit seed for one purpose from the experiment's seed and the purpose's names.

    It is a hash (sha256) of seed and names: different names give independent streams, the same
    names the same stream on every machine.
    """
    text = "\0".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return a numpy generator for one purpose (see `derive`)."""
    return np.random.default_rng(derive(seed, *names))
