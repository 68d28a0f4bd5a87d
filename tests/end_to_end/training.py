#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""Trains the smallest sample on real MNIST and checks what a user relies on.

    training.py --fgc FGC --fgrun FGRUN --models FOLDER TEST

TEST is the name of a function test_TEST below; each is a test of its own and says what must
hold. `compile_models` fills FOLDER, which the others read. Exit code: 0 holds, 1 not,
77 skipped since what it needs is not there.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODEL = os.path.join(ROOT, "samples", "localmixer", "mnist-m-1-16.fg")
DATA = "mnist:" + os.path.join(ROOT, "datasets", "mnist")
# The models by name: rule, and options of fgc.
MODELS = {
    "lg-fg-a": ("lg-fg-a", ()),
    "bp": ("bp", ()),
    "adam": ("lg-fg-a", ("--recipe", "optimizer=adam")),
}
STOPPED = 75
SKIPPED = 77
# What may differ between two runs that are otherwise the same, bit by bit.
TIMES = ("step_ms", "seconds")


class Failure(Exception):
    pass


class Skip(Exception):
    pass


def require(condition, message):
    if not condition:
        raise Failure(message)


class Programs:
    def __init__(self, arguments, scratch):
        self.fgc, self.fgrun, self.models = arguments.fgc, arguments.fgrun, arguments.models
        self.scratch = scratch

    def run(self, *command, expect=0):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        require(done.returncode == expect,
                f"expected exit code {expect}, found {done.returncode} from "
                f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        return done.stdout

    def model(self, name):
        return os.path.join(self.models, name + ".fgb")

    def train_command(self, name, model="lg-fg-a", epochs=1, seed=1, threads=None, resume=False,
                      data=DATA, settings=()):
        folder = os.path.join(self.scratch, name)
        command = [self.fgrun, "train", self.model(model), "--data", data, "--out", folder,
                   "--epochs", str(epochs), "--seed", str(seed), "--quiet"]
        for setting in settings:
            command += ["--set", setting]
        if threads:
            command += ["--threads", str(threads)]
        if resume:
            command.append("--resume")
        return command, folder

    def train(self, name, **options):
        command, folder = self.train_command(name, **options)
        self.run(*command)
        return folder


def metrics(folder):
    """One dictionary an epoch; [] while the file is not there yet."""
    try:
        with open(os.path.join(folder, "metrics.jsonl")) as file:
            return [json.loads(line) for line in file if line.endswith("\n")]
    except FileNotFoundError:
        return []


def lasting(folder):
    """What must be the same in two runs of one seed: metrics without times, and parameters."""
    rows = [{key: value for key, value in row.items() if key not in TIMES}
            for row in metrics(folder)]
    with open(os.path.join(folder, "last.safetensors"), "rb") as file:
        return rows, file.read()


def require_same(a, b, what):
    (rows_a, parameters_a), (rows_b, parameters_b) = lasting(a), lasting(b)
    require(rows_a == rows_b, f"{what}: metrics differ\n{rows_a}\n{rows_b}")
    require(parameters_a == parameters_b, f"{what}: last.safetensors differ")


def require_learned(folder, epochs, bound):
    rows = metrics(folder)
    require([row["epoch"] for row in rows] == list(range(1, epochs + 1)),
            f"expected epochs 1..{epochs}, found {rows}")
    for key in ("train_loss", "train_error", "test_error", "step_ms", "rate"):
        require(all(key in row for row in rows), f"no {key} in {rows}")
    error = rows[-1]["test_error"]
    print(f"test error {error} %, bound {bound} %")
    require(0 < error < bound, f"expected a test error in (0, {bound}) %, found {error}")


def test_compile_models(programs):
    os.makedirs(programs.models, exist_ok=True)
    for name, (rule, options) in MODELS.items():
        programs.run(programs.fgc, MODEL, "--rule", rule, *options, "-o", programs.model(name))


def test_forward_gradient_learns(programs):
    require_learned(programs.train("run"), 1, 12.0)


def test_backpropagation_learns(programs):
    require_learned(programs.train("run", model="bp"), 1, 12.0)


def test_same_bits_on_any_threads(programs):
    one = programs.train("one", threads=1)
    two = programs.train("two", threads=2)
    again = programs.train("again", threads=2)
    require_same(one, two, "1 and 2 threads")
    require_same(two, again, "first and second run")


def test_seeds_differ(programs):
    """Guards the tests of equality: a run that ignores its seed would pass all of them."""
    first = programs.train("first", seed=1)
    second = programs.train("second", seed=2)
    require(lasting(first)[1] != lasting(second)[1], "seeds 1 and 2 gave the same parameters")


def stop_after_epochs(programs, count, delay, **options):
    """Trains until `count` epochs are in the metrics and `delay` seconds more, then SIGTERM."""
    command, folder = programs.train_command(**options)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        limit = time.monotonic() + 300
        while len(metrics(folder)) < count and process.poll() is None:
            require(time.monotonic() < limit, f"no {count} epochs in 300 s")
            time.sleep(0.01)
        time.sleep(delay)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=120)
    finally:
        if process.poll() is None:
            process.kill()
    require(process.returncode == STOPPED,
            f"expected exit code {STOPPED} after SIGTERM, found {process.returncode}\n{output}")


def test_stop_and_resume_changes_nothing(programs):
    straight = programs.train("straight", epochs=4)
    options = dict(name="stopped", epochs=4)
    # Twice, and in the middle of an epoch, so that what a resumed run saves is resumed too.
    stop_after_epochs(programs, 1, 0.2, **options)
    stop_after_epochs(programs, 2, 0.1, resume=True, threads=1, **options)
    stopped = programs.train(resume=True, **options)
    require_same(straight, stopped, "a run stopped twice and one that never stopped")


def test_stop_and_resume_keeps_averages(programs):
    """Adam's averages, and the numbers that correct them, are part of a checkpoint."""
    straight = programs.train("straight", model="adam", epochs=3)
    stop_after_epochs(programs, 1, 0.2, name="stopped", model="adam", epochs=3)
    stopped = programs.train("stopped", model="adam", epochs=3, resume=True)
    require_same(straight, stopped, "a run stopped and one that never stopped")
    require_learned(straight, 3, 12.0)


def test_resume_of_a_finished_run_changes_nothing(programs):
    folder = programs.train("run")
    before = lasting(folder)
    programs.train("run", resume=True)
    require(lasting(folder) == before, "resuming a finished run changed it")


def test_evaluation_agrees_with_metrics(programs):
    folder = programs.train("run")
    output = programs.run(programs.fgrun, "eval", programs.model("lg-fg-a"), "--params",
                          os.path.join(folder, "last.safetensors"), "--data", DATA, "--json")
    result, expected = json.loads(output), metrics(folder)[-1]["test_error"]
    require(result["count"] == 10000, f"expected 10000 test images, found {result}")
    require(abs(result["error"] - expected) < 1e-9,
            f"expected the error {expected} of metrics.jsonl, found {result}")


def test_profile_accounts_for_the_step(programs):
    """bench --profile: kernels with their lines of the model, whose times add up to the step's."""
    shown = json.loads(programs.run(programs.fgrun, "bench", programs.model("lg-fg-a"), "--steps",
                                    "20", "--threads", "1", "--profile", "--json"))
    kernels = shown["kernels"]
    total = sum(kernel["ms"] for kernel in kernels)
    require(0.5 * shown["step_ms"]["min"] < total < 1.5 * shown["step_ms"]["max"],
            f"expected kernels of about {shown['step_ms']} ms together, found {total}")
    require(abs(sum(kernel["share"] for kernel in kernels) - 1) < 1e-9, "shares do not add up to 1")
    flops = sum(kernel["gflops"] * kernel["ms"] * 1e-3 for kernel in kernels)
    require(abs(flops / shown["gflop_per_step"] - 1) < 1e-6,
            f"expected {shown['gflop_per_step']} GFLOP of products, found {flops}")
    limit = shown["limit"]
    require(limit["gflops"] > 1 and limit["gigabytes_per_second"] > 1,
            f"expected what the machine can do, found {limit}")
    for kernel in kernels:
        expected = max(kernel["gflops"] / limit["gflops"],
                       kernel["gigabytes_per_second"] / limit["gigabytes_per_second"],
                       kernel.get("numbers", 0) * kernel["calls"] / (kernel["ms"] * 1e3)
                       / limit["million_numbers_per_second"])
        require(abs(kernel["of_limit"] / expected - 1) < 1e-9,
                f"expected {expected} of the limit, found {kernel}")
    at_limit = sum(kernel["of_limit"] * kernel["ms"] for kernel in kernels)
    require(abs(at_limit / limit["step_ms"] - 1) < 1e-9
            and abs(at_limit / shown["step_ms"]["median"] / limit["share"] - 1) < 1e-9,
            f"expected {at_limit} ms at the limit, found {limit}")
    products = [kernel for kernel in kernels if kernel["what"].startswith("product")]
    require(products and all(".fg:" in kernel["where"] for kernel in products),
            f"expected products with their lines of the model, found {products}")
    noise = shown["noise"]
    require(noise["numbers"] > 0 and 0 < noise["ms"] < total and abs(noise["ms"] / total / noise["share"] - 1) < 1e-9,
            f"expected kernels that draw perturbations, found {noise}")
    require(noise["numbers"] == shown["numbers_per_step"],
            f"expected {shown['numbers_per_step']} numbers, found {noise}")
    alone = noise["numbers"] / (limit["million_numbers_per_second"] * 1e3)
    require(abs(noise["alone_ms"] / alone - 1) < 1e-9 and abs(alone / total / noise["alone_share"] - 1) < 1e-9,
            f"expected {alone} ms of {total} for the numbers alone, found {noise}")
    require(alone > 0.1 * noise["ms"], f"expected numbers that were really drawn, found {noise} at {limit}")
    plain = json.loads(programs.run(programs.fgrun, "bench", programs.model("bp"), "--steps", "5", "--profile",
                                    "--json"))
    require(plain["noise"]["numbers"] == 0 and "alone_ms" not in plain["noise"]
            and "million_numbers_per_second" not in plain["limit"],
            f"expected a rule without perturbations, found {plain['noise']}, {plain['limit']}")


def main(members, description):
    """Runs one of the tests among `members`, a module's globals."""
    tests = {name[len("test_"):]: function for name, function in members.items()
             if name.startswith("test_")}
    parser = argparse.ArgumentParser(description=description.split("\n")[0])
    parser.add_argument("--fgc", required=True)
    parser.add_argument("--fgrun", required=True)
    parser.add_argument("--models", required=True, help="folder of the compiled models")
    parser.add_argument("test", choices=sorted(tests))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="foregrad-end-to-end-") as scratch:
        try:
            tests[arguments.test](Programs(arguments, scratch))
        except Failure as failure:
            print(f"{arguments.test}: {failure}", file=sys.stderr)
            return 1
        except Skip as reason:
            print(f"{arguments.test}: skipped: {reason}")
            return SKIPPED
    return 0


if __name__ == "__main__":
    sys.exit(main(globals(), __doc__))
