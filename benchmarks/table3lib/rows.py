# Licensed under the Apache License v2.0; see LICENSE.
"""A row of the table: a learning rule, its folder and how far it is.

    RULE/model.fgb   RULE/artifact.json   what it was compiled from
    RULE/row.json    how the row stands: done, failed or stopped
    RULE/run/        what fgrun train writes
    RULE/log.txt     what the programs said
"""

import json
import os

from common import files
from common.rules import folder_name

METRICS = ("epoch", "train_loss", "train_error", "test_error", "step_ms")


class Row:
    def __init__(self, rule, out):
        self.rule = rule
        self.folder = os.path.join(out, folder_name(rule))
        record = files.read_json(self.path("row.json"))
        self.state = record.get("state", "waiting")
        self.reason = record.get("reason", "")
        self.artifact = record.get("artifact")  # SHA-256 of the artifact that the state belongs to
        self.seconds = record.get("seconds", 0.0)  # of training, over all calls
        self.problem = ""  # with the metrics that were read last
        self._metrics, self._metrics_stamp = [], None

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def record(self, state, reason=""):
        self.state, self.reason = state, reason
        files.write_json(self.path("row.json"), {"rule": self.rule, "state": state, "reason": reason,
                                                 "artifact": self.artifact, "seconds": round(self.seconds, 3)})

    def metrics(self):
        """One dictionary an epoch that is done. None of a damaged file, and `problem` says so."""
        path = self.path("run", "metrics.jsonl")
        try:
            status = os.stat(path)
        except FileNotFoundError:
            return []
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp != self._metrics_stamp:
            self._metrics_stamp, self.problem = stamp, ""
            try:
                self._metrics = read_metrics(path)
            except ValueError as error:
                self._metrics, self.problem = [], str(error)
        return self._metrics

    def set_run_aside(self):
        """Makes way for a new run; the old one is kept. The name that it has now, or None."""
        if not os.path.isdir(self.path("run")):
            return None
        number = 1
        while os.path.exists(self.path(f"run.before-{number}")):
            number += 1
        os.rename(self.path("run"), self.path(f"run.before-{number}"))
        self.seconds = 0.0
        return f"run.before-{number}"


def read_metrics(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        # The last line may be on its way to the disk.
        lines = [line for line in file if line.endswith("\n")]
    found = []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            found.append({key: float(row[key]) for key in METRICS})
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{path}: line {number}: expected the metrics of an epoch, found '{line.strip()[:60]}'")
        found[-1]["epoch"] = int(found[-1]["epoch"])
    return found


def rows_in(out):
    """The rules that have a row in the folder from this call or an earlier one."""
    found = []
    for name in sorted(os.listdir(out)) if os.path.isdir(out) else []:
        rule = files.read_json(os.path.join(out, name, "row.json")).get("rule")
        if isinstance(rule, str) and folder_name(rule) == name:
            found.append(rule)
    return found
