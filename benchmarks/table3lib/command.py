# Licensed under the Apache License v2.0; see LICENSE.
"""One call of benchmarks/table3: its folder, its settings, its exit code."""

import fcntl
import json
import os
import shlex
import subprocess
import sys
import time

from common import cli, files, machine
from common.cli import Fault, WrongUse
from common.rules import RULES, order_of
from table3lib import artifact, jobs, page, progress, results, rows, text

REFRESH = 60.0  # seconds between two writings of the table while rows are trained


def absolute_data(spec):
    """KIND:FOLDER with the folder from the root, so that every call means the same."""
    kind, colon, folder = spec.partition(":")
    if not colon:
        return spec
    if not os.path.isdir(folder):
        raise WrongUse(f"--data {spec}: '{folder}' is not a folder")
    return f"{kind}:{os.path.realpath(folder)}"


def shown_command(arguments):
    """The call as it would be typed in the project's folder; what only places files is left out."""
    shown = machine.shown_path
    words = ["benchmarks/table3", shown(arguments.model)]
    if arguments.data:
        kind, colon, folder = arguments.data.partition(":")
        words += ["--data", kind + colon + (shown(folder) if colon else "")]
    words += ["--epochs", str(arguments.epochs), "--seed", str(arguments.seed)]
    if arguments.rules != list(RULES):
        words += ["--rules", ",".join(arguments.rules)]
    if arguments.threads:
        words += ["--threads", str(arguments.threads)]
    if arguments.jobs > 1:
        words += ["--jobs", str(arguments.jobs)]
    return shlex.join(words)


def locked(folder):
    """A handle that keeps other calls out of the folder as long as it lives."""
    try:
        os.makedirs(folder, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise WrongUse(f"--out {folder}: is not a folder")
    handle = open(os.path.join(folder, "lock"), "w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Fault(f"{folder}: another table3 is at work in this folder")
    return handle


def keep_settings(folder, settings):
    """What all rows of a folder share. Raises WrongUse where an earlier call had it otherwise."""
    path = os.path.join(folder, "settings.json")
    earlier = files.read_json(path)
    for key, value in settings.items():
        if earlier and earlier.get(key) != value:
            raise WrongUse(f"--out {folder}: holds the rows of {key} {earlier.get(key)}, not {value}: "
                           "choose another folder")
    if earlier != settings:
        files.write_json(path, settings)


class Table:
    def __init__(self, arguments):
        if not os.path.isfile(arguments.model):
            raise WrongUse(f"no model {arguments.model}")
        if arguments.write_docs and not os.path.isfile(arguments.write_docs):
            raise WrongUse(f"--write-docs {arguments.write_docs}: no such file")
        self.arguments = arguments
        self.fgc, self.fgrun = cli.program(arguments.fgc, "fgc"), cli.program(arguments.fgrun, "fgrun")
        self.data = absolute_data(arguments.data) if arguments.data else None
        self.model = artifact.model_name(arguments.model)
        stem = os.path.splitext(os.path.basename(arguments.model))[0]
        self.out = os.path.realpath(arguments.out or os.path.join(
            machine.ROOT, "runs", "table3", f"{stem}-{arguments.epochs}-epochs-seed-{arguments.seed}"))
        this = machine.machine()
        self.threads = arguments.threads or max(1, this["cores"] // arguments.jobs)
        self.lock = locked(self.out)
        keep_settings(self.out, {"model": self.model, "epochs": arguments.epochs, "seed": arguments.seed,
                                 "data": self.data})
        self.compiler = artifact.Compiler(self.fgc, arguments.model, this["processor"], arguments.keep_artifacts)
        self.mine = [rows.Row(rule, self.out) for rule in sorted(arguments.rules, key=order_of)]
        given = {row.rule for row in self.mine}
        others = [rows.Row(rule, self.out) for rule in rows.rows_in(self.out) if rule not in given]
        self.all = sorted(self.mine + others, key=lambda row: order_of(row.rule))
        self.settings = {"model": self.model, "epochs": arguments.epochs, "seed": arguments.seed,
                         "machine": this, "threads": self.threads, "jobs": arguments.jobs,
                         "command": shown_command(arguments)}
        self.facts, self.written = {}, 0.0

    def train_command(self, row):
        command = [self.fgrun, "train", row.path("model.fgb"), "--out", row.path("run"), "--epochs",
                   str(self.arguments.epochs), "--seed", str(self.arguments.seed), "--threads", str(self.threads),
                   "--resume", "--quiet"]
        return command + (["--data", self.data] if self.data else [])

    def is_done(self, row):
        """All epochs are there, from the artifact that the row would be trained with."""
        return (row.state == "done" and len(row.metrics()) == self.arguments.epochs
                and self.compiler.is_current(row) and row.artifact == self.compiler.digest_of(row))

    def read_facts(self):
        """What the artifact and the run of any row say of all rows."""
        for row in self.all:
            config = files.read_json(row.path("run", "config.json"))
            if self.facts or not config:
                continue
            inspected = subprocess.run([self.fgrun, "inspect", row.path("model.fgb"), "--json"], text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
            try:
                described = json.loads(inspected.stdout)
            except ValueError:
                continue
            recipe = {name: f"{value:g}" for name, value in config.get("hypers", {}).items()}
            recipe = {"optimizer": described.get("recipe", {}).get("optimizer"), **recipe,
                      "schedule": config.get("schedule")}
            self.facts = {"data": config.get("data"), "batch": config.get("batch"),
                          "precision": config.get("precision"), "parameters": described.get("parameter_count"),
                          "recipe": {name: value for name, value in recipe.items() if value is not None}}

    def write(self):
        """All forms of the table, as the rows stand; the results."""
        self.read_facts()
        found = results.collect(self.settings, self.facts, self.all)
        files.write_json(os.path.join(self.out, "results.json"), found)
        files.write(os.path.join(self.out, "table3.txt"), text.table_text(found))
        files.write(os.path.join(self.out, "table3.md"), text.table_markdown(found))
        files.write(os.path.join(self.out, "table3.html"), page.page(found, results.setting_lines(found)))
        self.written = time.monotonic()
        return found

    def run(self):
        """Trains the rows that are not done. The exit code."""
        stop = jobs.StopRequest()
        done = [row for row in self.mine if self.is_done(row)]
        waiting = [row for row in self.mine if row not in done]
        for row in waiting:
            row.state, row.reason = ("stopped" if os.path.isdir(row.path("run")) else "waiting"), ""
        if done:
            print(f"done before: {' '.join(row.rule for row in done)}", flush=True)
        says = progress.Progress(self.mine, self.arguments.epochs)

        def begin(row):
            return jobs.Job(row, self.compiler, self.train_command, says.say)

        def tick(running, left, ended):
            says.update(running, left, ended)
            if ended or time.monotonic() - self.written >= REFRESH:
                self.write()

        jobs.run(waiting, self.arguments.jobs, begin, stop, tick)
        says.close()
        found = self.write()
        print(f"\n{text.table_text(found)}\n{os.path.relpath(os.path.join(self.out, 'table3.html'))} has the curves",
              flush=True)
        return self.finish(found)

    def finish(self, found):
        states = [result["state"] for result in found["rows"] if result["rule"] in self.arguments.rules]
        ended = all(state in ("done", "failed") for state in states)
        for row in self.mine:
            if row.state == "failed":
                print(f"table3: {row.rule} failed; what the programs said is in "
                      f"{os.path.relpath(row.path('log.txt'))}", file=sys.stderr)
        if self.arguments.write_docs and not ended:
            print(f"table3: {self.arguments.write_docs} is not written before all rows are at an end", file=sys.stderr)
        elif self.arguments.write_docs:
            try:
                text.write_docs(self.arguments.write_docs, found)
            except ValueError as error:
                raise Fault(str(error))
        if not ended:
            return jobs.STOPPED
        return 1 if "failed" in states else 0


def run(arguments):
    return Table(arguments).run()
