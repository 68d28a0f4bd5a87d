# Licensed under the Apache License v2.0; see LICENSE.
"""The tables as text and as the section of docs/performance.md."""

from common import document
from performancelib import summary

SECTION = "performance"


def plain(value):
    return value.replace("`", "")


def text(content):
    lines = []
    for table in summary.tables(content):
        lines += [plain(table.title), ""]
        lines += document.text_table([plain(name) for name in table.head],
                                     [[plain(cell) for cell in row] for row in table.body])
        lines += table.notes + ["", ""]
    return "\n".join(lines + document.text_facts(summary.settings(content))) + "\n"


def markdown(content):
    lines = []
    for table in summary.tables(content):
        lines += [f"### {table.title}", "", *document.markdown_table(table.head, table.body), ""]
        lines += [f"{note[0].upper()}{note[1:]}." for note in table.notes] + ([""] if table.notes else [])
    lines += [f"- {name}: {document.escape_markdown(value)}" for name, value in summary.settings(content)]
    return "\n".join(lines) + "\n"


def write_docs(path, content):
    document.write_section(path, SECTION, markdown(content))
