"""Our matrix product against NumPy's OpenBLAS: the same sizes, turn by turn in one run.

    cargo build --release -p ferrograd-kernels --example gemm_rate
    python bench/gemm_vs_openblas.py [--threads 1] [--threads 2] [--turns 7]

OpenBLAS picks its kernels by itself; where it does not know the processor it may miss the best ones, and
OPENBLAS_CORETYPE=SkylakeX (its AVX-512 kernels) is then the harder comparison.

Prints GF/s of both (medians over the turns) and the median of the ratios of neighbouring turns.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

SIZES = [
    # rows, cols, depth, layout
    (512, 512, 512, "nn"),
    (1024, 1024, 1024, "nn"),
    (1024, 1024, 1024, "tn"),
    (1024, 1024, 1024, "nt"),
    (1024, 1024, 1024, "tt"),
    (256, 1024, 4096, "nn"),
    (256, 4096, 1024, "nn"),
    (1024, 4096, 256, "tn"),
    (4096, 1024, 256, "nt"),
    (128, 512, 512, "nn"),
    (512, 512, 128, "tn"),
    (128, 512, 512, "nt"),
    (128, 512, 784, "nn"),
    (784, 512, 128, "tn"),
    (32, 128, 784, "nn"),
    (784, 128, 32, "tn"),
    (32, 784, 128, "nt"),
    (32, 10, 784, "nn"),
    (784, 10, 32, "tn"),
    (32, 784, 10, "nt"),
    (32, 10, 128, "nn"),
    (128, 10, 32, "tn"),
    (32, 128, 10, "nt"),
    (1, 1024, 1024, "nn"),
    (1, 1024, 1024, "nt"),
    (1024, 1, 1024, "nn"),
    (1024, 1, 1024, "tn"),
    (1, 4096, 4096, "nn"),
    (1, 4096, 4096, "nt"),
    (4, 4096, 4096, "nn"),
    (4, 4096, 4096, "nt"),
    (1000, 2, 1000, "nn"),
    (2, 1000, 1000, "nt"),
    (4, 2, 3, "nn"),
]

# What the other side runs: it imports NumPy with its thread count already fixed.
PEER = r"""
import sys, time
import numpy as np
budget = 0.06
def aligned(rows, cols, transposed):
    # Both sides get operands that start at a cache line.
    space = np.random.rand(rows * cols + 16).astype(np.float32)
    start = (-space.ctypes.data // 4) % 16
    flat = space[start:start + rows * cols]
    return flat.reshape(cols, rows).T if transposed else flat.reshape(rows, cols)
for line in sys.stdin:
    m, n, k, layout = line.split()[:4]
    m, n, k = int(m), int(n), int(k)
    a, b, c = aligned(m, k, layout[0] == "t"), aligned(k, n, layout[1] == "t"), aligned(m, n, False)
    def run(): np.matmul(a, b, out=c)
    start = time.perf_counter(); run(); once = max(time.perf_counter() - start, 1e-9)
    calls = max(1, int(20e-6 / once)); times = []
    while time.perf_counter() - start < budget or len(times) < 3:
        begin = time.perf_counter()
        for _ in range(calls): run()
        times.append((time.perf_counter() - begin) / calls)
    print(2 * m * n * k / sorted(times)[len(times) // 2] / 1e9, flush=True)
"""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--threads", type=int, action="append", help="thread counts to measure (1 and 2)")
    options.add_argument("--turns", type=int, default=5, help="turns per size")
    options.add_argument("--isa", default="best", help="portable, avx2, avx512")
    options.add_argument("--only", type=int, default=0, help="only the first sizes")
    options = options.parse_args()
    try:
        import numpy  # noqa: F401
    except ImportError:
        print("NumPy is not installed: nothing to compare with. Skipped.")
        return 0
    target = Path(os.environ.get("CARGO_TARGET_DIR", Path(__file__).parents[1] / "target"))
    ours = target / "release/examples/gemm_rate"
    if not ours.exists():
        print("Build first: cargo build --release -p ferrograd-kernels --example gemm_rate")
        return 1
    for threads in options.threads or [1, 2]:
        compare(ours, threads, options)
    return 0


def compare(ours: Path, threads: int, options: argparse.Namespace) -> None:
    peer = start([sys.executable, "-c", PEER], threads)
    mine = start([str(ours), options.isa], threads)
    print(f"\n{threads} thread{'s' if threads > 1 else ''}: rows x cols x depth, GF/s")
    print(f"{'':24}{'ours':>8}{'OpenBLAS':>10}{'ratio':>7}")
    for process in (mine, peer):
        ask(process, f"512 512 512 nn {threads}")  # clocks and caches
    for rows, cols, depth, layout in SIZES[: options.only or None]:
        question = f"{rows} {cols} {depth} {layout} {threads}"
        pairs = [turn(mine, peer, question) for _ in range(options.turns)]
        a, b = (statistics.median(side) for side in zip(*pairs))
        ratio = statistics.median(x / y for x, y in pairs)
        print(f"{f'{rows}x{cols}x{depth} {layout}':24}{a:8.1f}{b:10.1f}{ratio:7.2f}", flush=True)
    for process in (peer, mine):
        process.stdin.close()
        process.wait()


def turn(mine: subprocess.Popen, peer: subprocess.Popen, question: str) -> tuple[float, float]:
    # OpenBLAS's workers spin for a while after their last product and would take a core from the next turn.
    time.sleep(0.15)
    own = ask(mine, question)
    return own, ask(peer, question)


def start(command: list[str], threads: int) -> subprocess.Popen:
    environment = os.environ | {"OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def ask(process: subprocess.Popen, question: str) -> float:
    process.stdin.write(question + "\n")
    process.stdin.flush()
    return float(process.stdout.readline().split()[0])


if __name__ == "__main__":
    sys.exit(main())
