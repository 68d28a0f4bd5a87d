# Licensed under the Apache License v2.0; see LICENSE.
"""What the tests of the benchmarks share."""

import argparse
import html.parser
import subprocess
import sys
import tempfile
import xml.etree.ElementTree


class Failure(Exception):
    pass


def require(condition, message):
    if not condition:
        raise Failure(message)


def write(path, content):
    with open(path, "wb" if isinstance(content, bytes) else "w") as file:
        file.write(content)
    return path


def run(*command, expect=0):
    """Raises Failure where the program ends otherwise, or with a traceback."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=240)
    require(done.returncode == expect,
            f"expected exit code {expect}, found {done.returncode} from {' '.join(command)}\n"
            f"{done.stdout}{done.stderr}")
    require("Traceback" not in done.stderr, f"{' '.join(command)}\n{done.stderr}")
    return done


class Links(html.parser.HTMLParser):
    """What a page would load from elsewhere."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found += [value for name, value in attributes if name in ("src", "href", "xlink:href", "data")]


def self_contained_page(path):
    """The tree of a page that is well-formed, needs no other file and knows dark pages."""
    with open(path) as file:
        content = file.read()
    tree = xml.etree.ElementTree.fromstring(content.split("\n", 1)[1])
    links = Links()
    links.feed(content)
    require(not links.found and "url(" not in content and "@import" not in content, f"loads {links.found}")
    require("prefers-color-scheme: dark" in content, "no dark colours")
    return tree


def main(description, tests, fixture, programs):
    """Runs the test that the command line names, each a function test_NAME(fixture) of `tests`. The exit code."""
    tests = {name[len("test_"):]: function for name, function in tests.items() if name.startswith("test_")}
    parser = argparse.ArgumentParser(description=description.split("\n")[0])
    for program in programs:
        parser.add_argument(f"--{program}", required=True)
    parser.add_argument("test", choices=sorted(tests))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="foregrad-benchmarks-") as scratch:
        try:
            return tests[arguments.test](fixture(arguments, scratch)) or 0
        except Failure as failure:
            print(f"{arguments.test}: {failure}", file=sys.stderr)
            return 1
