#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""Checks the perturbations that `fgrun grad --dump-perturbation` writes.

  definition   they are what dialects/fg/Noise.h defines, written out again below: Philox4x32-10
               of (seed, step, site, sample, element), for small and large seeds and steps
  law          moments and quartiles are those of the law
  independence no correlation between neighbouring elements, directions, samples, sites,
               steps and seeds, nor between their squares
  in use       a step that is fed them from outside gives the same gradients up to the
               rounding of f64 (kernels with the generator inside may sum in another order)

Exit code: 0 all hold, 1 not.
"""

import argparse
import math
import os
import random
import sys
import tempfile

import models

CASE = "mixer"
DIRECTIONS = 64
SEED = 11
# Of a normal statistic; about a hundred of them are looked at.
SIGMAS = 4.5
# Of f64: code against Python, and one order of a sum against another.
ROUNDING = 1e-12
MASK = 0xFFFFFFFF
# Variance of u^2, u^3 and u^4 and mean of u^4; probability of |u| below 0.6745.
MOMENTS = {
    "gaussian": {"square": (1.0, 2.0), "cube": (0.0, 15.0), "fourth": (3.0, 96.0)},
    "rademacher": {"square": (1.0, 0.0), "cube": (0.0, 1.0), "fourth": (1.0, 0.0)},
}
QUARTILE = 0.6744897501960817


def philox(counter, key):
    counter, key = list(counter), list(key)
    for _ in range(10):
        first, second = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [(second >> 32) ^ counter[1] ^ key[0], second & MASK,
                   (first >> 32) ^ counter[3] ^ key[1], first & MASK]
        key = [(key[0] + 0x9E3779B9) & MASK, (key[1] + 0xBB67AE85) & MASK]
    return counter


def noise(law, seed, step, site, sample, element):
    words = philox((element // 64 * 16 + element % 16, sample, step & MASK,
                    site | (step >> 32 & 0xFF) << 24), (seed & MASK, seed >> 32))
    word = element // 16 % 4
    if law == "rademacher":
        return -1.0 if words[word] >> 31 else 1.0
    radius = math.sqrt(-2.0 * math.log((words[word & 2] + 0.5) / 2.0 ** 32))
    angle = words[word | 1] * (2.0 * math.pi / 2.0 ** 32)
    return radius * (math.sin(angle) if word & 1 else math.cos(angle))


class Checks:
    def __init__(self):
        self.failures = 0

    def holds(self, what, condition, text):
        self.failures += not condition
        print(f"  {'ok  ' if condition else 'FAIL'} {what}: {text}")

    def near(self, what, values, expected, variance):
        """The mean of independent numbers of known mean and variance."""
        mean = math.fsum(values) / len(values)
        error = math.sqrt(variance / len(values))
        self.holds(what, abs(mean - expected) <= SIGMAS * error + ROUNDING,
                   f"{mean:.5f}, expected {expected:g} +- {error:.5f}")


def check_definition(checks, law, seed, step, sites, dumped):
    chosen = random.Random(seed)
    worst = 0.0
    for number, site in enumerate(sites):
        tensor = dumped[site]
        directions, batch = tensor.shape[:2]
        inner = math.prod(tensor.shape[2:])
        for _ in range(200):
            direction, sample, rest = (chosen.randrange(n) for n in (directions, batch, inner))
            found = tensor.values[(direction * batch + sample) * inner + rest]
            expected = noise(law, seed, step, number, sample, direction * inner + rest)
            worst = max(worst, abs(found - expected))
    checks.holds(f"definition, seed {seed}, step {step}", worst <= ROUNDING, f"off by {worst:.1e}")


def check_law(checks, law, site, values):
    moments = MOMENTS[law]
    checks.near(f"{site} mean", values, 0.0, 1.0)
    for power, name in ((2, "square"), (3, "cube"), (4, "fourth")):
        checks.near(f"{site} {name}", [value ** power for value in values], *moments[name])
    if law == "gaussian":
        checks.near(f"{site} share below the quartile",
                    [float(abs(value) < QUARTILE) for value in values], 0.5, 0.25)


def check_pair(checks, law, what, first, second):
    count = min(len(first), len(second))
    pairs = list(zip(first[:count], second[:count]))
    checks.near(f"correlation of {what}", [a * b for a, b in pairs], 0.0, 1.0)
    if law == "gaussian":
        checks.near(f"correlation of squares of {what}",
                    [(a * a - 1.0) * (b * b - 1.0) for a, b in pairs], 0.0, 4.0)


def check_independence(checks, law, sites, dumped, next_step, next_seed):
    site = sites[0]
    tensor = dumped[site]
    values = tensor.values
    directions, batch = tensor.shape[:2]
    inner = math.prod(tensor.shape[2:])
    # Distances that the generator's lanes, words and blocks could tie together.
    for distance in (1, 2, 15, 16, 17, 32, 48, 64, 65):
        check_pair(checks, law, f"elements {distance} apart", values, values[distance:])
    check_pair(checks, law, "samples", values[:-inner], values[inner:])
    check_pair(checks, law, "directions", values, values[batch * inner:])
    check_pair(checks, law, "steps", values, next_step[site].values)
    check_pair(checks, law, "seeds", values, next_seed[site].values)
    for other in sites[1:]:
        check_pair(checks, law, f"{site} and {other}", values, dumped[other].values)


def difference(first, second):
    """The largest difference of a tensor, relative to its layer's largest element."""
    if first.keys() != second.keys():
        return math.inf
    largest = {}
    for name, tensor in first.items():
        layer = name.rsplit(".", 2)[0]
        largest[layer] = max(largest.get(layer, 0.0), *(abs(x) for x in tensor.values))
    return max(abs(a - b) / largest[name.rsplit(".", 2)[0]] for name in first
               for a, b in zip(first[name].values, second[name].values))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fgc", required=True)
    parser.add_argument("--fgrun", required=True)
    parser.add_argument("--rule", required=True)
    parser.add_argument("--law", required=True, choices=sorted(MOMENTS))
    arguments = parser.parse_args()
    law = arguments.law
    rule = f"{arguments.rule}:directions={DIRECTIONS},perturbation={law}"
    checks = Checks()

    with tempfile.TemporaryDirectory(prefix="foregrad-statistics-") as scratch:
        def path(name):
            return os.path.join(scratch, name)

        def compiled(name, *options):
            return models.Model(arguments.fgc, arguments.fgrun, CASE, path(name + ".fgb"), rule,
                                "f64", options)

        model = compiled("own")
        gradients = {}

        def dump(seed, step):
            file = path(f"perturbation-{seed}-{step}.safetensors")
            gradients[seed, step] = model.step(
                path("gradients.safetensors"), "--seed", seed, "--step", step,
                "--dump-perturbation", file)
            return {name[:-len(".perturbation")]: tensor
                    for name, tensor in models.safetensors.load(file).items()}

        runs = {run: dump(*run) for run in ((SEED, 0), (SEED, 1), (SEED + 1, 0),
                                            (2 ** 63 - 25, 2 ** 32 + 5))}
        first = runs[SEED, 0]
        # The sites in the order of the model's text, which numbers them.
        sites = [f"block{block}.{layer}" for block in range(3)
                 for layer in ("token", "channel", "group") if block or layer != "token"]
        checks.holds("sites", sorted(first) == sorted(sites), " ".join(sorted(first)))
        if checks.failures:
            return 1
        for (seed, step), dumped in runs.items():
            check_definition(checks, law, seed, step, sites, dumped)
        for site in sites:
            check_law(checks, law, site, first[site].values)
        check_independence(checks, law, sites, first, runs[SEED, 1], runs[SEED + 1, 0])

        other = difference(gradients[SEED, 0], gradients[SEED, 1])
        checks.holds("gradients of another step", other > 0.01, f"off by {other:.1e}")
        outside = compiled("outside", "--external-perturbation")
        fed = outside.step(path("fed.safetensors"), "--perturbation",
                           path(f"perturbation-{SEED}-0.safetensors"))
        fed_difference = difference(gradients[SEED, 0], fed)
        checks.holds("gradients of a step that is fed them", fed_difference <= ROUNDING,
                     f"off by {fed_difference:.1e}")
    return 1 if checks.failures else 0


if __name__ == "__main__":
    sys.exit(main())
