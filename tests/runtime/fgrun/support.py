# Licensed under the Apache License v2.0; see LICENSE.
"""What the tests of the fgrun program share: a folder with the test model, and running fgrun."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))

FGRUN = os.environ["FGRUN"]
SANITIZED = bool(os.environ.get("FOREGRAD_SANITIZE"))


class FgrunTest(unittest.TestCase):
    """Each class of tests gets a folder with test.fgb, external.fgb, f64.fgb and data/."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="foregrad-")
        subprocess.run([os.environ["WRITE_TEST_MODEL"], cls.folder], check=True)
        cls.data = "mnist:" + cls.path("data")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, ignore_errors=True)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    def run_fgrun(self, *arguments, code=0):
        """Runs it, checks its exit code, returns (standard output, standard error)."""
        done = subprocess.run([FGRUN, *map(str, arguments)], capture_output=True, text=True,
                              cwd=self.folder, timeout=120)
        self.assertEqual(done.returncode, code, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done.stdout, done.stderr
