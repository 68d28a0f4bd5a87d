# Licensed under the Apache License v2.0; see LICENSE.
"""The matrix products of a training step, and how a library can be asked for them.

They are read from the program that `fgc --stop-after fusion` prints, where a product is an
`fg.contract` over named axes, of whole batches: so this holds for any model and rule."""

import collections
import dataclasses
import math
import re

CONTRACT = re.compile(r'fg\.contract %\S+ "(\w+)", %\S+ "(\w+)" -> "(\w+)"')
ARRAY = re.compile(r"<\[([^\]]*)\], (\w+)>")


@dataclasses.dataclass(frozen=True)
class Contraction:
    """Letters of the two operands and of the result, and the letters' sizes in the order of `letters`."""
    left: str
    right: str
    result: str
    sizes: tuple

    @property
    def letters(self):
        return sorted(set(self.left + self.right))

    @property
    def size(self):
        return dict(zip(self.letters, self.sizes))

    @property
    def flops(self):
        return 2 * math.prod(self.sizes)

    def role(self, *operands):
        """Letters longer than 1 that are in exactly these of left, right, result, in their order in the first."""
        holds = {"left": self.left, "right": self.right, "result": self.result}
        return [letter for letter in holds[operands[0]]
                if self.size[letter] > 1 and all((letter in holds[name]) == (name in operands) for name in holds)]

    @property
    def is_matrix_product(self):
        """False for sums of an elementwise product, which no sgemm computes."""
        return bool(self.role("left", "result") or self.role("right", "result"))

    def describe(self):
        def total(*operands):
            return math.prod(self.size[letter] for letter in self.role(*operands))
        count = total("left", "right", "result")
        times = f"{count} times " if count > 1 else ""
        return (f"{times}{total('left', 'result')} x {total('right', 'result')} x {total('left', 'right')}")


def contractions(program):
    """Those of the entry `step`: {contraction: how often}. Raises ValueError where there is no such entry."""
    begin = program.find('fg.entry "step"')
    if begin < 0:
        raise ValueError("expected an entry 'step' in what fgc --stop-after fusion prints")
    end = program.find("\n  fg.entry", begin)
    found = collections.Counter()
    for line in program[begin:end if end >= 0 else None].splitlines():
        match = CONTRACT.search(line)
        if not match:
            continue
        left, right, result = match.groups()
        arrays = [[int(size) for size in re.findall(r"= (\d+)", axes)] for axes, _ in ARRAY.findall(line)]
        if [len(array) for array in arrays] != [len(left), len(right), len(result)]:
            raise ValueError(f"expected the axes of two operands and a result, found '{line.strip()[:200]}'")
        size = dict(zip(left + right, arrays[0] + arrays[1]))
        found[Contraction(left, right, result, tuple(size[letter] for letter in sorted(size)))] += 1
    return found


def strides(letters, size):
    found, stride = {}, 1
    for letter in reversed(letters):
        found[letter] = stride
        stride *= size[letter]
    return found


def chain(letters, size, first, second, peeled):
    """The innermost letters that are one dimension in both operands; the others are left to loops."""
    kept = []
    for letter in sorted(letters, key=lambda name: first[name], reverse=True)[::-1]:
        if letter in peeled or (kept and any(stride[letter] != stride[kept[0]] * size[kept[0]]
                                             for stride in (first, second))):
            break
        kept.insert(0, letter)
    return kept, [letter for letter in letters if letter not in kept]


def loop(letters, size, left, right, result):
    return [{"count": size[letter], "a": left.get(letter, 0), "b": right.get(letter, 0), "c": result.get(letter, 0)}
            for letter in letters]


def as_it_lies(contraction, peeled=""):
    """The products as row-major arrays of these axes hold them, without a copy; None where sgemm cannot.

    Axes that cannot be one dimension with their neighbours, and the `peeled` ones, become loops over products."""
    size = contraction.size
    left, right, result = (strides(letters, size)
                           for letters in (contraction.left, contraction.right, contraction.result))
    m, m_loops = chain(contraction.role("left", "result"), size, left, result, peeled)
    n, n_loops = chain(contraction.role("right", "result"), size, right, result, peeled)
    k, k_loops = chain(contraction.role("left", "right"), size, left, right, peeled)
    outer = contraction.role("left", "right", "result") + m_loops + n_loops

    def extent(letters):
        return math.prod(size[letter] for letter in letters)

    def stride(letters, operand):
        return operand[letters[-1]] if letters else None

    def matrix(rows, columns, operand):
        """(transposed, leading dimension), None where neither dimension is dense."""
        row, column = stride(rows, operand), stride(columns, operand)
        if column in (1, None):
            return False, row or extent(columns)
        return (True, column) if row in (1, None) else None

    sides = [(m, left), (n, right)]
    # sgemm's result is row-major; of a result that lies the other way it computes the transpose.
    if n and result[n[-1]] != 1:
        sides.reverse()
    (rows, a), (columns, b) = sides
    first, second, third = matrix(rows, k, a), matrix(k, columns, b), matrix(rows, columns, result)
    if not first or not second or not third or third[0]:
        return None
    return {"m": extent(rows), "n": extent(columns), "k": extent(k),
            "transpose_a": first[0], "transpose_b": second[0], "lda": first[1], "ldb": second[1], "ldc": third[1],
            "outer": loop(outer, size, a, b, result), "inner": loop(k_loops, size, a, b, result)}


def packed(contraction):
    """The products with all arrays laid out as sgemm likes them best: what no copy in a step could improve on."""
    def extent(*operands):
        return math.prod(contraction.size[letter] for letter in contraction.role(*operands))

    m, n, k = extent("left", "result"), extent("right", "result"), extent("left", "right")
    count = extent("left", "right", "result")
    return {"m": m, "n": n, "k": k, "transpose_a": False, "transpose_b": False, "lda": k, "ldb": n, "ldc": n,
            "outer": [{"count": count, "a": m * k, "b": k * n, "c": m * n}] if count > 1 else [], "inner": []}


def forms(contraction):
    """Ways to ask a library for it, by name: packed, as it lies, and that sample by sample."""
    first = contraction.left[0]
    candidates = {"packed": packed(contraction), "as it lies": as_it_lies(contraction),
                  "sample by sample": as_it_lies(contraction, peeled=first)}
    found = {}
    for name, series in candidates.items():
        if series and min(series["m"], series["n"]) * series["k"] > 1 and series not in found.values():
            found[name] = series
    return found
