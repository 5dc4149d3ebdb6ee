"""Every optimizer with its options: twelve `apply` calls on two variables with given gradients."""

from backend import fresh, keras, numbers
from stream import Stream

optimizers, schedules = keras.optimizers, keras.optimizers.schedules
SHAPES = [("kernel", (3, 4)), ("bias", (4,))]
STEPS, KEEP = 12, (1, 2, 6, 12)
# Large and small gradients in turn, so that clipping sometimes binds and sometimes does not.
SCALES = [1.0, 0.1, 3.0, 0.3, 1.0, 0.01, 2.0, 1.0, 0.2, 5.0, 1.0, 0.5]

BASE = {
    "SGD": {"learning_rate": 0.1},
    "RMSprop": {"learning_rate": 0.02},
    "Adam": {"learning_rate": 0.05},
    "AdamW": {"learning_rate": 0.05},
    "Adagrad": {"learning_rate": 0.1},
    "Adadelta": {"learning_rate": 1.0},
    "Adamax": {"learning_rate": 0.05},
    "Nadam": {"learning_rate": 0.05},
    "Ftrl": {"learning_rate": 0.1},
    "Lion": {"learning_rate": 0.02},
    "Lamb": {"learning_rate": 0.05},
    "Adafactor": {"learning_rate": 0.05},
}

COMMON = {
    "plain": {},
    "weight_decay": {"weight_decay": 0.02},
    "clipnorm": {"clipnorm": 1.0},
    "clipvalue": {"clipvalue": 0.4},
    "global_clipnorm": {"global_clipnorm": 1.5},
    "ema": {"use_ema": True, "ema_momentum": 0.9},
    "ema-overwrite": {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 3},
    "accumulation": {"gradient_accumulation_steps": 3},
    "loss_scale": {"loss_scale_factor": 4.0},
    "schedule": {"learning_rate": lambda: schedules.ExponentialDecay(0.1, decay_steps=4, decay_rate=0.5)},
    "schedule-accumulation": {
        "learning_rate": lambda: schedules.PiecewiseConstantDecay([3, 7], [0.1, 0.05, 0.01]),
        "gradient_accumulation_steps": 2,
    },
    "everything": {
        "weight_decay": 0.01,
        "clipnorm": 0.8,
        "use_ema": True,
        "ema_momentum": 0.7,
        "ema_overwrite_frequency": 4,
        "gradient_accumulation_steps": 2,
    },
}

# What an optimizer has of its own.
OWN = {
    "SGD": {
        "momentum": {"momentum": 0.9},
        "nesterov": {"momentum": 0.9, "nesterov": True},
        "nesterov-weight_decay-clipvalue": {"momentum": 0.7, "nesterov": True, "weight_decay": 0.05, "clipvalue": 0.5},
        "momentum-accumulation": {"momentum": 0.8, "gradient_accumulation_steps": 4},
        "momentum-cosine": {"momentum": 0.8, "learning_rate": lambda: schedules.CosineDecay(0.0, 8, warmup_target=0.1, warmup_steps=3)},
    },
    "RMSprop": {
        "rho-epsilon": {"rho": 0.7, "epsilon": 1e-3},
        "momentum": {"momentum": 0.6},
        "centered": {"centered": True},
        "centered-momentum": {"centered": True, "momentum": 0.5, "rho": 0.8},
    },
    "Adam": {
        "betas": {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3},
        "amsgrad": {"amsgrad": True, "beta_2": 0.6},
        "amsgrad-accumulation": {"amsgrad": True, "beta_2": 0.6, "gradient_accumulation_steps": 3},
        "beta_1-zero": {"beta_1": 0.0},
    },
    "AdamW": {
        "large-decay": {"weight_decay": 0.3},
        "amsgrad": {"amsgrad": True, "beta_2": 0.6},
        "betas-schedule": {"beta_1": 0.8, "beta_2": 0.95, "learning_rate": lambda: schedules.InverseTimeDecay(0.1, 3, 0.5)},
    },
    "Adagrad": {"accumulator-epsilon": {"initial_accumulator_value": 0.5, "epsilon": 1e-2}},
    "Adadelta": {"rho-epsilon": {"rho": 0.8, "epsilon": 1e-4}},
    "Adamax": {"betas": {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3}},
    "Nadam": {"betas": {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3}},
    "Ftrl": {
        "l1": {"l1_regularization_strength": 0.2},
        "l2": {"l2_regularization_strength": 0.1},
        "shrinkage": {"l2_shrinkage_regularization_strength": 0.1},
        "power-beta": {"learning_rate_power": -0.7, "beta": 0.3, "initial_accumulator_value": 0.2},
        "all": {
            "l1_regularization_strength": 0.05,
            "l2_regularization_strength": 0.1,
            "l2_shrinkage_regularization_strength": 0.02,
            "beta": 0.1,
        },
    },
    "Lion": {"betas": {"beta_1": 0.5, "beta_2": 0.7}},
    "Lamb": {"betas": {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-3}},
    "Adafactor": {
        "absolute-step": {"relative_step": False},
        "beta_2_decay-epsilons": {"beta_2_decay": -0.5, "epsilon_1": 1e-6, "epsilon_2": 0.1},
        "clip_threshold": {"clip_threshold": 0.3},
    },
}


def given(seed):
    """Initial values and gradients, common to all cases."""
    stream = Stream(seed, "optimizers")
    return {
        "variables": [{"name": name, "shape": shape, "initial": stream.normal(shape)} for name, shape in SHAPES],
        "gradients": [[stream.normal(shape, scale) for _, shape in SHAPES] for scale in SCALES],
        "steps_kept": KEEP,
    }


def make(class_name, options):
    """The optimizer; options given as functions are made afresh."""
    options = {k: v() if callable(v) else v for k, v in options.items()}
    return getattr(optimizers, class_name)(**options)


def run(seed, class_name, variant, options, missing=(), excluded=()):
    """Apply all gradients; `missing` lists (step, variable) whose gradient is absent."""
    fresh()
    common = given(seed)
    variables = [keras.Variable(v["initial"], dtype="float64", name=v["name"]) for v in common["variables"]]
    optimizer = make(class_name, BASE[class_name] | options)
    case = {"name": f"{class_name}-{variant}", "optimizer": optimizers.serialize(optimizer)}
    if excluded:
        optimizer.exclude_from_weight_decay(var_names=list(excluded))
        case["exclude_from_weight_decay"] = list(excluded)
    if missing:
        case["missing"] = [list(pair) for pair in missing]
    case["after"] = {}
    rates = []
    for step, gradients in enumerate(common["gradients"], 1):
        optimizer.build(variables)
        rates.append(float(numbers(optimizer.learning_rate)))
        tensors = [None if (step, i) in missing else keras.ops.convert_to_tensor(g) for i, g in enumerate(gradients)]
        optimizer.apply(tensors, variables)
        if step in KEEP:
            case["after"][str(step)] = [numbers(v).copy() for v in variables]
    case["learning_rates"] = rates
    case["state"] = [{"path": v.path, "value": numbers(v).copy()} for v in optimizer.variables]
    if options.get("use_ema"):
        optimizer.finalize_variable_values(variables)
        case["finalized"] = [numbers(v).copy() for v in variables]
    return case


def shared(seed):
    return given(seed)


def cases(seed):
    for class_name in BASE:
        for variant, options in (COMMON | OWN.get(class_name, {})).items():
            yield run(seed, class_name, variant, options)
    for class_name in ("SGD", "Adam", "RMSprop"):
        yield run(seed, class_name, "missing-gradient", {}, missing=((3, 1), (4, 1), (9, 0)))
    for class_name in ("SGD", "AdamW", "Lamb"):
        yield run(seed, class_name, "excluded-decay", {"weight_decay": 0.1}, excluded=("bias",))
