"""Our convolutions and max pooling against PyTorch's on one core: the same sizes, turn by turn in one run.

    cargo bench -p ferrograd-kernels --bench conv --no-run
    python bench/conv_vs_pytorch.py target/release/deps/conv-… [--turns 3] [--only NAME]

PyTorch runs oneDNN on channels_last tensors, in inference mode, its gradients one by one by `convolution_backward`. Both
sides count the processor time of their thread, so that others on the machine disturb little.

Prints microseconds of both (the least over the turns) and the ratios, theirs over ours.
"""

import argparse
import os
import subprocess
import sys

# The cases of the bench: name, images, side, kernel, stride, channels, filters, groups or `pool`.
CASES = [
    ("LeNet 5x5 1-6", 64, 28, 5, 1, 1, 6, 1),
    ("LeNet 5x5 6-16", 64, 14, 5, 1, 6, 16, 1),
    ("convnet 3x3 1-32", 128, 28, 3, 1, 1, 32, 1),
    ("convnet 3x3 32-64", 128, 13, 3, 1, 32, 64, 1),
    ("ResNet 3x3 3-16", 64, 32, 3, 1, 3, 16, 1),
    ("ResNet 3x3 16-16", 64, 32, 3, 1, 16, 16, 1),
    ("ResNet 3x3 16-32 s2", 64, 32, 3, 2, 16, 32, 1),
    ("ResNet 3x3 32-32", 64, 16, 3, 1, 32, 32, 1),
    ("ResNet 3x3 64-64", 64, 8, 3, 1, 64, 64, 1),
    ("3x3 32-64", 32, 28, 3, 1, 32, 64, 1),
    ("3x3 64-128", 32, 14, 3, 1, 64, 128, 1),
    ("3x3 256-256", 8, 8, 3, 1, 256, 256, 1),
    ("1x1 64-128", 32, 16, 1, 1, 64, 128, 1),
    ("depthwise 3x3 64", 64, 16, 3, 1, 64, 64, 64),
    ("depthwise 3x3 64 s2", 64, 16, 3, 2, 64, 64, 64),
    ("depthwise 5x5 96", 32, 14, 5, 1, 96, 96, 96),
    ("pool 2x2 6", 64, 28, 2, 2, 6, 6, "pool"),
    ("pool 2x2 64", 128, 24, 2, 2, 64, 64, "pool"),
    ("pool 3x3 s2 64", 32, 28, 3, 2, 64, 64, "pool"),
]

PEER = r"""
import sys, time
import torch
torch.set_num_threads(1)
torch.set_flush_denormal(True)
last = torch.channels_last
def tenth(run):
    run(); times = []; start = time.perf_counter()
    while time.perf_counter() - start < 0.2 or len(times) < 5:
        begin = time.thread_time(); run(); times.append(time.thread_time() - begin)
    return sorted(times)[len(times) // 10] * 1e6
@torch.inference_mode()
def answer(images, side, kernel, stride, channels, filters, groups):
    pad = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    x = torch.randn(images, channels, side, side).to(memory_format=last)
    if groups == "pool":
        assert pad % 2 == 0 or kernel == 3
        pad = (pad + 1) // 2
        y, at = torch.ops.aten.max_pool2d_with_indices(x, [kernel] * 2, [stride] * 2, [pad] * 2)
        dy = torch.randn(y.shape).to(memory_format=last)
        forward = tenth(lambda: torch.ops.aten.max_pool2d_with_indices(x, [kernel] * 2, [stride] * 2, [pad] * 2))
        backward = torch.ops.aten.max_pool2d_with_indices_backward
        return [forward, tenth(lambda: backward(dy, x, [kernel] * 2, [stride] * 2, [pad] * 2, [1, 1], False, at))]
    w = torch.randn(filters, channels // groups, kernel, kernel).to(memory_format=last)
    same = [(pad + 1) // 2] * 2
    y = torch.ops.aten.convolution(x, w, None, [stride] * 2, same, [1, 1], False, [0, 0], groups)
    dy = torch.randn(y.shape).to(memory_format=last)
    def back(mask):
        rest = ([stride] * 2, same, [1, 1], False, [0, 0], groups, mask)
        return tenth(lambda: torch.ops.aten.convolution_backward(dy, x, w, None, *rest))
    forward = tenth(lambda: torch.ops.aten.convolution(x, w, None, [stride] * 2, same, [1, 1], False, [0, 0], groups))
    return [forward, back([True, False, False]), back([False, True, False])]
for line in sys.stdin:
    words = line.split()
    print(*answer(*map(int, words[:6]), words[6] if words[6] == "pool" else int(words[6])), flush=True)
"""


def start(command):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def ask(process, question):
    process.stdin.write(question + "\n")
    process.stdin.flush()
    return [float(word) for word in process.stdout.readline().split()]


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("bench", help="the built bench `conv`")
    options.add_argument("--turns", type=int, default=3, help="turns per case")
    options.add_argument("--only", default="", help="cases whose names have this")
    options = options.parse_args()
    sides = [start([options.bench, "--ask"]), start([sys.executable, "-c", PEER])]
    print(f"{'µs, one core':22}{'ours: output, input, filter':>33}{'PyTorch':>30}{'ratios':>24}")
    for name, *case in CASES:
        if options.only not in name:
            continue
        turns = [[ask(side, " ".join(map(str, case))) for side in sides] for _ in range(options.turns)]
        ours, theirs = ([min(times) for times in zip(*(turn[side] for turn in turns))] for side in (0, 1))
        ratios = [b / a for a, b in zip(ours, theirs)]
        line = [f"{time:11.0f}" for time in ours], [f"{time:10.0f}" for time in theirs], [f"{r:8.2f}" for r in ratios]
        print(f"{name:22}" + "".join(f"{''.join(part):>33}" for part in line), flush=True)
    for side in sides:
        side.stdin.close()
        side.wait()


if __name__ == "__main__":
    main()
