# Licensed under the Apache License v2.0; see LICENSE.
"""LocalMixer in PyTorch: `lg-fg-a` translated directly. PyTorch differentiates, forward and in reverse.

Arrays are [sample, token, channel], those of group layers [sample, token, group, unit].
pytorch_localmixer.py has the same gradients, written to be fast.
"""

import torch
import torch.nn.functional as F
from torch.autograd import forward_ad

from pytorch_localmixer import EPSILON, patches_of, token_layer
from shapes import below


def norm(q):
    return F.layer_norm(q, q.shape[-1:], eps=EPSILON)


def cut(x):
    """x with its tangent, through which reverse mode does not go."""
    value, tangent = forward_ad.unpack_dual(x)
    return value.detach() if tangent is None else forward_ad.make_dual(value.detach(), tangent.detach())


def perturbed(z, noise):
    """The site's tangent is its perturbation, added to what comes in."""
    return z + forward_ad.make_dual(torch.zeros_like(noise), noise)


def block(parameters, entering, noise):
    """Site -> what leaves its layer, as a dual number; reverse mode stays within each layer."""
    x, found = entering, {}
    if "token" in noise:
        q = token_layer(x, parameters["token.weight"], parameters["token.bias"])
        found["token"] = F.relu(perturbed(norm(q), noise["token"]))
        x = cut(found["token"])
    q = x @ parameters["channel.weight"] + parameters["channel.bias"]
    found["channel"] = F.relu(perturbed(norm(q), noise["channel"]))
    x = cut(found["channel"]).view(noise["group"].shape)
    z = norm(torch.einsum("ntgu,guv->ntgv", x, parameters["group.weight"]) + parameters["group.bias"])
    if "token" in noise:
        z = z + entering.view(z.shape)
    found["group"] = F.relu(perturbed(z, noise["group"]))
    return found


def head_loss(parameters, x, label):
    """The mean over the batch of the loss of a linear layer on the mean token."""
    logits = x.mean(1).flatten(1) @ parameters["weight"] + parameters["bias"]
    return F.cross_entropy(logits, label)


def lg_fg_a_gradients(shape, parameters, image, label, perturbation=None):
    """Gradients by path, and losses. `perturbation`: site -> array; None draws them."""
    n, tokens, channels = len(label), shape.tokens, shape.channels
    by_channel, by_group = (n, tokens, channels), (n, tokens, shape.groups, shape.units)
    x = patches_of(shape, image)
    gradients, losses = {}, {}

    def draw(site, size):
        return torch.randn(size) if perturbation is None else perturbation[site].view(size)

    for b in range(shape.blocks):
        name = f"block{b}"
        own = below(name, parameters)
        head = below("head", own)
        sizes = ({"token": by_channel} if b > 0 else {}) | {"channel": by_channel, "group": by_group}
        noise = {site: draw(f"{name}.{site}", size) for site, size in sizes.items()}

        # Forward mode through the block: by how much the perturbations move what leaves it.
        with forward_ad.dual_level():
            found = {site: forward_ad.unpack_dual(h) for site, h in block(own, x, noise).items()}
        x, tangent = (value.detach() for value in found["group"])
        # The loss copy of a token and group sees what moves there and nothing else, so one derivative
        # serves them all. [sample, token, group, 1], over the batch.
        x.requires_grad_()
        losses[f"{name}.loss"] = loss = head_loss(head, x, label)
        sensitivity, *head_gradients = torch.autograd.grad(loss, [x, *head.values()])
        moved = (sensitivity * tangent).sum(-1, keepdim=True)

        estimates = {"channel": (noise["channel"].view(by_group) * moved).view(by_channel),
                     "group": noise["group"] * moved}
        if b > 0:
            estimates["token"] = noise["token"] * moved.sum(2)
        layers = {path: value for path, value in own.items() if not path.startswith("head.")}
        back = torch.autograd.grad([found[site].primal for site in estimates], list(layers.values()),
                                   list(estimates.values()))
        gradients |= {f"{name}.{path}": value for path, value in zip(layers, back)}
        gradients |= {f"{name}.head.{path}": value for path, value in zip(head, head_gradients)}
        x = x.detach().view(by_channel)

    readout = below("readout", parameters)
    losses["loss"] = loss = head_loss(readout, x, label)
    gradients |= {f"readout.{path}": value
                  for path, value in zip(readout, torch.autograd.grad(loss, list(readout.values())))}
    return gradients, losses


GRADIENTS = {"lg-fg-a": lg_fg_a_gradients}
