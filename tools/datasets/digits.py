"""Writes ts/datasets/digits-data.ts: the UCI handwritten digits, as scikit-learn carries them.

Run from the root of the repository: `pip install scikit-learn && python tools/datasets/digits.py`.
"""

import base64
import pathlib
import textwrap
import zlib

from sklearn.datasets import load_digits

HEADER = '''/**
 * 1,797 images of 8×8 handwritten digits: 64 pixels (0 to 16) an image, row-major, then one label (0 to 9) an image;
 * one byte each, deflated, in base64. Written by tools/datasets/digits.py; do not edit.
 *
 * Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998,
 * https://doi.org/10.24432/C50P49; its test set, as scikit-learn's `load_digits` carries it.
 * Licence: Creative Commons Attribution 4.0 International (CC BY 4.0).
 */
'''


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
    return packer.compress(data) + packer.flush()


def main() -> None:
    digits = load_digits()
    pixels = digits.data.astype("uint8")
    labels = digits.target.astype("uint8")
    assert (pixels == digits.data).all() and pixels.shape == (1797, 64) and pixels.max() == 16
    packed = base64.b64encode(deflate(pixels.tobytes() + labels.tobytes())).decode()
    lines = "\n".join(textwrap.wrap(packed, 116))
    target = pathlib.Path("ts/datasets/digits-data.ts")
    target.write_text(f"{HEADER}export const packedDigits = `\n{lines}\n`\n", encoding="utf-8")
    print(f"{target}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
