#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""What `fgrun grad --dump-perturbation` writes is what the step used.

    dumped_perturbations.py --fgc FGC --fgrun FGRUN --rule RULE [--precision f32]
                            [--all-entries]

Compiles a small LocalMixer twice, once with --external-perturbation. The gradients that the
first one makes with the numbers of a seed and a step must be those of the second one, fed with
the first one's dump. They are two programs, whose loops may sum in another order, so the
tolerance is that of rounding; a single wrong number would be off by far more. Exit code: 0 they
are, 1 not (or a tool failed).
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

# Sizes that no vector divides, so that remainders of loops are met too.
BATCH, SIZE, CLASSES = 5, 6, 7
# Of the largest number of a layer: the gradient of a bias whose norm takes it away again is but rounding.
TOLERANCE = {"f32": 2e-6, "f64": 1e-14}
MODEL = {"patches": 3, "channels": 20, "groups": 4, "depth": 2, "classes": CLASSES,
         "height": SIZE, "width": SIZE, "colors": 1, "mean": 0.5, "std": 0.25}


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"exit code {done.returncode} from: {' '.join(command)}\n{done.stdout}")


def inputs():
    draw = random.Random(5)
    pixels = [draw.randrange(256) for _ in range(BATCH * SIZE * SIZE)]
    labels = [draw.randrange(CLASSES) for _ in range(BATCH)]
    return {"image": safetensors.Tensor("U8", (BATCH, SIZE, SIZE, 1), array.array("B", pixels)),
            "label": safetensors.Tensor("I32", (BATCH,), array.array("i", labels))}


def worst_difference(expected, found):
    """(relative error, name) of the tensor that agrees least."""
    if sorted(expected) != sorted(found):
        sys.exit(f"expected the tensors {sorted(expected)}, found {sorted(found)}")
    rows = []
    largest = {}
    for name, tensor in expected.items():
        layer = name.rsplit(".", 2)[0]
        largest[layer] = max(largest.get(layer, 0.0), *map(abs, tensor.values))
    for name, tensor in expected.items():
        if tensor.shape != found[name].shape:
            sys.exit(f"{name}: expected the shape {tensor.shape}, found {found[name].shape}")
        scale = largest[name.rsplit(".", 2)[0]] or 1.0
        error = max(abs(a - b) for a, b in zip(tensor.values, found[name].values)) / scale
        # A comparison with NaN is false: it must not hide here.
        rows.append((error if error == error else float("inf"), name))
    return max(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fgc", required=True)
    parser.add_argument("--fgrun", required=True)
    parser.add_argument("--rule", required=True)
    parser.add_argument("--precision", default="f32", choices=sorted(TOLERANCE))
    parser.add_argument("--all-entries", action="store_true",
                        help="compile all entries, not only what is compared")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="foregrad-dumped-") as scratch:
        def path(name):
            return os.path.join(scratch, name)

        compile_command = [arguments.fgc,
                           os.path.join(ROOT, "samples", "localmixer", "localmixer.fg"),
                           "--batch", str(BATCH), "--rule", arguments.rule,
                           "--precision", arguments.precision]
        for name, value in MODEL.items():
            compile_command += ["-D", f"{name}={value}"]
        def entries(names):
            return [] if arguments.all_entries else ["--entries", names]

        run(*compile_command, "-o", path("own.fgb"), *entries("gradient,perturbation"))
        run(*compile_command, "-o", path("external.fgb"), "--external-perturbation",
            *entries("gradient"))
        # Without parameters both start from the seed.
        safetensors.save(path("inputs.safetensors"), inputs())
        results, worst = [], (0.0, "none")
        for step in ("3", "4"):
            run(arguments.fgrun, "grad", path("own.fgb"), "--inputs", path("inputs.safetensors"),
                "--seed", "0", "--step", step, "--out", path("own.safetensors"),
                "--dump-perturbation", path("dump.safetensors"))
            run(arguments.fgrun, "grad", path("external.fgb"), "--inputs",
                path("inputs.safetensors"), "--perturbation", path("dump.safetensors"),
                "--out", path("external.safetensors"))
            own = safetensors.load(path("own.safetensors"))
            worst = max(worst, worst_difference(own,
                                                safetensors.load(path("external.safetensors"))))
            results.append(own)
    if worst_difference(*results)[0] < 0.1:
        sys.exit("two steps gave about the same: nothing was perturbed")
    print(f"{arguments.rule} {arguments.precision}: {len(own)} tensors, "
          f"worst {worst[1]}: relative error {worst[0]:.3e}")
    return 0 if worst[0] <= TOLERANCE[arguments.precision] else 1


if __name__ == "__main__":
    sys.exit(main())
