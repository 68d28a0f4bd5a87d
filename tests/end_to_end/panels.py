#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""Parameters lie in panels while they are trained, and row-major in files.

    panels.py --fgc FGC --fgrun FGRUN

One artifact has code for two processors, whose panels are of other widths. Each piece trains for an
epoch from the same seed: the parameters are the same up to rounding. Then each evaluates what the other
has saved, and finds the error that was found in training.
Exit code: 0 all agree, 1 not (or a tool failed), 77 this machine runs only one of the pieces.
"""

import argparse
import json
import os
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import safetensors
from fused_gradients import run

PROCESSORS = ["x86-64-v3", "x86-64"]
MODEL = ["-D", "units=96", "-D", "groups=4", "-D", "depth=2"]


def panels_of_step(code):
    step = next(entry for entry in code["entries"] if entry["name"] == "step")
    return {one["tensor"]: one["widths"] for one in step["panels"]}


def largest_difference(x, y):
    """Over all arrays, as a share of each one's largest number."""
    largest = 0.0
    for name, array in x.items():
        scale = max(1e-3, max(abs(value) for value in array.values))
        difference = max(abs(a - b) for a, b in zip(array.values, y[name].values))
        largest = max(largest, difference / scale)
    return largest


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fgc", required=True)
    parser.add_argument("--fgrun", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="foregrad-panels-") as folder:
        os.chdir(folder)
        run(arguments.fgc, os.path.join(ROOT, "samples/mlp/mlp.fg"), "-o", "model.fgb",
            "--rule", "bp", "--batch", "128", *MODEL, "--cpu", ",".join(PROCESSORS))
        inspected = json.loads(run(arguments.fgrun, "inspect", "model.fgb", "--json"))
        if not all(code["runs_here"] for code in inspected["code"]):
            print("this machine runs only one of the pieces")
            return 77
        panels = [panels_of_step(code) for code in inspected["code"]]
        for name in ("block0.layer.weight", "block0.layer.weight.momentum"):
            if not panels[0].get(name) or panels[0][name] == panels[1].get(name):
                print(f"{name}: expected panels of two widths, found {panels}")
                return 1
        errors, parameters = [], []
        for processor in PROCESSORS:
            os.environ["FOREGRAD_CPU"] = processor
            run(arguments.fgrun, "train", "model.fgb", "--data", "mnist", "--epochs", "1",
                "--seed", "4", "--out", processor, "--quiet")
            with open(f"{processor}/metrics.jsonl", encoding="utf-8") as file:
                errors.append(json.loads(file.readlines()[-1])["test_error"])
            parameters.append(safetensors.load(f"{processor}/last.safetensors"))
        difference = largest_difference(*parameters)
        print(f"errors {errors} %, parameters differ by {difference:.1e}")
        if difference > 0.02:
            print("the two pieces did not learn the same")
            return 1
        for processor, other, error in zip(PROCESSORS, reversed(PROCESSORS), errors):
            os.environ["FOREGRAD_CPU"] = other
            found = json.loads(run(arguments.fgrun, "eval", "model.fgb", "--data", "mnist",
                                   "--params", f"{processor}/last.safetensors", "--json"))
            if abs(found["error"] - error) > 0.05:
                print(f"{other} finds {found['error']} % where {processor} found {error} %")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
