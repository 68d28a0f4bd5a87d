#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""Times one training step of a LocalMixer in PyTorch eager, or checks it against a golden case.

    pytorch_step.py --model m-1-16 --rule lg-fg-a --steps 200 --threads 2 --json
    pytorch_step.py --check tests/golden/mixer

The step includes all that training does: uint8 images to patches, perturbations, both
sweeps, and the optimizer's update. Data is synthetic and already in memory.
"""

import argparse
import json
import os
import statistics
import sys
import time

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "tests", "support"))
import localmixer
import safetensors

RATE, MOMENTUM, DECAY, READOUT_FACTOR = 0.01, 0.9, 1e-4, 0.1


def optimizer(parameters):
    """SGD with the recipe's groups: no decay on biases, a tenth of the rate for the readout."""
    groups = []
    for readout in (False, True):
        for decay in (0.0, DECAY):
            chosen = [value for path, value in parameters.items()
                      if path.startswith("readout") == readout
                      and path.endswith(".weight") == (decay > 0)]
            groups.append({"params": chosen, "weight_decay": decay,
                           "lr": RATE * (READOUT_FACTOR if readout else 1)})
    return torch.optim.SGD(groups, lr=RATE, momentum=MOMENTUM, fused=True)


def make_step(rule, shape, batch):
    parameters = localmixer.initial_parameters(shape, torch.float32)
    for value in parameters.values():
        value.requires_grad_(rule == "bp")
    update = optimizer(parameters)
    image = torch.randint(0, 256, (batch, shape.size, shape.size, shape.colors), dtype=torch.uint8)
    label = torch.randint(0, shape.classes, (batch,))
    gradients_of = localmixer.GRADIENTS[rule]

    def step():
        gradients, losses = gradients_of(shape, parameters, image.float().div_(255), label)
        for path, value in parameters.items():
            value.grad = gradients.get(path)
        update.step()
        return losses["loss"]

    return step if rule == "bp" else torch.inference_mode()(step)


def measure(arguments):
    torch.set_num_threads(arguments.threads)
    shape = localmixer.SHAPES[arguments.model]
    step = make_step(arguments.rule, shape, arguments.batch)
    for _ in range(arguments.warmup):
        step()
    times = []
    for _ in range(arguments.steps):
        begin = time.perf_counter()
        step()
        times.append((time.perf_counter() - begin) * 1e3)
    result = {"step_ms": {"median": statistics.median(times), "min": min(times), "max": max(times)},
              "model": arguments.model, "rule": arguments.rule, "batch": arguments.batch,
              "threads": arguments.threads, "steps": arguments.steps, "torch": torch.__version__}
    if arguments.json:
        print(json.dumps(result))
    else:
        print("{model} {rule}: {median:.2f} ms a step (min {min:.2f}, max {max:.2f}), {threads} threads, "
              "PyTorch {torch}".format(**result, **result["step_ms"]))


def golden_tensors(path):
    """As torch tensors; ending `.grad`, `.perturbation` and losses as they stand in the file."""
    return {name: torch.tensor(tensor.values.tolist(), dtype=torch.int64 if tensor.dtype == "I32" else None)
            .to(torch.float64 if tensor.dtype == "F64" else torch.int64).reshape(tensor.shape)
            for name, tensor in safetensors.load(path).items()}


def check(folder):
    """The largest relative error of each rule's gradients and losses; True below 1e-9."""
    torch.set_default_dtype(torch.float64)
    with open(os.path.join(folder, "case.json")) as file:
        case = json.load(file)
    if any(case.get("flags", {}).values()):
        sys.exit(f"{folder}: the norm options of this case are not part of the measured models")
    shape = localmixer.Shape(case["blocks"], case["patches"], case["channels"], case["groups"],
                             case["size"], case["cin"], case["classes"])
    inputs = golden_tensors(os.path.join(folder, "inputs.safetensors"))
    good = True
    for rule, gradients_of in localmixer.GRADIENTS.items():
        golden = golden_tensors(os.path.join(folder, rule + ".safetensors"))
        noise = {name.removesuffix(".perturbation"): value.clone() for name, value in golden.items()
                 if name.endswith(".perturbation")}
        parameters = {path: inputs[path].clone() for path in localmixer.parameter_shapes(shape)}
        gradients, losses = gradients_of(shape, parameters, inputs["image"], inputs["label"], noise or None)
        found = {path + ".grad": value for path, value in gradients.items()} | losses
        largest = max(value.abs().max() for name, value in golden.items() if name.endswith(".grad"))
        worst = (0.0, "")
        for name, value in golden.items():
            if name.endswith(".perturbation") or (rule == "bp" and name.startswith("block")
                                                  and name.endswith(".loss")):
                continue
            if rule == "bp" and ".head." in name:
                good = good and float(value.abs().max()) == 0.0  # no part in bp, so never found
                continue
            scale = largest if name.endswith("token.bias.grad") else value.abs().max()
            error = (found[name].detach().reshape(value.shape) - value).abs().max() / scale.clamp(min=1e-300)
            worst = max(worst, (float(error), name))
        print(f"{os.path.basename(folder)} {rule}: largest relative error {worst[0]:.2e} ({worst[1]})")
        good = good and worst[0] < 1e-9
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="m-1-16", choices=sorted(localmixer.SHAPES))
    parser.add_argument("--rule", default="lg-fg-a", choices=sorted(localmixer.GRADIENTS))
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--warmup", type=int, default=10)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", metavar="GOLDEN_CASE", help="a folder of tests/golden; measures nothing")
    arguments = parser.parse_args()
    if arguments.check:
        return 0 if check(arguments.check.rstrip("/")) else 1
    measure(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
