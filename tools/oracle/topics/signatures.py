"""What Keras's classes and methods take: the arguments of each and their defaults."""

import inspect

from backend import keras

FAMILIES = ["layers", "losses", "metrics", "optimizers", "optimizers.schedules", "initializers", "regularizers", "constraints", "callbacks"]
METHODS = ["compile", "fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "summary"]
NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def classes(family):
    """The public classes of a family, each under its own name alone, bases left out."""
    module = keras
    for part in family.split("."):
        module = getattr(module, part)
    found = {name: value for name, value in vars(module).items() if inspect.isclass(value)}
    return {name: value for name, value in sorted(found.items()) if value.__name__ == name}


def arguments(function):
    """`[name]` where it is required, else `[name, default]`; a default that is an object, as its class's name."""
    parameters = inspect.signature(function).parameters.values()
    return [described(p) for p in parameters if p.kind in NAMED and p.name != "self"]


def described(parameter):
    return [parameter.name] if parameter.default is parameter.empty else [parameter.name, readable(parameter.default)]


def readable(value):
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return [readable(v) for v in value] if isinstance(value, (list, tuple)) else type(value).__name__


def of_class(kind):
    """Its own arguments, then those that it hands to its bases by `**kwargs`."""
    found = {}
    for base in kind.__mro__:
        if "__init__" not in vars(base):
            continue
        for argument in arguments(base.__init__):
            found.setdefault(argument[0], argument)
        if not any(p.kind == p.VAR_KEYWORD for p in inspect.signature(base.__init__).parameters.values()):
            break
    return list(found.values())


def mode(kind):
    """What a layer's call takes `training` for where nobody says, if it says anything: Keras writes that into files."""
    parameter = inspect.signature(kind.call).parameters.get("training") if hasattr(kind, "call") else None
    return {} if parameter is None or not isinstance(parameter.default, bool) else {"training": parameter.default}


def cases(_seed):
    for family in FAMILIES:
        for name, kind in classes(family).items():
            yield {"name": name, "family": family, "arguments": of_class(kind), **(mode(kind) if family == "layers" else {})}
    for method in METHODS:
        yield {"name": method, "family": "model", "arguments": arguments(getattr(keras.Model, method))}
