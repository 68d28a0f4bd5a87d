# Licensed under the Apache License v2.0; see LICENSE.
"""Files that are either there as a whole or not at all."""

import hashlib
import json
import os


def write(path, text):
    """Replaces the file; who reads it meanwhile sees the old text or the new one."""
    temporary = f"{path}.new"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def write_json(path, value):
    write(path, json.dumps(value, indent=2) + "\n")


def read_json(path):
    """The dictionary in the file; {} where there is none or it is not one."""
    try:
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def digest(path):
    """SHA-256 of what the file holds, in hex."""
    found = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            found.update(piece)
    return found.hexdigest()
