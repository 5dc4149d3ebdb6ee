"""What `bench/vocabulary.ts` measures, in PyTorch: `python bench/vocabulary_vs_pytorch.py [threads]`."""

import statistics
import sys
import time

import torch

ROWS, VOCABULARY, RUNS = 2048, 32_768, 7

torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
logits = torch.randn(ROWS, VOCABULARY).requires_grad_()
labels = torch.arange(ROWS) * 31 % VOCABULARY


def milliseconds(smoothing, backward):
    times = []
    for _ in range(RUNS):
        logits.grad = None
        start = time.perf_counter()
        loss = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing)
        if backward:
            loss.backward()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


for smoothing in (0.0, 0.1):
    for name, backward in (("loss", False), ("loss and gradient", True)):
        print(f"{name}, label_smoothing {smoothing}: {milliseconds(smoothing, backward):.0f} ms")
