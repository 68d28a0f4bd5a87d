# Licensed under the Apache License v2.0; see LICENSE.
"""Reads and writes safetensors files with the standard library alone.

A tensor is a Tensor(dtype, shape, values): `values` is a flat array in row-major order.
Used by the tests, so that they need no package and share no code with the runtime's reader.
"""

import array
import collections
import json
import math
import struct
import sys

Tensor = collections.namedtuple("Tensor", "dtype shape values")

TYPE_CODES = {"F64": "d", "F32": "f", "I64": "q", "I32": "i", "U64": "Q", "U8": "B"}


class SafetensorsError(Exception):
    """The file is not what the format asks for; the message names file, expected and found."""


def load(path):
    """All tensors of the file, by name."""
    with open(path, "rb") as file:
        data = file.read()
    if len(data) < 8:
        raise SafetensorsError(f"{path}: expected 8 bytes of header length, found {len(data)}")
    (length,) = struct.unpack_from("<Q", data)
    if length > len(data) - 8:
        raise SafetensorsError(f"{path}: header of {length} bytes in a file of {len(data)}")
    header = json.loads(data[8:8 + length])
    body = memoryview(data)[8 + length:]
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        dtype, shape = entry["dtype"], tuple(entry["shape"])
        begin, end = entry["data_offsets"]
        values = array.array(TYPE_CODES[dtype])
        expected = math.prod(shape) * values.itemsize
        if end - begin != expected or not 0 <= begin <= end <= len(body):
            raise SafetensorsError(
                f"{path}: {name}: expected {expected} bytes inside {len(body)}, "
                f"found [{begin}, {end})")
        values.frombytes(body[begin:end])
        if sys.byteorder == "big":
            values.byteswap()
        tensors[name] = Tensor(dtype, shape, values)
    return tensors


def save(path, tensors):
    """Writes `tensors` (name -> Tensor), the header padded to a multiple of 8 bytes."""
    header, offset = {}, 0
    for name, tensor in tensors.items():
        size = len(tensor.values) * tensor.values.itemsize
        header[name] = {"dtype": tensor.dtype, "shape": list(tensor.shape),
                        "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            values = array.array(tensor.values.typecode, tensor.values)
            if sys.byteorder == "big":
                values.byteswap()
            file.write(values.tobytes())


def along_first_axis(tensors):
    """[tensors] of each place of the first axis, which all share."""
    (count,) = {tensor.shape[0] for tensor in tensors.values()}

    def part(tensor, place):
        size = len(tensor.values) // count
        return Tensor(tensor.dtype, tensor.shape[1:],
                      tensor.values[place * size:(place + 1) * size])

    return [{name: part(tensor, place) for name, tensor in tensors.items()}
            for place in range(count)]
