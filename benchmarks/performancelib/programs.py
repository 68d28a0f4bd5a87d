# Licensed under the Apache License v2.0; see LICENSE.
"""Runs fgc, fgrun, the peers and the limit program."""

import dataclasses
import json
import os
import subprocess

from common import files
from common.cli import Fault
from common.machine import ROOT
from performancelib.models import DIRECT_RULES, PEER_RULES

PEERS = os.path.join(ROOT, "benchmarks", "peers")


@dataclasses.dataclass(frozen=True)
class Peer:
    title: str
    program: str
    framework: str  # what must be there to run it
    options: tuple = ()
    rules: tuple = PEER_RULES
    swept: bool = True  # is part of scaling-peers


PEER_PROGRAMS = {
    "pytorch": Peer("PyTorch eager", "pytorch_step.py", "torch"),
    "pytorch-compile": Peer("torch.compile", "pytorch_step.py", "torch", ("--compile",)),
    "pytorch-direct": Peer("PyTorch, direct", "pytorch_step.py", "torch", ("--direct",), DIRECT_RULES, swept=False),
    "jax": Peer("JAX jit", "jax_step.py", "jax"),
    "jax-direct": Peer("JAX, direct", "jax_step.py", "jax", ("--direct",), DIRECT_RULES, swept=False),
}


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def run(command, given=None, environment=None):
    """What the program prints. Raises Fault, with what it said last, where it fails."""
    done = subprocess.run(command, input=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          stdin=None if given is not None else subprocess.DEVNULL,
                          env=dict(os.environ, **environment) if environment else None)
    if done.returncode != 0:
        said = next((line for line in done.stderr.splitlines() if "error:" in line), last_line(done.stderr))
        raise Fault(f"{os.path.basename(command[0])}: exit code {done.returncode}: {said or 'without a word'}\n"
                    f"  {' '.join(command)}")
    return done.stdout


def run_json(command, **more):
    try:
        return json.loads(last_line(run(command, **more)))
    except ValueError:
        raise Fault(f"expected JSON from {' '.join(command)}")


class Programs:
    def __init__(self, fgc, fgrun, limit, python, threads, steps, scratch):
        """`steps`: of each measurement; None: as many as the programs see fit."""
        self.fgc, self.fgrun, self.limit, self.python = fgc, fgrun, limit, python
        self.threads, self.steps, self.scratch = threads, steps, scratch
        self.compiled = {}

    def facts(self):
        """What must be the same for times to be put beside each other."""
        return {"fgc": files.digest(self.fgc), "fgrun": files.digest(self.fgrun),
                "version": last_line(run([self.fgc, "--version"]))}

    def compile_options(self, model, rule, batch, sets=()):
        options = [model, "--rule", rule, "--batch", str(batch)]
        for change in sets:
            options += ["-D", change]
        return options

    def artifact(self, model, rule, batch, sets=(), fused=True, precision="f32"):
        """Compiles once in a call, what `fgrun bench` runs and no more."""
        key = (model, rule, batch, sets, fused, precision)
        if key not in self.compiled:
            path = os.path.join(self.scratch, f"{len(self.compiled)}.fgb")
            run([self.fgc, *self.compile_options(model, rule, batch, sets), *([] if fused else ["--no-fuse"]),
                 "--precision", precision, "--entries", "step", "-o", path])
            self.compiled[key] = path
        return self.compiled[key]

    def fused_program(self, model, rule, batch):
        """The step as text, before it is tiled."""
        return run([self.fgc, *self.compile_options(model, rule, batch), "--stop-after", "fusion"])

    def step_options(self, most=None):
        steps = self.steps or most
        return ["--steps", str(steps)] if steps else []

    def foregrad(self, artifact, most=None):
        """`most`: steps where the call asked for no number of them."""
        found = run_json([self.fgrun, "bench", artifact, "--threads", str(self.threads), "--json",
                          *self.step_options(most)])
        rate = found.get("limit", {}).get("million_numbers_per_second")
        return {"ms": found["step_ms"]["median"], "gflop": found["gflop_per_step"],
                "planned_bytes": found["peak_bytes_planned"], "rss_bytes": found["peak_rss_bytes"],
                "draws_ms": found["numbers_per_step"] / (rate * 1e3) if rate else None,
                "steps": found["steps"]}

    def peers(self):
        """Those whose framework this Python has."""
        there = {name: subprocess.run([self.python, "-c", f"import importlib.util as u, sys; "
                                       f"sys.exit(u.find_spec('{name}') is None)"],
                                      stderr=subprocess.DEVNULL).returncode == 0
                 for name in {peer.framework for peer in PEER_PROGRAMS.values()}}
        return [name for name, peer in PEER_PROGRAMS.items() if there[peer.framework]]

    def peer(self, name, model, rule, batch, shape=(), seconds=3.0):
        peer = PEER_PROGRAMS[name]
        options = list(peer.options)
        for change in shape:
            options += ["--set", change]
        found = run_json([self.python, os.path.join(PEERS, peer.program), "--model", model, "--rule", rule, "--batch",
                          str(batch), "--threads", str(self.threads), "--seconds", str(seconds), "--json",
                          *self.step_options(), *options])
        return {"ms": found["step_ms"]["median"], "rss_bytes": found["peak_rss_bytes"],
                "rss_bytes_before": found["rss_bytes_before"], "framework": found["framework"],
                "temporary_bytes": found.get("temporary_bytes"), "steps": found["steps"]}

    def peaks(self):
        return run_json([self.limit, "peaks", "--threads", str(self.threads)])

    def library_rates(self, library, environment, series, seconds):
        """(what the library calls itself, GFLOP/s of each series with its threads and with ours)."""
        found = run_json([self.limit, "products", "--library", library, "--threads", str(self.threads),
                          "--seconds", str(seconds)], given=json.dumps(series), environment=environment)
        return found["library"], found["gflops"]

    def installation(self):
        """Where the peers' Python keeps programs' libraries and packages."""
        return json.loads(run([self.python, "-c", "import json, sys, sysconfig; print(json.dumps("
                               "[sys.prefix, sysconfig.get_paths()['platlib']]))"]))
