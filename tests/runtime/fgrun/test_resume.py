# Licensed under the Apache License v2.0; see LICENSE.
"""Runs that are stopped by signals, or killed, and go on."""

import json
import os
import signal
import subprocess
import time
import unittest

import support


class ResumeTest(support.FgrunTest):
    OPTIONS = ("--epochs", "12", "--seed", "3", "--threads", "2")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        subprocess.run([support.FGRUN, "train", cls.path("test.fgb"), "--data", cls.data, "--out",
                        cls.path("whole"), *cls.OPTIONS, "--quiet"], check=True)

    def result(self, run):
        """Metrics without times, and the parameters' bytes."""
        rows = []
        with open(self.path(run + "/metrics.jsonl")) as file:
            for line in file:
                row = json.loads(line)
                del row["step_ms"]
                rows.append(row)
        with open(self.path(run + "/last.safetensors"), "rb") as file:
            return rows, file.read()

    def interrupt_until_done(self, run, signal_number):
        """Returns the exit codes."""
        codes = []
        for attempt in range(400):
            resume = ["--resume"] if attempt else ["--data", self.data, *self.OPTIONS]
            process = subprocess.Popen(
                [support.FGRUN, "train", self.path("test.fgb"), "--out", self.path(run), *resume],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            try:
                process.wait(timeout=0.01 + attempt * 0.003 % 0.05)
            except subprocess.TimeoutExpired:
                process.send_signal(signal_number)
            _, error = process.communicate(timeout=60)
            codes.append(process.returncode)
            if process.returncode == 0:
                return codes
            self.assertIn(process.returncode, (75, -signal_number), error)
            # Killed before anything was there to resume: --data must be given again.
            if not os.path.exists(self.path(run + "/checkpoint/checkpoint.json")):
                time.sleep(0.01)
                resume_needs_data = process.returncode
                self.assertEqual(resume_needs_data, -signal_number)
                return codes + self.restart(run)
        self.fail(f"{run} was not done after {len(codes)} attempts")

    def restart(self, run):
        subprocess.run([support.FGRUN, "train", self.path("test.fgb"), "--out", self.path(run),
                        "--data", self.data, *self.OPTIONS, "--resume", "--quiet"], check=True)
        return [0]

    def test_stop_saves_and_resume_goes_on(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            run = f"stopped-{number}"
            codes = self.interrupt_until_done(run, number)
            self.assertEqual(codes[-1], 0)
            self.assertEqual(self.result(run), self.result("whole"), codes)

    def test_kill_loses_at_most_an_epoch(self):
        codes = self.interrupt_until_done("killed", signal.SIGKILL)
        self.assertEqual(codes[-1], 0)
        self.assertEqual(self.result("killed"), self.result("whole"), codes)


if __name__ == "__main__":
    unittest.main()
