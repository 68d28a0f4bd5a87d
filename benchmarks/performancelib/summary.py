# Licensed under the Apache License v2.0; see LICENSE.
"""Medians of what was measured, and ratios of what was measured side by side, as tables."""

import dataclasses
import statistics

from common.rules import order_of
from performancelib.models import (BF16_PEAK, BF16_TARGET, BF16_TARGET_ELSEWHERE, DRAWS_TARGET, FIGURE5,
                                   FIGURE5_BATCH, MODELS, SWEEP_MODEL, SWEEPS, TARGET_BATCH)
from performancelib.programs import PEER_PROGRAMS


@dataclasses.dataclass
class Table:
    title: str
    head: list
    body: list
    notes: list = dataclasses.field(default_factory=list)


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def number(value, digits=2):
    return "-" if value is None else f"{value:,.{digits}f}"


def milliseconds(value):
    return number(value, 3 if value is not None and value < 10 else 1)


def mebibytes(value):
    return number(None if value is None else value / 2**20, 1)


OURS = {"foregrad": "Foregrad", "foregrad-bf16": "Foregrad, bf16"}


def title_of(who):
    return OURS.get(who) or PEER_PROGRAMS[who].title


class Rounds:
    """All rounds of one model, rule and batch."""

    def __init__(self, content, model, rule, batch):
        self.rounds = [entry for entry in content["rounds"]
                       if (entry["model"], entry["rule"], entry["batch"]) == (model, rule, batch)]

    def values(self, who, key="ms"):
        return [self.of(entry, who).get(key) for entry in self.rounds if self.of(entry, who)]

    @staticmethod
    def of(entry, who):
        return entry.get(who) or entry.get("peers", {}).get(who)

    def median(self, who, key="ms"):
        return median(self.values(who, key))

    def ratio(self, who, to):
        """Median of the ratios within rounds; None where no round has both."""
        return median([self.of(entry, who)["ms"] / self.of(entry, to)["ms"] for entry in self.rounds
                       if self.of(entry, who) and self.of(entry, to)])

    def spread(self, who, to):
        ratios = [self.of(entry, who)["ms"] / self.of(entry, to)["ms"] for entry in self.rounds
                  if self.of(entry, who) and self.of(entry, to)]
        return f"{min(ratios):.2f} to {max(ratios):.2f}" if ratios else ""


def settings(content):
    """What was measured with, as pairs of name and text."""
    machine = content["machine"]
    threads = content["threads"]
    frameworks = sorted({measured["framework"] for entry in content["rounds"]
                         for measured in entry.get("peers", {}).values()})
    libraries = sorted({row["library"] for entry in content["rounds"] if entry.get("limit")
                        for row in entry["limit"]["products"]})
    lines = [("machine", f"{machine['processor']}, {machine['cores']} cores; {machine['caches']}; "
              f"{machine['memory_bytes'] / 2**30:.0f} GiB of memory"),
             ("threads", "1" if threads == 1 else str(threads)),
             ("compiler", content["programs"]["version"])]
    if libraries:
        lines.append(("sgemm", "; ".join(libraries)))
    if frameworks:
        lines.append(("peers", "; ".join(frameworks)))
    return lines


def peaks_table(content):
    peaks = content["peaks"]
    if not peaks:
        return None

    def row(name, key):
        one, both = (median([entry[key][count] for entry in peaks if entry[key]]) for count in ("one", "all"))
        return [name, number(one, 1), number(both, 1)]

    body = [row(f"f32, GFLOP/s ({peaks[-1]['instructions']})", "fma_gflops")]
    if peaks[-1]["bf16_gflops"]:
        body.append(row("bf16 products added in f32, GFLOP/s (vdpbf16ps)", "bf16_gflops"))
    body.append(row("memory, GB/s (a = b + s c)", "triad_gigabytes"))
    return Table("The machine's peaks", ["", "one thread", f"{peaks[-1]['threads']} threads"], body)


def keys(content, batch=None):
    """(model, batch) of all rounds, in the order of the models."""
    found = {(entry["model"], entry["batch"]) for entry in content["rounds"]}
    return sorted(found, key=lambda key: (list(MODELS).index(key[0]), key[1]))


def steps_table(content, model, batch):
    rules = sorted({entry["rule"] for entry in content["rounds"]
                    if (entry["model"], entry["batch"]) == (model, batch)}, key=order_of)
    body, counts = [], []
    for rule in rules:
        rounds = Rounds(content, model, rule, batch)
        counts.append(len(rounds.rounds))
        gflop = rounds.median("foregrad", "gflop") or rounds.median("limit", "gflop")
        for who in ("limit", *OURS, *PEER_PROGRAMS):
            taken = rounds.median(who)
            if taken is None:
                continue
            above = [measured - before for measured, before in
                     zip(rounds.values(who, "rss_bytes"), rounds.values(who, "rss_bytes_before"))
                     if measured is not None and before is not None]
            body.append([f"`{rule}`", "its products by sgemm" if who == "limit" else title_of(who),
                         milliseconds(taken), number(gflop / taken * 1e3 if gflop else None, 1),
                         "" if who == "limit" else number(rounds.ratio(who, "limit")),
                         "" if who in ("limit", "foregrad") else number(rounds.ratio(who, "foregrad")),
                         "" if who == "limit" else mebibytes(rounds.median(who, "rss_bytes")),
                         mebibytes(rounds.median(who, "planned_bytes")) if who in OURS
                         else mebibytes(median(above)) if above else ""])
    return Table(f"One training step: {MODELS[model].title}, batch {batch}, f32 where nothing is said",
                 ["rule", "by", "step ms", "GFLOP/s", "times sgemm", "times Foregrad", "process MiB", "step MiB"], body,
                 [f"medians over {min(counts)} round{'' if min(counts) == 1 else 's'}"
                  + (f" to {max(counts)}" if max(counts) > min(counts) else "")
                  + "; ratios are medians of those within a round"])


def products_table(content, model, batch):
    rounds = Rounds(content, model, "lg-fg-a", batch)
    limits = [entry["limit"] for entry in rounds.rounds if entry.get("limit")]
    if not limits:
        return None
    body = []
    for row in limits[-1]["products"]:
        same = [other for limit in limits for other in limit["products"] if other["product"] == row["product"]]
        way = "its threads" if row["way"] == "library_threads" else "a product a thread"
        body.append([row["size"], str(row["count"]), number(row["gflop"] * row["count"], 3),
                     number(median([other["gflops"] for other in same]), 1), row["library"], f"{row['form']}, {way}"])
    body.sort(key=lambda cells: -float(cells[2].replace(",", "")))
    return Table(f"The products of `lg-fg-a` on {MODELS[model].title}, batch {batch}, at the libraries' best rate",
                 ["rows x columns x depth", "a step", "GFLOP", "GFLOP/s", "library", "how"], body)


def bf16_target(content):
    """By how much bf16 should be faster than f32 on this machine."""
    ratios = [entry["bf16_gflops"]["all"] / entry["fma_gflops"]["all"] for entry in content["peaks"]
              if entry["bf16_gflops"]]
    pays = ratios and median(ratios) >= BF16_PEAK
    return BF16_TARGET if pays else BF16_TARGET_ELSEWHERE


def targets_table(content):
    body = []

    def line(text, demanded, reached, spread, holds):
        body.append([text, demanded, reached + (f" ({spread})" if spread else ""),
                     "not measured" if holds is None else "yes" if holds else "no"])

    for name, model in MODELS.items():
        rounds = Rounds(content, name, "lg-fg-a", TARGET_BATCH)
        if not rounds.rounds:
            continue
        ratio = rounds.ratio("foregrad", "limit")
        line(f"{model.title}, `lg-fg-a`: step, in times of its products by sgemm", f"at most {model.limit_target:g}",
             number(ratio), rounds.spread("foregrad", "limit"), None if ratio is None else ratio <= model.limit_target)
        ratio = rounds.ratio("draws", "foregrad")
        if ratio is not None:
            line(f"{model.title}, `lg-fg-a`: perturbations by themselves, of the step", f"at most {DRAWS_TARGET:g}",
                 number(ratio), rounds.spread("draws", "foregrad"), ratio <= DRAWS_TARGET)
        ratio = rounds.ratio("foregrad", "foregrad-bf16")
        if ratio is not None:
            demanded = bf16_target(content)
            line(f"{model.title}, `lg-fg-a`: bf16 faster than f32", f"at least {demanded:.2f}", number(ratio),
                 rounds.spread("foregrad", "foregrad-bf16"), ratio >= demanded)
        for rule, factor in model.peer_targets:
            rounds = Rounds(content, name, rule, TARGET_BATCH)
            for peer in [name for name, peer in PEER_PROGRAMS.items() if rule in peer.rules]:
                ratio = rounds.ratio(peer, "foregrad")
                line(f"{model.title}, `{rule}`: faster than {title_of(peer)}", f"at least {factor:g}", number(ratio),
                     rounds.spread(peer, "foregrad"), None if ratio is None else ratio >= factor)
    return Table("What this version should reach, and what it reaches", ["", "demanded", "reached", "holds"],
                 body) if body else None


def series(content, sweep):
    """{(rule, who): {value: {key: median}}} of a sweep, in order."""
    found = {}
    for point in content["points"]:
        if point["sweep"] == sweep:
            found.setdefault((point["rule"].split(":")[0], point["who"]), {}).setdefault(
                point["value"], []).append(point)
    keys_of = ("ms", "planned_bytes", "rss_bytes", "rss_bytes_before")
    order = ["foregrad", "fused", "naive", *PEER_PROGRAMS]
    return {key: {value: {name: median([point.get(name) for point in points]) for name in keys_of}
                  for value, points in sorted(values.items())}
            for key, values in sorted(found.items(), key=lambda pair: (order.index(pair[0][1]), order_of(pair[0][0])))}


def step_bytes(measured):
    """What the step itself needs: Foregrad's plan; of a peer what its process grew by."""
    if measured["planned_bytes"] is not None:
        return measured["planned_bytes"]
    if measured["rss_bytes"] is None or measured["rss_bytes_before"] is None:
        return None
    return measured["rss_bytes"] - measured["rss_bytes_before"]


def sweep_table(content, sweep):
    found = series(content, sweep)
    if not found:
        return None
    axis = SWEEPS[sweep][0]
    head = [axis]
    for rule, who in found:
        head += [f"{title_of(who)} `{rule}`, ms", "MiB"]
    body = []
    for value in sorted({value for values in found.values() for value in values}):
        cells = [str(value)]
        for values in found.values():
            measured = values.get(value)
            cells += [milliseconds(measured["ms"]), mebibytes(step_bytes(measured))] if measured else ["-", "-"]
        body.append(cells)
    fixed = "" if sweep == "batch" else f", batch {TARGET_BATCH}"
    return Table(f"Time and memory over {axis}: {MODELS[SWEEP_MODEL].title}{fixed}", head, body)


def figure5_table(content, figure):
    found = series(content, figure)
    fused, naive = found.get(("lg-fg-a", "fused"), {}), found.get(("lg-fg-a", "naive"), {})
    if not fused:
        return None
    body = []
    for value, measured in fused.items():
        other = naive.get(value, {})
        body.append([str(value), milliseconds(measured["ms"]), milliseconds(other.get("ms")),
                     number(other["ms"] / measured["ms"], 1) if other else "-",
                     mebibytes(measured["planned_bytes"]), mebibytes(other.get("planned_bytes"))])
    return Table(f"Replicated losses, fused and copy by copy, over {FIGURE5[figure][0]}: "
                 f"{MODELS[SWEEP_MODEL].title}, `lg-fg-a`, batch {FIGURE5_BATCH}",
                 [FIGURE5[figure][0].split(",")[0], "fused, ms", "copy by copy, ms", "times", "fused, MiB",
                  "copy by copy, MiB"], body)


def tables(content):
    """All that there are figures for, in order."""
    found = [targets_table(content), peaks_table(content)]
    for model, batch in keys(content):
        found += [steps_table(content, model, batch), products_table(content, model, batch)]
    found += [sweep_table(content, sweep) for sweep in SWEEPS]
    found += [figure5_table(content, figure) for figure in FIGURE5]
    return [table for table in found if table]
