#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""Times one training step of Foregrad and of PyTorch eager in turn and prints their ratio.

Machines differ from hour to hour, so only a ratio measured in one run says something: each
round measures Foregrad, then PyTorch, on the same model, rule, batch and threads.

    benchmarks/compare.py --python ~/peers/bin/python
    benchmarks/compare.py --python ~/peers/bin/python --model m-8-16 --rule bp --rounds 5
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
PROGRAMS = os.path.join(ROOT, "build", "release", "tools")
SAMPLES = {"m-1-16": "mnist-m-1-16.fg", "m-8-16": "cifar10-m-8-16.fg"}
RULES = ("lg-fg-a", "bp")
# Steps a round: a step of m-8-16 takes about a second in PyTorch.
STEPS = {"m-1-16": 200, "m-8-16": 5}


def output_of(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"exit code {done.returncode} from: {' '.join(command)}")
    return json.loads(done.stdout)


def compare(arguments, model, rule, artifact):
    common = ["--steps", str(arguments.steps or STEPS[model]), "--threads", str(arguments.threads), "--json"]
    ours, peers = [], []
    for _ in range(arguments.rounds):
        ours.append(output_of([arguments.fgrun, "bench", artifact, *common])["step_ms"]["median"])
        peers.append(output_of([arguments.python, os.path.join(HERE, "peers", "pytorch_step.py"),
                                "--model", model, "--rule", rule, "--batch", str(arguments.batch),
                                "--warmup", "2", *common])["step_ms"]["median"])
    ratios = [peer / own for own, peer in zip(ours, peers)]
    return {"model": model, "rule": rule, "foregrad_ms": statistics.median(ours),
            "pytorch_ms": statistics.median(peers),
            "ratio": {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)}}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--python", default=sys.executable, help="a Python that has PyTorch (peers/README.md)")
    parser.add_argument("--fgc", default=os.path.join(PROGRAMS, "fgc", "fgc"))
    parser.add_argument("--fgrun", default=os.path.join(PROGRAMS, "fgrun", "fgrun"))
    parser.add_argument("--model", action="append", choices=sorted(SAMPLES), help="repeatable; default all")
    parser.add_argument("--rule", action="append", choices=sorted(RULES), help="repeatable; default all")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, help="steps a round; default by model")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", metavar="FILE", help="also write the results there")
    arguments = parser.parse_args()

    results = []
    print(f"batch {arguments.batch}, {arguments.threads} threads, medians of {arguments.rounds} rounds in turn")
    print(f"{'model':8} {'rule':8} {'Foregrad ms':>12} {'PyTorch ms':>12}   PyTorch / Foregrad (min to max)")
    with tempfile.TemporaryDirectory(prefix="foregrad-compare-") as scratch:
        for model in arguments.model or list(SAMPLES):
            for rule in arguments.rule or list(RULES):
                artifact = os.path.join(scratch, f"{model}-{rule}.fgb")
                subprocess.run([arguments.fgc, os.path.join(ROOT, "samples", "localmixer", SAMPLES[model]),
                                "--rule", rule, "--batch", str(arguments.batch), "-o", artifact], check=True)
                row = compare(arguments, model, rule, artifact)
                results.append(row)
                ratio = row["ratio"]
                print(f"{model:8} {rule:8} {row['foregrad_ms']:12.2f} {row['pytorch_ms']:12.2f}   "
                      f"{ratio['median']:.2f} ({ratio['min']:.2f} to {ratio['max']:.2f})", flush=True)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(results, file, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
