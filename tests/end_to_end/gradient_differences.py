#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""Compares the gradients of compiled backpropagation with finite differences of its loss.

    gradient_differences.py --fgc FGC --fgrun FGRUN SAMPLE [-D name=value]...

For each parameter that the prediction depends on: the gradient times a random direction, beside
the central difference of the loss along it, in f64. They must agree within 1e-6 of the larger
one. Exit code: 0 they do, 1 not (or a tool failed).
"""

import argparse
import array
import os
import random
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import safetensors
from fused_gradients import BATCH, random_inputs, run

TOLERANCE = 1e-6
# Small, since a unit at the kink of its ReLU spoils the difference; rounding leaves 1e-9 of it.
STEP = 1e-6


class Model:
    """A sample compiled with bp, and the folder that its runs write to."""

    def __init__(self, arguments, scratch):
        self.fgrun = arguments.fgrun
        self.scratch = scratch
        self.artifact = os.path.join(scratch, "model.fgb")
        defines = [part for value in arguments.D for part in ("-D", value)]
        run(arguments.fgc, os.path.join(ROOT, "samples", arguments.sample), "-o", self.artifact,
            "--batch", str(BATCH), "--precision", "f64", "--rule", "bp",
            "--entries", "gradient", "-D", "height=8", "-D", "width=8", *defines)

    def gradients(self, tensors):
        inputs = os.path.join(self.scratch, "inputs.safetensors")
        output = os.path.join(self.scratch, "gradients.safetensors")
        safetensors.save(inputs, tensors)
        run(self.fgrun, "grad", self.artifact, "--inputs", inputs, "--out", output)
        return safetensors.load(output)


def loss_of(results):
    return results["loss"].values[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fgc", required=True)
    parser.add_argument("--fgrun", required=True)
    parser.add_argument("sample", help="path below samples/")
    parser.add_argument("-D", action="append", default=[], metavar="name=value")
    arguments = parser.parse_args()

    draw = random.Random(7)
    with tempfile.TemporaryDirectory(prefix="foregrad-differences-") as scratch:
        model = Model(arguments, scratch)
        data = random_inputs(8, 8, 10)
        # Shapes are those of the gradients; readouts start at zero, so all get numbers here.
        shapes = {name.removesuffix(".grad"): tensor.shape
                  for name, tensor in model.gradients(data).items() if name.endswith(".grad")}
        parameters = {}
        for name, shape in shapes.items():
            count = 1
            for size in shape:
                count *= size
            parameters[name] = safetensors.Tensor("F64", shape, array.array("d", (
                draw.gauss(0, 0.3) for _ in range(count))))
        exact = model.gradients({**data, **parameters})
        worst, compared = 0.0, 0
        for name, tensor in parameters.items():
            gradient = exact[name + ".grad"].values
            # Local heads: the prediction's loss does not depend on them.
            if not any(gradient):
                continue
            direction = [draw.gauss(0, 1) for _ in gradient]
            losses = []
            for step in (STEP, -STEP):
                moved = array.array("d", (value + step * along for value, along
                                          in zip(tensor.values, direction)))
                losses.append(loss_of(model.gradients(
                    {**data, **parameters, name: tensor._replace(values=moved)})))
            difference = (losses[0] - losses[1]) / (2 * STEP)
            product = sum(a * b for a, b in zip(gradient, direction))
            error = abs(difference - product) / max(abs(difference), abs(product), 1e-3)
            print(f"{name}: gradient {product:.9f}, difference {difference:.9f}, "
                  f"relative error {error:.1e}")
            worst, compared = max(worst, error), compared + 1
        if compared < 4:
            sys.exit(f"only {compared} parameters have a gradient: nothing was compared")
        print(f"{arguments.sample}: {compared} parameters, worst relative error {worst:.1e}")
        return 0 if worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
