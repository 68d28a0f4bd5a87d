#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""Checks the variance of forward gradients against the formula of the paper's Table 1.

On one linear layer of p x q weights without norm, whose relu is open for all samples (inputs and
weights are positive), the formula holds exactly. Every step draws N samples from a small set and
its own perturbation. With G_n the gradient of sample n (from the formula, not from the compiler),
S = |mean G|^2 and V = mean |G|^2 - S, the mean of |estimate - mean G|^2 over all steps must be

  activities  r/N V + (r-1)/N S      r for d = q
  weights     r/N V + (r-1) S        r for d = p q

where r is the second moment of an estimate of K directions beside the exact gradient's:

  gaussian    1 + (d+1)/K            for K = 1: (q+2)/N V + (q+1)/N S and (pq+2)/N V + (pq+1) S
  rademacher  1 + (d-1)/K
  orthogonal  d/K                    for K up to d

within 10 %. The mean of all estimates must be the exact gradient: its square error, times the
number of steps, is the variance again, within the spread that so few elements leave.
Exit code: 0 all hold, 1 not.
"""

import argparse
import array
import math
import os
import random
import statistics
import sys
import tempfile

import models
import safetensors

INPUTS, UNITS, CLASSES = 3, 4, 3
BATCH = 4
SAMPLES = 6
SEED = 20230501
TOLERANCE = 0.1
# Of the measured variance, relative: a formula that is a quarter off is noticed.
LARGEST_ERROR = 0.04
# The square error of the mean, in variances of the mean. Its own spread is sqrt(2 / elements).
LARGEST_BIAS = 2.5

MODEL = f"""
model Variance {{
  input image : f32[pixel = {INPUTS}]
  label class : {CLASSES}
  block block0 {{
    x = layer: relu(linear(image, pixel -> unit = {UNITS}, bias = false))
    loss squared_error(head: linear(x, unit -> class), class)
  }}
  predict readout: linear(x, unit -> class) loss squared_error
}}
"""


def second_moment(law, size, directions):
    """E |estimate|^2 / |gradient|^2 of one gradient of `size` elements."""
    if law == "gaussian":
        return 1.0 + (size + 1) / directions
    if law == "rademacher":
        return 1.0 + (size - 1) / directions
    return size / directions


def tensor(shape, values, dtype="F64"):
    return safetensors.Tensor(dtype, shape, array.array(safetensors.TYPE_CODES[dtype], values))


class Problem:
    """The set of samples, the parameters, and the exact gradient of each sample. With `levels`,
    images are whole multiples of 1 / levels."""

    def __init__(self, generator, classes=CLASSES, levels=None):
        def uniform(count, low, high):
            return [generator.uniform(low, high) for _ in range(count)]

        self.images = [uniform(INPUTS, 0.2, 1.0) for _ in range(SAMPLES)]
        if levels:
            self.images = [[round(x * levels) / levels for x in image] for image in self.images]
        self.labels = [generator.randrange(classes) for _ in range(SAMPLES)]
        weight = uniform(INPUTS * UNITS, 0.1, 0.6)
        head, bias = uniform(UNITS * classes, -0.7, 0.7), uniform(classes, -0.3, 0.3)
        # Head and readout alike: rules with local losses and without have the same gradient.
        self.parameters = {"block0.layer.weight": tensor((INPUTS, UNITS), weight)}
        for name in ("block0.head", "readout"):
            self.parameters[name + ".weight"] = tensor((UNITS, classes), head)
            self.parameters[name + ".bias"] = tensor((classes,), bias)
        self.gradients = []
        for image, label in zip(self.images, self.labels):
            units = [sum(image[p] * weight[p * UNITS + q] for p in range(INPUTS))
                     for q in range(UNITS)]
            errors = [sum(units[q] * head[q * classes + c] for q in range(UNITS)) + bias[c] -
                      (c == label) for c in range(classes)]
            activity = [sum(head[q * classes + c] * errors[c] for c in range(classes))
                        for q in range(UNITS)]
            self.gradients.append([image[p] * activity[q]
                                   for p in range(INPUTS) for q in range(UNITS)])
        self.mean = [math.fsum(column) / SAMPLES for column in zip(*self.gradients)]
        self.square_of_mean = math.fsum(g * g for g in self.mean)
        self.spread = (math.fsum(g * g for row in self.gradients for g in row) / SAMPLES -
                       self.square_of_mean)

    def batches(self, generator, steps):
        """Inputs of so many steps: samples drawn with replacement."""
        chosen = [generator.randrange(SAMPLES) for _ in range(steps * BATCH)]
        return {
            "image": tensor((len(chosen), INPUTS), [x for n in chosen for x in self.images[n]]),
            "label": tensor((len(chosen),), [self.labels[n] for n in chosen], "I32"),
            **self.parameters,
        }

    def expected(self, perturbs, law, directions):
        """The variance that the formula gives."""
        if perturbs == "activities":
            moment = second_moment(law, UNITS, directions)
            return (moment * self.spread + (moment - 1.0) * self.square_of_mean) / BATCH
        moment = second_moment(law, INPUTS * UNITS, directions)
        return moment * (self.spread / BATCH + self.square_of_mean) - self.square_of_mean


def draw(arguments, problem, scratch):
    """The estimate of each step."""
    source = os.path.join(scratch, "variance.fg")
    artifact = os.path.join(scratch, "variance.fgb")
    with open(source, "w", encoding="utf-8") as file:
        file.write(MODEL)
    rule = f"{arguments.rule}:directions={arguments.directions},perturbation={arguments.law}"
    models.check_gradients.run([arguments.fgc, source, "-o", artifact, "--rule", rule, "--batch",
                                str(BATCH), "--precision", "f64", "--entries", "gradient,perturbation"])

    inputs = os.path.join(scratch, "inputs.safetensors")
    output = os.path.join(scratch, "output.safetensors")
    safetensors.save(inputs, problem.batches(random.Random(SEED), arguments.steps))
    models.check_gradients.run([arguments.fgrun, "grad", artifact, "--inputs", inputs, "--out",
                                output, "--threads", "1", "--seed", str(SEED), "--steps",
                                str(arguments.steps)])
    steps = safetensors.along_first_axis(safetensors.load(output))
    return [list(step["block0.layer.weight.grad"].values) for step in steps]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fgc", required=True)
    parser.add_argument("--fgrun", required=True)
    parser.add_argument("--rule", required=True)
    parser.add_argument("--perturbs", required=True, choices=("activities", "weights"))
    parser.add_argument("--law", required=True, choices=("gaussian", "rademacher", "orthogonal"))
    parser.add_argument("--directions", type=int, default=1)
    parser.add_argument("--steps", type=int, default=4000)
    arguments = parser.parse_args()

    problem = Problem(random.Random(SEED))
    with tempfile.TemporaryDirectory(prefix="foregrad-statistics-") as scratch:
        estimates = draw(arguments, problem, scratch)
    squares = [math.fsum((x - g) ** 2 for x, g in zip(row, problem.mean)) for row in estimates]
    measured = statistics.fmean(squares)
    error = statistics.stdev(squares) / math.sqrt(len(squares)) / measured
    expected = problem.expected(arguments.perturbs, arguments.law, arguments.directions)
    mean = [math.fsum(column) / len(estimates) for column in zip(*estimates)]
    bias = (math.fsum((m - g) ** 2 for m, g in zip(mean, problem.mean)) * len(estimates) /
            expected)

    results = [
        ("variance", abs(measured / expected - 1.0) < TOLERANCE and error < LARGEST_ERROR,
         f"{measured:.4g} +- {100 * error:.1f} %, the formula says {expected:.4g} "
         f"({100 * (measured / expected - 1):+.1f} %)"),
        ("mean", bias < LARGEST_BIAS, f"square error {bias:.2f} variances of the mean"),
    ]
    print(f"{arguments.rule} {arguments.law} {arguments.directions} direction(s): "
          f"{arguments.steps} steps of {BATCH} samples")
    for what, holds, text in results:
        print(f"  {'ok  ' if holds else 'FAIL'} {what}: {text}")
    return 0 if all(holds for _, holds, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
