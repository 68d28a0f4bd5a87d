# Licensed under the Apache License v2.0; see LICENSE.
"""The tables and their charts on one page that needs no other file."""

import html

from common import page as frame
from common import svg
from performancelib import summary
from performancelib.models import FIGURE5, MODELS, SWEEPS
from performancelib.programs import PEER_PROGRAMS
from performancelib.text import plain

# Class of the page's style and dashes.
LOOKS = {"limit": ("plain", "none"), "foregrad": ("fg-a", "none"),
         "foregrad-bf16": ("fg-w", "none"), "fused": ("fg-a", "none"), "naive": ("bp", "6 4"),
         "pytorch": ("fa", "none"), "pytorch-compile": ("p-a", "none"), "pytorch-direct": ("p-w", "none"),
         "jax": ("dfa", "none"), "jax-direct": ("bp", "none")}
TITLES = {"limit": "products by sgemm", "fused": "fused", "naive": "copy by copy", "foregrad": "Foregrad", "foregrad-bf16": "Foregrad, bf16",
          **{name: peer.title for name, peer in PEER_PROGRAMS.items()}}
DASHES_OF_BP = "8 4"


def bars(caption, rows):
    """Horizontal bars from 0: (name, value, what stands behind it, class)."""
    if not rows:
        return ""
    left, step = 300, 26
    height = svg.TOP + step * len(rows) + svg.BOTTOM
    x = svg.linear_axis([value for _, value, _, _ in rows], left, svg.WIDTH - svg.RIGHT)
    foot = height - svg.BOTTOM
    parts = [f'<path class="grid" d="M{x(tick):.1f} {svg.TOP}V{foot}"/><text x="{x(tick):.1f}" y="{foot + 18}" '
             f'text-anchor="middle">{tick:g}</text>' for tick in svg.ticks_linear(x, 6)]
    for index, (name, value, behind, kind) in enumerate(rows):
        place = svg.TOP + step * index
        parts.append(f'<text x="{left - 10}" y="{place + 17}" text-anchor="end">{html.escape(name)}</text>'
                     f'<rect x="{left}" y="{place + 5}" width="{max(1.0, x(value) - left):.1f}" height="{step - 9}" '
                     f'class="dot {kind}"/><text x="{x(value) + 8:.1f}" y="{place + 17}">{html.escape(behind)}</text>')
    parts.append(f'<text x="{(left + svg.WIDTH - svg.RIGHT) / 2}" y="{height - 8}" text-anchor="middle">'
                 "milliseconds a step</text>")
    return svg.figure(html.escape(caption), "".join(parts), height)


def step_bars(content, model, batch):
    rows = []
    rules = sorted({entry["rule"] for entry in content["rounds"]
                    if (entry["model"], entry["batch"]) == (model, batch)}, key=summary.order_of)
    for rule in rules:
        rounds = summary.Rounds(content, model, rule, batch)
        for who in LOOKS:
            taken = rounds.median(who)
            if taken is not None:
                rows.append((f"{rule}: {TITLES[who]}", taken, summary.milliseconds(taken), LOOKS[who][0]))
    return bars(f"{MODELS[model].title}, batch {batch}: time of a step", rows)


def sweep_chart(caption, found, axis, y_label, value_of):
    """Both axes logarithmic: what grows in proportion is a straight line with slope 1."""
    lines = []
    for (rule, who), values in found.items():
        points = [(value, value_of(measured)) for value, measured in values.items() if value_of(measured)]
        if points:
            kind, dashes = LOOKS[who]
            name = TITLES[who] if who in ("fused", "naive") else f"{TITLES[who]} {rule}"
            lines.append(svg.Line(name, points, f"{name}: {points[-1][1]:.4g} at {points[-1][0]}", kind,
                                  DASHES_OF_BP if rule == "bp" else dashes))
    values = sorted({across for line in lines for across, _ in line.points})
    if len(values) < 2:
        return ""
    x = svg.Axis(values[0], values[-1], svg.LEFT, svg.WIDTH - svg.RIGHT, log=True)
    y = svg.log_axis([up for line in lines for _, up in line.points], svg.HEIGHT - svg.BOTTOM, svg.TOP)
    return svg.line_chart(html.escape(caption), lines, x, values, html.escape(axis), y, svg.ticks_log(y.low, y.high),
                          y_label)


def charts(content):
    parts = [step_bars(content, model, batch) for model, batch in summary.keys(content)]
    for sweep, axis in [(name, facts[0]) for name, facts in {**SWEEPS, **FIGURE5}.items()]:
        found = summary.series(content, sweep)
        name = sweep if sweep in SWEEPS else "replicated losses"
        parts.append(sweep_chart(f"Time over {axis} ({name})", found, axis, "milliseconds a step",
                                 lambda measured: measured["ms"]))
        parts.append(sweep_chart(f"Memory of a step over {axis} ({name})", found, axis, "MiB",
                                 lambda measured: (summary.step_bytes(measured) or 0) / 2**20))
    return "".join(parts)


def page(content):
    parts = []
    for table in summary.tables(content):
        parts.append(f"<h2>{html.escape(plain(table.title))}</h2>\n"
                     + frame.table([plain(name) for name in table.head],
                                   [[plain(cell) for cell in row] for row in table.body])
                     + "".join(f"<p>{html.escape(note)}</p>\n" for note in table.notes))
    return frame.document("Performance", charts(content) + "".join(parts)
                          + f"<h2>What was measured with</h2>\n{frame.facts_table(summary.settings(content))}")
