"""What NumPy prints of arrays: every dtype of ours over shapes, magnitudes, specials and lengths past its threshold."""

import numpy as np

LISTS = [
    [1, 2], [1.5, 2, -0.25], [0.1, 0.2, 0.3], [1 / 3, 2 / 3], [0.0], [-1, -10, 100], [0.30000001192], [1.0000001],
    [1e10, 1], [1e-5, 1], [1e-10], [1e8], [99999999, 1], [123456.789, 0.001], [0.0001, 1], [0.00001234], [1e5, 0.1],
    [1e6, 1], [1e3, 1e-4], [1e3, 1], [1001, 1], [1234.5678, 0.001], [1e16], [123456789.123], [16777216, 0.5], [1e38],
    [-0.0, 0.0], [-0.0, 1e9], [np.nan, 1], [np.inf, -np.inf, 1], [np.nan, -1.5], [np.inf], [np.nan, np.nan], [1e10, np.nan],
    [1.5, np.inf, 1e12], [-np.inf, 0.25],
]
DOUBLES = [[1e300, 1e-300], [5e-324], [3.14159265358979, 2.718281828459045]]
SCALARS = [2.5, 1, -0.0, 0.1, 1 / 3, 1e-4, 9.99e-5, 1e-7, 999999, 1e6, 123456789, 1e10, 1e15, 1e16, np.nan, np.inf, -np.inf]
SHAPES = [(3, 4), (2, 3, 4), (1, 20), (2, 1, 15), (3, 30), (2, 2, 2, 2)]


def floats(rng, dtype):
    yield from (np.array(values, dtype) for values in LISTS + (DOUBLES if dtype == np.float64 else []))
    yield from (np.array(value, dtype) for value in SCALARS)
    for shape in SHAPES:
        yield rng.standard_normal(shape).astype(dtype)
        yield (rng.standard_normal(shape) * 1e4).astype(dtype)
        yield (rng.standard_normal(shape) * 1e-6).astype(dtype)
        yield rng.integers(-9, 9, shape).astype(dtype)
    yield from (np.zeros(shape, dtype) for shape in [(0,), (2, 0), (0, 3)])
    yield np.arange(1000).astype(dtype)
    yield np.arange(1001).astype(dtype)
    yield (np.arange(2000).reshape(40, 50) / 2).astype(dtype)
    yield np.arange(1200).reshape(4, 10, 30).astype(dtype)
    yield rng.standard_normal((2, 600)).round(3).astype(dtype)


def arrays(seed):
    rng = np.random.default_rng(seed)
    yield from floats(rng, np.float32)
    yield from floats(rng, np.float64)
    for values in [[1, -20], [[1, 2], [3, 4]], 5, [2147483647, -2147483648], list(range(40)), [[0]], []]:
        yield np.array(values, np.int32)
    yield from (np.arange(1200, dtype=np.int32).reshape(shape) for shape in [(1200,), (12, 100)])
    for values in [[True, False], [True], [[True, False], [False, False]], True, False, [True] * 30]:
        yield np.array(values, bool)
    yield np.ones((40, 40), bool)


def cases(seed):
    for i, array in enumerate(arrays(seed)):
        name = f"{i}-{array.dtype}-{'x'.join(map(str, array.shape))}"
        yield {"name": name, "dtype": str(array.dtype), "x": array.astype(np.float64), "text": str(array)}
