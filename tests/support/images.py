# Licensed under the Apache License v2.0; see LICENSE.
"""Writes PNG images, without a library (https://www.w3.org/TR/png)."""

import struct
import zlib


def write_png(path, height, width, pixels):
    """`pixels`: one byte each for grey, or three for red, green and blue, row by row."""
    colors = len(pixels) // (height * width)
    if len(pixels) != height * width * colors or colors not in (1, 3):
        raise ValueError(f"{len(pixels)} bytes for {height} x {width} pixels")

    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))

    row = width * colors
    # Each row begins with the number of its filter: none.
    rows = b"".join(b"\0" + bytes(pixels[y * row:(y + 1) * row]) for y in range(height))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n"
                   + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8,
                                                0 if colors == 1 else 2, 0, 0, 0))
                   + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))
