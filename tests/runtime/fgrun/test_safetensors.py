# Licensed under the Apache License v2.0; see LICENSE.
"""What fgrun writes, read by the safetensors package itself, and the other way round."""

import subprocess
import sys
import unittest

import support

# The package, not our own reader of the same name in tests/support.
sys.path = [entry for entry in sys.path if not entry.endswith("support")]
sys.modules.pop("safetensors", None)
try:
    import numpy
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file
except ImportError as missing:
    print(f"skipped: {missing}: pip install safetensors numpy")
    sys.exit(77)


class PackageTest(support.FgrunTest):
    def test_reads_what_fgrun_writes(self):
        self.run_fgrun("train", "test.fgb", "--data", self.data, "--out", "run")
        path = self.path("run/last.safetensors")
        tensors = load_file(path)
        self.assertEqual(set(tensors), {"linear.weight", "linear.bias"})
        self.assertEqual(tensors["linear.weight"].shape, (64, 10))
        self.assertEqual(tensors["linear.weight"].dtype, numpy.float32)
        with safe_open(path, "numpy") as file:
            self.assertEqual(file.metadata()["model"], "Test")

    def test_fgrun_reads_what_it_writes(self):
        rng = numpy.random.default_rng(0)
        save_file({"image": rng.integers(0, 256, (16, 8, 8), dtype=numpy.uint8),
                   "label": numpy.arange(16, dtype=numpy.int64) % 10,
                   "linear.weight": rng.normal(size=(64, 10)),
                   "linear.bias": numpy.zeros(10, numpy.float32)}, self.path("in.safetensors"))
        self.run_fgrun("grad", "f64.fgb", "--inputs", "in.safetensors", "--out", "g.safetensors")
        tensors = load_file(self.path("g.safetensors"))
        self.assertEqual(tensors["loss"].shape, (1,))
        self.assertEqual(tensors["linear.weight.grad"].dtype, numpy.float64)


if __name__ == "__main__":
    unittest.main()
