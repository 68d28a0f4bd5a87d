# Licensed under the Apache License v2.0; see LICENSE.
"""LocalMixer in PyTorch: the gradients of `bp` and `lg-fg-a`.

Arrays are [sample, token, channel], or [sample * token, channel] in the sweeps by hand; the
products of group layers are batched over [group, sample * token, unit]. Parameters are a dictionary by the paths that Foregrad uses.
"""

import torch
import torch.nn.functional as F

EPSILON = 1e-5


def patches_of(shape, image):
    """[sample, height, width, color] in 0..1 -> [sample, token, pixel], standardised."""
    n, p, s = image.shape[0], shape.patches, shape.size // shape.patches
    x = (image - 0.5) / 0.25
    x = x.reshape(n, p, s, p, s, shape.colors).permute(0, 1, 3, 2, 4, 5)
    return x.reshape(n, shape.tokens, shape.pixels)


def to_groups(shape, x):
    """[sample, token, channel] -> [group, sample * token, unit], a view."""
    return x.reshape(-1, shape.groups, shape.units).transpose(0, 1)


def from_groups(shape, x, like):
    return x.transpose(0, 1).reshape(like.shape)


def token_layer(x, weight, bias):
    """Mixes tokens, for each channel: out[n, t', c] = sum over t of weight[t, t'] x[n, t, c]."""
    return torch.matmul(weight.t(), x) + bias[:, None]


# ---- bp -------------------------------------------------------------------------------------


def bp_loss(shape, parameters, image, label):
    """The readout's loss. Local heads take no part under `bp` and are not computed."""
    c, u = shape.channels, shape.units
    x = patches_of(shape, image)
    for b in range(shape.blocks):
        name, entering = f"block{b}", x
        if b > 0:
            q = token_layer(x, parameters[f"{name}.token.weight"], parameters[f"{name}.token.bias"])
            x = F.relu(F.layer_norm(q, (c,), eps=EPSILON))
        q = F.linear(x, parameters[f"{name}.channel.weight"].t(), parameters[f"{name}.channel.bias"])
        x = F.relu(F.layer_norm(q, (c,), eps=EPSILON))
        q = torch.baddbmm(parameters[f"{name}.group.bias"][:, None], to_groups(shape, x),
                          parameters[f"{name}.group.weight"])
        z = from_groups(shape, F.layer_norm(q, (u,), eps=EPSILON), x)
        x = F.relu(z + entering if b > 0 else z)
    logits = torch.addmm(parameters["readout.bias"], x.mean(1), parameters["readout.weight"])
    return F.cross_entropy(logits, label)


def bp_gradients(shape, parameters, image, label, perturbation=None):
    """Gradients by path of what the loss reaches, and the loss."""
    reached = {path: value.requires_grad_(True) for path, value in parameters.items()
               if ".head." not in path}
    loss = bp_loss(shape, parameters, image, label)
    return dict(zip(reached, torch.autograd.grad(loss, list(reached.values())))), {"loss": loss}


# ---- lg-fg-a --------------------------------------------------------------------------------


class Norm:
    """A norm over the last axis without affine part, with the product of its Jacobian.

    The Jacobian is symmetric, so one kernel, the one PyTorch has for its backward pass,
    gives both J v (tangents) and v J (cotangents)."""

    def __init__(self, q):
        self.q, self.size = q.contiguous(), [q.shape[-1]]
        self.z, self.mean, self.rstd = torch.native_layer_norm(self.q, self.size, None, None, EPSILON)

    def jacobian(self, v):
        return torch.ops.aten.native_layer_norm_backward(
            v.contiguous(), self.q, self.size, self.mean, self.rstd, None, None, [True, False, False])[0]


def head(feature, weight, bias, label):
    """(mean loss, cotangent of the logits of each sample's own loss, the softmax minus one-hot)."""
    logits = torch.addmm(bias, feature, weight)
    log_softmax = F.log_softmax(logits, -1)
    loss = F.nll_loss(log_softmax, label)
    error = log_softmax.exp()
    error[torch.arange(len(label)), label] -= 1
    return loss, error


def masked(v, h):
    """v where h, the result of a ReLU, is positive, else 0: one sweep, with no mask stored."""
    return torch.ops.aten.threshold_backward(v, h, 0)


def lg_fg_a_gradients(shape, parameters, image, label, perturbation=None):
    """Gradients by path, and losses. `perturbation`: site -> array; None draws them."""
    n, tokens, groups = len(label), shape.tokens, shape.groups
    rows = n * tokens
    x = patches_of(shape, image).view(rows, -1)
    gradients, losses = {}, {}

    def draw(site):
        """As [sample * token, channel], whatever the site's layer."""
        if perturbation is None:
            return torch.randn((rows, shape.channels), dtype=x.dtype)
        return perturbation[site].reshape(rows, -1)

    def by_sample(v):
        return v.view(n, tokens, -1)

    def group_product(v, weight):
        """[sample * token, group, unit], contiguous; the product itself takes and gives views."""
        return torch.bmm(to_groups(shape, v), weight).transpose(0, 1).contiguous()

    for b in range(shape.blocks):
        name, entering, tangent = f"block{b}", x, None
        # One sweep of primal and tangent; each layer leaves what its weight gradient needs.
        if b > 0:
            q = token_layer(by_sample(x), parameters[f"{name}.token.weight"], parameters[f"{name}.token.bias"])
            token_norm = Norm(q.view(rows, -1))
            x = token_norm.z.relu()
            tangent = token_noise = masked(draw(f"{name}.token"), x)
        channel_input = x
        weight = parameters[f"{name}.channel.weight"]
        channel_norm = Norm(torch.addmm(parameters[f"{name}.channel.bias"], x, weight))
        x = channel_norm.z.relu()
        channel_noise = draw(f"{name}.channel")
        if tangent is None:
            tangent = channel_noise = masked(channel_noise, x)
        else:
            tangent = masked(channel_norm.jacobian(tangent @ weight).add_(channel_noise), x)

        channel_output = x
        weight = parameters[f"{name}.group.weight"]
        group_norm = Norm(group_product(x, weight).add_(parameters[f"{name}.group.bias"]))
        z = group_norm.z.view(rows, -1)
        x = z.add(entering).relu_() if b > 0 else z.relu()
        group_noise = draw(f"{name}.group")
        tangent = group_norm.jacobian(group_product(tangent, weight)).view(rows, -1).add_(group_noise)
        tangent = masked(tangent, x)

        # The replicated loss: the head once, its reverse, one contraction for each copy.
        feature = by_sample(x).mean(1)
        losses[f"{name}.loss"], error = head(feature, parameters[f"{name}.head.weight"],
                                             parameters[f"{name}.head.bias"], label)
        sensitivity = (error @ parameters[f"{name}.head.weight"].t()).div_(tokens * n)
        # [sample * token, group, 1]: s = dL / B of each copy.
        scale = by_sample(tangent).mul_(sensitivity[:, None]).view(rows, groups, -1).sum(-1, keepdim=True)

        error.div_(n)
        gradients[f"{name}.head.weight"] = feature.t() @ error
        gradients[f"{name}.head.bias"] = error.sum(0)

        back = masked(group_noise, x).view(rows, groups, -1).mul_(scale)
        back = group_norm.jacobian(back)
        gradients[f"{name}.group.weight"] = torch.bmm(
            to_groups(shape, channel_output).transpose(1, 2), back.transpose(0, 1))
        gradients[f"{name}.group.bias"] = back.sum(0)

        back = masked(channel_noise, channel_output).view(rows, groups, -1).mul_(scale)
        back = channel_norm.jacobian(back.view(rows, -1))
        gradients[f"{name}.channel.weight"] = channel_input.t() @ back
        gradients[f"{name}.channel.bias"] = back.sum(0)

        if b > 0:
            back = by_sample(token_norm.jacobian(token_noise * scale.sum(1)))
            gradients[f"{name}.token.weight"] = torch.bmm(by_sample(entering), back.transpose(1, 2)).sum(0)
            gradients[f"{name}.token.bias"] = back.sum((0, 2))

    feature = by_sample(x).mean(1)
    losses["loss"], error = head(feature, parameters["readout.weight"], parameters["readout.bias"], label)
    error.div_(n)
    gradients["readout.weight"] = feature.t() @ error
    gradients["readout.bias"] = error.sum(0)
    return gradients, losses


GRADIENTS = {"bp": bp_gradients, "lg-fg-a": lg_fg_a_gradients}
