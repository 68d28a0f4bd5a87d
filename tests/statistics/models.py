# Licensed under the Apache License v2.0; see LICENSE.
"""Compiles a golden case and runs steps of it; for the scripts of this folder."""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path.insert(0, os.path.join(TESTS, "support"))
sys.path.insert(0, os.path.join(TESTS, "golden"))
import check_gradients
import safetensors


def golden_file(case, name):
    return os.path.join(TESTS, "golden", case, name + ".safetensors")


class Model:
    """The sample in the shape of a golden case, compiled to `artifact`."""

    def __init__(self, fgc, fgrun, case, artifact, rule, precision, options=()):
        self.fgrun, self.artifact = fgrun, artifact
        self.inputs = golden_file(case, "inputs")
        with open(os.path.join(TESTS, "golden", case, "case.json")) as file:
            shape = json.load(file)
        command = [fgc, os.path.join(os.path.dirname(TESTS), "samples", "localmixer",
                                     "localmixer.fg"),
                   "-o", artifact, "--batch", str(shape["batch"]), "--rule", rule,
                   "--precision", precision]
        for name, value in check_gradients.sample_parameters(shape).items():
            command += ["-D", f"{name}={value}"]
        entries = ["gradient"]
        if "fg-" in rule and "--external-perturbation" not in options:
            entries.append("perturbation")
        command += ["--entries", ",".join(entries)]
        check_gradients.run(command + list(options))

    def step(self, output, *options):
        """The tensors of one step on the model's inputs (the case's own), written to `output`;
        with `--steps` those of several, along a first axis."""
        check_gradients.run([self.fgrun, "grad", self.artifact, "--inputs", self.inputs,
                             "--threads", "1", "--out", output, *map(str, options)])
        return safetensors.load(output)
