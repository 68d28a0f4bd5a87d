#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""Writes trajectories.json: what PyTorch's and optax's optimizers do to Inputs/small.fg.

    pip install torch optax && make_trajectories.py > trajectories.json

Ten steps in float64 on one batch, of the model's mean cross entropy, with a rate that changes
at each step. Weight decay, and LARS's trust ratio, are on the weight only.
"""

import json

import jax
import optax
import torch

jax.config.update("jax_enable_x64", True)

STEPS = 10
MULTIPLIER = 0.5  # last_layer_rate
# The last pixel is 0 everywhere: the gradient of its weights is 0.
IMAGE = [[0.25, -1.5, 0.0], [1.75, 0.5, 0.0], [-0.75, 2.0, 0.0], [0.5, 0.125, 0.0]]
LABELS = [0, 2, 1, 1]
WEIGHT = [[0.5, -0.25, 0.125], [-1.0, 0.75, 0.0], [0.375, -0.5, 1.25]]  # [pixel, class]
BIAS = [0.0, 0.25, -0.125]

CASES = [
    ("sgd", {"rate": 0.1, "momentum": 0.9, "weight_decay": 0.05}, WEIGHT),
    ("adam", {"rate": 0.02, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-6,
              "weight_decay": 0.05}, WEIGHT),
    ("adam", {}, WEIGHT),
    ("adamw", {"rate": 0.02, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-6,
               "weight_decay": 0.3}, WEIGHT),
    ("adamw", {}, WEIGHT),
    ("lars", {"rate": 0.5, "momentum": 0.8, "weight_decay": 0.05, "trust_coefficient": 0.1,
              "epsilon": 0.01}, WEIGHT),
    ("lars", {}, WEIGHT),
    ("lars", {"weight_decay": 0.05}, [[0.0] * 3] * 3),  # a norm of 0: ratio 1
]
# What recipes that say nothing mean; read from the libraries where they have it.
DEFAULT_RATES = {"adam": 0.001, "adamw": 0.001, "lars": 0.1}


def rate_at(rate, step):
    """The rate that the run sets before `step`, without the multiplier."""
    return rate * (1 - step / 20)


def loss_of(weight, bias):
    logits = torch.tensor(IMAGE, dtype=torch.float64) @ weight + bias
    return torch.nn.functional.cross_entropy(logits, torch.tensor(LABELS))


def gradients(weight, bias):
    """By PyTorch, for parameters given as lists."""
    leaves = [torch.tensor(value, dtype=torch.float64, requires_grad=True)
              for value in (weight, bias)]
    loss_of(*leaves).backward()
    return [leaf.grad.tolist() for leaf in leaves]


def run_torch(name, hypers, rate, start):
    weight = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    bias = torch.nn.Parameter(torch.tensor(BIAS, dtype=torch.float64))
    kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    options = {}
    if "momentum" in hypers:
        options["momentum"] = hypers["momentum"]
    if "beta1" in hypers:
        options["betas"] = (hypers["beta1"], hypers["beta2"])
        options["eps"] = hypers["epsilon"]
    decay = {"weight_decay": hypers["weight_decay"]} if "weight_decay" in hypers else {}
    optimizer = kinds[name]([{"params": [weight], **decay},
                             {"params": [bias], "weight_decay": 0.0}], lr=rate, **options)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = rate_at(rate, step) * MULTIPLIER
        optimizer.zero_grad()
        loss_of(weight, bias).backward()
        optimizer.step()
        yield weight.tolist(), bias.tolist()


def run_lars(hypers, rate, start):
    names = {"momentum": "momentum", "weight_decay": "weight_decay",
             "trust_coefficient": "trust_coefficient", "epsilon": "eps"}
    mask = {"weight": True, "bias": False}
    optimizer = optax.lars(lambda step: rate_at(rate, step.astype("float64")) * MULTIPLIER,
                           weight_decay_mask=mask, trust_ratio_mask=mask,
                           **{names[key]: value for key, value in hypers.items()
                              if key != "rate"})
    array = jax.numpy.asarray
    parameters = {"weight": array(start), "bias": array(BIAS)}
    state = optimizer.init(parameters)
    for _ in range(STEPS):
        weight, bias = gradients(parameters["weight"].tolist(), parameters["bias"].tolist())
        updates, state = optimizer.update({"weight": array(weight), "bias": array(bias)}, state,
                                          parameters)
        parameters = optax.apply_updates(parameters, updates)
        yield parameters["weight"].tolist(), parameters["bias"].tolist()


def run(name, hypers, start):
    rate = hypers.get("rate", DEFAULT_RATES.get(name))
    steps = (run_lars(hypers, rate, start) if name == "lars"
             else run_torch(name, hypers, rate, start))
    return {"optimizer": name, "hypers": hypers, "weight": start, "bias": BIAS,
            "rates": [rate_at(rate, step) for step in range(STEPS)],
            "steps": [{"weight": weight, "bias": bias} for weight, bias in steps]}


def main():
    result = {"made_with": {"torch": torch.__version__.split("+")[0], "optax": optax.__version__},
              "last_layer_rate": MULTIPLIER, "image": IMAGE, "labels": LABELS}
    cases = [json.dumps(run(*case)).replace('"steps": [', '"steps": [\n  ')
             .replace('}, {"weight"', '},\n  {"weight"') for case in CASES]
    print(json.dumps(result)[:-1] + ', "cases": [\n' + ",\n".join(cases) + "]}")


main()
