# Licensed under the Apache License v2.0; see LICENSE.
"""Tables as text and Markdown, and the sections of a document that a benchmark writes."""

from common import files


def text_table(head, body, remarks=None):
    """Lines: the first column to the left, the others to the right; a remark behind each row that has one."""
    widths = [max(len(line[column]) for line in [head] + body) for column in range(len(head))]

    def line(values):
        aligned = [values[0].ljust(widths[0])] + [value.rjust(width) for value, width in zip(values[1:], widths[1:])]
        return "  ".join(aligned).rstrip()

    remarks = remarks or [""] * len(body)
    return ([line(head), "-" * (sum(widths) + 2 * len(widths) - 2)]
            + [line(values) + (f"  {remark}" if remark else "") for values, remark in zip(body, remarks)])


def text_facts(facts):
    width = max((len(name) for name, _ in facts), default=0)
    return [f"{name:{width}}  {value}" for name, value in facts]


def markdown_table(head, body):
    """Cells as they are: who passes text from elsewhere escapes it."""
    return (["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
            + ["| " + " | ".join(values) + " |" for values in body])


def escape_markdown(text):
    for character in "\\|<>*_`[]":
        text = text.replace(character, "\\" + character)
    return " ".join(text.split())


def markers(name):
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def replace_section(document, name, content):
    """The document with `content` between the markers of this name.

    Where it has none yet, they are added at its end. Raises ValueError where they are not a pair."""
    begin, end = markers(name)
    if (document.count(begin), document.count(end)) == (0, 0):
        document = document.rstrip("\n") + f"\n\n{begin}\n{end}\n"
    if (document.count(begin), document.count(end)) != (1, 1) or document.index(begin) > document.index(end):
        raise ValueError(f"expected one '{begin}' and one '{end}' behind it")
    before, rest = document.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n\n{content}\n{end}{after}"


def write_section(path, name, content):
    """Raises ValueError, with the path, as replace_section does."""
    with open(path, encoding="utf-8") as file:
        document = file.read()
    try:
        files.write(path, replace_section(document, name, content))
    except ValueError as error:
        raise ValueError(f"{path}: {error}")
