#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""Checks `fgrun diagnose` on compiled models.

    diagnose.py --fgc FGC --fgrun FGRUN TEST

TEST is the name of a function test_TEST below; each is a test of its own and says what must
hold. Seeds are fixed, so a test that passes once passes always. Exit code: 0 holds, 1 not.
"""

import argparse
import json
import math
import os
import random
import struct
import subprocess
import sys
import tempfile

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(TESTS)
sys.path[:0] = [os.path.join(TESTS, "statistics"), os.path.join(TESTS, "support")]
import check_variance
import safetensors

MIXER = os.path.join(ROOT, "samples", "localmixer", "localmixer.fg")
MNIST = "mnist:" + os.path.join(ROOT, "datasets", "mnist")
SMALL_MIXER = {"height": 28, "width": 28, "colors": 1, "classes": 10, "mean": 0.1307, "std": 0.3081,
               "patches": 4, "channels": 16, "groups": 2, "depth": 2}
CLASSES = 10  # of every dataset in MNIST's form
TOLERANCE = 0.1


class Failure(Exception):
    pass


def require(condition, message):
    if not condition:
        raise Failure(message)


def near(found, expected, tolerance, what):
    require(abs(found - expected) <= tolerance * abs(expected),
            f"{what}: expected {expected:g} within {100 * tolerance:g} %, found {found:g}")


class Programs:
    def __init__(self, arguments, scratch):
        self.fgc, self.fgrun, self.scratch = arguments.fgc, arguments.fgrun, scratch

    def path(self, name):
        return os.path.join(self.scratch, name)

    def run(self, *command, expect=0):
        done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        require(done.returncode == expect,
                f"expected exit code {expect}, found {done.returncode} from "
                f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
        return done.stdout if expect == 0 else done.stderr

    def diagnose(self, artifact, *options, **keywords):
        return self.run(self.fgrun, "diagnose", artifact, "--threads", 1, *options, **keywords)

    def measure(self, artifact, *options):
        return json.loads(self.diagnose(artifact, "--json", *options))

    def mixer(self, rule, *options, entries="gradient,exact"):
        artifact = self.path(f"mixer-{rule}.fgb".replace("=", "-").replace(":", "-"))
        command = [self.fgc, MIXER, "-o", artifact, "--rule", rule, "--batch", 16,
                   "--entries", entries, *options]
        for name, value in SMALL_MIXER.items():
            command += ["-D", f"{name}={value}"]
        self.run(*command)
        return artifact

    def parameters(self, artifact):
        """Random ones: a readout that starts at 0 lets no gradient through."""
        description = json.loads(self.run(self.fgrun, "inspect", artifact, "--json"))
        generator = random.Random(5)
        tensors = {}
        for parameter in description["parameters"]:
            values = [generator.gauss(0, 0.2) for _ in range(parameter["count"])]
            tensors[parameter["path"]] = check_variance.tensor(tuple(parameter["shape"]), values)
        path = self.path("parameters.safetensors")
        safetensors.save(path, tensors)
        return path


class OneLayer:
    """The layer on which Table 1 holds exactly, its samples as a dataset of which a batch holds
    all."""

    def __init__(self, programs):
        self.programs = programs
        levels = 255
        self.problem = check_variance.Problem(random.Random(check_variance.SEED), CLASSES, levels)
        images = [[round(x * levels) for x in image] for image in self.problem.images]
        self.folder = programs.path("data")
        os.mkdir(self.folder)
        for part in ("train", "t10k"):
            self.write(part + "-images-idx3-ubyte", (len(images), 1, len(images[0])),
                       [byte for image in images for byte in image])
            self.write(part + "-labels-idx1-ubyte", (len(images),), self.problem.labels)
        self.source = programs.path("variance.fg")
        with open(self.source, "w", encoding="utf-8") as file:
            file.write(check_variance.MODEL
                       .replace("f32[", "u8[")
                       .replace(f"label class : {check_variance.CLASSES}",
                                f"label class : {CLASSES}"))
        self.parameters = programs.path("parameters.safetensors")
        safetensors.save(self.parameters, self.problem.parameters)

    def write(self, name, shape, values):
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(bytes((0, 0, 8, len(shape))) + struct.pack(f">{len(shape)}I", *shape) +
                       bytes(values))

    def measure(self, rule, law, directions, draws):
        artifact = self.programs.path("variance.fgb")
        self.programs.run(self.programs.fgc, self.source, "-o", artifact, "--rule",
                          f"{rule}:directions={directions},perturbation={law}",
                          "--batch", check_variance.SAMPLES, "--precision", "f64",
                          "--entries", "gradient,exact")
        result = self.programs.measure(artifact, "--params", self.parameters, "--data",
                                       "mnist:" + self.folder, "--draws", draws)
        require([layer["layer"] for layer in result["layers"]] == ["block0.layer"],
                f"layers: {result['layers']}")
        require(result["learned_exactly"] == ["block0.head", "readout"],
                f"learned exactly: {result['learned_exactly']}")
        return result["layers"][0]


def test_variance_is_that_of_table_1(programs):
    """Measured and predicted variances are the formula's, from gradients of Python's."""
    model = OneLayer(programs)
    problem, batch = model.problem, check_variance.SAMPLES
    weights = check_variance.INPUTS * check_variance.UNITS
    for rule, law, directions in (("lg-fg-a", "gaussian", 1), ("lg-fg-a", "gaussian", 3),
                                  ("lg-fg-a", "rademacher", 1), ("lg-fg-a", "orthogonal", 2),
                                  ("lg-fg-a", "orthogonal", 6), ("fg-a", "gaussian", 1),
                                  ("fg-w", "gaussian", 1), ("fg-w", "rademacher", 2),
                                  ("fg-w", "orthogonal", 5), ("lg-fg-w", "gaussian", 1)):
        what = f"{rule} {law} {directions}"
        layer = model.measure(rule, law, directions, 6000)
        near(layer["exact_square"], problem.square_of_mean, 1e-9, what + ": |exact|^2")
        near(layer["sample_variance"], problem.spread, 1e-9, what + ": variance of samples")
        shared = rule.endswith("w")
        units = weights if shared else check_variance.UNITS
        require(layer["units"] == layer["acting"] == units, f"{what}: units {layer['units']}")
        # Directions beyond a whole frame start again.
        rest = directions % units if law == "orthogonal" else directions
        moment = check_variance.second_moment(law, units, rest)
        error = (moment - 1.0) * (rest / directions) ** (2 if law == "orthogonal" else 1)
        if shared:
            expected = error * problem.square_of_mean
            near(layer["predicted_variance_together"], expected, 1e-9, what + ": together")
        else:
            expected = error * (problem.spread + problem.square_of_mean) / batch
        near(layer["predicted_variance"], expected, 1e-9, what + ": predicted")
        near(layer["variance"], expected, TOLERANCE, what + ": measured")
        require(not layer["biased"], f"{what}: seems biased")
        near(layer["distance"], layer["chance"], 0.6, what + ": distance of the mean")


def test_orthogonal_directions_for_all_units_are_exact(programs):
    layer = OneLayer(programs).measure("lg-fg-a", "orthogonal", check_variance.UNITS, 10)
    require(abs(layer["cosine"] - 1) < 1e-12, f"cosine {layer['cosine']}")
    require(layer["relative_variance"] < 1e-20, f"variance {layer['relative_variance']}")
    require(layer["directions_wanted"] == check_variance.UNITS,
            f"directions for 0.9: {layer['directions_wanted']}")


def test_unbiased_rules_differ_by_chance_only(programs):
    """Of every layer of a LocalMixer, and the cosine with more directions is as expected."""
    for rule in ("lg-fg-a", "fg-a", "fg-w", "lg-fg-a:perturbation=rademacher"):
        artifact = programs.mixer(rule)
        options = ("--params", programs.parameters(artifact), "--data", MNIST, "--draws", 300)
        result = programs.measure(artifact, *options)
        require(len(result["layers"]) >= 5, f"{rule}: layers {result['layers']}")
        for layer in result["layers"] + [result["all"]]:
            what = f"{rule} {layer['layer']}"
            require(not layer["biased"], f"{what}: seems biased")
            near(layer["distance"], layer["chance"], 0.6, what + ": distance of the mean")
        if rule == "fg-w":  # one draw for the batch, one copy of the loss: exact
            for layer in result["layers"]:
                near(layer["variance"], layer["predicted_variance_together"], 2 * TOLERANCE,
                     f"{rule} {layer['layer']}: variance with all layers")
        if rule == "lg-fg-a":
            more = programs.measure(programs.mixer(rule + ":directions=16"), *options)
            for few, many in zip(result["layers"], more["layers"]):
                expected = [at["cosine"] for at in few["outlook"] if at["directions"] == 16]
                near(many["cosine"], expected[0], TOLERANCE,
                     f"{rule} {few['layer']}: cosine with 16 directions")


def test_a_bias_is_noticed(programs):
    """A norm over several groups lets them act on each other, which lg-fg-w leaves out."""
    artifact = programs.mixer("lg-fg-w:directions=64")
    options = ("--params", programs.parameters(artifact), "--data", MNIST, "--draws", 2000)
    biased = [layer["layer"] for layer in programs.measure(artifact, *options)["layers"]
              if layer["biased"]]
    require(any("channel" in layer for layer in biased) and
            not any("group" in layer for layer in biased), f"biased: {biased}")
    require("Biased, more than by chance: " in programs.diagnose(artifact, *options),
            "the text does not say so")


def test_feedback_alignment_takes_one_step(programs):
    artifact = programs.mixer("fa")
    options = ("--params", programs.parameters(artifact), "--data", MNIST)
    result = programs.measure(artifact, *options)
    require(result["draws"] == 1 and result["directions"] == 0, f"{result}")
    cosines = {layer["layer"]: layer["cosine"] for layer in result["layers"]}
    near(cosines.pop("readout"), 1.0, 1e-5, "cosine of the readout")
    heads = [name for name in cosines if name.endswith(".head")]
    require(heads and all(cosines.pop(name) is None for name in heads),
            f"heads learn nothing: {cosines}")
    require(all(abs(cosine) < 0.9 for cosine in cosines.values()), f"cosines {cosines}")
    text = programs.diagnose(artifact, *options)
    require("nothing is perturbed" in text and " deg" in text, text)


def test_an_exact_rule_has_nothing_to_compare(programs):
    artifact = programs.mixer("lg-bp", entries="gradient")
    text = programs.diagnose(artifact)
    require("the rule gives the exact gradient" in text, text)
    require(programs.measure(artifact)["exact"] is True, "--json does not say so")


def test_an_initial_readout_lets_no_gradient_through(programs):
    artifact = programs.mixer("fg-a")
    text = programs.diagnose(artifact, "--data", MNIST, "--draws", 2)
    require("The exact gradient is 0 for all layers" in text and "nan" not in text, text)


def test_results_do_not_depend_on_threads(programs):
    artifact = programs.mixer("lg-fg-a")
    options = ("--json", "--params", programs.parameters(artifact), "--data", MNIST, "--draws", 5)
    one = programs.diagnose(artifact, *options)
    two = programs.run(programs.fgrun, "diagnose", artifact, "--threads", 2, *options)
    require(one == two, "two threads give other numbers")
    other = programs.diagnose(artifact, *options, "--seed", 1)
    require(one != other, "another seed gives the same numbers")


def test_the_page_holds_table_and_plots(programs):
    artifact, page = programs.mixer("lg-fg-a"), programs.path("page.html")
    programs.diagnose(artifact, "--params", programs.parameters(artifact), "--data", MNIST,
                      "--draws", 5, "--out", page)
    with open(page, encoding="utf-8") as file:
        text = file.read()
    for part in ("block1.channel", "<rect ", "<polyline ", "is the hardest layer"):
        require(part in text, f"the page lacks {part}")


def test_mistakes_are_named(programs):
    artifact = programs.mixer("lg-fg-a")
    wrong = programs.path("wrong.safetensors")
    safetensors.save(wrong, {"x": check_variance.tensor((1,), [0.0])})
    error = programs.diagnose(artifact, "--params", wrong, "--data", MNIST, expect=1)
    require("lacks" in error and "block0.channel.weight" in error, error)
    parameters = safetensors.load(programs.parameters(artifact))
    parameters["block0.channel.weight"].values[0] = math.inf
    safetensors.save(wrong, parameters)
    error = programs.diagnose(artifact, "--params", wrong, "--data", MNIST, "--draws", 2, expect=1)
    require("is not finite" in error, error)
    for options in (("--draws", 1), ("--draws", "many"), ("--samples", 0), ("--data", "tapes:x")):
        programs.diagnose(artifact, *options, expect=2)
    outside = programs.mixer("lg-fg-a", "--external-perturbation")
    error = programs.diagnose(outside, "--data", MNIST, expect=1)
    require("--external-perturbation" in error, error)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fgc", required=True)
    parser.add_argument("--fgrun", required=True)
    parser.add_argument("test")
    arguments = parser.parse_args()
    test = globals().get("test_" + arguments.test)
    if not test:
        parser.error(f"no test '{arguments.test}'")
    with tempfile.TemporaryDirectory(prefix="foregrad-diagnose-") as scratch:
        try:
            test(Programs(arguments, scratch))
        except Failure as failure:
            print(failure, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
