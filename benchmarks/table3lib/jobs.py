# Licensed under the Apache License v2.0; see LICENSE.
"""Runs the programs of several rows at a time and stops them in good order."""

import ctypes
import os
import shlex
import signal
import subprocess
import time

STOPPED = 75  # exit code of fgrun after it saved on request
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


class StopRequest:
    """Counts requests to stop, from signals. The first saves, the second ends at once."""

    def __init__(self):
        self.count = 0
        for number in SIGNALS:
            # What nohup or a shell's & switched off stays off.
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._take)

    def _take(self, _number, _frame):
        self.count += 1


def start(command, log, folder=None):
    """A process of its own group, so that Ctrl-C in the terminal does not reach it beside us.

    It is stopped, as by us, if we are killed: else it would go on unseen and hold the run."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    parent = os.getpid()

    def in_child():
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        if prctl:
            prctl(DIE_WITH_PARENT, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(STOPPED)

    return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                            start_new_session=True, preexec_fn=in_child)


class Job:
    """Compiles and trains one row, a program after the other."""

    def __init__(self, row, compiler, train_command, say):
        self.row, self.compiler, self.train_command, self.say = row, compiler, train_command, say
        self.phase, self.process, self.log_start = None, None, 0
        os.makedirs(row.folder, exist_ok=True)
        self.log = open(row.path("log.txt"), "a+", encoding="utf-8", errors="replace")
        if compiler.is_current(row):
            self._train()
        else:
            self._start("compile", *compiler.command(row))

    def _start(self, phase, command, folder=None):
        self.phase, self.began = phase, time.monotonic()
        self.log.write(f"$ {shlex.join(command)}\n")
        self.log.flush()
        self.log_start = self.log.seek(0, os.SEEK_END)
        self.process = start(command, self.log, folder)

    def _train(self):
        self.row.artifact = self.compiler.digest_of(self.row)
        self.first_epoch = len(self.row.metrics())
        self.row.record("running")
        self._start("train", self.train_command(self.row))

    def poll(self):
        """Goes on to the next program where one has ended; True when there is none left."""
        code = self.process.poll()
        if code is None:
            return False
        if self.phase == "train":
            self.row.seconds += time.monotonic() - self.began
        if code == 0 and self.phase == "compile":
            note = self.compiler.accept(self.row)
            if note:
                self.say(note)
            self._train()
            return False
        if code == 0:
            self.row.record("done")
        elif code == STOPPED or self.stopping:
            self.row.record("stopped")
        else:
            self.row.record("failed", self._reason(code))
        self.log.close()
        return True

    stopping = False

    def stop(self):
        self.stopping = True
        self.process.terminate()

    def kill(self):
        self.stopping = True
        self.process.kill()

    def _reason(self, code):
        """What the program itself said, in one line."""
        program = "fgc" if self.phase == "compile" else "fgrun"
        self.log.seek(self.log_start)
        text = "".join(character if character.isprintable() else "\n" for character in self.log.read())
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        said = next((line for line in lines if "error:" in line), lines[-1] if lines else "")
        if code < 0:
            try:
                name = signal.Signals(-code).name
            except ValueError:
                name = str(-code)
            said = f"ended by {name}" + (" (memory used up?)" if name == "SIGKILL" else "")
        said = said or f"exit code {code}"
        return said if said.startswith(program) else f"{program}: {said}"

    def seconds_left(self, epochs):
        """From the epochs of this call; None before the first."""
        if self.phase != "train":
            return None
        done = len(self.row.metrics())
        if done <= self.first_epoch:
            return None
        return (time.monotonic() - self.began) / (done - self.first_epoch) * (epochs - done)


def run(waiting, limit, begin, stop, tick):
    """Runs the rows `waiting`, at most `limit` at a time, as the jobs that `begin(row)` gives.

    `tick(jobs, waiting, ended)` is called ten times a second, with the jobs under way and the
    rows that ended since the last call. Returns when all have ended or, on request, stopped."""
    waiting, jobs, told = list(waiting), [], 0
    try:
        while True:
            ended = []
            for job in list(jobs):
                if job.poll():
                    jobs.remove(job)
                    ended.append(job.row)
            while waiting and len(jobs) < limit and not stop.count:
                jobs.append(begin(waiting.pop(0)))
            if stop.count > told:
                for job in jobs:
                    job.stop() if stop.count == 1 else job.kill()
                told = stop.count
            tick(jobs, waiting, ended)
            if not jobs and (stop.count or not waiting):
                return
            time.sleep(0.1)
    finally:
        # Only where something above failed, as a terminal that is gone: nothing that was started stays behind.
        for job in jobs:
            job.stop()
        for job in jobs:
            job.process.wait()
