# Licensed under the Apache License v2.0; see LICENSE.
"""One call of benchmarks/performance: what it measures, in which order, its exit code."""

import os
import random
import shutil
import sys
import tempfile
import time

from common import cli, files, machine
from common.cli import Fault, WrongUse
from performancelib import limit as limit_module
from performancelib import models, page, text
from performancelib.programs import PEER_PROGRAMS, Programs
from performancelib.record import Record

PARTS = ("limit", "foregrad", "bf16", "peers", "scaling", "scaling-peers", "figure5")
SWEEP_STEPS = 5  # of each point; the program warms up with three more
PEER_SECONDS = 3.0


def say(message):
    print(f"{time.strftime('%H:%M:%S')}  {message}", flush=True)


class Performance:
    def __init__(self, arguments, scratch):
        self.arguments = arguments
        if arguments.write_docs and not os.path.isfile(arguments.write_docs):
            raise WrongUse(f"--write-docs {arguments.write_docs}: no such file")
        programs = {name: cli.program(getattr(arguments, name), name) for name in ("fgc", "fgrun", "limit")}
        if not shutil.which(arguments.python):
            raise WrongUse(f"--python {arguments.python}: no such program")
        self.programs = Programs(**programs, python=arguments.python, threads=arguments.threads, steps=arguments.steps,
                                 scratch=scratch)
        self.out = os.path.realpath(arguments.out or os.path.join(machine.ROOT, "runs", "performance"))
        this = {**machine.machine(), "caches": machine.caches(), "memory_bytes": machine.memory_bytes()}
        self.record = Record(self.out, {"programs": self.programs.facts(), "machine": this,
                                        "threads": arguments.threads}, arguments.fresh)
        self.limit = None
        if "limit" in arguments.only:
            self.limit = limit_module.Limit(self.programs, arguments.library, self.record.content["limits"], say)
            if not self.limit.libraries:
                say("the products are left out: no OpenBLAS or oneDNN was found (--library, or --python)")
                self.limit = None
        self.peers = []
        if {"peers", "scaling-peers"} & set(arguments.only):
            there = self.programs.peers()
            self.peers = [peer for peer in arguments.peers if peer in there]
            for peer in arguments.peers:
                if peer not in there:
                    say(f"{PEER_PROGRAMS[peer].title} is left out: {arguments.python} does not have it (--python)")

    def measure_round(self, name, rule):
        """What is asked for of one model and rule, one after the other: their ratios are of one time.

        The order is drawn for each round, from its number."""
        model, batch, only = models.MODELS[name].path, self.arguments.batch, self.arguments.only
        entry = {"model": name, "rule": rule, "batch": batch, "time": time.strftime("%Y-%m-%dT%H:%M:%S")}
        # What is compiled or found out once must not stand between two measurements.
        measurements = []
        if self.limit:
            self.limit.screen(self.limit.products_of(model, rule, batch))
            measurements.append(("products", "limit", lambda: self.limit.measure(model, rule, batch)))
        if "foregrad" in only:
            artifact = self.programs.artifact(model, rule, batch)
            measurements.append(("Foregrad", "foregrad", lambda: self.programs.foregrad(artifact)))
        if "bf16" in only and rule not in models.F32_RULES:
            narrow = self.programs.artifact(model, rule, batch, precision="bf16")
            measurements.append(("in bf16", "foregrad-bf16", lambda: self.programs.foregrad(narrow)))
        if "peers" in only and rule in models.PEER_RULES:
            for peer in self.peers:
                if rule in PEER_PROGRAMS[peer].rules:
                    measurements.append((PEER_PROGRAMS[peer].title, peer,
                                         lambda peer=peer: self.programs.peer(peer, name, rule, batch,
                                                                              seconds=PEER_SECONDS)))
        if not measurements:
            return
        # What always stood behind the same thing would be slower or faster for it.
        random.Random(len(self.record.content["rounds"])).shuffle(measurements)
        entry["order"] = [key for _, key, _ in measurements]
        said = []
        for title, key, measure in measurements:
            found = measure()
            said.append(f"{title} {found['ms']:.2f} ms")
            if key in PEER_PROGRAMS:
                entry.setdefault("peers", {})[key] = found
            else:
                entry[key] = found
        if entry.get("foregrad", {}).get("draws_ms"):
            entry["draws"] = {"ms": entry["foregrad"]["draws_ms"]}
        say(f"{models.MODELS[name].title}, {rule}: {', '.join(said)}")
        self.record.add("rounds", entry)

    def measure_point(self, point, who):
        """`who`: foregrad, a peer, or for Figure 5 fused and naive."""
        if who in PEER_PROGRAMS:
            measured = self.programs.peer(who, models.SWEEP_MODEL, point.rule, point.batch, point.shape,
                                          seconds=PEER_SECONDS / 2)
        else:
            artifact = self.programs.artifact(models.MODELS[models.SWEEP_MODEL].path, point.rule, point.batch,
                                              point.sets, point.fused)
            measured = self.programs.foregrad(artifact, SWEEP_STEPS)
        say(f"{point.sweep} {point.value}, {point.rule}, {who}: {measured['ms']:.2f} ms")
        self.record.add("points", {"sweep": point.sweep, "value": point.value, "rule": point.rule, "who": who,
                                   **measured})

    def measure_sweeps(self):
        only = self.arguments.only
        for sweep in self.arguments.sweeps:
            for point in models.sweep_points(sweep):
                if "scaling" in only:
                    self.measure_point(point, "foregrad")
                if "scaling-peers" in only and sweep in models.PEER_SWEEPS:
                    for peer in self.peers:
                        if PEER_PROGRAMS[peer].swept:
                            self.measure_point(point, peer)
        if "figure5" in only:
            for figure in models.FIGURE5:
                for point in models.figure5_points(figure):
                    self.measure_point(point, "fused" if point.fused else "naive")

    def run(self):
        arguments = self.arguments
        for _ in range(arguments.rounds):
            if "limit" in arguments.only:
                self.record.add("peaks", self.programs.peaks())
            if {"limit", "foregrad", "bf16", "peers"} & set(arguments.only):
                for name in arguments.model:
                    for rule in arguments.rules:
                        self.measure_round(name, rule)
            self.measure_sweeps()
        self.write()
        return 0

    def write(self):
        content = self.record.content
        self.record.save()
        shown = text.text(content)
        files.write(os.path.join(self.out, "performance.txt"), shown)
        files.write(os.path.join(self.out, "performance.md"), text.markdown(content))
        files.write(os.path.join(self.out, "performance.html"), page.page(content))
        if self.arguments.write_docs:
            try:
                text.write_docs(self.arguments.write_docs, content)
            except ValueError as error:
                raise Fault(str(error))
        print(f"\n{shown}\n{os.path.relpath(os.path.join(self.out, 'performance.html'))} has the charts", flush=True)


def run(arguments):
    with tempfile.TemporaryDirectory(prefix="foregrad-performance-") as scratch:
        try:
            return Performance(arguments, scratch).run()
        except KeyboardInterrupt:
            print("performance: stopped; what was measured is kept, the same command adds to it", file=sys.stderr)
            return 75
