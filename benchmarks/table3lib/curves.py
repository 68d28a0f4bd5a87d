# Licensed under the Apache License v2.0; see LICENSE.
"""Curves of all rows as SVG, for light and dark pages.

What a rule learns from gives the colour, how far it flows the dashes; the page's style has the colours.
Errors span three powers of ten, so their axis is logarithmic; what lies below it is drawn at its foot."""

import html
import math

WIDTH, HEIGHT = 900, 400
LEFT, RIGHT, TOP, BOTTOM = 84, 150, 16, 52
MOST_POINTS = 400
LEAST_ERROR = 0.01  # percent: one of 10,000 images

# Family: class of the style, and what a legend says.
FAMILIES = {"bp": "backpropagation", "fa": "feedback alignment", "dfa": "direct feedback alignment",
            "fg-w": "forward gradient, weights perturbed", "fg-a": "forward gradient, activities perturbed",
            "p-w": "finite difference, weights perturbed", "p-a": "finite difference, activities perturbed"}
FLOWS = {"": ("10 4", "through the whole network"), "l-": ("2 4", "l-: local losses, between blocks too"),
         "lg-": ("none", "lg-: local losses, stopped between blocks")}


def look(rule):
    """Family and flow of a rule: its colour and its dashes."""
    base = rule.split(":")[0]
    for flow in ("lg-", "l-", ""):
        if base.startswith(flow) and base[len(flow):] in FAMILIES:
            return base[len(flow):], flow
    return "other", ""


def line_style(rule):
    family, flow = look(rule)
    return f'class="line {family}" stroke-dasharray="{FLOWS[flow][0]}"'


def ticks_log(low, high):
    found = [digit * 10.0 ** power for power in range(-3, 4) for digit in (1, 2, 5)]
    return [tick for tick in found if low * 0.999 <= tick <= high * 1.001]


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


def log_axis(values, start, end):
    """Whole steps of 1, 2, 5 around the values, at least a factor of 10."""
    steps = ticks_log(LEAST_ERROR, 100)
    shown = [max(value, LEAST_ERROR) for value in values] or [1]
    low = max([step for step in steps if step <= min(shown) * 1.001] or steps[:1])
    high = min([step for step in steps if step >= max(shown) * 0.999] or steps[-1:])
    if high / low < 10:
        high = min(100.0, low * 10)
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


def figure(caption, body):
    return (f'<figure><figcaption>{caption}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-label="{caption}">{body}</svg></figure>\n')


def chart(caption, y_label, key, rows, epochs, log):
    """One curve a row: `key` of its metrics over the epochs."""
    series = [(row["rule"], [(epoch["epoch"], epoch[key]) for epoch in row["curve"]]) for row in rows if row["curve"]]
    if not series:
        return f"<figure><figcaption>{caption}</figcaption><p>No epoch is done yet.</p></figure>\n"
    values = [value for _, points in series for _, value in points]
    x = Axis(0, epochs, LEFT, WIDTH - RIGHT)
    y = (log_axis if log else linear_axis)(values, HEIGHT - BOTTOM, TOP)
    x_step = max(1, round_step(epochs, 10))
    x_ticks = [x_step * index for index in range(int(epochs / x_step + 1e-9) + 1)]
    y_ticks = ticks_log(y.low, y.high) if log else [
        y.low + round_step(y.high, 6) * index for index in range(int(y.high / round_step(y.high, 6) + 1e-9) + 1)]
    parts = [grid(x, x_ticks, y, y_ticks, "epoch", y_label, " %" if log else "")]
    labels = spread([y(points[-1][1]) for _, points in series], TOP + 6, HEIGHT - BOTTOM, 15)
    for (rule, points), place in zip(series, labels):
        name, last = html.escape(rule), points[-1]
        path = " ".join(f"{x(epoch):.1f},{y(value):.1f}" for epoch, value in thinned(points))
        parts.append(f'<g><title>{name}: {last[1]:.4g}{" %" if log else ""} after epoch {last[0]}</title>'
                     f'<polyline points="{path}" {line_style(rule)}/>')
        if len(points) <= 25:
            parts += [f'<circle cx="{x(epoch):.1f}" cy="{y(value):.1f}" r="2.5" class="dot {look(rule)[0]}"/>'
                      for epoch, value in points]
        edge = WIDTH - RIGHT
        parts.append(f'<path class="lead" d="M{x(last[0]):.1f} {y(last[1]):.1f}L{edge + 6} {place:.1f}h6"/>'
                     f'<text x="{edge + 15}" y="{place + 4:.1f}" class="name {look(rule)[0]}">{name[:24]}</text></g>')
    return figure(caption, "".join(parts))


def comparison(rows, paper_epochs):
    """Test errors as dots, a line a row: ours filled, the paper's hollow; empty where there is nothing to compare."""
    shown = [row for row in rows if row["paper"] and row["curve"]]
    if not shown:
        return ""
    global_height = TOP + 26 * len(shown) + BOTTOM
    x = log_axis([row["test_error"] for row in shown] + [row["paper"][0] for row in shown], LEFT + 60, WIDTH - RIGHT)
    foot = global_height - BOTTOM
    parts = []
    for tick in ticks_log(x.low, x.high):
        parts.append(f'<path class="grid" d="M{x(tick):.1f} {TOP}V{foot}"/><text x="{x(tick):.1f}" y="{foot + 18}" '
                     f'text-anchor="middle">{tick:g} %</text>')
    for index, row in enumerate(shown):
        place, family, name = TOP + 13 + 26 * index, look(row["rule"])[0], html.escape(row["rule"])
        ours, theirs = row["test_error"], row["paper"][0]
        parts.append(f'<g><title>{name}: {ours:.2f} % here, {theirs:.2f} % in the paper</title>'
                     f'<text x="{LEFT + 48}" y="{place + 4}" text-anchor="end" class="name {family}">{name}</text>'
                     f'<path class="line {family}" d="M{x(ours):.1f} {place}H{x(theirs):.1f}" opacity=".45"/>'
                     f'<circle cx="{x(theirs):.1f}" cy="{place}" r="5" class="hollow {family}"/>'
                     f'<circle cx="{x(ours):.1f}" cy="{place}" r="5" class="dot {family}"/></g>')
    caption = f"Test error: filled here, hollow in the paper ({paper_epochs} epochs)"
    parts.append(f'<text x="{(LEFT + 60 + WIDTH - RIGHT) / 2}" y="{global_height - 8}" text-anchor="middle">'
                 'test error, % (logarithmic)</text>')
    return (f'<figure><figcaption>{caption}</figcaption><svg viewBox="0 0 {WIDTH} {global_height}" role="img" '
            f'aria-label="{caption}">{"".join(parts)}</svg></figure>\n')


def legend(rows):
    """What colours and dashes mean, of those that the rows use."""
    looks = [look(row["rule"]) for row in rows]
    items = [(f'class="line {family}" stroke-dasharray="none"', text) for family, text in FAMILIES.items()
             if family in [used for used, _ in looks]]
    items += [(f'class="line plain" stroke-dasharray="{dashes}"', text) for flow, (dashes, text) in FLOWS.items()
              if flow in [used for _, used in looks]]
    entries = "".join(f'<li><svg viewBox="0 0 36 10" class="swatch" aria-hidden="true"><path d="M0 5H36" {style}/>'
                      f"</svg>{html.escape(text)}</li>" for style, text in items)
    return f'<ul class="legend">{entries}</ul>\n'
