# Licensed under the Apache License v2.0; see LICENSE.
"""A line a row: on a terminal drawn again and again, elsewhere when there is news."""

import os
import shutil
import sys
import time


def duration(seconds):
    seconds = int(seconds + 0.5)
    if seconds >= 86400:
        return f"{seconds // 86400} d {seconds % 86400 // 3600:02} h"
    if seconds >= 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02} min"
    return f"{seconds // 60} min {seconds % 60:02} s" if seconds >= 60 else f"{seconds} s"


def row_line(row, epochs, width, job=None):
    """How one row stands."""
    metrics = row.metrics()
    line = f"{row.rule:{width}}  epoch {len(metrics):>{len(str(epochs))}} of {epochs}"
    if metrics:
        line += f"  test {metrics[-1]['test_error']:6.2f} %  train {metrics[-1]['train_error']:6.2f} %"
    if job is None:
        return line + "  " + (f"failed: {row.reason}" if row.state == "failed" else row.state)
    if job.phase == "compile":
        return line + "  compiling"
    left = job.seconds_left(epochs)
    return line + (f"  {duration(left)} left" if left is not None else "  training")


class Progress:
    REDRAW, NEWS = 0.5, 30.0  # seconds between drawings, between lines of one row

    def __init__(self, rows, epochs, stream=None):
        self.rows, self.epochs = rows, epochs
        self.stream = stream or sys.stdout
        self.live = self.stream.isatty() and os.environ.get("TERM") != "dumb"
        self.width = max(len(row.rule) for row in rows)
        self.drawn, self.lines, self.said = 0.0, 0, {}

    def say(self, text):
        """A line of its own, above the rows."""
        self._clear()
        print(text, file=self.stream, flush=True)

    def update(self, jobs, waiting, ended):
        for row in ended:
            self.say(row_line(row, self.epochs, self.width))
        now = time.monotonic()
        if self.live and (ended or now - self.drawn >= self.REDRAW):
            self._draw(jobs, waiting)
            self.drawn = now
        if not self.live:
            for job in jobs:
                line = row_line(job.row, self.epochs, self.width, job)
                when, what = self.said.get(job.row.rule, (now - self.NEWS, ""))
                if now - when >= self.NEWS and line != what:
                    self.say(line)
                    self.said[job.row.rule] = (now, line)

    def close(self):
        self._clear()

    def _clear(self):
        if self.lines:
            self.stream.write(f"\x1b[{self.lines}A\x1b[J")
            self.lines = 0

    def _draw(self, jobs, waiting):
        columns = shutil.get_terminal_size().columns
        lines = [row_line(job.row, self.epochs, self.width, job) for job in jobs]
        if waiting:
            lines.append(f"{len(waiting)} more: " + " ".join(row.rule for row in waiting)
                         + self._all_left(jobs, waiting))
        self._clear()
        self.stream.write("".join(line[:columns - 1] + "\n" for line in lines))
        self.stream.flush()
        self.lines = len(lines)

    def _all_left(self, jobs, waiting):
        """Time for all rows, where the rest of one is known: those that wait cost as those that were timed."""
        rates = [job.seconds_left(self.epochs) / max(1, self.epochs - len(job.row.metrics()))
                 for job in jobs if job.seconds_left(self.epochs)]
        rates += [row.seconds / self.epochs for row in self.rows if row.state == "done" and row.seconds]
        if not rates or not jobs:
            return ""
        left = sum(job.seconds_left(self.epochs) or 0 for job in jobs)
        left += sum(rates) / len(rates) * sum(self.epochs - len(row.metrics()) for row in waiting)
        return f"  (all: about {duration(left / len(jobs))})"
