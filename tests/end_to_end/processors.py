#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""One artifact with code for several processors: each piece computes the right gradients, and the
same bits on any number of threads.

    processors.py --fgc FGC --fgrun FGRUN

The model's units, groups and samples fill neither vectors nor tiles. `fgc
--verify` compares each piece with the f64 reference; here each runs once more on 1 to 4 threads.
Exit code: 0 all agree, 1 not (or a tool failed).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import safetensors
from fused_gradients import BATCH, random_inputs, run

PROCESSORS = "x86-64-v4,x86-64-v3,x86-64"
SIZE, CLASSES = 9, 5
MODEL = ["-D", "units=44", "-D", "groups=4", "-D", "depth=1", "-D", f"classes={CLASSES}",
         "-D", f"height={SIZE}", "-D", f"width={SIZE}"]


def gradients(fgrun, threads):
    """The bytes of what one step computes."""
    run(fgrun, "grad", "model.fgb", "--inputs", "inputs.safetensors", "--out", "out.safetensors",
        "--seed", "3", "--step", "2", "--threads", str(threads))
    with open("out.safetensors", "rb") as file:
        return file.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fgc", required=True)
    parser.add_argument("--fgrun", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="foregrad-processors-") as folder:
        os.chdir(folder)
        run(arguments.fgc, os.path.join(ROOT, "samples/mlp/mlp.fg"),
            "-o", "model.fgb", "--rule", "lg-fg-a", "--batch", str(BATCH), "--tile", "3", *MODEL,
            "--cpu", PROCESSORS, "--verify")
        safetensors.save("inputs.safetensors", random_inputs(SIZE, SIZE, CLASSES))
        inspected = json.loads(subprocess.run([arguments.fgrun, "inspect", "model.fgb", "--json"],
                                              check=True, stdout=subprocess.PIPE).stdout)
        results = {}
        for code in inspected["code"]:
            if not code["runs_here"]:
                print(f"{code['cpu']}: not on this machine")
                continue
            os.environ["FOREGRAD_CPU"] = code["cpu"]
            results[code["cpu"]] = gradients(arguments.fgrun, 1)
            for threads in (2, 3, 4):
                if gradients(arguments.fgrun, threads) != results[code["cpu"]]:
                    print(f"{code['cpu']}: other bits on {threads} threads than on one")
                    return 1
            print(f"{code['cpu']}: the same bits on 1 to 4 threads")
    # Sums in vectors of other lengths round otherwise: equal bits would be those of one piece.
    if len(set(results.values())) != len(results):
        print("two processors computed the same bits: was each one's own code run?")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
