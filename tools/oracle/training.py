"""Train a compiled model on given numbers and write down everything that a second implementation must reproduce."""

import numpy as np

from backend import keras, numbers


def describe(model):
    """The model as Keras saves it, without what belongs to `compile`."""
    saved = keras.saving.serialize_keras_object(model)
    saved.pop("compile_config", None)
    return saved


def set_weights(model, stream, scale=0.5):
    """Overwrite every weight by numbers from the stream: kernels normal, variances positive, the rest small."""
    for weight in model.weights:
        if weight.dtype not in ("float32", "float64"):
            continue
        if "variance" in weight.name:
            weight.assign(stream.uniform(weight.shape, 0.5, 1.5))
        elif weight.name == "gamma" or weight.name == "scale":
            weight.assign(stream.uniform(weight.shape, 0.7, 1.3))
        else:
            weight.assign(stream.normal(weight.shape, scale))


def weights(model):
    return [numbers(w) for w in model.weights]


def optimizer_state(optimizer):
    """Every variable of the optimizer under the name that Keras gives it."""
    return [{"path": v.path, "value": numbers(v)} for v in optimizer.variables]


def logs(values):
    return {name: float(value) for name, value in values.items()}


def by_steps(model, batches, keep=(1, 10)):
    """`train_on_batch` over batches of (x, y, sample_weight), the logs of each alone, the state after the kept steps."""
    steps, kept = [], {}
    for index, (x, y, weight) in enumerate(batches, 1):
        model.reset_metrics()
        steps.append(logs(model.train_on_batch(x, y, sample_weight=weight, return_dict=True)))
        if index in keep:
            kept[str(index)] = {"weights": weights(model), "optimizer": optimizer_state(model.optimizer)}
    return {"logs": steps, "after": kept}


def by_fit(model, x, y, **options):
    """`fit(shuffle=False)`: history and final weights."""
    history = model.fit(x, y, shuffle=False, verbose=0, **options).history
    return {"history": {k: [float(v) for v in vs] for k, vs in history.items()}, "weights": weights(model)}


def at_the_end(model, x, y, sample_weight=None, batch_size=32):
    """`evaluate` and `predict`."""
    found = model.evaluate(x, y, sample_weight=sample_weight, batch_size=batch_size, verbose=0, return_dict=True)
    return {"evaluate": logs(found), "predict": predictions(model, x, batch_size)}


def predictions(model, x, batch_size=32):
    found = model.predict(x, batch_size=batch_size, verbose=0)
    if isinstance(found, dict):
        return {name: np.asarray(p) for name, p in found.items()}
    return [np.asarray(p) for p in found] if isinstance(found, (list, tuple)) else np.asarray(found)


def require_benign(model, x, where):
    """Probabilities must stay off the clip at 1e-7, where fused and unfused cross-entropy part."""
    found = predictions(model, x)
    if found.min() < 1e-6 or found.max() > 1 - 1e-6:
        raise ValueError(f"{where}: probabilities reach [{found.min()}, {found.max()}]; draw smaller weights")


def compiled(model):
    """The arguments of `compile` as Keras saves them."""
    saved = model.get_compile_config()
    for engine_only in ("run_eagerly", "steps_per_execution", "jit_compile"):
        saved.pop(engine_only, None)
    return saved
