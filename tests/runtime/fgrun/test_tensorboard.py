# Licensed under the Apache License v2.0; see LICENSE.
"""The TensorBoard events of a run, read back by a reader of its own and by TensorBoard's."""

import glob
import json
import os
import signal
import struct
import subprocess
import time
import unittest

import support

TAGS = {"loss/train": "train_loss", "error/train": "train_error", "error/test": "test_error",
        "rate": "rate", "time/step_ms": "step_ms"}


def crc32c(data):
    """CRC-32C, bit by bit (RFC 3720, B.4)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(crc):
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    """The records of a TFRecord file; ValueError where anything is wrong."""
    offset = 0
    while offset < len(data):
        head = data[offset:offset + 8]
        (size,) = struct.unpack("<Q", head)
        body = data[offset + 12:offset + 12 + size]
        checks = data[offset + 8:offset + 12] + data[offset + 12 + size:offset + 16 + size]
        if struct.unpack("<II", checks) != (masked(crc32c(head)), masked(crc32c(body))):
            raise ValueError(f"a wrong checksum in the record at {offset}")
        yield body
        offset += 16 + size


def varint(data, offset):
    value = shift = 0
    while True:
        byte = data[offset]
        offset += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, offset
        shift += 7


def fields(data):
    """{number: [values]} of a protocol buffer."""
    result, offset = {}, 0
    while offset < len(data):
        key, offset = varint(data, offset)
        kind = key & 7
        if kind == 0:
            value, offset = varint(data, offset)
        elif kind == 2:
            size, offset = varint(data, offset)
            value, offset = data[offset:offset + size], offset + size
        else:
            form, size = {1: ("<d", 8), 5: ("<f", 4)}[kind]
            (value,) = struct.unpack_from(form, data, offset)
            offset += size
        result.setdefault(key >> 3, []).append(value)
    return result


class TensorBoardTest(support.FgrunTest):
    OPTIONS = ("--epochs", "6", "--seed", "3", "--threads", "1")

    def events(self, run):
        """The events of each file, in the order of their names."""
        files = []
        for path in sorted(glob.glob(self.path(run + "/events.out.tfevents.*"))):
            with open(path, "rb") as file:
                files.append([fields(record) for record in records(file.read())])
        return files

    def scalars(self, run):
        """{tag: [(step, value)]} as TensorBoard shows them: a START forgets what came later."""
        result = {}
        for events in self.events(run):
            for event in events:
                step = event.get(2, [0])[0]
                for log in event.get(7, []):
                    self.assertEqual(fields(log), {1: [1]})
                    result = {tag: [point for point in points if point[0] < step]
                              for tag, points in result.items()}
                for summary in event.get(5, []):
                    for value in map(fields, fields(summary)[1]):
                        result.setdefault(value[1][0].decode(), []).append((step, value[2][0]))
        return result

    def metrics(self, run):
        with open(self.path(run + "/metrics.jsonl")) as file:
            return [json.loads(line) for line in file]

    def require_metrics(self, run, scalars, except_times=False):
        with open(self.path(run + "/config.json")) as file:
            steps = json.load(file)["steps_per_epoch"]
        rows = self.metrics(run)
        self.assertEqual(set(scalars), set(TAGS))
        for tag, key in TAGS.items():
            self.assertEqual([step for step, _ in scalars[tag]],
                             [row["epoch"] * steps for row in rows], tag)
            if key == "step_ms" and except_times:
                continue
            single = [struct.unpack("<f", struct.pack("<f", row[key]))[0] for row in rows]
            self.assertEqual([value for _, value in scalars[tag]], single, tag)

    def train(self, run, *options, code=0):
        return self.run_fgrun("train", "test.fgb", "--out", run, "--quiet", *options, code=code)

    def test_the_reader_knows_its_checksum(self):
        # RFC 3720, B.4, and the check value of CRC-32C.
        self.assertEqual(crc32c(bytes(32)), 0x8A9136AA)
        self.assertEqual(crc32c(b"123456789"), 0xE3069283)

    def test_events_are_the_metrics(self):
        before = time.time()
        self.train("run", "--data", self.data, *self.OPTIONS)
        (events,) = self.events("run")
        self.assertEqual(events[0][3], [b"brain.Event:2"])
        self.assertEqual(len(events), 2 + 6)
        for event in events:
            self.assertTrue(before - 1 <= event[1][0] <= time.time() + 1)
        self.require_metrics("run", self.scalars("run"))
        # A run that is done writes no more.
        self.train("run", "--resume")
        self.assertEqual(len(self.events("run")), 1)

    def interrupted(self, run, number):
        """Trains with interruptions until it is done; returns how often it was started."""
        options = ["--data", self.data, *self.OPTIONS]
        for attempt in range(200):
            resume = ["--resume"] if attempt else []
            process = subprocess.Popen(
                [support.FGRUN, "train", self.path("test.fgb"), "--out", self.path(run), "--quiet",
                 *options, *resume], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(timeout=0.02 + attempt * 0.004 % 0.06)
            except subprocess.TimeoutExpired:
                process.send_signal(number)
            process.wait(timeout=60)
            if process.returncode == 0:
                return attempt + 1
        self.fail(f"{run} was not done")

    def test_resumed_runs_hold_each_epoch_once(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            run = f"signal-{number}"
            starts = self.interrupted(run, number)
            if starts == 1:
                continue  # too quick to be interrupted
            self.require_metrics(run, self.scalars(run), except_times=True)

    def test_an_epoch_that_is_done_again_replaces_the_first(self):
        """As after a kill between the events of an epoch and its checkpoint."""
        process = subprocess.Popen(
            [support.FGRUN, "train", self.path("test.fgb"), "--out", self.path("again"), "--quiet",
             "--data", self.data, "--epochs", "150", "--threads", "1"], stderr=subprocess.DEVNULL)
        limit = time.monotonic() + 60
        metrics = self.path("again/metrics.jsonl")
        while not (os.path.exists(metrics) and os.path.getsize(metrics)):
            self.assertLess(time.monotonic(), limit)
            time.sleep(0.002)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 75)
        with open(self.path("again/config.json")) as file:
            steps = json.load(file)["steps_per_epoch"]
        with open(self.path("again/checkpoint/checkpoint.json")) as file:
            step = (json.load(file)["epoch"] + 1) * steps
        # Event{step, summary{value{tag "rate", simple_value 7}}}
        value = b"\x0a\x04rate\x15" + struct.pack("<f", 7.0)
        summary = b"\x0a" + bytes([len(value)]) + value
        number = bytes([step & 127 | 128, step >> 7 & 127 | 128, step >> 14])
        event = b"\x10" + number + b"\x2a" + bytes([len(summary)]) + summary
        head = struct.pack("<Q", len(event))
        (path,) = glob.glob(self.path("again/events.out.tfevents.*"))
        with open(path, "ab") as file:
            file.write(head + struct.pack("<I", masked(crc32c(head))) + event +
                       struct.pack("<I", masked(crc32c(event))))
        self.assertEqual(self.scalars("again")["rate"][-1], (step, 7.0))
        self.train("again", "--resume")
        self.assertEqual(len(self.events("again")), 2)
        self.require_metrics("again", self.scalars("again"), except_times=True)

    def test_tensorboard_reads_them(self):
        try:
            from tensorboard.backend.event_processing import event_accumulator
        except ImportError:
            self.skipTest("the package tensorboard is not installed")
        self.interrupted("board", signal.SIGTERM)
        accumulator = event_accumulator.EventAccumulator(self.path("board"))
        accumulator.Reload()
        found = {tag: [(event.step, event.value) for event in accumulator.Scalars(tag)]
                 for tag in accumulator.Tags()["scalars"]}
        self.require_metrics("board", found, except_times=True)


if __name__ == "__main__":
    unittest.main()
