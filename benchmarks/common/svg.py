# Licensed under the Apache License v2.0; see LICENSE.
"""What charts are made of: axes, ticks, a grid, labels that do not overlap. The page's style has the colours."""

import html
import math

WIDTH, HEIGHT = 900, 400
LEFT, RIGHT, TOP, BOTTOM = 84, 150, 16, 52
MOST_POINTS = 400


def ticks_log(low, high):
    """1, 2 and 5 of each power of ten between the two; of many powers the 1 alone."""
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    digits = (1, 2, 5) if high / low < 1e5 else (1,)
    found = [digit * 10.0 ** power for power in powers for digit in digits]
    return [tick for tick in found if low * 0.999 <= tick <= high * 1.001]


def ticks_linear(axis, most):
    """Whole steps from the axis's low end on."""
    step = round_step(axis.high - axis.low, most)
    return [axis.low + step * index for index in range(int((axis.high - axis.low) / step + 1e-9) + 1)]


def round_step(span, most):
    """The least of 1, 2, 5 times a power of ten that divides `span` into at most `most` parts."""
    step = 10.0 ** math.floor(math.log10(span / most))
    return next(step * factor for factor in (1, 2, 5, 10) if span / (step * factor) <= most)


class Axis:
    """Maps values to places between `start` and `end`."""

    def __init__(self, low, high, start, end, log=False):
        self.low, self.high, self.start, self.end, self.log = low, high, start, end, log

    def __call__(self, value):
        value = min(max(value, self.low), self.high)
        if self.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def log_axis(values, start, end, least=1e-9, most=1e15):
    """Whole steps of 1, 2, 5 around the values, at least a factor of 10, between `least` and `most`."""
    shown = [min(max(value, least), most) for value in values] or [1]
    steps = ticks_log(max(least, min(shown) / 10), min(most, max(shown) * 10))
    low = max([step for step in steps if step <= min(shown) * 1.001] or steps[:1])
    high = min([step for step in steps if step >= max(shown) * 0.999] or steps[-1:])
    if high / low < 10:
        high = min(most, low * 10)
        low = min(low, high / 10)
    return Axis(low, high, start, end, log=True)


def linear_axis(values, start, end):
    most = max(values, default=0) or 1
    step = round_step(most, 6)
    return Axis(0, step * math.ceil(most / step - 1e-9), start, end)


def thinned(points):
    """At most MOST_POINTS of them, the last one always."""
    stride = -(-len(points) // MOST_POINTS)
    return points[::-1][::stride][::-1] if stride > 1 else points


def spread(places, least, most, gap):
    """Moves labels apart to at least `gap` (less where they are too many), in their order."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    gap = min(gap, (most - least) / max(1, len(places) - 1))
    moved, previous = [0.0] * len(places), least - gap
    for index in order:
        previous = moved[index] = max(places[index], previous + gap)
    limit = most
    for index in reversed(order):
        moved[index] = min(moved[index], limit)
        limit = moved[index] - gap
    return moved


def grid(x, x_ticks, y, y_ticks, x_label, y_label, unit):
    right, foot = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = []
    for tick in y_ticks:
        parts.append(f'<path class="grid" d="M{LEFT} {y(tick):.1f}H{right}"/>'
                     f'<text x="{LEFT - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}{unit}</text>')
    for tick in x_ticks:
        parts.append(f'<path class="grid" d="M{x(tick):.1f} {foot}v5"/><text x="{x(tick):.1f}" y="{foot + 20}" '
                     f'text-anchor="middle">{tick:g}</text>')
    parts.append(f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{x_label}</text>')
    middle = (TOP + foot) / 2
    parts.append(f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">{y_label}</text>')
    return "".join(parts)


def figure(caption, body, height=HEIGHT):
    return (f'<figure><figcaption>{caption}</figcaption><svg viewBox="0 0 {WIDTH} {height}" role="img" '
            f'aria-label="{caption}">{body}</svg></figure>\n')


class Line:
    """A curve: its name, its points, what its tooltip says, its class of the page's style, its dashes."""

    def __init__(self, name, points, title, kind, dashes="none"):
        self.name, self.points, self.title, self.kind, self.dashes = name, points, title, kind, dashes


def line_chart(caption, lines, x, x_ticks, x_label, y, y_ticks, y_label, unit=""):
    """The lines with their names at their ends; few points are drawn as dots too."""
    parts = [grid(x, x_ticks, y, y_ticks, x_label, y_label, unit)]
    places = spread([y(line.points[-1][1]) for line in lines], TOP + 6, HEIGHT - BOTTOM, 15)
    for line, place in zip(lines, places):
        path = " ".join(f"{x(across):.1f},{y(up):.1f}" for across, up in thinned(line.points))
        parts.append(f'<g><title>{html.escape(line.title)}</title>'
                     f'<polyline points="{path}" class="line {line.kind}" stroke-dasharray="{line.dashes}"/>')
        if len(line.points) <= 25:
            parts += [f'<circle cx="{x(across):.1f}" cy="{y(up):.1f}" r="2.5" class="dot {line.kind}"/>'
                      for across, up in line.points]
        edge, (across, up) = WIDTH - RIGHT, line.points[-1]
        parts.append(f'<path class="lead" d="M{x(across):.1f} {y(up):.1f}L{edge + 6} {place:.1f}h6"/>'
                     f'<text x="{edge + 15}" y="{place + 4:.1f}" class="name {line.kind}">'
                     f'{html.escape(line.name[:24])}</text></g>')
    return figure(caption, "".join(parts))
