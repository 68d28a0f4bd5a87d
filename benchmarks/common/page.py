# Licensed under the Apache License v2.0; see LICENSE.
"""The frame of a page that needs no other file and is well-formed XML as well."""

import html

# Family: colour on a light and on a dark page, each at least 4.5 : 1 against it.
COLORS = {"bp": ("#1f5fbf", "#7ab0ff"), "fa": ("#a85300", "#ffb066"), "dfa": ("#7a3fb0", "#cfa3ff"),
          "fg-w": ("#1b7f4b", "#6fdc9f"), "fg-a": ("#c2185b", "#ff80ab"), "p-w": ("#00767f", "#5fd8e0"),
          "p-a": ("#7d6200", "#e6cc5c"), "other": ("#555555", "#bbbbbb"), "plain": ("#222222", "#dddddd")}

STYLE = """
:root { color-scheme: light dark; --page: #ffffff; --ink: #222222; --soft: #5a5a5a; --rule: #dddddd; %s }
@media (prefers-color-scheme: dark) { :root { --page: #16181c; --ink: #e6e6e6; --soft: #a9a9a9; --rule: #3a3d44; %s } }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em;
       color: var(--ink); background: var(--page); }
h1 { font-size: 1.5em; } figure { margin: 2em 0; } figcaption { font-weight: 600; margin-bottom: .4em; }
figure svg { width: 100%%; height: auto; } text { font: 13px system-ui, sans-serif; fill: var(--ink); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--rule); padding: .25em 1em .25em 0; text-align: right; vertical-align: top; }
th:first-child, td:first-child, td.remark, table.facts td { text-align: left; }
td.remark { color: var(--soft); max-width: 22em; overflow-wrap: anywhere; }
table.facts td { overflow-wrap: anywhere; } table.facts th { font-weight: 600; }
.scroll { overflow-x: auto; }
.grid { stroke: var(--rule); fill: none; } .lead { stroke: var(--soft); stroke-width: .7; fill: none; opacity: .6; }
.line { fill: none; stroke-width: 2; stroke: var(--c); } .dot { fill: var(--c); }
.hollow { fill: var(--page); stroke: var(--c); stroke-width: 2; } .name { fill: var(--c); }
ul.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .3em 1.6em; }
.swatch { width: 36px; height: 10px; margin-right: .5em; }
"""

def style():
    light, dark = (" ".join(f"--{family}: {pair[index]};" for family, pair in COLORS.items()) for index in (0, 1))
    classes = " ".join(f".{family} {{ --c: var(--{family}); }}" for family in COLORS)
    return STYLE % (light, dark) + classes


def table(head, body, kind="rows"):
    """Of text cells: their marks are escaped. A row may be a pair of cells and of a remark in a column of its own."""
    lines = ["<tr>" + "".join(f"<th>{html.escape(name)}</th>" for name in head) + "</tr>"]
    for row in body:
        cells, remark = row if isinstance(row, tuple) else (row, None)
        values = "".join(f"<td>{html.escape(value)}</td>" for value in cells)
        if remark is not None:
            values += f'<td class="remark">{html.escape(remark)}</td>'
        lines.append(f"<tr>{values}</tr>")
    return f'<div class="scroll"><table class="{kind}">' + "\n".join(lines) + "\n</table></div>\n"


def facts_table(facts):
    """`facts`: pairs of name and text."""
    rows = "".join(f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>\n" for name, value in facts)
    return f'<table class="facts">{rows}</table>'


def document(title, content):
    title = html.escape(title)
    return (f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>'
            f'<meta name="viewport" content="width=device-width"/><title>{title}</title>'
            f"<style>{style()}</style></head>\n<body><h1>{title}</h1>\n{content}</body></html>\n")
