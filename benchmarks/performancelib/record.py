# Licensed under the Apache License v2.0; see LICENSE.
"""What was measured, in results.json, over any number of calls.

    programs, machine, threads   what all of it was measured with
    limits      {product: the ways to compute it that were best}
    peaks       [what the limit program says]
    rounds      [{model, rule, batch, limit?, foregrad?, draws?, peers?: {peer: ...}, order}], each measured side by
                side
    points      [{sweep, value, rule, who, ms, ...}]
"""

import os

from common import files
from common.cli import Fault, WrongUse

SCHEMA = 1


class Record:
    def __init__(self, folder, settings, fresh):
        """Goes on with what the folder holds. Raises WrongUse where it was measured with something else."""
        self.folder, self.path = folder, os.path.join(folder, "results.json")
        try:
            os.makedirs(folder, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise WrongUse(f"--out {folder}: is not a folder")
        kept = {} if fresh else files.read_json(self.path)
        if os.path.exists(self.path) and not fresh and kept.get("schema") != SCHEMA:
            raise WrongUse(f"--out {folder}: results.json is not of this version: choose another folder, or --fresh")
        for name, value in settings.items():
            if kept and kept.get(name) != value:
                raise WrongUse(f"--out {folder}: was measured with {name} {kept.get(name)}, not {value}: "
                               "choose another folder, or --fresh to begin again")
        empty = {"schema": SCHEMA, **settings, "limits": {}, "peaks": [], "rounds": [], "points": []}
        self.content = {**empty, **kept}

    def add(self, kind, entry):
        """Is on the disk before anything else is measured."""
        self.content[kind].append(entry)
        self.save()

    def save(self):
        try:
            files.write_json(self.path, self.content)
        except OSError as error:
            raise Fault(f"{self.path}: {error.strerror}")
