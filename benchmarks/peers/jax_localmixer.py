# Licensed under the Apache License v2.0; see LICENSE.
"""LocalMixer in JAX: the gradients of `bp` and `lg-fg-a`, for jax.jit.

Arrays are [row, channel], a row is a token of a sample; those of group layers are
[group, row, unit]. XLA's CPU products are several times slower where it folds a transposition into
them, so each is made before, behind a barrier.
"""

import math

import jax
import jax.numpy as jnp
from jax import lax

EPSILON = 1e-5


def materialized(x):
    """Keeps XLA from folding what made x into the product that reads it."""
    return lax.optimization_barrier(x)


def normal(key, shape, dtype):
    """Threefry-2x32 with all 20 rounds in line, then the inverse of the distribution: what
    jax.random.normal does, four times as fast on a CPU, where JAX keeps the rounds in a loop."""
    first, second = key[0], key[1]
    keys = (first, second, first ^ second ^ jnp.uint32(0x1BD11BDA))
    x = lax.iota(jnp.uint32, math.prod(shape)) + keys[0]
    y = jnp.full_like(x, keys[1])
    for group in range(5):
        for bits in ((13, 15, 26, 6), (17, 29, 16, 24))[group % 2]:
            x = x + y
            y = x ^ ((y << jnp.uint32(bits)) | (y >> jnp.uint32(32 - bits)))
        x = x + keys[(group + 1) % 3]
        y = y + keys[(group + 2) % 3] + jnp.uint32(group + 1)
    uniform = lax.bitcast_convert_type((x >> 9) | jnp.uint32(0x3F800000), jnp.float32) * 2 - 3
    uniform = jnp.maximum(uniform, jnp.float32(-1 + 2**-24))
    return (math.sqrt(2) * lax.erf_inv(uniform)).astype(dtype).reshape(shape)


def normals(number):
    """draw(site, shape) of one step."""
    sites = []

    def draw(site, shape):
        sites.append(site)
        return normal(jnp.stack([number, jnp.uint32(len(sites))]), shape, jnp.float32)

    return draw


class Norm:
    """A norm over the last axis without affine part, with the product of its Jacobian, which is symmetric."""

    def __init__(self, q):
        centered = q - q.mean(-1, keepdims=True)
        self.scale = lax.rsqrt((centered * centered).mean(-1, keepdims=True) + EPSILON)
        self.z = centered * self.scale

    def jacobian(self, v):
        along = (self.z * v).mean(-1, keepdims=True)
        return self.scale * (v - v.mean(-1, keepdims=True) - self.z * along)


def patches_of(shape, image):
    """[sample, height, width, color] in 0..1 -> [row, pixel], standardised."""
    n, p, s = image.shape[0], shape.patches, shape.size // shape.patches
    x = (image - 0.5) / 0.25
    x = x.reshape(n, p, s, p, s, shape.colors).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(n * shape.tokens, shape.pixels)


def to_groups(shape, x):
    """[row, channel] -> [group, row, unit]."""
    return materialized(x.reshape(-1, shape.groups, shape.units).transpose(1, 0, 2))


def from_groups(shape, x):
    return x.transpose(1, 0, 2).reshape(-1, shape.channels)


def group_weight_gradient(a, b):
    """[group, row, unit] twice -> [group, unit, unit]."""
    return jnp.matmul(materialized(a.transpose(0, 2, 1)), materialized(b))


def by_sample(shape, x):
    return x.reshape(-1, shape.tokens, x.shape[-1])


def token_product(shape, x, weight):
    """Mixes tokens, for each channel."""
    return jnp.matmul(weight.T, by_sample(shape, x)).reshape(x.shape)


def token_weight_gradient(shape, x, back):
    return jnp.einsum("ntc,nsc->nts", by_sample(shape, x), by_sample(shape, back)).sum(0)


def mean_cross_entropy(logits, label):
    log_softmax = jax.nn.log_softmax(logits)
    return -jnp.take_along_axis(log_softmax, label[:, None], 1).mean(), log_softmax


# ---- bp -------------------------------------------------------------------------------------


@jax.custom_vjp
def group_linear(x, weight):
    """[group, row, unit] by [group, unit, unit]; its own rule keeps transpositions out of the products."""
    return jnp.matmul(x, weight)


def _group_linear_forward(x, weight):
    return jnp.matmul(x, weight), (x, weight)


def _group_linear_backward(kept, back):
    x, weight = kept
    back = materialized(back)
    return jnp.matmul(back, materialized(weight.transpose(0, 2, 1))), group_weight_gradient(x, back)


group_linear.defvjp(_group_linear_forward, _group_linear_backward)


def token_linear(shape):
    """As group_linear; the gradient of the weight one product a sample, then their sum."""

    @jax.custom_vjp
    def apply(x, weight):
        return token_product(shape, x, weight)

    def backward(kept, back):
        x, weight = kept
        return token_product(shape, back, weight.T), token_weight_gradient(shape, x, back)

    apply.defvjp(lambda x, weight: (apply(x, weight), (x, weight)), backward)
    return apply


def bp_loss(shape, parameters, image, label):
    """The readout's loss. Local heads take no part under `bp`."""
    x = patches_of(shape, image)
    for b in range(shape.blocks):
        name, entering = f"block{b}", x
        if b > 0:
            bias = jnp.tile(parameters[f"{name}.token.bias"], len(label))[:, None]
            x = jax.nn.relu(Norm(token_linear(shape)(x, parameters[f"{name}.token.weight"]) + bias).z)
        x = jax.nn.relu(Norm(x @ parameters[f"{name}.channel.weight"] + parameters[f"{name}.channel.bias"]).z)
        q = group_linear(to_groups(shape, x), parameters[f"{name}.group.weight"])
        z = from_groups(shape, Norm(q + parameters[f"{name}.group.bias"][:, None]).z)
        x = jax.nn.relu(z + entering if b > 0 else z)
    feature = by_sample(shape, x).mean(1)
    return mean_cross_entropy(feature @ parameters["readout.weight"] + parameters["readout.bias"], label)[0]


def bp_gradients(shape, parameters, image, label, draw):
    """Gradients by path of what the loss reaches, and the loss."""
    reached = {path: value for path, value in parameters.items() if ".head." not in path}
    loss, gradients = jax.value_and_grad(lambda values: bp_loss(shape, values, image, label))(reached)
    return gradients, {"loss": loss}


# ---- lg-fg-a --------------------------------------------------------------------------------


def head_gradients(gradients, losses, path, loss, parameters, feature, label):
    """Adds the head's own gradients and loss; returns the cotangent of the logits of each sample's loss."""
    weight, bias = parameters[f"{path}.weight"], parameters[f"{path}.bias"]
    losses[loss], log_softmax = mean_cross_entropy(feature @ weight + bias, label)
    error = jnp.exp(log_softmax) - jax.nn.one_hot(label, weight.shape[1], dtype=feature.dtype)
    gradients[f"{path}.weight"] = feature.T @ (error / len(label))
    gradients[f"{path}.bias"] = error.mean(0)
    return error


def lg_fg_a_gradients(shape, parameters, image, label, draw):
    """Gradients by path, and losses. `draw(site, shape)`: perturbations, in the site's layout:
    [row, channel], of group layers [group, row, unit]."""
    n, tokens, groups, units = len(label), shape.tokens, shape.groups, shape.units
    rows, channels = n * tokens, shape.channels
    x = patches_of(shape, image)
    gradients, losses = {}, {}
    for b in range(shape.blocks):
        name, entering, tangent = f"block{b}", x, None
        if b > 0:
            bias = jnp.tile(parameters[f"{name}.token.bias"], n)[:, None]
            token_norm = Norm(token_product(shape, x, parameters[f"{name}.token.weight"]) + bias)
            x = jax.nn.relu(token_norm.z)
            tangent = token_noise = jnp.where(x > 0, draw(f"{name}.token", (rows, channels)), 0)
        channel_input, weight = x, parameters[f"{name}.channel.weight"]
        channel_norm = Norm(x @ weight + parameters[f"{name}.channel.bias"])
        x = jax.nn.relu(channel_norm.z)
        channel_noise = jnp.where(x > 0, draw(f"{name}.channel", (rows, channels)), 0)
        if tangent is None:
            tangent = channel_noise
        else:
            tangent = jnp.where(x > 0, channel_norm.jacobian(tangent @ weight), 0) + channel_noise

        channel_output, weight = to_groups(shape, x), parameters[f"{name}.group.weight"]
        group_norm = Norm(jnp.matmul(channel_output, weight) + parameters[f"{name}.group.bias"][:, None])
        z = group_norm.z
        x = jax.nn.relu(z + to_groups(shape, entering) if b > 0 else z)
        group_noise = jnp.where(x > 0, draw(f"{name}.group", (groups, rows, units)), 0)
        tangent = group_norm.jacobian(jnp.matmul(to_groups(shape, tangent), weight))
        tangent = jnp.where(x > 0, tangent, 0) + group_noise

        # The replicated loss: the head once, its reverse, one contraction for each copy.
        feature = x.reshape(groups, n, tokens, units).mean(2).transpose(1, 0, 2).reshape(n, channels)
        error = head_gradients(gradients, losses, f"{name}.head", f"{name}.loss", parameters, feature, label)
        sensitivity = (error @ parameters[f"{name}.head.weight"].T) / (tokens * n)
        sensitivity = sensitivity.reshape(n, groups, units).transpose(1, 0, 2)[:, :, None]
        # [group, row, 1]: s = dL / B of each copy.
        scale = (tangent.reshape(groups, n, tokens, units) * sensitivity).sum(-1).reshape(groups, rows, 1)

        back = group_norm.jacobian(group_noise * scale)
        gradients[f"{name}.group.weight"] = group_weight_gradient(channel_output, back)
        gradients[f"{name}.group.bias"] = back.sum(1)

        scale = scale[:, :, 0].T
        back = (channel_noise.reshape(rows, groups, units) * scale[:, :, None]).reshape(rows, channels)
        back = channel_norm.jacobian(back)
        gradients[f"{name}.channel.weight"] = channel_input.T @ back
        gradients[f"{name}.channel.bias"] = back.sum(0)

        if b > 0:
            back = token_norm.jacobian(token_noise * scale.sum(1, keepdims=True))
            gradients[f"{name}.token.weight"] = token_weight_gradient(shape, entering, back)
            gradients[f"{name}.token.bias"] = by_sample(shape, back).sum((0, 2))
        x = from_groups(shape, x)

    head_gradients(gradients, losses, "readout", "loss", parameters, by_sample(shape, x).mean(1), label)
    return gradients, losses


GRADIENTS = {"bp": bp_gradients, "lg-fg-a": lg_fg_a_gradients}
