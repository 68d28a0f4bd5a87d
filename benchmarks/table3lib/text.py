# Licensed under the Apache License v2.0; see LICENSE.
"""The table as text, as Markdown, and as the section of a document."""

from common import document
from common.document import escape_markdown
from table3lib import results as results_module

HEAD = ("rule", "test %", "train %", "paper: test %", "paper: train %", "epochs", "step ms")

STATES = {"waiting": "not started", "running": "in training", "stopped": "stopped, goes on with the next call"}


def percent(value):
    return "-" if value is None else f"{value:.2f}"


def cells(row, epochs):
    """Rule, our test and train error, the paper's, epochs done, step time; all text."""
    paper = row["paper"] or (None, None)
    done = str(row["epochs"]) if row["epochs"] == epochs else f"{row['epochs']} of {epochs}"
    step = row.get("step_ms")
    return [row["rule"], percent(row.get("test_error")), percent(row.get("train_error")), percent(paper[0]),
            percent(paper[1]), done, "-" if step is None else f"{step:.2f}"]


def remark(row):
    """Why a row has no figures, or not the last ones; empty for one that is done."""
    if row["state"] == "failed":
        return f"failed: {row['reason'] or 'no reason was given'}"
    return STATES.get(row["state"], "")


def title(results):
    paper = results["paper"]
    beside = f" of the paper's {paper['epochs']}" if paper["known"] else ""
    epochs = "epoch" if results["epochs"] == 1 and not beside else "epochs"
    return f"{results['title']}: {results['epochs']}{beside} {epochs}, seed {results['seed']}"


def table_text(results):
    """For the terminal and table3.txt."""
    body = [cells(row, results["epochs"]) for row in results["rows"]]
    lines = [title(results), "", *document.text_table(list(HEAD), body, [remark(row) for row in results["rows"]]), "",
             *document.text_facts(results_module.setting_lines(results))]
    return "\n".join(lines) + "\n"


def table_markdown(results):
    body, remarks = [], []
    for row in results["rows"]:
        values = cells(row, results["epochs"])
        body.append([f"`{values[0]}`"] + values[1:])
        if remark(row):
            remarks.append(f"- `{row['rule']}` {escape_markdown(remark(row))}")
    lines = [f"### {title(results)}", "", *document.markdown_table(HEAD, body)]
    lines += [""] + (remarks + [""] if remarks else [])
    for name, value in results_module.setting_lines(results):
        if name != "command":
            lines.append(f"- {name}: {escape_markdown(value)}")
    return "\n".join(lines + ["", f"    {results['command']}"]) + "\n"


def section(results):
    """The name of the table's place in a document: one for each model and number of epochs."""
    return f"table3 {results['model']}, {results['epochs']} epochs"


def write_docs(path, results):
    document.write_section(path, section(results), table_markdown(results))
