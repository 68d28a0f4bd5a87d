# Licensed under the Apache License v2.0; see LICENSE.
"""Compiles a row's artifact, unless what it was compiled from is the same as before."""

import os
import re
import shutil

from common import files

# `model A = B from "file.fg"`: the file that a model takes its text from.
BASE = re.compile(r'\bfrom\s*"([^"\n]+)"')
NAME = re.compile(r"^\s*model\s+([A-Za-z_]\w*)", re.MULTILINE)


def source_files(model):
    """The model's file and all that it is built on, as far as they can be read."""
    found, waiting = [], [os.path.realpath(model)]
    while waiting:
        path = waiting.pop()
        if path in found or not os.path.isfile(path):
            continue
        found.append(path)
        with open(path, encoding="utf-8", errors="replace") as file:
            waiting += [os.path.realpath(os.path.join(os.path.dirname(path), base))
                        for base in BASE.findall(file.read())]
    return sorted(found)


def model_name(path):
    """The name behind `model`; the file's where there is none."""
    with open(path, encoding="utf-8", errors="replace") as file:
        found = NAME.search(file.read())
    return found.group(1) if found else os.path.splitext(os.path.basename(path))[0]


class Compiler:
    """What all rows are compiled from; the rule is what differs."""

    def __init__(self, fgc, model, processor, keep):
        self.fgc, self.model, self.keep = fgc, os.path.realpath(model), keep
        self.inputs = {"fgc": files.digest(fgc), "processor": processor,
                       "sources": {os.path.basename(path): files.digest(path) for path in source_files(model)}}

    def inputs_of(self, row):
        return dict(self.inputs, rule=row.rule)

    def is_current(self, row):
        """True if the row's artifact is there, whole, and from these inputs."""
        record = files.read_json(row.path("artifact.json"))
        artifact = row.path("model.fgb")
        if not os.path.isfile(artifact) or record.get("digest") != files.digest(artifact):
            return False
        return self.keep or record.get("inputs") == self.inputs_of(row)

    def command(self, row):
        """What compiles the row, and the folder to do it in.

        An artifact records its command line, so this is the same in every call: equal inputs give
        equal artifacts."""
        folder = row.path("compile")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        return [self.fgc, self.model, "--rule", row.rule, "-o", "model.fgb"], folder

    def accept(self, row):
        """Puts what was compiled in the place of the old artifact; what became of an older run, or None."""
        made = row.path("compile", "model.fgb")
        digest = files.digest(made)
        note = None
        if row.artifact != digest:
            aside = row.set_run_aside()
            if aside:
                note = f"{row.rule}: the model or fgc has changed: starts again, the earlier run is kept as {aside}"
        os.replace(made, row.path("model.fgb"))
        files.write_json(row.path("artifact.json"), {"digest": digest, "inputs": self.inputs_of(row)})
        shutil.rmtree(row.path("compile"), ignore_errors=True)
        return note

    @staticmethod
    def digest_of(row):
        return files.read_json(row.path("artifact.json")).get("digest")
