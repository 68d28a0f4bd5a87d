# Licensed under the Apache License v2.0; see LICENSE.
"""Takes models through every learning rule that the compiler has, up to the fused step.

usage: every_rule.py FG-OPT FGC MODEL.fg...

The rules are the passes --fg-rule-NAME of fg-opt, so a new rule is tested without being told.
"""

import re
import subprocess
import sys


def main(fg_opt, fgc, *models):
    described = subprocess.run([fg_opt, "--help"], capture_output=True, text=True, check=True)
    rules = sorted(set(re.findall(r"--fg-rule-([a-z0-9-]+)", described.stdout)))
    if not {"bp", "lg-fg-a"} <= set(rules):
        sys.exit(f"fg-opt names the rules {rules}: expected bp and lg-fg-a among them")
    failures = 0
    for model in models:
        for rule in rules:
            command = [fgc, model, "--rule", rule, "--stop-after", "fusion"]
            done = subprocess.run(command, capture_output=True, text=True)
            good = done.returncode == 0 and 'fg.entry "step"' in done.stdout
            print(f"{model} {rule}: {'compiles' if good else 'FAILS'}")
            if not good:
                failures += 1
                print(done.stderr or done.stdout[:2000])
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
