#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""Adds up the results of several CTest runs and prints one line, the last one:

    412 passed, 0 failed, 3 skipped

    summarize-tests.py [--lit FOLDER]... [--extra NAME=passed|failed|skipped]... JUNIT.xml...

Each JUNIT.xml is what `ctest --output-junit` wrote. A CTest test named lit.SUITE that has an
xunit file lit.SUITE.xml in one of the lit folders counts as the tests in that file; without
the file (lit itself broke, or was killed) it counts as the one test it is. Names what failed
and what was skipped above the line. Exit code: 0 when nothing failed and something passed,
else 1; 2 for wrong usage.
"""

import argparse
import os
import sys
import xml.etree.ElementTree as ElementTree

OUTCOMES = ("passed", "failed", "skipped")


def outcome_of(case):
    """What one <testcase> says: CTest marks what did not run by its status as well."""
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    status = case.get("status", "run")
    if case.find("skipped") is not None:
        # CTest writes <skipped> also for a test whose program is missing, which is a failure.
        missing = "Unable to find executable" in (case.find("skipped").get("message") or "")
        return "failed" if missing else "skipped"
    if status in ("notrun", "disabled"):
        return "skipped"
    return "failed" if status == "fail" else "passed"


def results_of(path):
    """[(name, outcome)] of a JUnit or xunit file."""
    cases = ElementTree.parse(path).getroot().iter("testcase")
    return [(case.get("name", "?"), outcome_of(case)) for case in cases]


def expand_lit(name, outcome, folders):
    """The single tests of a lit suite, or the suite itself where it left no usable file."""
    for folder in folders:
        path = os.path.join(folder, name + ".xml")
        if not os.path.exists(path):
            continue
        try:
            single = [(f"{name}:{test}", result) for test, result in results_of(path)]
        except ElementTree.ParseError:
            continue
        # The suite failed though no test in it did: lit broke after writing, or the file is
        # of an earlier run. Never lose that.
        if outcome == "failed" and all(result != "failed" for _, result in single):
            single.append((name, "failed"))
        return single or [(name, outcome)]
    return [(name, outcome)]


def collect(junit_files, lit_folders, extra):
    results = []
    for path in junit_files:
        try:
            tests = results_of(path)
        except (OSError, ElementTree.ParseError) as error:
            results.append((f"{path}: no test results ({error})", "failed"))
            continue
        if not tests:
            results.append((f"{path}: no tests in it", "failed"))
        for name, outcome in tests:
            if name.startswith("lit."):
                results.extend(expand_lit(name, outcome, lit_folders))
            else:
                results.append((name, outcome))
    return results + extra


def summary(results):
    count = {outcome: sum(result == outcome for _, result in results) for outcome in OUTCOMES}
    line = f"{count['passed']} passed, {count['failed']} failed"
    return line + (f", {count['skipped']} skipped" if count["skipped"] else "")


def parse_extra(text):
    name, _, outcome = text.rpartition("=")
    if not name or outcome not in OUTCOMES:
        raise argparse.ArgumentTypeError(f"expected NAME={'|'.join(OUTCOMES)}, found '{text}'")
    return name, outcome


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("junit", nargs="*", help="files written by ctest --output-junit")
    parser.add_argument("--lit", action="append", default=[], metavar="FOLDER",
                        help="where lit suites left their xunit files")
    parser.add_argument("--extra", action="append", default=[], type=parse_extra,
                        metavar="NAME=OUTCOME", help="a check that is no CTest test")
    arguments = parser.parse_args()

    results = collect(arguments.junit, arguments.lit, arguments.extra)
    for title, wanted in (("skipped", "skipped"), ("FAILED", "failed")):
        for name, outcome in results:
            if outcome == wanted:
                print(f"{title}: {name}")
    print(summary(results))
    ran = any(outcome == "passed" for _, outcome in results)
    failed = any(outcome == "failed" for _, outcome in results)
    return 1 if failed or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
