# Licensed under the Apache License v2.0; see LICENSE.
"""The table and the curves on one page that needs no other file."""

from common import page as frame
from table3lib import curves, text


def page(results, facts):
    """`facts`: pairs of name and text, what was run."""
    rows, epochs = results["rows"], results["epochs"]
    body = [(text.cells(row, epochs), text.remark(row)) for row in rows]
    return frame.document(
        text.title(results),
        frame.table(text.HEAD + ("",), body)
        + curves.comparison(rows, results["paper"]["epochs"])
        + curves.legend(rows)
        + curves.chart("Test error", "test error, % (logarithmic)", "test_error", rows, epochs, log=True)
        + curves.chart("Training error (what is below 0.01 % is at the foot)", "training error, % (logarithmic)",
                       "train_error", rows, epochs, log=True)
        + curves.chart("Training loss of the readout", "training loss, mean over the epoch",
                       "train_loss", rows, epochs, log=False)
        + f"<h2>What was run</h2>\n{frame.facts_table(facts)}")
