# Licensed under the Apache License v2.0; see LICENSE.
"""The best rate of the libraries for each matrix product, measured beside what is compared with it.

A product can be asked for in several forms, of several libraries, with the library's threads or a product on
each of ours. All of them are tried once; after that the best FINALISTS are measured in each round."""

import os

from common import machine
from common.cli import Fault
from performancelib import products

FINALISTS = 2
SECONDS = 0.04  # for each form, each way
WAYS = ("library_threads", "own_threads")


def libraries(programs, given):
    """(path, environment) of what may be there: the peers' packages, then the system's."""
    if given:
        paths = given
    else:
        prefix, packages = programs.installation()
        installed = [os.path.join(packages, "scipy_openblas32", "lib", "libscipy_openblas.so"),
                     os.path.join(prefix, "lib", "libdnnl.so.3")]
        paths = [path for path in installed if os.path.exists(path)]
        # By name: the loader knows where the system keeps them.
        if not any("openblas" in path for path in paths):
            paths.append("libopenblas.so.0")
        if not any("dnnl" in path for path in paths):
            paths += ["libdnnl.so.3", "libdnnl.so.2"]
    found = []
    for path in paths:
        found.append((path, {}))
        # An OpenBLAS that does not know the processor takes slow kernels.
        if "blas" in os.path.basename(path) and "avx512f" in machine.features():
            found.append((path, {"OPENBLAS_CORETYPE": "SkylakeX"}))
    return found


class Limit:
    def __init__(self, programs, given, kept, say):
        """`kept`: what earlier calls found out, {product: finalists}; it is added to."""
        self.programs, self.kept, self.say = programs, kept, say
        self.libraries, described = [], set()
        for path, environment in libraries(programs, given):
            try:
                name, _ = programs.library_rates(path, environment, [], 0)
            except Fault:
                if given:
                    raise
                continue
            if name not in described:
                described.add(name)
                self.libraries.append((path, environment))
        self.contractions = {}

    def products_of(self, model, rule, batch):
        key = (model, rule, batch)
        if key not in self.contractions:
            try:
                self.contractions[key] = products.contractions(self.programs.fused_program(model, rule, batch))
            except ValueError as error:
                raise Fault(f"{model}: {error}")
        return self.contractions[key]

    @staticmethod
    def name(contraction):
        return f"{contraction.left},{contraction.right}->{contraction.result} {contraction.describe()}"

    def _rates(self, asked):
        """{way: (rate, library's name)} for each (path, environment, series, ways). One call a library."""
        found = [None] * len(asked)
        by_library = {}
        for index, (path, environment, _, _) in enumerate(asked):
            by_library.setdefault((path, tuple(environment.items())), []).append(index)
        for (path, environment), mine in by_library.items():
            name, rates = self.programs.library_rates(path, dict(environment), [asked[index][2] for index in mine],
                                                      SECONDS)
            for index, rate in zip(mine, rates):
                found[index] = {way: (rate[way], name) for way in asked[index][3] if rate[way]}
        return found

    def screen(self, contractions):
        """Finds the finalists of what is not known yet."""
        def is_known(contraction):
            finalists = self.kept.get(self.name(contraction))
            return finalists and all((one["path"], one["environment"]) in self.libraries for one in finalists)

        new = [contraction for contraction in contractions
               if contraction.is_matrix_product and not is_known(contraction)]
        if not new:
            return
        self.say(f"trying the libraries on {len(new)} products")
        asked = [(path, environment, series, WAYS, contraction, form)
                 for path, environment in self.libraries for contraction in new
                 for form, series in products.forms(contraction).items()]
        tried = {self.name(contraction): [] for contraction in new}
        for (path, environment, series, _, contraction, form), rates in zip(asked,
                                                                            self._rates([one[:4] for one in asked])):
            for way, (rate, library) in rates.items():
                tried[self.name(contraction)].append({"gflops": rate, "library": library, "path": path,
                                                      "environment": environment, "form": form, "way": way,
                                                      "series": series})
        for name, candidates in tried.items():
            self.kept[name] = sorted(candidates, key=lambda one: -one["gflops"])[:FINALISTS]

    def measure(self, model, rule, batch):
        """The time that the products of a step take at the best rate of the libraries."""
        counted = self.products_of(model, rule, batch)
        matrix = [contraction for contraction in counted if contraction.is_matrix_product]
        self.screen(matrix)
        finalists = [(contraction, one) for contraction in matrix for one in self.kept[self.name(contraction)]]
        measured = self._rates([(one["path"], one["environment"], one["series"], (one["way"],))
                                for _, one in finalists])
        best = {}
        for (contraction, one), rates in zip(finalists, measured):
            rate = rates[one["way"]][0]
            if rate > best.get(contraction, {"gflops": 0.0})["gflops"]:
                best[contraction] = {"gflops": rate, "library": one["library"], "form": one["form"],
                                     "way": one["way"]}
        rows = [{"product": self.name(contraction), "size": contraction.describe(), "count": counted[contraction],
                 "gflop": contraction.flops * 1e-9, **best[contraction]} for contraction in matrix]
        return {"ms": sum(row["count"] * row["gflop"] / row["gflops"] for row in rows) * 1e3,
                "gflop": sum(row["count"] * row["gflop"] for row in rows),
                "gflop_other": sum(count * contraction.flops for contraction, count in counted.items()
                                   if not contraction.is_matrix_product) * 1e-9,
                "products": rows}
