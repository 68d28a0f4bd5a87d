# Licensed under the Apache License v2.0; see LICENSE.
"""The total must never hide a failure: each way in which a run can go wrong is counted."""

import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SUMMARIZE = os.path.join(ROOT, "tools", "summarize-tests.py")

CTEST = """<testsuite name="x" tests="5">
<testcase name="runtime.ok" status="run"/>
<testcase name="runtime.bad" status="fail"><failure message=""/></testcase>
<testcase name="data.absent" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>
<testcase name="runtime.missing" status="notrun">
<skipped message="Unable to find executable: x"/></testcase>
<testcase name="lit.errors" status="{status}">{failure}</testcase>
</testsuite>"""
LIT = """<testsuites><testsuite name="foregrad" tests="3">
<testcase classname="c" name="a.fg" time="0"/><testcase classname="c" name="b.fg" time="0"/>
<testcase classname="c" name="c.fg" time="0"><skipped message="missing data"/></testcase>
</testsuite></testsuites>"""


class SummarizeTests(unittest.TestCase):
    def run_on(self, ctest=None, lit=None, extra=()):
        with tempfile.TemporaryDirectory() as folder:
            junit = os.path.join(folder, "ctest.xml")
            if ctest is not None:
                with open(junit, "w") as file:
                    file.write(ctest)
            if lit is not None:
                with open(os.path.join(folder, "lit.errors.xml"), "w") as file:
                    file.write(lit)
            done = subprocess.run([sys.executable, SUMMARIZE, "--lit", folder, junit, *extra],
                                  capture_output=True, text=True)
        return done.returncode, done.stdout.strip().splitlines()[-1]

    def test_counts_lit_tests_singly(self):
        result = self.run_on(CTEST.format(status="run", failure=""), LIT)
        self.assertEqual(result, (1, "3 passed, 2 failed, 2 skipped"))

    def test_lit_suite_without_results_counts_once(self):
        failed = CTEST.format(status="fail", failure="<failure message=''/>")
        self.assertEqual(self.run_on(failed), (1, "1 passed, 3 failed, 1 skipped"))

    def test_failed_suite_with_only_passing_tests_still_fails(self):
        failed = CTEST.format(status="fail", failure="<failure message=''/>")
        self.assertEqual(self.run_on(failed, LIT), (1, "3 passed, 3 failed, 2 skipped"))

    def test_all_passed(self):
        only = '<testsuite><testcase name="a" status="run"/></testsuite>'
        self.assertEqual(self.run_on(only), (0, "1 passed, 0 failed"))
        self.assertEqual(self.run_on(only, extra=["--extra", "format=failed"]),
                         (1, "1 passed, 1 failed"))

    def test_no_results_is_a_failure(self):
        self.assertEqual(self.run_on(), (1, "0 passed, 1 failed"))
        self.assertEqual(self.run_on("<testsuite/>"), (1, "0 passed, 1 failed"))
        self.assertEqual(self.run_on("<testsuite"), (1, "0 passed, 1 failed"))


if __name__ == "__main__":
    unittest.main()
