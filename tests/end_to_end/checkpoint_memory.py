#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""bp-checkpoint keeps one array a block, the block's input, where bp keeps all activations.

Compiles the LocalMixer sample with 2, 4 and 6 blocks and compares what the step's arena grows by.
Exit code: 0 as promised, 1 not (or a tool failed).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BATCH, TOKENS, CHANNELS = 16, 16, 64
ACTIVATION_BYTES = BATCH * TOKENS * CHANNELS * 4
# A block's gradients live until the update: 64 x 64 channel weights, 4 x 16 x 16 group weights.
GRADIENT_BYTES = 4 * (16 * 16 + 64 * 64 + 4 * 16 * 16 + 1024)


def step_bytes(arguments, folder, rule, depth):
    artifact = os.path.join(folder, f"{rule}-{depth}.fgb")
    subprocess.run([arguments.fgc, os.path.join(ROOT, "samples/localmixer/localmixer.fg"),
                    "-o", artifact, "--rule", rule, "--batch", str(BATCH), "--tile", str(BATCH),
                    "--entries", "step", "-D", f"depth={depth}", "-D", "patches=4",
                    "-D", f"channels={CHANNELS}", "-D", "groups=4"], check=True)
    described = json.loads(subprocess.run([arguments.fgrun, "inspect", artifact, "--json"],
                                          check=True, stdout=subprocess.PIPE).stdout)
    entries = described["code"][0]["entries"]
    return next(entry["arena_bytes"] for entry in entries if entry["name"] == "step")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fgc", required=True)
    parser.add_argument("--fgrun", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="foregrad-checkpoint-") as folder:
        growth = {}
        for rule in ("bp", "bp-checkpoint"):
            sizes = [step_bytes(arguments, folder, rule, depth) for depth in (2, 4, 6)]
            growth[rule] = (sizes[2] - sizes[1]) / 2
            print(f"{rule}: {sizes} bytes for 2, 4, 6 blocks; {growth[rule]:.0f} a block")
    most = ACTIVATION_BYTES + GRADIENT_BYTES
    if not ACTIVATION_BYTES * 0.9 <= growth["bp-checkpoint"] <= most:
        print(f"bp-checkpoint: expected {ACTIVATION_BYTES} to {most} bytes a block")
        return 1
    if growth["bp"] < 3 * growth["bp-checkpoint"]:
        print("bp: expected several times as much")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
