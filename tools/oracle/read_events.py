"""Has TensorBoard itself read the event files that the Rust tests and the callback write, and keeps what it saw.

    pip install tensorboard==2.21.0
    cargo test -p ferrograd-formats -- --ignored
    npx tsx tools/oracle/our-events.ts
    python tools/oracle/read_events.py
"""

import json
import math
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    ROOT / "crates/formats/tests/fixtures/run.tfevents",
    ROOT / "__test__/fixtures/events/train.tfevents",
    ROOT / "__test__/fixtures/events/validation.tfevents",
]


def scalar(event):
    value = event.value if math.isfinite(event.value) else str(event.value)
    return {"step": event.step, "wall_time": event.wall_time, "value": value}


def histogram(event):
    value = event.histogram_value
    fields = ("min", "max", "num", "sum", "sum_squares", "bucket_limit", "bucket")
    return {"step": event.step, "wall_time": event.wall_time} | {field: getattr(value, field) for field in fields}


def read(path):
    accumulator = EventAccumulator(str(path), size_guidance={"scalars": 0, "histograms": 0})
    accumulator.Reload()
    tags = accumulator.Tags()
    first = Event.FromString(next(iter(RawEventFileLoader(str(path)).Load())))
    return {
        "file_version": first.file_version,
        "scalars": {tag: [scalar(event) for event in accumulator.Scalars(tag)] for tag in tags["scalars"]},
        "histograms": {tag: [histogram(event) for event in accumulator.Histograms(tag)] for tag in tags["histograms"]},
    }


if __name__ == "__main__":
    for path in FILES:
        text = json.dumps(read(path), separators=(",", ":"))
        path.with_suffix(".json").write_text(text + "\n")
