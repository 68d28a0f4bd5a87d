#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""Compares one step of a compiled model with the golden gradients, tensor by tensor.

Compiles the LocalMixer sample in the shape of a golden case, feeds it the case's image,
labels, parameters and (for forward rules) the very perturbation that the golden step used,
and compares each `*.grad`, `loss` and `block*.loss`. README.md says what the files hold.
Exit code: 0 all within the tolerance, 1 not (or a tool failed).
"""

import argparse
import json
import math
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import safetensors

# Golden file -> what `fgc --rule` calls it.
RULES = {
    "bp": "bp",
    "l-bp": "l-bp",
    "lg-bp": "lg-bp",
    "fa": "fa",
    "l-fa": "l-fa",
    "lg-fa": "lg-fa",
    "dfa": "dfa",
    "fg-w": "fg-w",
    "fg-a": "fg-a",
    "lg-fg-w": "lg-fg-w",
    "lg-fg-a": "lg-fg-a",
    "lg-fg-a-multi": "lg-fg-a:directions=3",
    "lg-p-w": "lg-p-w",
    "lg-p-a": "lg-p-a",
    "bp-checkpoint": "bp-checkpoint",
}
# What computes the same as another rule, only otherwise.
SAME_AS = {"bp-checkpoint": "bp"}
# Finite differences lose digits: the golden ones were taken with another order of sums.
FINITE_DIFFERENCES = {"lg-p-w", "lg-p-a"}
TOLERANCE = {"f64": 1e-9, "f32": 1e-4}
FINITE_DIFFERENCE_TOLERANCE = {"f64": 1e-5}
# The norm options of a case and the sample's parameters that they set.
SWITCHES = {
    "begin_ln": "begin_norm",
    "middle_ln": "middle_norm",
    "inter_ln": "inter_norm",
    "last_layer_ln": "last_norm",
}
# A gradient this small beside the largest one of the file is zero but for rounding.
NEGLIGIBLE = 1e-12


def sample_parameters(case):
    """The values for `fgc -D` that give the sample the case's shape."""
    parameters = {
        "patches": case["patches"], "channels": case["channels"], "groups": case["groups"],
        "depth": case["blocks"], "classes": case["classes"],
        "height": case["size"], "width": case["size"], "colors": case["cin"],
        "mean": case["standardize"]["mean"], "std": case["standardize"]["std"],
    }
    flags = case.get("flags", {})
    for flag, parameter in SWITCHES.items():
        parameters[parameter] = "true" if flags.get(flag, False) else "false"
    return parameters


def largest(values):
    return max((abs(value) for value in values), default=0.0)


def compare(golden, found):
    """[(error, name, note)]: the error of each golden gradient and loss, infinite if it is missing."""
    wanted = {name: tensor for name, tensor in golden.items()
              if name.endswith(".grad") or name == "loss" or name.endswith(".loss")}
    scale_of_all = max((largest(tensor.values) for name, tensor in wanted.items()
                        if name.endswith(".grad")), default=0.0)
    rows = []
    for name, tensor in sorted(wanted.items()):
        if name not in found:
            rows.append((math.inf, name, "missing"))
            continue
        other = found[name]
        # A loss is one number, as [] or [1].
        is_loss = not name.endswith(".grad")
        if len(other.values) != len(tensor.values) or (
                not is_loss and other.shape != tensor.shape):
            rows.append((math.inf, name, f"expected shape {list(tensor.shape)}, "
                                         f"found {list(other.shape)}"))
            continue
        scale = largest(tensor.values)
        if name.endswith(".token.bias.grad") or scale < NEGLIGIBLE * scale_of_all:
            scale = scale_of_all
        difference = 0.0
        for a, b in zip(tensor.values, other.values):
            if not math.isfinite(b):
                difference = math.inf
                break
            difference = max(difference, abs(a - b))
        rows.append((difference / scale if scale else difference, name, ""))
    for name in sorted(found):
        if name.endswith(".grad") and name not in wanted:
            rows.append((math.inf, name, "not in the golden file"))
    return sorted(rows, reverse=True)


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"exit code {done.returncode} from: {' '.join(command)}\n{done.stdout}")
    return done.stdout


def loops(program):
    """A program as text, with constants written where they are used: their order may differ."""
    functions = []
    for function in program.split("func.func"):
        values = dict(re.findall(r"(%cst\w*) = arith\.constant (.*)\n", function))
        function = re.sub(r" *%cst\w* = arith\.constant .*\n", "", function)
        functions.append(re.sub(r"%cst\w*", lambda name: values[name[0]], function))
    return functions


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fgc", required=True)
    parser.add_argument("--fgrun", required=True)
    parser.add_argument("--case", required=True, help="a folder beside this script")
    parser.add_argument("--rule", required=True, choices=sorted(RULES))
    parser.add_argument("--precision", default="f64", choices=sorted(TOLERANCE))
    parser.add_argument("--no-fuse", action="store_true")
    parser.add_argument("--fgc-option", action="append", default=[], metavar="OPTION",
                        help="passed on to fgc, e.g. --fgc-option=--cpu=x86-64-v3")
    arguments = parser.parse_args()

    folder = os.path.join(HERE, arguments.case)
    with open(os.path.join(folder, "case.json")) as file:
        case = json.load(file)
    tolerances = (FINITE_DIFFERENCE_TOLERANCE if arguments.rule in FINITE_DIFFERENCES
                  else TOLERANCE)
    if arguments.precision not in tolerances:
        sys.exit(f"{arguments.rule} is compared in {', '.join(tolerances)} only")
    tolerance = tolerances[arguments.precision]
    golden_path = os.path.join(
        folder, SAME_AS.get(arguments.rule, arguments.rule) + ".safetensors")
    golden = safetensors.load(golden_path)
    perturbed = any(name.endswith(".perturbation") for name in golden)

    with tempfile.TemporaryDirectory(prefix="foregrad-golden-") as scratch:
        artifact = os.path.join(scratch, "model.fgb")
        output = os.path.join(scratch, "gradients.safetensors")
        compile_command = [arguments.fgc,
                           os.path.join(ROOT, "samples", "localmixer", "localmixer.fg"),
                           "--batch", str(case["batch"]), "--rule", RULES[arguments.rule],
                           "--precision", arguments.precision, "--entries", "gradient"]
        for name, value in sample_parameters(case).items():
            compile_command += ["-D", f"{name}={value}"]
        if perturbed:
            compile_command.append("--external-perturbation")
        compile_command += arguments.fgc_option
        if arguments.no_fuse:
            compile_command.append("--no-fuse")
            program = compile_command + ["--stop-after", "buffers"]
            fused = [part for part in program if part != "--no-fuse"]
            if loops(run(program)) == loops(run(fused)):
                print(f"{arguments.case} {arguments.rule} {arguments.precision}: nothing to fuse, the "
                      "same program as without --no-fuse, which a test of its own compares")
                return 0
        run(compile_command + ["-o", artifact])

        grad_command = [arguments.fgrun, "grad", artifact, "--inputs",
                        os.path.join(folder, "inputs.safetensors"), "--out", output]
        if perturbed:
            grad_command += ["--perturbation", golden_path]
        run(grad_command)
        rows = compare(golden, safetensors.load(output))

    print(f"{arguments.case} {arguments.rule} {arguments.precision} "
          f"{'unfused' if arguments.no_fuse else 'fused'}: {len(rows)} tensors, tolerance {tolerance:g}")
    failures = [row for row in rows if not row[0] <= tolerance]
    for error, name, note in failures or rows[:1]:
        print(f"  {'FAIL ' if failures else 'worst'} {name}: {note or f'relative error {error:.3e}'}")
    return 1 if failures or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
