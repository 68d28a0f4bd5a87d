# Licensed under the Apache License v2.0; see LICENSE.
"""The program as a file: what it links, how large it is, how fast it starts."""

import os
import re
import subprocess
import tempfile
import time
import unittest

from support import FGRUN, SANITIZED


class ProgramTest(unittest.TestCase):
    def test_links_neither_llvm_nor_mlir(self):
        linked = subprocess.run(["ldd", FGRUN], capture_output=True, text=True, check=True).stdout
        names = [line.split()[0] for line in linked.splitlines()]
        self.assertIn("libc.so.6", names)
        for name in names:
            self.assertIsNone(re.search("LLVM|MLIR|lld|python", os.path.basename(name)), name)

    @unittest.skipIf(SANITIZED, "sanitizers make it larger and slower")
    def test_is_small(self):
        with tempfile.TemporaryDirectory() as folder:
            stripped = os.path.join(folder, "fgrun")
            subprocess.run(["strip", "-o", stripped, FGRUN], check=True)
            self.assertLess(os.path.getsize(stripped), 3_000_000)

    @unittest.skipIf(SANITIZED, "sanitizers make it larger and slower")
    def test_starts_fast(self):
        times = []
        for _ in range(20):
            start = time.perf_counter()
            subprocess.run([FGRUN, "--version"], capture_output=True, check=True)
            times.append(time.perf_counter() - start)
        # The least: what the machine does beside it must not count.
        self.assertLess(min(times), 0.020)


if __name__ == "__main__":
    unittest.main()
