# Licensed under the Apache License v2.0; see LICENSE.
"""Curves of all rows as SVG, for light and dark pages.

What a rule learns from gives the colour, how far it flows the dashes; the page's style has the colours.
Errors span three powers of ten, so their axis is logarithmic; what lies below it is drawn at its foot."""

import html

from common import svg

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


def log_axis(values, start, end):
    return svg.log_axis(values, start, end, LEAST_ERROR, 100)


def chart(caption, y_label, key, rows, epochs, log):
    """One curve a row: `key` of its metrics over the epochs."""
    unit = " %" if log else ""
    lines = []
    for row in rows:
        if row["curve"]:
            points = [(epoch["epoch"], epoch[key]) for epoch in row["curve"]]
            family, flow = look(row["rule"])
            lines.append(svg.Line(row["rule"], points,
                                  f"{row['rule']}: {points[-1][1]:.4g}{unit} after epoch {points[-1][0]}",
                                  family, FLOWS[flow][0]))
    if not lines:
        return f"<figure><figcaption>{caption}</figcaption><p>No epoch is done yet.</p></figure>\n"
    values = [value for line in lines for _, value in line.points]
    foot, right = svg.HEIGHT - svg.BOTTOM, svg.WIDTH - svg.RIGHT
    x = svg.Axis(0, epochs, svg.LEFT, right)
    x_step = max(1, svg.round_step(epochs, 10))
    x_ticks = [x_step * index for index in range(int(epochs / x_step + 1e-9) + 1)]
    y = log_axis(values, foot, svg.TOP) if log else svg.linear_axis(values, foot, svg.TOP)
    y_ticks = svg.ticks_log(y.low, y.high) if log else svg.ticks_linear(y, 6)
    return svg.line_chart(caption, lines, x, x_ticks, "epoch", y, y_ticks, y_label, unit)


def comparison(rows, paper_epochs):
    """Test errors as dots, a line a row: ours filled, the paper's hollow; empty where there is nothing to compare."""
    shown = [row for row in rows if row["paper"] and row["curve"]]
    if not shown:
        return ""
    global_height = svg.TOP + 26 * len(shown) + svg.BOTTOM
    x = log_axis([row["test_error"] for row in shown] + [row["paper"][0] for row in shown], svg.LEFT + 60, svg.WIDTH - svg.RIGHT)
    foot = global_height - svg.BOTTOM
    parts = []
    for tick in svg.ticks_log(x.low, x.high):
        parts.append(f'<path class="grid" d="M{x(tick):.1f} {svg.TOP}V{foot}"/><text x="{x(tick):.1f}" y="{foot + 18}" '
                     f'text-anchor="middle">{tick:g} %</text>')
    for index, row in enumerate(shown):
        place, family, name = svg.TOP + 13 + 26 * index, look(row["rule"])[0], html.escape(row["rule"])
        ours, theirs = row["test_error"], row["paper"][0]
        parts.append(f'<g><title>{name}: {ours:.2f} % here, {theirs:.2f} % in the paper</title>'
                     f'<text x="{svg.LEFT + 48}" y="{place + 4}" text-anchor="end" class="name {family}">{name}</text>'
                     f'<path class="line {family}" d="M{x(ours):.1f} {place}H{x(theirs):.1f}" opacity=".45"/>'
                     f'<circle cx="{x(theirs):.1f}" cy="{place}" r="5" class="hollow {family}"/>'
                     f'<circle cx="{x(ours):.1f}" cy="{place}" r="5" class="dot {family}"/></g>')
    caption = f"Test error: filled here, hollow in the paper ({paper_epochs} epochs)"
    parts.append(f'<text x="{(svg.LEFT + 60 + svg.WIDTH - svg.RIGHT) / 2}" y="{global_height - 8}" text-anchor="middle">'
                 'test error, % (logarithmic)</text>')
    return svg.figure(caption, "".join(parts), global_height)


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
