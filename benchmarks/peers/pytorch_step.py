#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""Times one training step of a LocalMixer in PyTorch, or checks it against a golden case.

    pytorch_step.py --model m-1-16 --rule lg-fg-a --steps 200 --threads 2 --json
    pytorch_step.py --model m-8-16 --compile
    pytorch_step.py --model m-8-16 --direct
    pytorch_step.py --check tests/golden/mixer

The step includes all that training does: uint8 images to patches, perturbations, both
sweeps, and the optimizer's update. Data is synthetic and already in memory.
"""

import sys

import harness

harness.keep_freed_memory()

import torch  # noqa: E402

import pytorch_direct  # noqa: E402
import pytorch_localmixer as localmixer  # noqa: E402
from shapes import MOMENTUM, decay_of, initial_scale, parameter_shapes, rate_of  # noqa: E402

FRAMEWORK = "PyTorch " + torch.__version__


def rules(options):
    return (pytorch_direct if options.direct else localmixer).GRADIENTS


def optimizer(parameters):
    """SGD, fused, with one group for each decay and rate."""
    groups = {}
    for path, value in parameters.items():
        groups.setdefault((decay_of(path), rate_of(path)), []).append(value)
    return torch.optim.SGD([{"params": values, "weight_decay": decay, "lr": rate}
                            for (decay, rate), values in groups.items()],
                           lr=0.0, momentum=MOMENTUM, fused=True)


def compiled(rule):
    """The rule's gradients behind torch.compile. Perturbations come from aten's generator: the one that
    the compiler writes out takes over half of a step."""
    import torch._inductor.config

    torch._inductor.config.fallback_random = True
    if rule == "bp":  # autograd goes through the compiled loss
        localmixer.bp_loss = torch.compile(localmixer.bp_loss)
        return localmixer.GRADIENTS[rule]
    return torch.compile(localmixer.GRADIENTS[rule])


def make_step(rule, shape, batch, options):
    torch.set_num_threads(options.threads)
    autograd = rule == "bp" or options.direct
    parameters = {path: (torch.randn(size) * initial_scale(path, size)).requires_grad_(autograd)
                  if initial_scale(path, size) else torch.zeros(size, requires_grad=autograd)
                  for path, size in parameter_shapes(shape).items()}
    update = optimizer(parameters)
    image = torch.randint(0, 256, (batch, shape.size, shape.size, shape.colors), dtype=torch.uint8)
    label = torch.randint(0, shape.classes, (batch,))
    gradients_of = compiled(rule) if options.compile else rules(options)[rule]

    def step():
        found, losses = gradients_of(shape, parameters, image.float().div_(255), label)
        for path, value in parameters.items():
            value.grad = found.get(path)
        update.step()
        return losses["loss"]

    return step if autograd else torch.inference_mode()(step)


def gradients(rule, shape, parameters, image, label, perturbation, options):
    torch.set_default_dtype(torch.float64)
    tensors = {path: torch.tensor(value, requires_grad=options.direct) for path, value in parameters.items()}
    noise = {site: torch.tensor(value) for site, value in perturbation.items()}
    found, losses = rules(options)[rule](shape, tensors, torch.tensor(image), torch.tensor(label, dtype=torch.int64),
                                         noise or None)
    return tuple({name: value.detach().numpy() for name, value in values.items()} for values in (found, losses))


def main():
    parser = harness.parser(__doc__)
    ways = parser.add_mutually_exclusive_group()
    harness.add_direct(ways)
    ways.add_argument("--compile", action="store_true", help="behind torch.compile")
    return harness.main(sys.modules[__name__], parser)


if __name__ == "__main__":
    sys.exit(main())
