#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""Compiles a sample fused and unfused and compares all gradients of one step.

    fused_gradients.py --fgc FGC --fgrun FGRUN --rule RULE SAMPLE [-D name=value]...
                       [--all-entries]

Both make their own perturbations from one seed. With --all-entries all is compiled that a model
has, or else only what the comparison takes. In f64 they must agree within 1e-9 of each
tensor's largest number. Exit code: 0 they do, 1 not (or a tool failed).
"""

import argparse
import array
import os
import random
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import safetensors

TOLERANCE = 1e-9
BATCH = 4


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"exit code {done.returncode} from: {' '.join(command)}\n{done.stdout}")
    return done.stdout


def random_inputs(height, width, classes):
    draw = random.Random(5)
    return {
        "image": safetensors.Tensor("U8", (BATCH, height, width, 1), array.array("B", (
            draw.randrange(256) for _ in range(BATCH * height * width)))),
        "label": safetensors.Tensor("I32", (BATCH,), array.array("i", (
            draw.randrange(classes) for _ in range(BATCH)))),
    }


def worst_difference(expected, found):
    """(relative error, name) of the tensor that agrees least."""
    if sorted(expected) != sorted(found):
        sys.exit(f"expected the tensors {sorted(expected)}, found {sorted(found)}")
    rows = []
    for name, tensor in expected.items():
        scale = max(max(abs(value) for value in tensor.values), 1e-6)
        difference = max(abs(a - b) for a, b in zip(tensor.values, found[name].values))
        # A comparison with NaN is false: it must not hide here.
        rows.append((difference / scale if difference == difference else float("inf"), name))
    return max(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fgc", required=True)
    parser.add_argument("--fgrun", required=True)
    parser.add_argument("--rule", required=True)
    parser.add_argument("sample", help="path below samples/")
    parser.add_argument("-D", action="append", default=[], metavar="name=value")
    parser.add_argument("--all-entries", action="store_true")
    arguments = parser.parse_args()
    entries = [] if arguments.all_entries else ["--entries", "gradient"]

    with tempfile.TemporaryDirectory(prefix="foregrad-fused-") as scratch:
        inputs = os.path.join(scratch, "inputs.safetensors")
        safetensors.save(inputs, random_inputs(8, 8, 10))
        results = []
        for options in ([], ["--no-fuse"]):
            artifact = os.path.join(scratch, "model.fgb")
            output = os.path.join(scratch, "gradients.safetensors")
            defines = [part for value in arguments.D for part in ("-D", value)]
            run(arguments.fgc, os.path.join(ROOT, "samples", arguments.sample), "-o", artifact,
                "--batch", str(BATCH), "--precision", "f64", "--rule", arguments.rule,
                "-D", "height=8", "-D", "width=8", *entries, *defines, *options)
            run(arguments.fgrun, "grad", artifact, "--inputs", inputs, "--out", output,
                "--seed", "3", "--step", "2")
            results.append(safetensors.load(output))
    error, name = worst_difference(*results)
    if not any(any(tensor.values) for key, tensor in results[0].items()
               if key.startswith("block0.") and key.endswith(".grad")):
        sys.exit("all gradients of the first block are zero: nothing was compared")
    print(f"{arguments.sample} {arguments.rule}: {len(results[0])} tensors, "
          f"worst {name}: relative error {error:.3e}")
    return 0 if error <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
