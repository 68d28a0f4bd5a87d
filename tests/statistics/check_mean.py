#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""Checks that the mean of many forward-gradient steps tends to the exact gradient.

Draws many steps of a rule on the golden cases, all with other perturbations, and compares
with the golden gradient of the same loss in reverse mode. For each layer (weight and
bias together), with g the exact gradient, x_k the estimate of step k and m the mean of
all x_k:

  scale     <m, w> / <g, w> is 1 within 4 of its standard errors, which come from the spread
            over the steps and are below 0.3 %. w = g / variance weighs quiet elements
            most; the variance comes from pilot steps that are not used again.
  power     the same check fails for gradients that are 2 % too small or too large.
  decay     the mean square error of a mean of n steps falls by 4 from n to 4 n,
            within 4 standard errors (from the spread over disjoint groups of steps): there is no
            bias in any direction that stops the fall, and steps are independent.
  residual  sum over elements of (m - g)^2 / var(m) is not larger than for means of few
            steps, where a bias would be hidden by noise. (Elements are correlated,
            so the yardstick is the statistic's own spread, not chi square's.)

Heads and readout learn from exact gradients and must agree up to rounding. Exit code: 0 all
hold, 1 not.
"""

import argparse
import concurrent.futures
import math
import os
import statistics
import sys
import tempfile

import models
import safetensors

SEED = 20230501
DIRECTIONS = 512
PILOT_STEPS = 64
# Of each case; a multiple of the largest group. A step on the case without tokens to mix
# costs little more than the start of a process.
STEPS = {"mixer": 320, "mixer_single": 256}
GROUP = 16         # steps of a mean, against four times as many
LARGEST_ERROR = 0.003
SIGMAS = 4.0
WRONG_SCALES = (0.98, 1.02)
ROUNDING = 1e-4    # of f32, relative to a gradient's largest element
EXACT = ("head", "readout")


def layer_of(name):
    return name[:-len(".grad")].rsplit(".", 1)[0]


def is_zero(name):
    """Token biases: the norm takes away what they add; see tests/golden/README.md."""
    return name.endswith(".token.bias.grad")


def flatten(tensors, names):
    return [value for name in names for value in tensors[name].values]


def largest_of(values):
    return max((abs(value) for value in values), default=0.0)


def dot(a, b):
    return math.fsum(x * y for x, y in zip(a, b))


def mean_of(rows):
    return [math.fsum(column) / len(rows) for column in zip(*rows)]


def variances_of(rows):
    return [statistics.variance(column) for column in zip(*rows)]


def groups_of(rows, size):
    return [mean_of(rows[i:i + size]) for i in range(0, len(rows) - size + 1, size)]


def check_layer(exact, pilot, rows):
    """[(what, holds, text)] of one layer: `exact` is g, `rows` the x_k."""
    results = []
    variances = variances_of(pilot)
    floor = 1e-6 * max(variances)
    weights = [g / max(v, floor) for g, v in zip(exact, variances)]
    norm = dot(exact, weights)
    scales = [dot(row, weights) / norm for row in rows]
    scale = statistics.fmean(scales)
    error = statistics.stdev(scales) / math.sqrt(len(scales))

    def scale_holds(factor):
        return abs(factor * scale - 1.0) < SIGMAS * factor * error

    results.append(("scale", scale_holds(1.0) and error < LARGEST_ERROR,
                    f"{scale:.4f} +- {error:.4f}"))
    hidden = [f"{factor:g}" for factor in WRONG_SCALES if scale_holds(factor)]
    results.append(("power", not hidden,
                    f"does not notice a factor {' or '.join(hidden)}" if hidden
                    else f"notices factors {WRONG_SCALES[0]:g} and {WRONG_SCALES[1]:g}"))

    # Squares below are in units of an element's variance, so that all elements count.
    def square_errors(means):
        return [math.fsum((m - g) ** 2 / max(v, floor)
                          for m, g, v in zip(mean, exact, variances)) for mean in means]

    few, many = square_errors(groups_of(rows, GROUP)), square_errors(groups_of(rows, 4 * GROUP))
    ratio = statistics.fmean(few) / statistics.fmean(many)
    ratio_error = math.hypot(*(statistics.stdev(squares) / statistics.fmean(squares) /
                               math.sqrt(len(squares)) for squares in (few, many)))
    results.append(("decay", abs(math.log(ratio / 4.0)) < SIGMAS * ratio_error,
                    f"{ratio:.2f} (4 x/ {math.exp(ratio_error):.2f})"))

    # For an unbiased rule n * error(mean of n)^2 has one law for all n.
    residual = len(rows) * square_errors([mean_of(rows)])[0]
    usual = [GROUP * square for square in few]
    limit = statistics.fmean(usual) + SIGMAS * statistics.stdev(usual)
    results.append(("residual", residual < limit, f"{residual:.0f} (limit {limit:.0f})"))
    return results


def check_exact(golden, steps):
    """[(name, holds, text)] of what no perturbation may change."""
    results = []
    largest = {}
    for name, tensor in golden.items():
        if name.endswith(".grad"):
            layer = layer_of(name)
            largest[layer] = max(largest.get(layer, 0.0), largest_of(tensor.values))
    for name, tensor in golden.items():
        if not name.endswith(".grad"):
            continue
        if layer_of(name).split(".")[-1] not in EXACT and not is_zero(name):
            continue
        reference = [0.0] * len(tensor.values) if is_zero(name) else tensor.values
        difference = max(abs(a - b) for step in steps
                         for a, b in zip(step[name].values, reference))
        results.append((name, difference <= ROUNDING * largest[layer_of(name)],
                        f"off by {difference:.1e}"))
    return results


def draw(arguments, case, count, scratch):
    rule = f"{arguments.rule}:directions={DIRECTIONS},perturbation={arguments.law}"
    model = models.Model(arguments.fgc, arguments.fgrun, case,
                         os.path.join(scratch, case + ".fgb"), rule, "f32")

    def step(number):
        output = os.path.join(scratch, f"{case}-{number}.safetensors")
        tensors = model.step(output, "--seed", SEED, "--step", number)
        os.remove(output)
        return tensors

    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(step, range(count)))


def check_case(arguments, case, scratch):
    """The number of checks that failed."""
    golden = safetensors.load(models.golden_file(case, arguments.exact_rule))
    steps = draw(arguments, case, PILOT_STEPS + STEPS[case], scratch)
    layers = {}
    for name in golden:
        if name.endswith(".grad") and not is_zero(name):
            layers.setdefault(layer_of(name), []).append(name)

    failures = 0

    def report(what, holds, text):
        nonlocal failures
        failures += not holds
        print(f"  {'ok  ' if holds else 'FAIL'} {what}: {text}")

    print(f"{case} {arguments.rule} {arguments.law}: {STEPS[case]} steps of "
          f"{DIRECTIONS} directions")
    for row in check_exact(golden, steps[:8]):
        report(*row)
    for layer, names in layers.items():
        if layer.split(".")[-1] in EXACT:
            continue
        rows = [flatten(step, names) for step in steps]
        for what, holds, text in check_layer(flatten(golden, names), rows[:PILOT_STEPS],
                                             rows[PILOT_STEPS:]):
            report(f"{layer} {what}", holds, text)
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fgc", required=True)
    parser.add_argument("--fgrun", required=True)
    parser.add_argument("--rule", required=True)
    parser.add_argument("--exact-rule", required=True, help="the golden file to compare with")
    parser.add_argument("--law", required=True, choices=("gaussian", "rademacher"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="foregrad-statistics-") as scratch:
        failures = [check_case(arguments, case, scratch) for case in STEPS]
    return 1 if any(failures) else 0


if __name__ == "__main__":
    sys.exit(main())
