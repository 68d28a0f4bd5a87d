# Licensed under the Apache License v2.0; see LICENSE.
"""LocalMixer in JAX: `lg-fg-a` translated directly, for jax.jit. JAX differentiates, and draws with its own generator.

Arrays are [sample, token, channel], those of group layers [sample, token, group, unit].
jax_localmixer.py has the same gradients, written to be fast.
"""

import jax
import jax.numpy as jnp
from jax import lax

from jax_localmixer import EPSILON, mean_cross_entropy, patches_of
from shapes import below


def normals(number):
    """draw(site, shape) of one step, with a key of its own for each site."""
    key = jax.random.key(number)

    def draw(site, shape):
        nonlocal key
        key, own = jax.random.split(key)
        return jax.random.normal(own, shape)

    return draw


def norm(q):
    return (q - q.mean(-1, keepdims=True)) * lax.rsqrt(q.var(-1, keepdims=True) + EPSILON)


def token_layer(own, x, noise, residual):
    """Mixes tokens, for each channel."""
    return jax.nn.relu(norm(jnp.einsum("nsc,st->ntc", x, own["weight"]) + own["bias"][:, None]) + noise)


def channel_layer(own, x, noise, residual):
    return jax.nn.relu(norm(x @ own["weight"] + own["bias"]) + noise)


def group_layer(own, x, noise, residual):
    q = jnp.einsum("ntgu,guv->ntgv", x.reshape(noise.shape), own["weight"]) + own["bias"]
    return jax.nn.relu(norm(q) + residual + noise)


LAYERS = {"token": token_layer, "channel": channel_layer, "group": group_layer}  # in their order


def block(parameters, x, noise):
    """What leaves the block, and site -> reverse mode through that layer alone, into its parameters."""
    back = {}
    residual = x.reshape(noise["group"].shape) if "token" in noise else 0  # neither is in the first block
    for site, layer in LAYERS.items():
        if site in noise:
            x, back[site] = jax.vjp(lambda own: layer(own, x, noise[site], residual), below(site, parameters))
    return x, back


def head_loss(parameters, x, label):
    """The mean over the batch of the loss of a linear layer on the mean token."""
    feature = x.mean(1).reshape(len(label), -1)
    return mean_cross_entropy(feature @ parameters["weight"] + parameters["bias"], label)[0]


def lg_fg_a_gradients(shape, parameters, image, label, draw):
    """Gradients by path, and losses. `draw(site, shape)`: perturbations."""
    n, tokens, channels = len(label), shape.tokens, shape.channels
    by_channel, by_group = (n, tokens, channels), (n, tokens, shape.groups, shape.units)
    x = patches_of(shape, image).reshape(n, tokens, -1)
    gradients, losses = {}, {}
    for b in range(shape.blocks):
        name = f"block{b}"
        own = below(name, parameters)
        sizes = ({"token": by_channel} if b > 0 else {}) | {"channel": by_channel, "group": by_group}
        noise = {site: draw(f"{name}.{site}", size) for site, size in sizes.items()}
        still = {site: jnp.zeros(size, x.dtype) for site, size in sizes.items()}

        # Forward mode through the block: by how much the perturbations move what leaves it.
        x, tangent, back = jax.jvp(lambda noise: block(own, x, noise), (still,), (noise,), has_aux=True)
        # The loss copy of a token and group sees what moves there and nothing else, so one derivative
        # serves them all. [sample, token, group, 1], over the batch.
        losses[f"{name}.loss"], (head, sensitivity) = jax.value_and_grad(head_loss, (0, 1))(
            below("head", own), x, label)
        moved = (sensitivity * tangent).sum(-1, keepdims=True)

        estimates = {"channel": (noise["channel"].reshape(by_group) * moved).reshape(by_channel),
                     "group": noise["group"] * moved}
        if b > 0:
            estimates["token"] = noise["token"] * moved.sum(2)
        found = {site: back[site](estimate)[0] for site, estimate in estimates.items()} | {"head": head}
        gradients |= {f"{name}.{layer}.{path}": value for layer, values in found.items()
                      for path, value in values.items()}
        x = x.reshape(by_channel)

    losses["loss"], found = jax.value_and_grad(head_loss)(below("readout", parameters), x, label)
    gradients |= {f"readout.{path}": value for path, value in found.items()}
    return gradients, losses


GRADIENTS = {"lg-fg-a": lg_fg_a_gradients}
