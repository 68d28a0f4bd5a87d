# Licensed under the Apache License v2.0; see LICENSE.
"""All rows as one dictionary: what results.json holds and the table and the page show."""

import json
import os
import statistics

from common.machine import ROOT, without_root

PAPER = os.path.join(ROOT, "benchmarks", "table3.json")

NOTES = {
    "test": "error on all test images after the last epoch",
    "train": "error on the training images of the last epoch, each as it was met, before the update from it",
    "step": "median over the epochs of the mean time of a training step, its data included",
}


def paper_of(model):
    """The paper's figures for the model of this name, {} where it has none."""
    with open(PAPER, encoding="utf-8") as file:
        paper = json.load(file)
    found = paper["models"].get(model, {})
    return {"source": paper["source"], "epochs": paper["epochs"], "title": found.get("title"),
            "parameters": found.get("parameters"), "errors": found.get("errors", {})}


def row_result(row, paper):
    result = {"rule": row.rule, "state": row.state, "reason": without_root(row.reason),
              "paper": paper["errors"].get(row.rule), "seconds": round(row.seconds, 1), "curve": row.metrics()}
    if row.problem:
        result.update(state="failed", reason=without_root(row.problem))
    result["epochs"] = len(result["curve"])
    if result["curve"]:
        last = result["curve"][-1]
        result.update(test_error=last["test_error"], train_error=last["train_error"], train_loss=last["train_loss"],
                      step_ms=statistics.median(epoch["step_ms"] for epoch in result["curve"]))
    return result


def collect(settings, facts, rows):
    """`settings`: what all rows share; `facts`: what one artifact says of all, {} before there is one."""
    paper = paper_of(settings["model"])
    return {"model": settings["model"], "title": paper["title"] or settings["model"],
            "epochs": settings["epochs"], "seed": settings["seed"], "data": facts.get("data"),
            "batch": facts.get("batch"), "parameters": facts.get("parameters"), "recipe": facts.get("recipe", {}),
            "precision": facts.get("precision"), "machine": settings["machine"], "threads": settings["threads"],
            "jobs": settings["jobs"], "command": settings["command"],
            "paper": {"source": paper["source"], "epochs": paper["epochs"], "known": bool(paper["errors"]),
                      "parameters": paper["parameters"]},
            "notes": NOTES, "rows": [row_result(row, paper) for row in rows]}


def setting_lines(results):
    """What was run, as pairs of name and text, for all forms of the table."""
    paper, machine_facts = results["paper"], results["machine"]
    size = f", {results['parameters']:,} parameters" if results["parameters"] else ""
    lines = [("model", f"{results['title']} ({results['model']}{size})")]
    share = f"{results['epochs']} here, the schedule scaled to them"
    lines.append(("epochs", share + (f"; the paper's figures are after {paper['epochs']}" if paper["known"] else "")))
    lines.append(("seed", f"{results['seed']} (one run a row)"))
    recipe = "; ".join(f"{name} {value}" for name, value in results["recipe"].items())
    if results["batch"]:
        recipe = f"batch {results['batch']}; {recipe}"
    if recipe:
        lines.append(("recipe", recipe))
    lines.append(("test", results["notes"]["test"]))
    lines.append(("train", results["notes"]["train"]))
    lines.append(("step", results["notes"]["step"]))
    threads = "1 thread" if results["threads"] == 1 else f"{results['threads']} threads"
    jobs = "one row at a time" if results["jobs"] == 1 else f"{results['jobs']} rows at a time"
    lines.append(("machine", f"{machine_facts['processor']}, {machine_facts['cores']} cores; {threads} a row, {jobs}"))
    if paper["known"]:
        other = paper["parameters"] not in (None, results["parameters"]) and results["parameters"]
        lines.append(("paper", paper["source"]
                      + (f"; its model has {paper['parameters']:,} parameters, not this one's" if other else "")))
    else:
        lines.append(("paper", f"has no figures for {results['model']}"))
    lines.append(("command", results["command"]))
    return lines
