#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""Checks benchmarks/table3 on 1,280 images of MNIST and a model that trains in seconds.

    table3_test.py --fgc FGC --fgrun FGRUN TEST

TEST is the name of a function test_TEST below; each is a test of its own and says what must hold.
Exit code: 0 holds, 1 not.
"""

import gzip
import json
import os
import signal
import struct
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "benchmarks"))

from checking import Failure, main, require, run, self_contained_page, write  # noqa: E402
from common import document, svg  # noqa: E402
from common.rules import RULES, folder_name, split_rules  # noqa: E402
from table3lib import artifact, curves, page, results, rows, text  # noqa: E402

TABLE3 = os.path.join(ROOT, "benchmarks", "table3")
MNIST = os.path.join(ROOT, "datasets", "mnist")
STOPPED = 75
TINY = """model MnistM116 = LocalMixer from "{base}" (
  patches = 1, channels = 32, groups = 4, depth = 1,
  height = 28, width = 28, colors = 1, mean = 0.1307, std = 0.3081
)
"""


def small_mnist(folder):
    """The first images of MNIST: 1,280 for training, 500 for tests."""
    os.makedirs(folder)
    for part, count in (("train", 1280), ("t10k", 500)):
        for kind, dimensions, size in (("images-idx3", 3, 784), ("labels-idx1", 1, 1)):
            name = f"{part}-{kind}-ubyte"
            with gzip.open(os.path.join(MNIST, name + ".gz")) as file:
                header = bytearray(file.read(4 + 4 * dimensions))
                header[4:8] = struct.pack(">I", count)
                write(os.path.join(folder, name), bytes(header) + file.read(count * size))
    return folder


class Fixture:
    def __init__(self, arguments, scratch):
        self.fgc, self.fgrun, self.scratch = arguments.fgc, arguments.fgrun, scratch

    def path(self, *names):
        return os.path.join(self.scratch, *names)

    def prepare(self):
        base = os.path.join(ROOT, "samples", "localmixer", "localmixer.fg")
        self.model = write(self.path("tiny.fg"), TINY.format(base=os.path.relpath(base, self.scratch)))
        self.data = "mnist:" + small_mnist(self.path("mnist"))

    def command(self, out, *more, epochs=1, rules="bp,lg-fg-a"):
        return [TABLE3, self.model, "--data", self.data, "--epochs", str(epochs), "--rules", rules, "--threads", "1",
                "--out", self.path(out), "--fgc", self.fgc, "--fgrun", self.fgrun, *more]

    run = staticmethod(run)

    def results(self, out):
        with open(self.path(out, "results.json")) as file:
            found = json.load(file)
        return {row["rule"]: row for row in found["rows"]}


def lasting(row):
    """The curve of a row without its times."""
    return [{key: value for key, value in epoch.items() if key != "step_ms"} for epoch in row["curve"]]


def require_page(path, rules):
    """Well-formed, needs no other file, and has each rule's row and curves."""
    tree = self_contained_page(path)
    first = [row.find("td").text for row in tree.findall(".//table[@class='rows']/tr")[1:]]
    require(first == list(rules), f"expected the rows {rules}, found {first}")
    for chart in tree.findall(".//figure")[-3:]:
        lines = chart.findall(".//polyline")
        require(len(lines) == len(rules), f"expected {len(rules)} curves, found {len(lines)}")
        names = {found.text for found in chart.findall(".//text")}
        require(set(rules) <= names and "epoch" in names, f"expected labels of {rules} and the axis, found {names}")


def test_rules_between_commas(_):
    cases = {"bp": ["bp"], "bp, lg-fg-a": ["bp", "lg-fg-a"],
             "lg-fg-a:directions=4,perturbation=rademacher,bp": ["lg-fg-a:directions=4,perturbation=rademacher", "bp"]}
    for given, expected in cases.items():
        require(split_rules(given) == expected, f"{given}: found {split_rules(given)}")
    for given in ("", ",", "bp,", "bp,bp", "../bp", "a:b,a.b", "=1"):
        try:
            found = split_rules(given)
        except ValueError:
            continue
        raise Failure(f"'{given}' gave {found}")
    names = [folder_name(rule) for rule in ("a/../../b", "bp:x=/etc")]
    require(not any("/" in name for name in names), f"folders {names}")


def test_wrong_use_is_one_line(fixture):
    fixture.prepare()
    model, out = fixture.model, ["--out", fixture.path("out")]
    programs = ["--fgc", fixture.fgc, "--fgrun", fixture.fgrun]
    file = write(fixture.path("file"), "")
    cases = {"required: MODEL": [], "required: --epochs": [model],
             "no model": [fixture.path("none.fg"), "--epochs", "1"],
             "from 1 to": [model, "--epochs", "0"], "found '1.5'": [model, "--epochs", "1.5"],
             "--seed": [model, "--epochs", "1", "--seed", "-1"], "--jobs": [model, "--epochs", "1", "--jobs", "0"],
             "--threads": [model, "--epochs", "1", "--threads", "x"],
             "twice": [model, "--epochs", "1", "--rules", "bp,bp"],
             "rules between commas": [model, "--epochs", "1", "--rules", ","],
             "unrecognized": [model, "--epochs", "1", "--nothing"],
             "is not a folder": [model, "--epochs", "1", "--data", "mnist:" + file],
             "--out": [model, "--epochs", "1", "--out", file],
             "no such file": [model, "--epochs", "1", "--write-docs", fixture.path("none.md")],
             "no program": [model, "--epochs", "1", "--fgc", fixture.path("none")],
             "--fgrun": [model, "--epochs", "1", "--fgrun", file]}
    for expected, arguments in cases.items():
        done = fixture.run(TABLE3, *out, *programs, *arguments, expect=2)
        require(done.stderr.count("\n") == 1 and done.stderr.startswith("table3: error: ") and expected in done.stderr,
                f"{arguments}: expected one line with '{expected}', found\n{done.stderr}")
    # A folder keeps its epochs, seed and data.
    fixture.run(*fixture.command("taken", rules="none"), expect=1)
    for more in (["--epochs", "2"], ["--seed", "7"], ["--data", "mnist"]):
        done = fixture.run(*fixture.command("taken", *more, rules="none"), expect=2)
        require(done.stderr.count("\n") == 1 and "choose another folder" in done.stderr, done.stderr)


def made_results(errors):
    """Rows as results.collect makes them, one for each list of errors."""
    found = []
    for rule, values in errors.items():
        curve = [{"epoch": epoch, "train_loss": value, "train_error": value, "test_error": value, "step_ms": 1.0}
                 for epoch, value in enumerate(values, 1)]
        row = {"rule": rule, "state": "done" if values else "failed", "reason": "" if values else "a <b> & 'c' | d",
               "paper": [2.41, 0.0], "curve": curve, "epochs": len(values)}
        if values:
            row.update(test_error=values[-1], train_error=values[-1], train_loss=values[-1], step_ms=1.0)
        found.append(row)
    return {"model": "MnistM116", "title": "M/1/16", "epochs": max([1] + [len(values) for values in errors.values()]),
            "seed": 1, "batch": 2, "parameters": 3, "recipe": {"rate": "0.01"}, "threads": 1, "jobs": 1,
            "machine": {"processor": "P & Q", "cores": 2}, "command": "benchmarks/table3 <x>",
            "paper": {"source": "S", "epochs": 1000, "known": True, "parameters": 3},
            "notes": results.NOTES, "rows": found}


def test_page_is_well_formed(fixture):
    found = made_results({"bp": [5.0, 4.0], "lg-fg-a:directions=2": [7.0, 6.0]})
    path = write(fixture.path("page.html"), page.page(found, results.setting_lines(found)))
    require_page(path, ["bp", "lg-fg-a:directions=2"])
    found = made_results({"bp": []})
    content = page.page(found, results.setting_lines(found))
    xml.etree.ElementTree.fromstring(content.split("\n", 1)[1])
    require("a &lt;b&gt; &amp;" in content and "No epoch is done yet" in content, "a failed row is not shown")
    require("a \\<b\\> & 'c' \\| d" in text.table_markdown(found), text.table_markdown(found))


def test_curves_take_any_numbers(_):
    cases = [[0.0], [100.0], [0.0, 100.0], [1e-9, 5.0], [90.0] * 1000, [0.01], [1e12], [2.0, 2.0]]
    for values in cases:
        for log in (True, False):
            rule_rows = made_results({rule: values for rule in RULES})["rows"]
            drawn = curves.chart("c", "y", "test_error", rule_rows, max(2, len(values)), log)
            numbers = [float(number) for line in xml.etree.ElementTree.fromstring(drawn).iter("polyline")
                       for number in line.get("points").replace(",", " ").split()]
            require(all(-1e-6 <= number <= svg.WIDTH for number in numbers), f"{values[:3]}: outside: {drawn[:500]}")
            require(len(numbers) <= 2 * len(RULES) * svg.MOST_POINTS, "too many points")
            require(curves.comparison(rule_rows, 1000), "nothing to compare")
    places = svg.spread([5.0, 5.0, 5.0, 100.0], 0, 50, 10)
    gaps = [b - a for a, b in zip(sorted(places), sorted(places)[1:])]
    require(min(gaps) > 9.99 and 0 <= min(places) and max(places) <= 50, f"labels at {places}")


def test_document_section_is_replaced(_):
    def replace(content, found):
        return document.replace_section(content, text.section(found), text.table_markdown(found))

    first, second = made_results({"bp": [5.0]}), made_results({"bp": [4.0]})
    begin, end = document.markers(text.section(first))
    before = f"# Results\n\nbefore\n\n{begin}\nold\n{end}\n\nafter\n"
    once = replace(before, first)
    require("old" not in once and "5.00" in once and "before" in once and once.endswith("\n\nafter\n"), once)
    require(replace(once, first) == once, "a second time changes the document")
    require("5.00" not in replace(once, second), "the section is not replaced")
    second["model"] = "Other"
    both = replace(once, second)
    require(both.startswith(once.rstrip("\n")) and "4.00" in both, "a new section is not added at the end")
    for broken in (begin, end, f"{end}\n{begin}", f"{begin}{begin}{end}"):
        try:
            replace(broken, first)
        except ValueError:
            continue
        raise Failure(f"took the markers {broken}")


def test_sources_are_followed(fixture):
    """A model is all files that it is built on; a file that is built on itself ends."""
    a = write(fixture.path("a.fg"), 'model A = B from "b.fg" ()')
    b = write(fixture.path("b.fg"), 'model B = A from "a.fg" ()')
    require(artifact.source_files(a) == [os.path.realpath(a), os.path.realpath(b)], artifact.source_files(a))
    require(artifact.model_name(a) == "A", artifact.model_name(a))


def test_stop_and_resume(fixture):
    """Stopped in the middle, the rows go on and end as in a call that was never stopped."""
    fixture.prepare()
    epochs = 100  # more than a fast machine is through with before the signal reaches it
    straight = fixture.run(*fixture.command("straight", "--jobs", "2", epochs=epochs))
    command = fixture.command("stopped", epochs=epochs)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        limit, row = time.monotonic() + 120, rows.Row("bp", fixture.path("stopped"))
        while not row.metrics() and process.poll() is None:
            require(time.monotonic() < limit, "no epoch in 120 s")
            time.sleep(0.005)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            process.kill()
    require(process.returncode == STOPPED, f"expected exit code {STOPPED}, found {process.returncode}\n{output}")
    found = fixture.results("stopped")
    require(found["bp"]["state"] == "stopped" and 0 < found["bp"]["epochs"] < epochs,
            f"expected bp stopped before epoch {epochs}, found {found['bp']['state']} at {found['bp']['epochs']}")
    with open(row.path("log.txt")) as file:
        require("all is saved" in file.read(), "fgrun was not asked to save")
    require(found["lg-fg-a"]["state"] == "waiting" and "not started" in output, output)

    compiled = os.stat(fixture.path("stopped", "bp", "model.fgb")).st_mtime_ns
    docs = write(fixture.path("results.md"), "# Results\n")
    fixture.run(*command, "--write-docs", docs)
    found, expected = fixture.results("stopped"), fixture.results("straight")
    for rule in ("bp", "lg-fg-a"):
        require(found[rule]["state"] == "done" and lasting(found[rule]) == lasting(expected[rule]),
                f"{rule}: a stopped row and one that never stopped differ")
    require(os.stat(fixture.path("stopped", "bp", "model.fgb")).st_mtime_ns == compiled, "bp was compiled again")
    require_page(fixture.path("stopped", "table3.html"), ("bp", "lg-fg-a"))
    with open(fixture.path("stopped", "table3.txt")) as file:
        table = file.read()
    with open(docs) as file:
        section = file.read()
    for part in (f"{epochs} of the paper's 1000 epochs, seed 1",
                 f"{found['bp']['test_error']:.2f}", "2.41", "2.55", "cores",
                 "its model has 429,076 parameters"):
        require(part in table and part in section, f"no '{part}' in\n{table}\n{section}")
    require(table.split("\n")[0] in straight.stdout, "the table is not shown")

    again = fixture.run(*command)
    require("done before: bp lg-fg-a" in again.stdout, again.stdout)
    require(fixture.results("stopped")["bp"]["seconds"] == found["bp"]["seconds"], "a row that is done was trained")


def test_failing_row_stops_no_other(fixture):
    fixture.prepare()
    rule = "no-such-rule"
    done = fixture.run(*fixture.command("out", rules=f"{rule},bp"), expect=1)
    found = fixture.results("out")
    require(found["bp"]["state"] == "done" and found[rule]["state"] == "failed", f"found {done.stdout}")
    require(f"unknown rule '{rule}'" in found[rule]["reason"] and found[rule]["reason"] in done.stdout, done.stdout)
    require("log.txt" in done.stderr, done.stderr)
    # The reason is the error itself, not the caret under the model's line.
    broken = write(fixture.path("broken.fg"), "model Broken() { input image : u8[height = 28] x = nothing }")
    fixture.run(TABLE3, broken, "--epochs", "1", "--rules", "bp", "--out", fixture.path("none"), "--fgc", fixture.fgc,
                "--fgrun", fixture.fgrun, expect=1)
    reason = fixture.results("none")["bp"]["reason"]
    require("broken.fg:1:" in reason and "error: " in reason, reason)
    # Damaged metrics are made again from the checkpoint; without it, and with broken data, the run fails.
    metrics = fixture.path("out", "bp", "run", "metrics.jsonl")
    write(metrics, "{]\n")
    fixture.run(*fixture.command("out", rules="bp"))
    require(fixture.results("out")["bp"]["curve"] == found["bp"]["curve"], "damaged metrics are not made again")
    write(fixture.path("mnist", "train-labels-idx1-ubyte"), b"short")
    fixture.run(*fixture.command("broken", rules="bp"), expect=1)
    require(fixture.results("broken")["bp"]["reason"].startswith("fgrun: "), fixture.results("broken"))
    write(metrics, "{]\n")
    fixture.run(*fixture.command("out", rules="bp"), expect=1)
    require("line 1: expected the metrics" in fixture.results("out")["bp"]["reason"], fixture.results("out"))


def test_changed_model_starts_again(fixture):
    """A row is done for one artifact; the run of an earlier one is kept. Other text, same code: nothing changes."""
    fixture.prepare()
    command = fixture.command("out", rules="bp")
    fixture.run(*command)
    with open(fixture.model) as file:
        model = file.read()
    write(fixture.model, model.replace("channels = 32", "channels = 64"))
    kept = fixture.run(*command, "--keep-artifacts")
    require("done before: bp" in kept.stdout, kept.stdout)
    done = fixture.run(*command)
    require("run.before-1" in done.stdout and os.path.isdir(fixture.path("out", "bp", "run.before-1")), done.stdout)
    fixture.run(*command)
    require(not os.path.isdir(fixture.path("out", "bp", "run.before-2")), "an unchanged model started again")


def test_two_calls_in_one_folder(fixture):
    """The second is refused; a later call with other rules shows the rows of both."""
    fixture.prepare()
    process = subprocess.Popen(fixture.command("out", epochs=40, rules="bp"), stdout=subprocess.DEVNULL)
    try:
        limit = time.monotonic() + 60
        while not os.path.isdir(fixture.path("out", "bp")):
            require(time.monotonic() < limit and process.poll() is None, "did not start")
            time.sleep(0.005)
        refused = fixture.run(*fixture.command("out", epochs=40, rules="lg-fg-a"), expect=1)
        require("another table3" in refused.stderr and refused.stderr.count("\n") == 1, refused.stderr)
        require(process.wait(timeout=120) == 0, "the first call failed")
    finally:
        if process.poll() is None:
            process.kill()
    fixture.run(*fixture.command("out", epochs=40, rules="lg-fg-a"))
    require(list(fixture.results("out")) == ["bp", "lg-fg-a"], f"found {list(fixture.results('out'))}")


if __name__ == "__main__":
    sys.exit(main(__doc__, globals(), Fixture, ["fgc", "fgrun"]))
