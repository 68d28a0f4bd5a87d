# Licensed under the Apache License v2.0; see LICENSE.
"""The table as text, as Markdown, and as the section of a document."""

from table3lib import files, results as results_module

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
    head = list(HEAD)
    body = [cells(row, results["epochs"]) for row in results["rows"]]
    widths = [max(len(line[column]) for line in [head] + body) for column in range(len(head))]

    def line(values):
        aligned = [values[0].ljust(widths[0])] + [value.rjust(width) for value, width in zip(values[1:], widths[1:])]
        return "  ".join(aligned).rstrip()

    lines = [title(results), "", line(head), "-" * (sum(widths) + 2 * len(widths) - 2)]
    for row, values in zip(results["rows"], body):
        lines.append(line(values) + (f"  {remark(row)}" if remark(row) else ""))
    lines.append("")
    settings = results_module.setting_lines(results)
    width = max(len(name) for name, _ in settings)
    lines += [f"{name:{width}}  {value}" for name, value in settings]
    return "\n".join(lines) + "\n"


def escape_markdown(text):
    for character in "\\|<>*_`[]":
        text = text.replace(character, "\\" + character)
    return " ".join(text.split())


def table_markdown(results):
    lines = [f"### {title(results)}", "",
             "| " + " | ".join(HEAD) + " |", "|---|" + "--:|" * (len(HEAD) - 1)]
    remarks = []
    for row in results["rows"]:
        values = cells(row, results["epochs"])
        lines.append("| `" + "` | ".join([values[0], " | ".join(values[1:])]) + " |")
        if remark(row):
            remarks.append(f"- `{row['rule']}` {escape_markdown(remark(row))}")
    lines += [""] + (remarks + [""] if remarks else [])
    for name, value in results_module.setting_lines(results):
        if name != "command":
            lines.append(f"- {name}: {escape_markdown(value)}")
    return "\n".join(lines + ["", f"    {results['command']}"]) + "\n"


def markers(results):
    name = f"table3 {results['model']}, {results['epochs']} epochs"
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def replace_section(document, results):
    """The document with the table between the markers of its model and number of epochs.

    Where it has none yet, they are added at its end. Raises ValueError where they are not a pair."""
    begin, end = markers(results)
    if (document.count(begin), document.count(end)) == (0, 0):
        document = document.rstrip("\n") + f"\n\n{begin}\n{end}\n"
    if (document.count(begin), document.count(end)) != (1, 1) or document.index(begin) > document.index(end):
        raise ValueError(f"expected one '{begin}' and one '{end}' behind it")
    before, rest = document.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n\n{table_markdown(results)}\n{end}{after}"


def write_docs(path, results):
    with open(path, encoding="utf-8") as file:
        document = file.read()
    try:
        files.write(path, replace_section(document, results))
    except ValueError as error:
        raise ValueError(f"{path}: {error}")
