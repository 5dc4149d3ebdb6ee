"""Where do two folders of fixtures part? `python tools/oracle/compare.py A B [topic …]` prints the worst relative difference of each file.

Meant for `KERAS_BACKEND=jax python tools/oracle/generate.py --out DIR`: a number that two engines give alike in
float64 has met no float32 on its way. A case that one of them drew anew is another one there, and is left out. With `--record`
the worst difference, and over how many cases, is written into the head of each file of the first folder, where a test reads it;
whoever generates that file anew compares anew.
"""

import argparse
import json
import pathlib


def differences(one, two, path=""):
    """(relative difference, path) of every pair of numbers, and infinity where the structure differs."""
    if isinstance(one, dict) and isinstance(two, dict):
        for key in one.keys() | two.keys():
            if not engine_specific(key):
                yield from differences(one.get(key), two.get(key), f"{path}.{key}")
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        for index, (a, b) in enumerate(zip(one, two)):
            yield from differences(a, b, f"{path}[{index}]")
    elif is_number(one) and is_number(two):
        yield abs(one - two) / max(1e-3, abs(one), abs(two)), path
    elif one != two:
        yield float("inf"), f"{path}: {str(one)[:60]} against {str(two)[:60]}"


def engine_specific(key):
    return key in ("module", "registered_name", "torch", "jax")


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs=2, type=pathlib.Path)
    parser.add_argument("files", nargs="*", help="names without .json (default: those in both folders)")
    parser.add_argument("--worse-than", type=float, default=1e-12, help="list the cases above this difference")
    parser.add_argument("--record", action="store_true", help="write what was found into the first folder's files")
    chosen = parser.parse_args()
    one, two = chosen.folders
    for name in chosen.files or sorted(p.stem for p in one.glob("*.json") if (two / p.name).exists()):
        first, second = (json.loads((folder / f"{name}.json").read_text()) for folder in (one, two))
        worst, compared = compare(name, first, second, chosen.worse_than)
        if chosen.record:
            record(one / f"{name}.json", {"jax": second["jax"], "worst": float(f"{worst:.2g}"), "cases": compared})


def compare(name, one, two, threshold):
    worst = {}
    for index, (a, b) in enumerate(zip(one["cases"], two["cases"], strict=True)):
        if a.get("attempt") != b.get("attempt"):
            continue
        difference, path = max(differences(a, b), default=(0.0, ""))
        worst[a.get("name", index)] = (difference, path)
    most = max(difference for difference, _ in worst.values())
    print(f"{name}: worst {most:.2g} over {len(worst)} of {len(one['cases'])} cases")
    for case, (difference, path) in worst.items():
        if difference > threshold:
            print(f"  {case}: {difference:.2g} at {path}")
    return most, len(worst)


def record(path, found):
    """Puts `second` into the head of a file and leaves its cases as they are written."""
    _, cases = path.read_text().split('"cases":[\n', 1)
    head = json.loads(path.read_text()) | {"second": found}
    del head["cases"]
    path.write_text(json.dumps(head, separators=(",", ":"))[:-1] + ',"cases":[\n' + cases)


if __name__ == "__main__":
    main()
