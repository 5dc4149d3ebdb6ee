"""Inputs: a stream of numbers for each case, a function of the seed and the case's name alone."""

import hashlib

import numpy as np


class Stream:
    """Numbers rounded to a few decimals, so that the fixtures stay short and read back exactly."""

    def __init__(self, seed, *names):
        digest = hashlib.sha256("/".join([str(seed), *names]).encode()).digest()
        self.bits = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))

    def uniform(self, shape, low=-1.0, high=1.0, decimals=4):
        return np.round(self.bits.uniform(low, high, shape), decimals)

    def normal(self, shape, scale=1.0, decimals=4):
        return np.round(scale * self.bits.standard_normal(shape), decimals)

    def integers(self, shape, high, low=0):
        return self.bits.integers(low, high, shape)

    def one_hot(self, rows, classes):
        return np.eye(classes)[self.integers((rows,), classes)]

    def simplex(self, shape, decimals=3):
        """Rows of positive numbers that add up to 1 exactly in decimal."""
        raw = self.bits.uniform(0.1, 1.0, shape)
        rows = np.round(raw / raw.sum(-1, keepdims=True), decimals)
        rows[..., -1] = np.round(1.0 - rows[..., :-1].sum(-1), decimals)
        return rows

    def choice(self, options):
        return options[int(self.bits.integers(0, len(options)))]

    def chance(self, probability):
        return bool(self.bits.uniform() < probability)
