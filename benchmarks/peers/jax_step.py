#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""Times one training step of a LocalMixer in JAX, compiled by jax.jit, or checks it against a golden case.

    jax_step.py --model m-1-16 --rule lg-fg-a --steps 200 --threads 2 --json
    jax_step.py --model m-8-16 --direct
    jax_step.py --check tests/golden/mixer

The step includes all that training does: uint8 images to patches, perturbations, both
sweeps, and the optimizer's update, in one jitted function whose parameters are donated. Data is
synthetic and already in memory.
"""

import os
import sys

import harness

harness.keep_freed_memory()
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy  # noqa: E402

import jax_direct  # noqa: E402
import jax_localmixer  # noqa: E402
from shapes import MOMENTUM, decay_of, initial_scale, parameter_shapes, rate_of  # noqa: E402

FRAMEWORK = "JAX " + jax.__version__


def written(options):
    """The module with the gradients."""
    return jax_direct if options.direct else jax_localmixer


def rules(options):
    return written(options).GRADIENTS


def training_step(rule, shape, options):
    """(parameters, momenta, step, image, label) -> parameters, momenta, loss; what is jitted."""

    def step(parameters, momenta, number, image, label):
        draw = written(options).normals(number)
        found, losses = rules(options)[rule](shape, parameters, image.astype(jnp.float32) / 255, label, draw)
        momenta = {path: MOMENTUM * momenta[path] + found.get(path, 0) + decay_of(path) * value
                   for path, value in parameters.items()}
        parameters = {path: value - rate_of(path) * momenta[path] for path, value in parameters.items()}
        return parameters, momenta, losses["loss"]

    return step


def make_step(rule, shape, batch, options):
    # XLA's threads are as many as the cores that it may use when it starts.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:options.threads])
    random = numpy.random.default_rng(0)
    parameters = {path: jnp.asarray(random.standard_normal(size, numpy.float32) * initial_scale(path, size))
                  for path, size in parameter_shapes(shape).items()}
    state = [parameters, {path: jnp.zeros_like(value) for path, value in parameters.items()}]
    image = jnp.asarray(random.integers(0, 256, (batch, shape.size, shape.size, shape.colors), numpy.uint8))
    label = jnp.asarray(random.integers(0, shape.classes, batch, numpy.int32))
    function = jax.jit(training_step(rule, shape, options), donate_argnums=(0, 1))
    program = function.lower(*state, jnp.uint32(0), image, label).compile()
    number = 0

    def step():
        nonlocal number
        state[0], state[1], loss = program(*state, numpy.uint32(number), image, label)
        jax.block_until_ready((state, loss))
        number += 1

    memory = program.memory_analysis()
    step.facts = {"temporary_bytes": memory.temp_size_in_bytes} if memory else {}
    return step


def gradients(rule, shape, parameters, image, label, perturbation, options):
    jax.config.update("jax_enable_x64", True)

    def draw(site, size):
        """The given perturbation, [sample, token, channel] or [sample, token, group, unit], in the site's layout."""
        given = jnp.asarray(perturbation[site])
        if len(given.shape) == 4 and len(size) == 3:
            given = given.reshape(size[1], size[0], size[2]).transpose(1, 0, 2)
        return given.reshape(size)

    found, losses = jax.jit(lambda values, x, y: rules(options)[rule](shape, values, x, y, draw))(
        {path: jnp.asarray(value) for path, value in parameters.items()}, jnp.asarray(image), jnp.asarray(label))
    return tuple({name: numpy.asarray(value) for name, value in values.items()} for values in (found, losses))


def main():
    parser = harness.parser(__doc__)
    harness.add_direct(parser)
    return harness.main(sys.modules[__name__], parser)


if __name__ == "__main__":
    sys.exit(main())
