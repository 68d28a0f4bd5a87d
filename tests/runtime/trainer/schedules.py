#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""Writes schedules.txt, the trajectories that ScheduleTest.cpp compares with.

    schedules.py > schedules.txt    the numbers, from the formulas below
    schedules.py --torch            compares them with torch.optim.lr_scheduler (needs PyTorch)
"""

import bisect
import math
import sys

HEADER = """\
# Licensed under the Apache License v2.0; see LICENSE.
# Factors of the rate, written by schedules.py. S steps in all, step s counted from 0:
#   constant       1
#   linear         1 - s / S                      optax.linear_schedule(1, 0, S)
#   staircase      f ^ (how many e: s >= e * steps_per_epoch)
#                                                 torch MultiStepLR, optax.piecewise_constant_schedule
#   warmup_cosine  s / W where s < W, then (1 + cos(pi (s - W) / (S - W))) / 2; W warm-up steps
#                                                 optax.warmup_cosine_decay_schedule(0, 1, W, S, 0)
"""

# epochs, steps per epoch, settings
CASES = [
    (2, 3, {"schedule": "constant"}),
    (3, 5, {"schedule": "linear"}),
    (5, 4, {"schedule": "staircase", "decay_epochs": [1, 3]}),
    (4, 4, {"schedule": "staircase", "decay_epochs": [0.5, 2, 3.25, 9], "decay_factor": 0.3}),
    (4, 5, {"schedule": "warmup_cosine"}),
    (6, 4, {"schedule": "warmup_cosine", "warmup_epochs": 2}),
    (3, 4, {"schedule": "warmup_cosine", "warmup_epochs": 0.5}),
]


def factors(epochs, steps_per_epoch, settings):
    steps = epochs * steps_per_epoch
    name = settings["schedule"]
    if name == "constant":
        return [1.0] * steps
    if name == "linear":
        return [1 - s / steps for s in range(steps)]
    if name == "staircase":
        decay = settings.get("decay_factor", 0.1)
        starts = [e * steps_per_epoch for e in settings["decay_epochs"]]
        return [decay ** bisect.bisect_right(starts, s) for s in range(steps)]
    warmup = settings.get("warmup_epochs", 0) * steps_per_epoch
    return [s / warmup if s < warmup else
            0.5 * (1 + math.cos(math.pi * (s - warmup) / (steps - warmup))) for s in range(steps)]


def torch_factors(epochs, steps_per_epoch, settings):
    import torch
    from torch.optim import lr_scheduler as schedulers
    steps = epochs * steps_per_epoch
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    name = settings["schedule"]
    if name == "constant":
        scheduler = schedulers.ConstantLR(optimizer, factor=1.0)
    elif name == "linear":
        scheduler = schedulers.LinearLR(optimizer, 1.0, 0.0, total_iters=steps)
    elif name == "staircase":
        scheduler = schedulers.MultiStepLR(
            optimizer, [int(e * steps_per_epoch) for e in settings["decay_epochs"]],
            gamma=settings.get("decay_factor", 0.1))
    else:
        warmup = int(settings.get("warmup_epochs", 0) * steps_per_epoch)
        scheduler = cosine = schedulers.CosineAnnealingLR(optimizer, steps - warmup)
        if warmup:
            rising = schedulers.LambdaLR(optimizer, lambda s: s / warmup)
            scheduler = schedulers.SequentialLR(optimizer, [rising, cosine], [warmup])
    result = []
    for _ in range(steps):
        result.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return result


def main():
    if sys.argv[1:] == ["--torch"]:
        worst = max(abs(a - b) for case in CASES
                    for a, b in zip(factors(*case), torch_factors(*case)))
        print(f"{len(CASES)} trajectories, largest difference {worst:.1e}")
        return 0 if worst < 1e-12 else 1
    print(HEADER)
    for epochs, steps_per_epoch, settings in CASES:
        words = [f"{key}={','.join(map(str, value)) if isinstance(value, list) else value}"
                 for key, value in settings.items()]
        print(*words, f"epochs={epochs}", f"steps_per_epoch={steps_per_epoch}")
        print(*(repr(f) for f in factors(epochs, steps_per_epoch, settings)))
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
