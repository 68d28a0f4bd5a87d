# Licensed under the Apache License v2.0; see LICENSE.
"""The sizes of a LocalMixer and its parameters, for peers of any framework."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Shape:
    blocks: int
    patches: int  # a side
    channels: int
    groups: int
    size: int  # height and width of the image
    colors: int
    classes: int

    @property
    def tokens(self):
        return self.patches**2

    @property
    def units(self):
        return self.channels // self.groups

    @property
    def pixels(self):
        return (self.size // self.patches) ** 2 * self.colors


SHAPES = {
    "m-1-16": Shape(1, 1, 512, 16, 28, 1, 10),
    "m-8-16": Shape(4, 8, 512, 16, 32, 3, 10),
    "l-8-64": Shape(4, 8, 2048, 64, 32, 3, 10),
}


def parameter_shapes(shape):
    """Path -> shape, in the order of the model. Paths are Foregrad's."""
    c, g, u = shape.channels, shape.groups, shape.units
    shapes = {}
    for b in range(shape.blocks):
        if b > 0:
            shapes[f"block{b}.token.weight"] = (shape.tokens, shape.tokens)
            shapes[f"block{b}.token.bias"] = (shape.tokens,)
        shapes[f"block{b}.channel.weight"] = (c if b > 0 else shape.pixels, c)
        shapes[f"block{b}.channel.bias"] = (c,)
        shapes[f"block{b}.group.weight"] = (g, u, u)
        shapes[f"block{b}.group.bias"] = (g, u)
        shapes[f"block{b}.head.weight"] = (c, shape.classes)
        shapes[f"block{b}.head.bias"] = (shape.classes,)
    shapes["readout.weight"] = (c, shape.classes)
    shapes["readout.bias"] = (shape.classes,)
    return shapes


def below(path, values):
    """Those of the dictionary `values` whose names begin with `path`, without it."""
    return {name.removeprefix(path + "."): value for name, value in values.items() if name.startswith(path + ".")}


def initial_scale(path, size):
    """Of the normal numbers that a parameter begins with; 0: it begins with zeros."""
    if path.endswith(".weight") and not path.startswith("readout"):
        return min(2 / size[-2] ** 0.5, 0.1)
    return 0.0


# The recipe of the samples: no decay on biases, a tenth of the rate for the readout.
RATE, MOMENTUM, DECAY, READOUT_FACTOR = 0.01, 0.9, 1e-4, 0.1


def rate_of(path):
    return RATE * (READOUT_FACTOR if path.startswith("readout") else 1)


def decay_of(path):
    return DECAY if path.endswith(".weight") else 0.0
