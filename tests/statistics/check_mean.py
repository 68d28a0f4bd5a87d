#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""Checks that the mean of many forward-gradient steps tends to the exact gradient.

Draws many steps of a rule on the golden cases, all with other perturbations, and compares
with the golden gradient of the same loss in reverse mode. (With --one-group, where a norm
that runs over several groups makes a rule inexact, the case has one group, and its exact gradient
comes from the compiled --exact-rule in f64.) For each layer (weight and bias together), with g
the exact gradient, x_k the estimate of step k and m the mean of all x_k:

  scale     <m, w> / <g, w> is 1 within 4 of its standard errors, which come from the spread
            over the steps and are below --largest-error. w = g / variance weighs quiet elements
            most; the variance comes from pilot steps that are not used again.
  power     the same check fails for gradients that are too small or too large by 6.7 times
            --largest-error (for the default of 0.3 %: by 2 %).
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
import math
import os
import statistics
import sys
import tempfile

import models
import safetensors

SEED = 20230501
PILOT_STEPS = 64
# Of each case, by default; multiples of the largest group.
STEPS = {"mixer": 320, "mixer_single": 256}
GROUP = 16         # steps of a mean, against four times as many
SIGMAS = 4.0
POWER = 20 / 3     # of the largest standard error: what must be noticed
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


def check_layer(exact, pilot, rows, largest_error):
    """[(what, holds, text)] of one layer: `exact` is g, `rows` the x_k."""
    wrong_scales = (1.0 - POWER * largest_error, 1.0 + POWER * largest_error)
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

    results.append(("scale", scale_holds(1.0) and error < largest_error,
                    f"{scale:.4f} +- {error:.4f}"))
    hidden = [f"{factor:g}" for factor in wrong_scales if scale_holds(factor)]
    results.append(("power", not hidden,
                    f"does not notice a factor {' or '.join(hidden)}" if hidden
                    else f"notices factors {wrong_scales[0]:g} and {wrong_scales[1]:g}"))

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


def compile_case(arguments, case, scratch, name, rule, precision):
    options = ("-D", "groups=1") if arguments.one_group else ()
    model = models.Model(arguments.fgc, arguments.fgrun, case,
                         os.path.join(scratch, f"{case}-{name}.fgb"), rule, precision, options)
    if arguments.one_group:
        # The case's parameters have another shape: they start as the seed says.
        model.inputs = os.path.join(scratch, case + "-inputs.safetensors")
        inputs = safetensors.load(models.golden_file(case, "inputs"))
        safetensors.save(model.inputs, {key: inputs[key] for key in ("image", "label")})
    return model


def exact_gradient(arguments, case, scratch):
    if not arguments.one_group:
        return safetensors.load(models.golden_file(case, arguments.exact_rule))
    model = compile_case(arguments, case, scratch, "exact", arguments.exact_rule, "f64")
    return model.step(os.path.join(scratch, "exact.safetensors"), "--seed", SEED, "--step", 0)


def draw(arguments, case, count, scratch):
    rule = (f"{arguments.rule}:directions={arguments.directions},"
            f"perturbation={arguments.law}")
    model = compile_case(arguments, case, scratch, "estimate", rule, "f32")
    return safetensors.along_first_axis(
        model.step(os.path.join(scratch, case + ".safetensors"), "--seed", SEED, "--steps", count))


def check_case(arguments, case, scratch):
    """The number of checks that failed."""
    golden = exact_gradient(arguments, case, scratch)
    if not arguments.one_group:
        # Local heads learn under forward rules even where the exact rule leaves them out.
        own = safetensors.load(models.golden_file(case, arguments.rule))
        golden.update({name: tensor for name, tensor in own.items()
                       if name.endswith(".grad") and layer_of(name).split(".")[-1] in EXACT})
    count = arguments.steps or STEPS[case]
    steps = draw(arguments, case, PILOT_STEPS + count, scratch)
    layers = {}
    for name in golden:
        if name.endswith(".grad") and not is_zero(name):
            layers.setdefault(layer_of(name), []).append(name)

    failures = 0

    def report(what, holds, text):
        nonlocal failures
        failures += not holds
        print(f"  {'ok  ' if holds else 'FAIL'} {what}: {text}")

    print(f"{case} {arguments.rule} {arguments.law}: {count} steps of "
          f"{arguments.directions} directions")
    for row in check_exact(golden, steps[:8]):
        report(*row)
    for layer, names in layers.items():
        if layer.split(".")[-1] in EXACT:
            continue
        rows = [flatten(step, names) for step in steps]
        for what, holds, text in check_layer(flatten(golden, names), rows[:PILOT_STEPS],
                                             rows[PILOT_STEPS:],
                                             arguments.largest_error):
            report(f"{layer} {what}", holds, text)
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fgc", required=True)
    parser.add_argument("--fgrun", required=True)
    parser.add_argument("--rule", required=True)
    parser.add_argument("--exact-rule", required=True, help="the golden file to compare with")
    parser.add_argument("--law", required=True, choices=("gaussian", "rademacher", "orthogonal"))
    parser.add_argument("--case", action="append", choices=sorted(STEPS), help="default: all")
    parser.add_argument("--one-group", action="store_true")
    parser.add_argument("--directions", type=int, default=512)
    parser.add_argument("--steps", type=int, help="a multiple of 64, 128 at least")
    parser.add_argument("--largest-error", type=float, default=0.003,
                        help="standard error of a layer's scale that is small enough")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="foregrad-statistics-") as scratch:
        failures = [check_case(arguments, case, scratch)
                    for case in arguments.case or STEPS]
    return 1 if any(failures) else 0


if __name__ == "__main__":
    sys.exit(main())
