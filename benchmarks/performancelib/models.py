# Licensed under the Apache License v2.0; see LICENSE.
"""What is measured: the models, the targets, the sweeps, Figure 5."""

import dataclasses
import os

from common.machine import ROOT

SAMPLES = os.path.join(ROOT, "samples", "localmixer")
PEER_RULES = ("lg-fg-a", "bp")  # what peers/ implements
DIRECT_RULES = ("lg-fg-a",)  # and what of it also as a direct translation of the rule
F32_RULES = ("lg-p-w", "lg-p-a")  # whose steps bf16 would round away
DRAWS_TARGET = 0.1  # of a step: what its random numbers take by themselves
# How many times faster than f32 a step in bf16 should be: where vdpbf16ps does so many times as many
# multiplications as f32 multiply-adds, and elsewhere.
BF16_PEAK, BF16_TARGET, BF16_TARGET_ELSEWHERE = 1.8, 1.5, 1 / 1.1


@dataclasses.dataclass(frozen=True)
class Model:
    title: str
    sample: str
    limit_target: float  # of an lg-fg-a step, in times of its products at the best sgemm rate; f32, batch 128
    peer_targets: tuple = ()  # pairs of a rule and how much faster than each peer it should be

    @property
    def path(self):
        return os.path.join(SAMPLES, self.sample)


# By the names that the peers have for them.
MODELS = {
    "m-1-16": Model("M/1/16 on MNIST", "mnist-m-1-16.fg", 1.5),
    "m-8-16": Model("M/8/16 on CIFAR-10", "cifar10-m-8-16.fg", 1.2, (("lg-fg-a", 6.0), ("bp", 1.0))),
    "l-8-64": Model("L/8/64 on CIFAR-10", "cifar10-l-8-64.fg", 1.15),
}
TARGET_BATCH = 128


@dataclasses.dataclass(frozen=True)
class Point:
    """One measurement of a sweep: what is varied and to what, and what follows for fgc and for the peers."""
    sweep: str
    value: int
    rule: str
    batch: int = TARGET_BATCH
    sets: tuple = ()  # for fgc: -D
    fused: bool = True
    shape: tuple = ()  # for peers: --set; None: peers have no such thing


SWEEP_MODEL = "m-8-16"
SWEEPS = {
    "batch": ("samples of a batch", (32, 64, 128, 256, 512, 1024)),
    "depth": ("blocks", (2, 4, 8, 16)),
    "channels": ("channels", (128, 256, 512, 1024, 2048)),
    "directions": ("directions K", (1, 2, 4, 8, 16)),
}
PEER_SWEEPS = ("batch", "depth")


def sweep_points(sweep):
    """Of all values and both rules."""
    points = []
    for value in SWEEPS[sweep][1]:
        for rule in PEER_RULES:
            if sweep == "batch":
                points.append(Point(sweep, value, rule, batch=value))
            elif sweep == "depth":
                points.append(Point(sweep, value, rule, sets=(f"depth={value}",), shape=(f"blocks={value}",)))
            elif sweep == "channels":
                points.append(Point(sweep, value, rule, sets=(f"channels={value}",), shape=(f"channels={value}",)))
            elif rule == "lg-fg-a":
                points.append(Point(sweep, value, f"{rule}:directions={value}", shape=None))
    return points


# The paper's Figure 5: replicated losses computed copy by copy, and fused. The copies are patches
# (tokens) times groups. Few samples: the time of the naive form grows with the square of the copies.
FIGURE5_BATCH = 8
FIGURE5 = {
    "figure 5: patches": ("patches a side, 16 groups", "patches", (1, 2, 4, 8, 16)),
    "figure 5: groups": ("groups, 8 x 8 patches", "groups", (1, 4, 16, 64)),
}


def figure5_points(figure):
    _, name, values = FIGURE5[figure]
    return [Point(figure, value, "lg-fg-a", batch=FIGURE5_BATCH, sets=(f"{name}={value}",), fused=fused, shape=None)
            for value in values for fused in (True, False)]
