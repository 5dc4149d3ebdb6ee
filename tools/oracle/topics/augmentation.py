"""Layers of pictures: what they make of what was drawn, and ops on pictures."""

import numpy as np

from backend import fresh, keras
from stream import Stream

layers = keras.layers
READING = [
    {},
    {"fill_mode": "constant", "fill_value": 7.0},
    {"fill_mode": "wrap", "interpolation": "nearest"},
    {"fill_mode": "nearest"},
]
UNIT = {"value_range": (0, 1)}

# class, options
LAYERS = [
    *(("Resizing", {"height": h, "width": w, **more}) for h, w, more in [
        (3, 4, {}),
        (7, 2, {"interpolation": "nearest"}),
        (2, 3, {"antialias": True}),
        (2, 3, {"antialias": True, "interpolation": "bicubic"}),
        (3, 3, {"crop_to_aspect_ratio": True}),
        (6, 3, {"pad_to_aspect_ratio": True, "fill_value": 3.0}),
    ]),
    ("CenterCrop", {"height": 3, "width": 2}),
    ("CenterCrop", {"height": 7, "width": 3}),
    ("RandomCrop", {"height": 3, "width": 2}),
    *(("RandomFlip", {"mode": mode}) for mode in ("horizontal", "vertical", "horizontal_and_vertical")),
    *(("RandomRotation", {"factor": (-0.3, 0.4)} | more) for more in READING),
    *(("RandomTranslation", {"height_factor": (-0.9, 0.9), "width_factor": (-0.9, 0.9)} | more) for more in READING),
    *(("RandomZoom", {"height_factor": (-0.6, 0.8)} | more) for more in READING),
    ("RandomZoom", {"height_factor": 0.3, "width_factor": (0.1, 0.5)}),
    *(("RandomShear", {"x_factor": 0.5, "y_factor": (0.2, 0.9)} | more) for more in READING),
    ("RandomPerspective", {"scale": 0.7}),
    ("RandomPerspective", {"factor": 0.5, "interpolation": "nearest", "fill_value": 9.0}),
    *(("RandomBrightness", {"factor": 0.4} | more) for more in ({}, UNIT)),
    *(("RandomContrast", {"factor": (0.2, 0.9)} | more) for more in ({}, UNIT)),
    *(("RandomHue", {"factor": (0.1, 0.9)} | more) for more in ({}, UNIT)),
    *(("RandomSaturation", {"factor": (0.2, 0.8)} | more) for more in ({}, UNIT)),
    ("RandomColorDegeneration", {"factor": (0.2, 0.8)}),
    ("RandomGrayscale", {"factor": 0.5}),
    *(("RandomInvert", {"factor": 0.5} | more) for more in ({}, UNIT)),
    ("RandomSharpness", {"factor": (0.0, 1.0)}),
    *(("RandomPosterization", {"factor": (2, 6)} | more) for more in ({}, UNIT)),
    *(("Solarization", {"addition_factor": 0.3, "threshold_factor": (0.2, 0.8)} | more) for more in ({}, UNIT)),
    *(("AutoContrast", more) for more in ({}, UNIT)),
    *(("Equalization", more) for more in ({}, UNIT, {"bins": 16})),
    ("RandomErasing", {"factor": 0.9, "scale": (0.1, 0.6), "fill_value": (3.0, 500.0, 7.0)}),
    ("RandomGaussianBlur", {"factor": 0.7, "kernel_size": 5, "sigma": (0.3, 0.9)}),
    ("MixUp", {"alpha": 0.4}),
    ("CutMix", {}),
]

SHAPE = (3, 5, 4, 3)
# These are matrices of what else was drawn, or shapes.
DERIVED = ("rotation_matrix", "image_height", "image_width", "batch_size", "input_shape")


def drawn(name, transformation):
    """What was drawn, by name."""
    if isinstance(transformation, dict):
        return {key: value for key, value in transformation.items() if key not in DERIVED}
    if name == "RandomCrop":
        return {"top": np.asarray(int(transformation[0])), "left": np.asarray(int(transformation[1]))}
    return {"should_apply": transformation} if name == "RandomGrayscale" else {}


def case(seed, index, name, options):
    fresh()
    keras.utils.set_random_seed(seed + index)
    label = f"{name}-{index}"
    stream = Stream(seed, "augmentation", label)
    unit = np.asarray(stream.uniform(SHAPE)) * 0.5 + 0.5
    images = unit if options.get("value_range") == (0, 1) else np.round(unit * 255)
    layer = getattr(layers, name)(dtype="float64", **options)
    tensors = keras.ops.convert_to_tensor(images)
    transformation = layer.get_random_transformation(tensors, training=True)
    output = layer.transform_images(tensors, transformation, training=True)
    return {"name": label, "class_name": name, "options": options, "images": images, "drawn": drawn(name, transformation), "output": output}


# Of several changes, options, and by turns which of them.
SEVERAL = [
    *(("RandAugment", {"num_ops": 2, "factor": (0.1, 0.7)} | more, [k, (k + offset) % 11]) for k in range(11) for offset, more in ((3, {}), (5, UNIT))),
    ("RandAugment", {"num_ops": 5, "interpolation": "nearest"}, [1, 1, 6, 2, 9]),
    ("RandomColorJitter", {"brightness_factor": 0.4, "contrast_factor": 0.3, "saturation_factor": (0.2, 0.7), "hue_factor": 0.3}, []),
    ("RandomColorJitter", {"contrast_factor": (0.1, 0.5), "hue_factor": 0.2} | UNIT, []),
]
JITTER = ("random_brightness", "random_contrast", "random_saturation", "random_hue")


def several(seed, index, name, options, chosen):
    """Changes in which others are: what was drawn for each has its number before its name."""
    fresh()
    keras.utils.set_random_seed(seed + index)
    label = f"{name}-{index}"
    images = np.asarray(Stream(seed, "augmentation", label).uniform(SHAPE)) * 0.5 + 0.5
    images = images if options.get("value_range") == (0, 1) else np.round(images * 255)
    layer = getattr(layers, name)(dtype="float64", **options)
    tensors, found = keras.ops.convert_to_tensor(images), {}
    parts = [getattr(layer, part) for part in (JITTER if name == "RandomColorJitter" else layer._AUGMENT_LAYERS)]
    for i, part in enumerate(part for part in parts if part is not None):
        part.get_random_transformation = remembered(part, i, found)
        part.transform_images = of_a_copy(part.transform_images)
    transformation = layer.get_random_transformation(tensors, training=True)
    if chosen:
        transformation["layer_idxes"] = keras.ops.convert_to_tensor(chosen)
    output = layer.transform_images(tensors, transformation, training=True)
    told = {"layer_idxes": np.asarray(chosen)} if chosen else {}
    return {"name": label, "class_name": name, "options": options, "images": images, "drawn": told | found, "output": output}


def remembered(part, i, found):
    """Draws, and keeps what was drawn."""
    draw = part.get_random_transformation

    def drawing(*arguments, **options):
        transformation = draw(*arguments, **options)
        found.update({f"{i} {key}": value for key, value in drawn(type(part).__name__, transformation).items()})
        return transformation

    return drawing


def of_a_copy(transform):
    """On PyTorch some changes are made to what they were given (`images += …`, a matrix turned in place), also where they were not chosen."""

    def copied(value):
        return keras.ops.copy(value) if keras.ops.is_tensor(value) else value

    def transformed(images, transformation, *arguments, **options):
        of = {key: copied(value) for key, value in transformation.items()} if isinstance(transformation, dict) else transformation
        return transform(copied(images), of, *arguments, **options)

    return transformed


TURNED = [0.93, -0.21, 0.37, 0.17, 1.04, -0.43, 0, 0]
CORNERS = [[0.2, -0.1], [4.3, 0.15], [-0.25, 3.2], [4.1, 3.35]], [[0.6, 0.45], [3.7, 0.2], [0.1, 2.9], [4.4, 3.1]]

# op, shape, options, and what comes between pictures and options
OPS = [
    ("rgb_to_grayscale", (2, 3, 2, 3), {}),
    ("rgb_to_hsv", (2, 3, 2, 3), {}),
    ("hsv_to_rgb", (2, 3, 2, 3), {}),
    ("rgb_to_hsv", (3, 3, 2), {"data_format": "channels_first"}),
    ("extract_patches", (2, 6, 4, 2), {"size": 2}),
    ("extract_patches", (1, 5, 7, 2), {"size": (2, 3), "strides": (1, 2)}),
    ("extract_patches", (1, 5, 7, 2), {"size": 3, "strides": 2, "padding": "same"}),
    ("extract_patches", (1, 7, 7, 1), {"size": 2, "strides": 1, "dilation_rate": 2}),
    ("gaussian_blur", (2, 6, 5, 3), {"kernel_size": (3, 3), "sigma": (0.7, 1.3)}),
    ("resize", (2, 5, 4, 2), {"size": (3, 9)}),
    ("resize", (5, 4, 2), {"size": (10, 3), "interpolation": "nearest"}),
    ("resize", (2, 3, 5, 4), {"size": (2, 2), "antialias": True, "data_format": "channels_first"}),
    *(("affine_transform", (2, 4, 5, 2), {"fill_mode": mode, "fill_value": 3.0}, [[TURNED, TURNED]]) for mode in ("constant", "nearest", "wrap", "mirror", "reflect")),
    ("affine_transform", (2, 4, 5, 2), {"fill_mode": "mirror", "interpolation": "nearest"}, [[[1, 0, 6.2, 0, 1, -3.7, 0, 0], TURNED]]),
    ("affine_transform", (2, 4, 5), {"data_format": "channels_first"}, [TURNED]),
    ("perspective_transform", (1, 4, 5, 2), {"fill_value": 2.0}, [[one] for one in CORNERS]),
    ("perspective_transform", (4, 5, 2), {"interpolation": "nearest"}, list(CORNERS)),
]


def op_case(seed, index, op, shape, options, others=()):
    label = f"{op}-{index}"
    images = np.asarray(Stream(seed, "augmentation", label).uniform(shape)) * 0.5 + 0.5
    options = {"data_format": "channels_last"} | options
    others = [np.asarray(one, dtype="float64") for one in others]
    value = getattr(keras.ops.image, op)(*map(keras.ops.convert_to_tensor, [images, *others]), **options)
    row = {"name": label, "op": op, "options": options, "images": images, "output": value}
    return row | ({"others": others} if others else {})


def cases(seed):
    made = [case(seed, i, *row) for i, row in enumerate(LAYERS)]
    made += [several(seed, len(LAYERS) + i, *row) for i, row in enumerate(SEVERAL)]
    return {"augmentation": made, "image_ops": [op_case(seed, i, *row) for i, row in enumerate(OPS)]}
