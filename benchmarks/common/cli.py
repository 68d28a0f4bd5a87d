# Licensed under the Apache License v2.0; see LICENSE.
"""Mistakes of the command line in one line, kinds of arguments, programs."""

import argparse
import os
import re

from common import machine, rules

PROGRAMS = os.path.join(machine.ROOT, "build", "release")


class WrongUse(Exception):
    """Of the command line: exit code 2."""


class Fault(Exception):
    """Of the input or the run: exit code 1."""


class Parser(argparse.ArgumentParser):
    """Its help is the program's own text: the first two paragraphs before the options, the others behind.

    Says what is wrong in one line."""

    def __init__(self, name, text):
        paragraphs = text.split("\n\n")
        super().__init__(prog=name, description="\n\n".join(paragraphs[:2]), epilog="\n\n".join(paragraphs[2:]),
                         formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)

    def error(self, message):
        self.exit(2, f"{self.prog}: error: {message}; see benchmarks/{self.prog} --help\n")

    def add_programs(self):
        self.add_argument("--fgc", default=os.path.join(PROGRAMS, "tools", "fgc", "fgc"), metavar="PROGRAM")
        self.add_argument("--fgrun", default=os.path.join(PROGRAMS, "tools", "fgrun", "fgrun"), metavar="PROGRAM")


def whole_number(least, most):
    def parse(text):
        if not re.fullmatch(r"[0-9]{1,20}", text) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(
                f"expected a whole number from {least} to {most}, found '{text}'")
        return int(text)
    return parse


def rule_list(text):
    try:
        return rules.split_rules(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error))


def choices(names):
    """Some of the names, between commas, in the order of `names`."""
    def parse(text):
        given = [piece.strip() for piece in text.split(",")]
        for piece in given:
            if piece not in names:
                raise argparse.ArgumentTypeError(f"expected some of {','.join(names)}, found '{piece}'")
        return [name for name in names if name in given]
    return parse


def program(path, option):
    """Where the program lies. Raises WrongUse where it is none."""
    if not (os.path.isfile(path) and os.access(path, os.X_OK)):
        raise WrongUse(f"no program {path}: build it (./quickstart does), or name one with --{option}")
    return os.path.realpath(path)
