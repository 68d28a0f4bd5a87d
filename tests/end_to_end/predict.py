#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""A network learns from a folder of images and says of image files what they show.

Each function test_* is one CTest test. Exit code: 0 as promised, 1 not (or a tool failed).
"""

import argparse
import gzip
import json
import math
import os
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
from fused_gradients import run
from images import write_png

SIDE, TRAIN, TEST = 28, 3000, 500


def mnist(name, header, count, size):
    with gzip.open(os.path.join(ROOT, "datasets", "mnist", name + "-ubyte.gz")) as file:
        data = file.read(header + count * size)[header:]
    return [data[i * size:(i + 1) * size] for i in range(count)]


def write_folder(folder):
    """The first digits of MNIST as train/CLASS/*.png, test/CLASS/*.png; the paths of the latter
    and their labels."""
    tested = []
    for part, prefix, count in (("train", "train", TRAIN), ("test", "t10k", TEST)):
        images = mnist(f"{prefix}-images-idx3", 16, count, SIDE * SIDE)
        labels = [label[0] for label in mnist(f"{prefix}-labels-idx1", 8, count, 1)]
        for number, (image, label) in enumerate(zip(images, labels)):
            path = os.path.join(folder, part, str(label), f"{number:05}.png")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            write_png(path, SIDE, SIDE, image)
            if part == "test":
                tested.append((path, label))
    return tested


def test_predicts_what_evaluation_counts(fgc, fgrun, folder):
    tested = write_folder(os.path.join(folder, "digits"))
    data = "images:" + os.path.join(folder, "digits")
    artifact, out = os.path.join(folder, "digits.fgb"), os.path.join(folder, "run")
    # A batch that divides neither number of images.
    run(fgc, os.path.join(ROOT, "samples", "mlp", "mlp.fg"), "--rule", "bp", "--batch", "96",
        "-o", artifact)
    run(fgrun, "train", artifact, "--data", data, "--out", out, "--epochs", "6", "--quiet")
    parameters = os.path.join(out, "last.safetensors")
    evaluated = json.loads(run(fgrun, "eval", artifact, "--params", parameters, "--data", data,
                               "--json"))
    predicted = json.loads(run(fgrun, "predict", artifact, "--params", parameters, "--json",
                               *[path for path, _ in tested]))
    if [p["image"] for p in predicted] != [path for path, _ in tested]:
        sys.exit("the predictions are not those of the images, in their order")
    errors = sum(p["index"] != label for p, (_, label) in zip(predicted, tested))
    loss = -sum(math.log(p["probabilities"][label])
                for p, (_, label) in zip(predicted, tested)) / TEST
    print(f"error {100 * errors / TEST} %, loss {loss}; evaluation says {evaluated}")
    if evaluated["count"] != TEST or not math.isclose(evaluated["error"], 100 * errors / TEST):
        sys.exit("predictions and evaluation differ")
    if not math.isclose(evaluated["loss"], loss, rel_tol=1e-4):
        sys.exit("the probabilities are not those of the loss")
    if evaluated["error"] > 50:
        sys.exit("it learned hardly anything")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fgc", required=True)
    parser.add_argument("--fgrun", required=True)
    parser.add_argument("test")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="foregrad-") as folder:
        globals()["test_" + arguments.test](arguments.fgc, arguments.fgrun, folder)


if __name__ == "__main__":
    main()
