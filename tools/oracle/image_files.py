"""Has Pillow write small pictures of every kind, and TensorFlow and Keras tell what is in them and what they look like in other sizes.

    pip install -r tools/oracle/requirements-tensorflow.txt
    KERAS_BACKEND=tensorflow python tools/oracle/image_files.py

Writes __test__/fixtures/image-files: the pictures, `pictures.json` with the numbers of each, `sizes.json` with other sizes of two.
"""

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import tensorflow as tf
from keras.src.utils import image_utils
from keras.src.backend import tensorflow as backend
from PIL import Image

FILES = Path(__file__).resolve().parents[2] / "__test__/fixtures/image-files"


def scene(height, width, channels=3):
    """Slopes and waves, as photographs have: JPEG spoils noise."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [128 + 100 * np.sin((k + 1) * x / width * 2.7 + y / height * (2.1 - k)) for k in range(channels)]
    return np.stack(waves, axis=-1).round().astype("uint8")


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, depth, kind, rows, interlace=0):
    """What Pillow does not write: grey of two bits, colours of sixteen, interlaced ones."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlace)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def passes(picture):
    """The rows of Adam7's seven passes."""
    steps = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    return [row.tobytes() for top, left, down, across in steps for row in picture[top::down, left::across]]


def write_all():
    rgb, rgba, grey = scene(13, 17), scene(9, 12, 4), scene(17, 13, 1)[..., 0]
    Image.fromarray(rgb).save(FILES / "rgb.png")
    Image.fromarray(rgba).save(FILES / "rgba.png")
    Image.fromarray(grey).save(FILES / "grey.png")
    Image.fromarray(np.stack([grey, 255 - grey], -1), "LA").save(FILES / "grey-alpha.png")
    Image.fromarray(rgb).quantize(40).save(FILES / "palette.png")
    Image.fromarray(rgb).quantize(6).save(FILES / "palette-alpha.png", transparency=2)
    Image.fromarray(grey > 128).save(FILES / "one-bit.png")
    Image.fromarray((grey.astype("uint16") << 8) + 77).save(FILES / "grey-16.png")
    deep = (rgb[:5, :6].astype(">u2") << 8) + 200
    (FILES / "rgb-16.png").write_bytes(png(6, 5, 16, 2, [row.tobytes() for row in deep]))
    (FILES / "two-bits.png").write_bytes(png(8, 2, 2, 0, [b"\x1b\xe4", b"\xff\x00"]))
    frames = [Image.fromarray(np.roll(rgb[:8, :8], 3 * k, axis=0)) for k in range(3)]
    frames[0].save(FILES / "animated.png", save_all=True, append_images=frames[1:])
    Image.fromarray(rgb[:1, :1]).save(FILES / "one-pixel.png")
    Image.fromarray(rgb[:1, :1]).save(FILES / "one-pixel.jpg", quality=95)
    (FILES / "interlaced.png").write_bytes(png(17, 13, 8, 2, passes(rgb), interlace=1))
    big = scene(37, 50)
    for name, options in {
        "444": {"subsampling": 0},
        "420": {"subsampling": 2},
        "progressive": {"subsampling": 2, "progressive": True},
        "restarts": {"subsampling": 1, "restart_marker_blocks": 3},
    }.items():
        Image.fromarray(big).save(FILES / f"{name}.jpg", quality=92, **options)
    Image.fromarray(scene(21, 19, 1)[..., 0]).save(FILES / "grey.jpg", quality=92)
    Image.fromarray(big).convert("CMYK").save(FILES / "cmyk.jpg", quality=95)
    thumbnail = Image.fromarray(big[:16, :16])
    thumbnail.save(FILES / "thumbnail.jpg")
    exif = b"Exif\0\0" + b"II*\0\x08\0\0\0\0\0\0\0\0\0" + (FILES / "thumbnail.jpg").read_bytes()
    Image.fromarray(big).save(FILES / "thumbnail.jpg", quality=92, exif=exif)
    # Formats that are for others to decode.
    Image.fromarray(rgb).save(FILES / "foreign.webp", lossless=True)
    Image.fromarray(rgb).save(FILES / "foreign.gif")
    Image.fromarray(rgb).save(FILES / "foreign.bmp")
    (FILES / "bomb.png").write_bytes(png(100_000, 100_000, 8, 2, [b""]))


def decoded(path):
    """By TensorFlow, as Keras has it; JPEG by Pillow, since TensorFlow's cosine transform is a fast and rough one."""
    if path.suffix != ".png":
        return np.asarray(Image.open(path).convert("RGB"))
    bytes_ = tf.io.read_file(str(path))
    return tf.io.decode_image(bytes_, channels=3, expand_animations=False).numpy()


def told(array):
    return {"shape": list(array.shape), "data": array.ravel().tolist()}


def tell_all():
    paths = [path for path in sorted(FILES.iterdir()) if path.suffix != ".json" and path.stem != "bomb"]
    pictures = {path.name: told(decoded(path)) for path in paths}
    pictures["rgba.png as rgba"] = told(tf.io.decode_image((FILES / "rgba.png").read_bytes(), channels=4).numpy())
    pictures["rgb.png as grey"] = told(np.asarray(Image.open(FILES / "rgb.png").convert("L"))[..., None])
    pictures["444.jpg as grey"] = told(np.asarray(Image.open(FILES / "444.jpg").convert("L"))[..., None])
    return pictures


def padded(picture, size):
    """In the middle: TensorFlow's own `resize_with_pad` halves what is left before it rounds, and is a pixel off."""
    scale = min(wanted / own for wanted, own in zip(size, picture.shape))
    inner = [max(1, int(scale * own + 1e-9)) for own in picture.shape[:2]]
    top, left = [(wanted - own) // 2 for wanted, own in zip(size, inner)]
    return tf.image.pad_to_bounding_box(tf.image.resize(picture, inner, method="bilinear"), top, left, *size)


def sizes():
    cases = []
    picture = tf.io.decode_image((FILES / "rgb.png").read_bytes(), channels=3)

    def case(size, value, interpolation="bilinear", antialias=False, frame="stretch"):
        options = {"size": size, "interpolation": interpolation, "antialias": antialias, "frame": frame}
        cases.append({**options, "value": told(np.asarray(value).round(2))})

    for size in ((8, 8), (5, 30), (26, 11)):
        case(size, tf.image.resize(picture, size, method="nearest"), "nearest")
        for method in ("bilinear", "bicubic", "lanczos3", "mitchellcubic"):
            for antialias in (False, True):
                case(size, tf.image.resize(picture, size, method=method, antialias=antialias), method, antialias)
        format_ = {"data_format": "channels_last", "backend_module": backend}
        case(size, image_utils.smart_resize(picture, size, interpolation="bilinear", **format_), frame="crop")
        case(size, padded(picture, size), frame="pad")
    return cases


if __name__ == "__main__":
    FILES.mkdir(exist_ok=True)
    write_all()
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in tell_all().items()]
    (FILES / "pictures.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    (FILES / "sizes.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in sizes()) + "\n]\n")
