"""The Python side of `npm run bench:data`: rows a second of what others load data with.

One line of JSON comes in for each request, `{"what", "path", "rows", "width", "batch"}`, and goes out as the seconds that one pass
took, or as null where the library is not installed.
"""

import importlib.util
import json
import sys
import time


def has(*modules):
    return all(importlib.util.find_spec(module) for module in modules)


def in_memory(request):
    import numpy as np

    rows, width = request["rows"], request["width"]
    return np.sin(np.arange(rows * width, dtype=np.float32)).reshape(rows, width), np.sin(np.arange(rows, dtype=np.float32))


def data_loader(workers):
    """A pass over a DataLoader of tensors in memory, shuffled, collated as it does by default."""

    def make(request):
        import torch
        from torch.utils.data import DataLoader, TensorDataset

        x, y = (torch.from_numpy(own) for own in in_memory(request))
        kept = {"persistent_workers": True} if workers else {}
        loader = DataLoader(TensorDataset(x, y), batch_size=request["batch"], shuffle=True, num_workers=workers, **kept)
        return lambda: sum(len(y) for _, y in loader)

    return make


def tf_data(request):
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices(in_memory(request))
    data = data.shuffle(request["rows"]).batch(request["batch"]).prefetch(2)
    return lambda: sum(len(y) for _, y in data)


def tf_csv(request):
    import tensorflow as tf

    data = tf.data.experimental.make_csv_dataset(
        request["path"], request["batch"], num_epochs=1, shuffle=False, num_parallel_reads=1, label_name=None
    )
    return lambda: sum(len(next(iter(batch.values()))) for batch in data)


def polars_file(read):
    def make(request):
        import polars

        return lambda: len(getattr(polars, read)(request["path"]))

    return make


def pandas_lines(request):
    import pandas

    return lambda: len(pandas.read_json(request["path"], lines=True))


def pandas_loader(read):
    """Read by pandas, the numbers batched by a DataLoader: what most scripts of PyTorch do."""

    def make(request):
        import pandas
        import torch
        from torch.utils.data import DataLoader, TensorDataset

        def run():
            table = getattr(pandas, read)(request["path"])
            numbers = torch.from_numpy(table.select_dtypes("number").to_numpy("float32"))
            return sum(len(rows) for (rows,) in DataLoader(TensorDataset(numbers), batch_size=request["batch"]))

        return run

    return make


SIDES = {
    "DataLoader, 0 workers": (("torch", "numpy"), data_loader(0)),
    "DataLoader, 2 workers": (("torch", "numpy"), data_loader(2)),
    "tf.data": (("tensorflow", "numpy"), tf_data),
    "tf.data CSV": (("tensorflow",), tf_csv),
    "Polars read_csv": (("polars",), polars_file("read_csv")),
    "Polars read_ndjson": (("polars",), polars_file("read_ndjson")),
    "Polars read_parquet": (("polars",), polars_file("read_parquet")),
    "pandas read_json": (("pandas",), pandas_lines),
    "pandas read_csv + DataLoader": (("pandas", "torch"), pandas_loader("read_csv")),
    "pandas read_parquet + DataLoader": (("pandas", "torch", "pyarrow"), pandas_loader("read_parquet")),
}

made = {}
for line in sys.stdin:
    request = json.loads(line)
    modules, make = SIDES[request["what"]]
    if not has(*modules):
        print("null", flush=True)
        continue
    if request["what"] not in made:
        made[request["what"]] = make(request)
        made[request["what"]]()
    began = time.perf_counter()
    seen = made[request["what"]]()
    took = time.perf_counter() - began
    if seen != request["rows"]:
        raise SystemExit(f"{request['what']}: {seen} rows of {request['rows']}")
    print(json.dumps(took), flush=True)
