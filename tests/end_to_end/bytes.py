#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""What trains and evaluates takes an image's bytes: the numbers are those of floating images.

Each function test_* is one CTest test. Exit code: 0 as promised, 1 not (or a tool failed).
"""

import argparse
import array
import json
import math
import os
import random
import struct
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import safetensors
from fused_gradients import run

SIDE, CLASSES, BATCH = 8, 10, 16
PIXELS = SIDE * SIDE
SAMPLE = ["-D", f"height={SIDE}", "-D", f"width={SIDE}", "-D", "colors=1", "-D", "mean=0.3",
          "-D", "std=0.2", "-D", "patches=2", "-D", "channels=16", "-D", "groups=4",
          "-D", "depth=1"]
ELEMENT_BYTES = {"F32": 4, "F64": 8, "U8": 1, "I32": 4, "U64": 8}


class Programs:
    def __init__(self, arguments, folder):
        self.fgc, self.fgrun, self.folder = arguments.fgc, arguments.fgrun, folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def compile(self, name, *options):
        artifact = self.path(name)
        run(self.fgc, os.path.join(ROOT, "samples", "localmixer", "localmixer.fg"), "-o", artifact,
            *SAMPLE, *options)
        return artifact


def write_images(folder, images, labels):
    """The same samples to train and to test on, as MNIST's files."""
    os.makedirs(folder)
    for part in ("train", "t10k"):
        with open(os.path.join(folder, f"{part}-images-idx3-ubyte"), "wb") as file:
            file.write(struct.pack(">4I", 0x803, len(labels), SIDE, SIDE) + images)
        with open(os.path.join(folder, f"{part}-labels-idx1-ubyte"), "wb") as file:
            file.write(struct.pack(">2I", 0x801, len(labels)) + labels)


def test_same_numbers(programs):
    # Several tiles, of which each asks for its bytes, and a smaller one.
    artifact = programs.compile("numbers.fgb", "--precision", "f64", "--rule", "bp",
                                "--batch", str(BATCH), "--tile", "5")
    draw = random.Random(3)
    # Every byte occurs.
    images = bytes(i % 256 for i in range(BATCH * PIXELS))
    labels = bytes(draw.randrange(CLASSES) for _ in range(BATCH))
    write_images(programs.path("data"), images, labels)
    numbers = {
        "image": safetensors.Tensor("F64", (BATCH, SIDE, SIDE),
                                    array.array("d", (byte / 255 for byte in images))),
        "label": safetensors.Tensor("I32", (BATCH,), array.array("i", list(labels))),
    }

    def loss_of_numbers(parameters):
        inputs, output = programs.path("inputs.safetensors"), programs.path("out.safetensors")
        safetensors.save(inputs, {**numbers, **parameters})
        run(programs.fgrun, "grad", artifact, "--inputs", inputs, "--out", output)
        return safetensors.load(output)["loss"].values[0]

    data = "mnist:" + programs.path("data")
    for epochs in (1, 2):
        run(programs.fgrun, "train", artifact, "--data", data, "--out", programs.path(f"run{epochs}"),
            "--epochs", str(epochs), "--rate", "0.5", "--quiet")
    with open(programs.path("run2/metrics.jsonl"), encoding="utf-8") as file:
        first, second = (json.loads(line)["train_loss"] for line in file)
    after_first = programs.path("run1/last.safetensors")
    evaluated = json.loads(run(programs.fgrun, "eval", artifact, "--params", after_first,
                               "--data", data, "--json"))["loss"]
    expected = loss_of_numbers(safetensors.load(after_first))
    for what, found in (("step", second), ("evaluation", evaluated)):
        print(f"{what}: loss {found!r} of bytes, {expected!r} of numbers")
        if not math.isclose(found, expected, rel_tol=1e-13):
            sys.exit(f"{what}: the losses differ")
    if first == second:
        sys.exit("the first step changed nothing")


def planned_bytes(programs, artifact, entry_name):
    described = json.loads(run(programs.fgrun, "inspect", artifact, "--json"))
    entry = next(entry for entry in described["entries"] if entry["name"] == entry_name)
    tensors = {tensor["name"]: tensor for tensor in described["tensors"]}
    code = next(entry for entry in described["code"][0]["entries"] if entry["name"] == entry_name)
    return code["arena_bytes"] + sum(
        math.prod(tensors[binding["tensor"]]["shape"])
        * ELEMENT_BYTES[tensors[binding["tensor"]]["dtype"]] for binding in entry["bindings"]
        if tensors[binding["tensor"]]["dtype"] != "U8")  # which is fetched


def test_memory_does_not_grow_with_the_batch(programs):
    # Both batches are several tiles.
    sizes = {batch: programs.compile(f"batch-{batch}.fgb", "--rule", "lg-fg-a", "--batch",
                                     str(batch), "--tile", str(BATCH // 4))
             for batch in (BATCH, 4 * BATCH)}
    # Of a sample: its label and its row of the logits, and for `eval` its loss.
    for entry, of_sample in (("step", 4 + 4 * CLASSES), ("eval", 4 + 4 * CLASSES + 4)):
        small, large = (planned_bytes(programs, artifact, entry) for artifact in sizes.values())
        print(f"{entry}: {small} and {large} bytes at batch {BATCH} and {4 * BATCH}")
        if large - small != 3 * BATCH * of_sample:
            sys.exit(f"{entry}: expected {3 * BATCH * of_sample} bytes more, "
                     f"found {large - small}")
    # And what the runtime allocates, in its own words; all arrays here are whole cache lines.
    small, large = (json.loads(run(programs.fgrun, "bench", artifact, "--steps", "1", "--json"))
                    ["peak_bytes_planned"] for artifact in sizes.values())
    if large - small != 3 * BATCH * (4 + 4 * CLASSES):
        sys.exit(f"expected {3 * BATCH * (4 + 4 * CLASSES)} bytes more allocated, "
                 f"found {large - small}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fgc", required=True)
    parser.add_argument("--fgrun", required=True)
    parser.add_argument("test")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="foregrad-bytes-") as folder:
        globals()["test_" + arguments.test](Programs(arguments, folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
