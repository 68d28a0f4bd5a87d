# Licensed under the Apache License v2.0; see LICENSE.
"""What the peers share: their command line, the clock, the memory, and the check against golden gradients.

A peer is a module with FRAMEWORK (name and version), `rules(options)`, `make_step(rule, shape, batch, options)`,
which gives a function that does one whole training step and returns when it is done, and
`gradients(rule, shape, parameters, image, label, perturbation, options)`, in f64, from and to NumPy arrays.
`options` is what the command line said.
"""

import argparse
import ctypes
import dataclasses
import json
import os
import statistics
import sys
import time

import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "tests", "support"))

import safetensors  # noqa: E402

from shapes import SHAPES, parameter_shapes  # noqa: E402

TOLERANCE = 1e-9
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of mallopt(3)


def keep_freed_memory():
    """Lets malloc keep what is freed: else each step faults the pages of its arrays in again."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def resident_bytes(field):
    """`field` of /proc/self/status: VmHWM, the peak, or VmRSS, now."""
    with open("/proc/self/status", encoding="utf-8") as file:
        for line in file:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    return None


WARM_UP = 0.5  # seconds, at least


def times_of(step, steps, seconds):
    """Milliseconds of each step: of `steps`, or of as many as fit into `seconds`, at least three. Some before warm up."""
    clock, begin, last = time.perf_counter, time.perf_counter(), 0.0
    step()  # compiles, where there is something to compile
    while clock() - begin < WARM_UP or not last:
        before = clock()
        step()
        last = clock() - before
    count = steps or max(3, min(2000, int(seconds / last)))
    times = []
    for _ in range(count):
        before = clock()
        step()
        times.append((clock() - before) * 1e3)
    return times


def measure(peer, arguments, shape):
    before = resident_bytes("VmRSS")
    step = peer.make_step(arguments.rule, shape, arguments.batch, arguments)
    times = times_of(step, arguments.steps, arguments.seconds)
    return {"step_ms": {"median": statistics.median(times), "min": min(times), "max": max(times)},
            "peak_rss_bytes": resident_bytes("VmHWM"), "rss_bytes_before": before,
            "framework": peer.FRAMEWORK, "rule": arguments.rule, "batch": arguments.batch,
            "threads": arguments.threads, "steps": len(times), "shape": dataclasses.asdict(shape),
            **getattr(step, "facts", {})}


def golden_arrays(path):
    kinds = {"F64": numpy.float64, "I32": numpy.int32, "I64": numpy.int64}
    return {name: numpy.array(tensor.values, dtype=kinds[tensor.dtype]).reshape(tensor.shape)
            for name, tensor in safetensors.load(path).items()}


def worst_difference(rule, golden, found):
    """(largest error, relative to the largest element, its name). What `bp` never computes must be zero."""
    largest = max(abs(value).max() for name, value in golden.items() if name.endswith(".grad"))
    worst = (0.0, "")
    for name, value in golden.items():
        if name.endswith(".perturbation") or (rule == "bp" and name.startswith("block") and name.endswith(".loss")):
            continue
        if rule == "bp" and ".head." in name:
            error = 0.0 if not value.any() else float("inf")
        else:
            # Gradients of token biases are zero but for rounding.
            scale = largest if name.endswith("token.bias.grad") else max(abs(value).max(), 1e-300)
            error = float(abs(found[name].reshape(value.shape) - value).max() / scale)
        worst = max(worst, (error, name))
    return worst


def check(peer, folder, options):
    """Prints the largest relative error of each rule's gradients and losses; True where all are small."""
    with open(os.path.join(folder, "case.json"), encoding="utf-8") as file:
        case = json.load(file)
    if any(case.get("flags", {}).values()):
        sys.exit(f"{folder}: the norm options of this case are not part of the measured models")
    shape = dataclasses.replace(SHAPES["m-1-16"], blocks=case["blocks"], patches=case["patches"],
                                channels=case["channels"], groups=case["groups"], size=case["size"],
                                colors=case["cin"], classes=case["classes"])
    inputs = golden_arrays(os.path.join(folder, "inputs.safetensors"))
    parameters = {path: inputs[path] for path in parameter_shapes(shape)}
    good = True
    for rule in peer.rules(options):
        golden = golden_arrays(os.path.join(folder, rule + ".safetensors"))
        noise = {name.removesuffix(".perturbation"): value for name, value in golden.items()
                 if name.endswith(".perturbation")}
        gradients, losses = peer.gradients(rule, shape, parameters, inputs["image"], inputs["label"], noise,
                                            options)
        found = {path + ".grad": value for path, value in gradients.items()} | losses
        error, name = worst_difference(rule, golden, found)
        print(f"{peer.FRAMEWORK}: {os.path.basename(folder)} {rule}: largest relative error {error:.2e} ({name})")
        good = good and error < TOLERANCE
    return good


def changed(shape, changes):
    """The shape with `name=number` of --set; ends the program where that is no shape."""
    values = {}
    for change in changes:
        name, _, number = change.partition("=")
        if name not in dataclasses.asdict(shape) or not number.isdigit() or int(number) < 1:
            sys.exit(f"--set {change}: expected NAME=NUMBER, NAME one of {', '.join(dataclasses.asdict(shape))}")
        values[name] = int(number)
    return dataclasses.replace(shape, **values)


def parser(description):
    found = argparse.ArgumentParser(description=description.split("\n")[0])
    found.add_argument("--model", default="m-1-16", choices=sorted(SHAPES))
    found.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER",
                       help="another size of the model, as blocks=8; repeatable")
    found.add_argument("--rule", default="lg-fg-a", choices=("bp", "lg-fg-a"))
    found.add_argument("--batch", type=int, default=128)
    found.add_argument("--steps", type=int, help="to time; default: what fits into --seconds")
    found.add_argument("--seconds", type=float, default=3.0, help="default: 3")
    found.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    found.add_argument("--json", action="store_true")
    found.add_argument("--check", metavar="GOLDEN_CASE", help="a folder of tests/golden; measures nothing")
    return found


def add_direct(options):
    options.add_argument("--direct", action="store_true",
                         help="lg-fg-a as a direct translation, which the framework differentiates")


def main(peer, command_line):
    """Does what is asked of the parser `command_line`. The exit code: 1 where a check failed."""
    arguments = command_line.parse_args()
    if arguments.check:
        return 0 if check(peer, arguments.check.rstrip("/"), arguments) else 1
    if arguments.rule not in peer.rules(arguments):
        command_line.error(f"--direct: there is no {arguments.rule}, only {', '.join(peer.rules(arguments))}")
    result = measure(peer, arguments, changed(SHAPES[arguments.model], arguments.set))
    if arguments.json:
        print(json.dumps(result))
    else:
        print("{framework} {rule}: {median:.2f} ms a step (min {min:.2f}, max {max:.2f}), {threads} threads, "
              "{mib:.0f} MiB peak".format(**result, **result["step_ms"], mib=result["peak_rss_bytes"] / 2**20))
    return 0
