"""Ask real Keras for numbers: `python tools/oracle/generate.py [--seed N] [--out DIR] [topic …]`."""

import argparse
import importlib
import pathlib
import time

import backend
import encode

TOPICS = [
    "signatures",
    "mlp",
    "activations",
    "optimizers",
    "losses",
    "ctc",
    "metrics",
    "printing",
    "schedules",
    "callbacks",
    "initializers",
    "constraints",
    "regularizers",
    "layers",
    "pictures",
    "fourier",
    "sound",
    "segments",
    "sequences",
    "lora",
    "picture_layers",
    "wrappers",
    "recurrent_layers",
    "conv_lstm",
    "augmentation",
    "resampling",
    "masks",
    "models",
    "picture_models",
    "recurrent_models",
    "explain",
    "calls",
    "keras_files",
    "keras_files_32",
]
# These need keras-hub beside Keras.
WITH_HUB = ["attention_layers", "attention_models", "perplexity"]
# These run on TensorFlow alone: `KERAS_BACKEND=tensorflow`.
ON_TENSORFLOW = ["lookups", "feature_space", "text", "windows"]
FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "__test__" / "fixtures"


def header(topic, seed):
    return {
        "topic": topic,
        "seed": seed,
        "keras": backend.keras.__version__,
        backend.ENGINE: backend.ENGINE_VERSION,
        "numpy": backend.np.__version__,
    }


def generate(topic, seed, folder):
    """Write the topic's file, or files where its `cases` gives `{file: cases}`; `shared` goes to the head."""
    module = importlib.import_module(f"topics.{topic}")
    made = module.cases(seed)
    files = made if isinstance(made, dict) else {topic: made}
    shared = encode.plain(module.shared(seed)) if hasattr(module, "shared") else {}
    for name, cases in files.items():
        rows = [encode.plain(case) for case in cases]
        path = folder / f"{name}.json"
        encode.write(path, header(topic, seed) | shared, rows)
        print(f"{name}: {len(rows)} cases, {path.stat().st_size // 1024} KiB", end=" ")


def main():
    known = ON_TENSORFLOW if backend.ENGINE == "tensorflow" else TOPICS + WITH_HUB
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topics", nargs="*", metavar="topic", help=f"any of: {' '.join(known)} (default: all)")
    parser.add_argument("--seed", type=int, default=1, help="draw fresh cases (the committed ones are seed 1)")
    parser.add_argument("--out", type=pathlib.Path, default=FIXTURES, help="folder to write to")
    chosen = parser.parse_args()
    for unknown in set(chosen.topics) - set(known):
        parser.error(f"unknown topic {unknown!r}; there are: {', '.join(known)}")
    chosen.out.mkdir(parents=True, exist_ok=True)
    for topic in chosen.topics or [one for one in known if one not in WITH_HUB]:
        start = time.perf_counter()
        generate(topic, chosen.seed, chosen.out)
        print(f"in {time.perf_counter() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main()
