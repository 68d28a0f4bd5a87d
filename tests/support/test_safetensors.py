# Licensed under the Apache License v2.0; see LICENSE.
"""The tests' own safetensors reader: round trip and refusal of broken files."""

import array
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import safetensors


class Safetensors(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "t.safetensors")
        self.tensors = {
            "a": safetensors.Tensor("F64", (2, 2), array.array("d", [1, 2, 3, 4])),
            "b.c": safetensors.Tensor("I32", (3,), array.array("i", [-1, 0, 7])),
            "scalar": safetensors.Tensor("F32", (), array.array("f", [0.5])),
        }
        safetensors.save(self.path, self.tensors)

    def test_round_trip(self):
        self.assertEqual(safetensors.load(self.path), self.tensors)

    def test_truncated(self):
        with open(self.path, "rb") as file:
            data = file.read()
        for size in (0, 7, 20, len(data) - 1):
            with open(self.path, "wb") as file:
                file.write(data[:size])
            with self.assertRaises(safetensors.SafetensorsError):
                safetensors.load(self.path)


if __name__ == "__main__":
    unittest.main()
