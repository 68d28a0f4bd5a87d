#!/usr/bin/env python3
# Licensed under the Apache License v2.0; see LICENSE.
"""Checks benchmarks/performance, with a library of its own in the place of OpenBLAS and without PyTorch or JAX.

    performance_test.py --fgc FGC --fgrun FGRUN --limit LIMIT --library LIBRARY TEST

TEST is the name of a function test_TEST below; each is a test of its own and says what must hold.
Exit code: 0 holds, 1 not, 77 what it needs is not installed.
"""

import importlib.util
import itertools
import json
import math
import os
import random
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "benchmarks"))

from checking import Failure, main, require, run, self_contained_page, write  # noqa: E402
from performancelib import models, page, products, summary, text  # noqa: E402

PERFORMANCE = os.path.join(ROOT, "benchmarks", "performance")
PEERS = os.path.join(ROOT, "benchmarks", "peers")
SKIPPED = 77


class Fixture:
    def __init__(self, arguments, scratch):
        self.programs, self.scratch = arguments, scratch

    def path(self, *names):
        return os.path.join(self.scratch, *names)

    def options(self, out):
        """For a call as short as one can be."""
        programs = self.programs
        # A Python that sees no packages has no peers.
        bare = write(self.path("python"), f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')
        os.chmod(bare, 0o755)
        return ["--out", self.path(out), "--fgc", programs.fgc, "--fgrun", programs.fgrun, "--limit", programs.limit,
                "--library", programs.library, "--python", bare, "--model", "m-1-16", "--batch", "4", "--steps", "1",
                "--rounds", "1", "--threads", "1"]

    def measure(self, out, *more, expect=0):
        return run(PERFORMANCE, *self.options(out), *more, expect=expect)

    def results(self, out):
        with open(self.path(out, "results.json")) as file:
            return json.load(file)


# ---- products -------------------------------------------------------------------------------


def einsum(contraction, left, right):
    """The contraction itself, over flat row-major arrays."""
    size = contraction.size
    places = [products.strides(letters, size) for letters in (contraction.left, contraction.right, contraction.result)]
    found = [0] * math.prod(size[letter] for letter in contraction.result)
    letters = contraction.letters
    for index in itertools.product(*(range(size[letter]) for letter in letters)):
        a, b, c = (sum(stride[letter] * at for letter, at in zip(letters, index) if letter in stride)
                   for stride in places)
        found[c] += left[a] * right[b]
    return found


def sgemm_series(series, a, b, elements):
    """What the limit program asks a library for, by the definition of sgemm."""
    c = [None] * elements
    for outer in itertools.product(*(range(loop["count"]) for loop in series["outer"])):
        for inner in itertools.product(*(range(loop["count"]) for loop in series["inner"])):
            def at(name):
                return (sum(loop[name] * index for loop, index in zip(series["outer"], outer))
                        + sum(loop[name] * index for loop, index in zip(series["inner"], inner)))
            for i, j in itertools.product(range(series["m"]), range(series["n"])):
                place = at("c") + i * series["ldc"] + j
                value = sum(a[at("a") + (k * series["lda"] + i if series["transpose_a"] else i * series["lda"] + k)]
                            * b[at("b") + (j * series["ldb"] + k if series["transpose_b"] else k * series["ldb"] + j)]
                            for k in range(series["k"]))
                c[place] = value + (c[place] if any(inner) else 0)
    return c


def test_forms_compute_the_contraction(_):
    """Each form that claims to take arrays as they lie gives what the contraction does; all have its FLOPs."""
    cases = [("abc", "cd", "abd"), ("abcd", "cde", "abce"), ("abc", "bd", "adc"), ("abc", "adc", "bd"),
             ("abc", "abd", "cd"), ("abcd", "abce", "cde"), ("abc", "bcd", "ad"), ("ad", "bcd", "abc"),
             ("abc", "ad", "bcd"), ("ab", "bc", "ca"), ("ba", "bc", "ac"), ("abe", "abd", "de")]
    draw = random.Random(1)
    forms_tried = 0
    for left, right, result in cases:
        for sizes in ((2, 3, 4, 5, 2), (3, 1, 2, 2, 3)):
            letters = sorted(set(left + right))
            size = dict(zip("abcde", sizes))
            contraction = products.Contraction(left, right, result, tuple(size[letter] for letter in letters))
            a, b = ([draw.randrange(-9, 10) for _ in range(math.prod(size[letter] for letter in operand))]
                    for operand in (left, right))
            expected = einsum(contraction, a, b)
            for name, series in products.forms(contraction).items():
                loops = math.prod(loop["count"] for loop in series["outer"] + series["inner"])
                require(2 * loops * series["m"] * series["n"] * series["k"] == contraction.flops,
                        f"{contraction} {name}: other FLOPs")
                if name == "packed":
                    continue
                # Where the result lies the other way, the operands have changed places.
                found = [sgemm_series(series, *operands, len(expected)) for operands in ((a, b), (b, a))
                         if fits(series, *operands)]
                require(expected in found, f"{contraction} {name}: {series} computes something else")
                forms_tried += 1
    mixing = products.Contraction("abc", "bd", "adc", (2, 3, 4, 5))
    require("as it lies" in products.forms(mixing), "mixing of tokens has no form without a copy")
    require(forms_tried > 20, f"only {forms_tried} forms")


def fits(series, a, b):
    def last(name, rows, columns, leading):
        return (rows - 1) * leading + columns - 1 + sum(
            (loop["count"] - 1) * loop[name] for loop in series["outer"] + series["inner"])
    m, n, k = series["m"], series["n"], series["k"]
    return (last("a", *((k, m) if series["transpose_a"] else (m, k)), series["lda"]) < len(a)
            and last("b", *((n, k) if series["transpose_b"] else (k, n)), series["ldb"]) < len(b))


def test_products_are_those_of_the_step(fixture):
    """Their FLOPs are those that the artifact says the step has, for a model with groups."""
    sample = os.path.join(models.SAMPLES, "mnist-m-1-16.fg")
    options = [sample, "-D", "channels=32", "-D", "groups=4", "--rule", "lg-fg-a", "--batch", "16"]
    found = products.contractions(run(fixture.programs.fgc, *options, "--stop-after", "fusion").stdout)
    artifact = fixture.path("model.fgb")
    run(fixture.programs.fgc, *options, "-o", artifact)
    bench = json.loads(run(fixture.programs.fgrun, "bench", artifact, "--steps", "1", "--json").stdout)
    gflop = sum(count * contraction.flops for contraction, count in found.items()) * 1e-9
    # The artifact counts sums of elementwise products elsewhere.
    matrix = sum(count * contraction.flops for contraction, count in found.items()
                 if contraction.is_matrix_product) * 1e-9
    require(matrix * 0.999 <= bench["gflop_per_step"] <= gflop * 1.001,
            f"expected {bench['gflop_per_step']} between {matrix} and {gflop}")
    sizes = {contraction.describe() for contraction in found}
    require("4 times 16 x 8 x 8" in sizes, f"no product of groups in {sizes}")
    try:
        products.contractions("module {}")
    except ValueError:
        return
    raise Failure("took a program without a step")


# ---- the limit program ----------------------------------------------------------------------


def test_limit_measures_and_refuses(fixture):
    limit, library = fixture.programs.limit, fixture.programs.library

    def ask(given, *options):
        return subprocess.run([limit, "products", *options], input=given, capture_output=True, text=True, timeout=60)

    series = products.packed(products.Contraction("abc", "acd", "abd", (4, 8, 8, 8)))
    done = ask(json.dumps([series]), "--library", library, "--threads", "2", "--seconds", "0")
    require(done.returncode == 0, done.stderr)
    found = json.loads(done.stdout)
    require(found["library"] == "NaiveBLAS 1.2 as loops", found)
    require(all(rate > 0 for rate in found["gflops"][0].values()), found)
    for given, options, expected in (
            ("[]", ["--library", fixture.path("none.so")], "none.so"), ("[]", ["--library", "libm.so.6"], "sgemm"),
            ("[", ["--library", library], "limit: "), ("[{}]", ["--library", library], "limit: "),
            (json.dumps([dict(series, m=0)]), ["--library", library], "from 1"),
            (json.dumps([dict(series, lda=1)]), ["--library", library], "overlap"),
            (json.dumps([dict(series, m=2**30, lda=2**30)]), ["--library", library], "16 GB"),
            (json.dumps([dict(series, inner=[{"count": 2, "a": -1, "b": 0, "c": 0}])]), ["--library", library],
             "forward")):
        done = ask(given, *options)
        require(done.returncode == 1 and expected in done.stderr and done.stderr.count("\n") == 1,
                f"{given[:80]} {options}: expected '{expected}', found {done.returncode} {done.stderr}")


# ---- the command ----------------------------------------------------------------------------


def test_measures_and_goes_on(fixture):
    """Limit and Foregrad in one round; another call adds to it, another compiler does not; the document is written."""
    docs = write(fixture.path("performance.md"), "# Performance\n\nby hand\n")
    first = fixture.measure("out", "--only", "limit,foregrad,bf16,peers", "--rules", "lg-fg-a")
    for peer in ("PyTorch eager", "PyTorch, direct", "JAX jit", "JAX, direct"):
        require(f"{peer} is left out" in first.stdout, first.stdout)
    found = fixture.results("out")
    require(len(found["rounds"]) == 1 and len(found["peaks"]) == 1, found)
    for entry in found["rounds"]:
        require(sorted(entry["order"]) == ["foregrad", "foregrad-bf16", "limit"], entry)
        require(entry["order"] != ["limit", "foregrad", "foregrad-bf16"], "the order is not drawn")
        require(entry["foregrad"]["ms"] > 0 and entry["limit"]["ms"] > 0, entry)
        require(entry["foregrad-bf16"]["ms"] > 0 and 0 < entry["draws"]["ms"] < entry["foregrad"]["ms"], entry)
        require(entry["limit"]["gflop"] <= entry["foregrad"]["gflop"] * 1.001, entry)
        require(all(row["library"] == "NaiveBLAS 1.2 as loops" for row in entry["limit"]["products"]), entry["limit"])
    second = fixture.measure("out", "--only", "foregrad", "--rules", "lg-fg-a", "--write-docs", docs)
    require(len(fixture.results("out")["rounds"]) == 2, "a second call does not add to the first")
    shown = run(PERFORMANCE, *fixture.options("out"), "--rounds", "0").stdout
    for part in ("One training step: M/1/16 on MNIST, batch 4", "its products by sgemm", "Foregrad, bf16",
                 "multiply", "cores"):
        require(part in second.stdout and part in shown, f"no '{part}' in\n{shown}")
        with open(docs) as file:
            content = file.read()
        require(part in content and content.startswith("# Performance\n\nby hand\n"), content)
    self_contained_page(fixture.path("out", "performance.html"))

    refused = fixture.measure("out", "--threads", "2", expect=2)
    require("measured with threads 1, not 2" in refused.stderr and refused.stderr.count("\n") == 1, refused.stderr)
    fixture.measure("out", "--threads", "2", "--fresh", "--rounds", "0")
    require(fixture.results("out")["rounds"] == [], "--fresh keeps rounds")


def test_peers_are_measured_for_their_rules(fixture):
    """Direct translations: lg-fg-a only, and in no sweep. What steps take is made up here."""
    calls = fixture.path("calls")
    step = {"step_ms": {"median": 1.0}, "peak_rss_bytes": 2, "rss_bytes_before": 1, "framework": "F", "steps": 3}
    python = write(fixture.path("peers"), f"""#!/bin/sh
case "$1" in *_step.py) echo "$@" >> '{calls}'; echo '{json.dumps(step)}' ;; esac
""")
    os.chmod(python, 0o755)
    shown = fixture.measure("out", "--only", "peers,scaling-peers", "--rules", "lg-fg-a,bp", "--sweeps", "depth",
                            "--python", python).stdout
    found = fixture.results("out")
    fast, direct = {"pytorch", "pytorch-compile", "jax"}, {"pytorch-direct", "jax-direct"}
    measured = {entry["rule"]: set(entry["peers"]) for entry in found["rounds"]}
    require(measured == {"lg-fg-a": fast | direct, "bp": fast}, measured)
    require({point["who"] for point in found["points"]} == fast, found["points"])
    for name in ("PyTorch, direct", "JAX, direct"):
        rows = re.findall(rf"^(\S+) +{name} +1\.000 ", shown, re.MULTILINE)
        require(rows == ["lg-fg-a"], f"rows of {name} for {rows} in\n{shown}")
    with open(calls) as file:
        asked = [line for line in file if "--direct" in line]
    require(len(asked) == 2 and all("--rule lg-fg-a" in line for line in asked), asked)


def test_wrong_use_is_one_line(fixture):
    file = write(fixture.path("file"), "")
    os.makedirs(fixture.path("other"))
    write(fixture.path("other", "results.json"), '{"schema": 0}')
    cases = {"some of limit,": ["--only", "speed"], "some of m-1-16": ["--model", "x"], "from 0 to": ["--rounds", "-1"],
             "from 1 to": ["--batch", "0"], "twice": ["--rules", "bp,bp"], "no program": ["--fgc", file],
             "--limit": ["--limit", file], "no such program": ["--python", fixture.path("none")],
             "is not a folder": ["--out", file], "--fresh": ["--out", fixture.path("other")],
             "no such file": ["--write-docs", fixture.path("none.md")], "unrecognized": ["--nothing"]}
    for expected, options in cases.items():
        done = run(PERFORMANCE, *fixture.options("out"), *options, expect=2)
        require(done.stderr.count("\n") == 1 and done.stderr.startswith("performance: error: ")
                and expected in done.stderr, f"{options}: expected one line with '{expected}', found\n{done.stderr}")
    # A library that cannot be used is named.
    done = run(PERFORMANCE, *fixture.options("out"), "--library", "libm.so.6", "--only", "limit", expect=1)
    require("libm.so.6" in done.stderr and "cblas_sgemm" in done.stderr, done.stderr)


# ---- tables ---------------------------------------------------------------------------------


def made_content():
    """Three rounds on a machine whose speed drifts, and a few points of each sweep."""
    rounds = []
    for drift in (1.0, 2.0, 4.0):
        rows = [{"product": "p", "size": "8 x 8 x 8", "count": 2, "gflop": 0.1, "gflops": 100 / drift,
                 "library": "A <b>", "form": "packed", "way": "own_threads"}]
        measured = {"ms": 3.0 * drift, "gflop": 0.3, "planned_bytes": 2**20, "rss_bytes": 2**21}
        peer = {"rss_bytes": 2**23, "rss_bytes_before": 2**22, "framework": "F & G"}
        rounds.append({"model": "m-8-16", "rule": "lg-fg-a", "batch": 128, "foregrad": measured,
                       "foregrad-bf16": dict(measured, ms=2.4 * drift), "draws": {"ms": 0.24 * drift},
                       "limit": {"ms": 2.0 * drift, "gflop": 0.2, "gflop_other": 0.0, "products": rows},
                       "peers": {"pytorch": {"ms": 21.0 * drift, **peer}, "jax": {"ms": 9.0 * drift, **peer},
                                 "pytorch-direct": {"ms": 27.0 * drift, **peer},
                                 "jax-direct": {"ms": 15.0 * drift, **peer}}})
    points = [{"sweep": point.sweep, "value": point.value, "rule": point.rule, "who": who, "ms": 1.5 * point.value,
               "planned_bytes": 2**20, "rss_bytes": 2**21}
              for name in models.SWEEPS for point in models.sweep_points(name) for who in ("foregrad",)]
    points += [{"sweep": point.sweep, "value": point.value, "rule": point.rule,
                "who": "fused" if point.fused else "naive", "ms": 1.0 if point.fused else 7.0, "planned_bytes": 2**20}
               for figure in models.FIGURE5 for point in models.figure5_points(figure)]
    peak = {"one": 1.0, "all": 2.0}
    return {"schema": 1, "programs": {"version": "fgc 1"}, "threads": 2, "limits": {},
            "machine": {"processor": "P & Q", "cores": 2, "caches": "L1", "memory_bytes": 2**30},
            "peaks": [{"threads": 2, "instructions": "512-bit", "fma_gflops": peak, "bf16_gflops": None,
                       "triad_gigabytes": peak}], "rounds": rounds, "points": points}


def test_ratios_are_of_one_round(_):
    content = made_content()
    rounds = summary.Rounds(content, "m-8-16", "lg-fg-a", 128)
    require(abs(rounds.ratio("foregrad", "limit") - 1.5) < 1e-9 and rounds.median("foregrad") == 6.0, "other medians")
    # A round without the limit says nothing about the ratio.
    content["rounds"].append({"model": "m-8-16", "rule": "lg-fg-a", "batch": 128, "foregrad": {"ms": 1000.0}})
    rounds = summary.Rounds(content, "m-8-16", "lg-fg-a", 128)
    require(abs(rounds.ratio("foregrad", "limit") - 1.5) < 1e-9, f"found {rounds.ratio('foregrad', 'limit')}")
    rows = {row[0]: row[1:] for row in summary.targets_table(made_content()).body}
    expected = {"M/8/16 on CIFAR-10, `lg-fg-a`: step, in times of its products by sgemm":
                ["at most 1.2", "1.50 (1.50 to 1.50)", "no"],
                "M/8/16 on CIFAR-10, `lg-fg-a`: faster than PyTorch eager":
                ["at least 6", "7.00 (7.00 to 7.00)", "yes"],
                "M/8/16 on CIFAR-10, `lg-fg-a`: perturbations by themselves, of the step":
                ["at most 0.1", "0.08 (0.08 to 0.08)", "yes"],
                "M/8/16 on CIFAR-10, `lg-fg-a`: faster than torch.compile": ["at least 6", "-", "not measured"],
                "M/8/16 on CIFAR-10, `lg-fg-a`: faster than JAX jit": ["at least 6", "3.00 (3.00 to 3.00)", "no"],
                "M/8/16 on CIFAR-10, `lg-fg-a`: faster than PyTorch, direct":
                ["at least 6", "9.00 (9.00 to 9.00)", "yes"],
                "M/8/16 on CIFAR-10, `lg-fg-a`: faster than JAX, direct": ["at least 6", "5.00 (5.00 to 5.00)", "no"]}
    for name, cells in expected.items():
        require(rows.get(name) == cells, f"{name}: expected {cells}, found {rows.get(name)}")
    # No peer has bp as a direct translation.
    require(not [name for name in rows if "`bp`" in name and "direct" in name], list(rows))
    # bf16 is to be faster where the machine multiplies it faster.
    name = "M/8/16 on CIFAR-10, `lg-fg-a`: bf16 faster than f32"
    require(rows[name] == ["at least 0.91", "1.25 (1.25 to 1.25)", "yes"], rows[name])
    content = made_content()
    content["peaks"][0]["bf16_gflops"] = {"one": 1.0, "all": 3.7}
    rows = {row[0]: row[1:] for row in summary.targets_table(content).body}
    require(rows[name] == ["at least 1.50", "1.25 (1.25 to 1.25)", "no"], rows[name])


def test_tables_and_page_hold_all(fixture):
    content = made_content()
    tree = self_contained_page(write(fixture.path("page.html"), page.page(content)))
    texts = [node.text for node in tree.iter("text")]
    for peer in ("PyTorch eager", "PyTorch, direct", "JAX jit", "JAX, direct"):
        require(f"lg-fg-a: {peer}" in texts, f"no bar of {peer} in {texts}")
    charts = tree.findall(".//figure")
    require(len(charts) == 1 + 2 * (len(models.SWEEPS) + len(models.FIGURE5)), f"found {len(charts)} charts")
    for shown in (text.text(content), text.markdown(content)):
        for part in ("P & Q, 2 cores", "F & G", "8 x 8 x 8", "over samples of a batch", "copy by copy", "JAX, direct"):
            require(part in shown, f"no '{part}' in\n{shown}")
    require("A \\<b\\>" in text.markdown(content), "text from elsewhere is not escaped")
    empty = dict(content, rounds=[], points=[], peaks=[])
    self_contained_page(write(fixture.path("empty.html"), page.page(empty)))
    require("P & Q" in text.text(empty), text.text(empty))


def check_peer(framework, program):
    if importlib.util.find_spec(framework) is None or importlib.util.find_spec("numpy") is None:
        print(f"{framework} is not installed")
        return SKIPPED
    step = [sys.executable, os.path.join(PEERS, program)]
    for case, form in itertools.product(("mixer", "mixer_single"), ([], ["--direct"])):
        run(*step, *form, "--check", os.path.join(ROOT, "tests", "golden", case))
    refused = run(*step, "--direct", "--rule", "bp", expect=2)
    require("no bp" in refused.stderr, refused.stderr)
    return 0


def test_pytorch_step_is_golden(_):
    return check_peer("torch", "pytorch_step.py")


def test_jax_step_is_golden(_):
    return check_peer("jax", "jax_step.py")


if __name__ == "__main__":
    sys.exit(main(__doc__, globals(), Fixture, ["fgc", "fgrun", "limit", "library"]))
