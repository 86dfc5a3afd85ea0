#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the smallest kernel that the tool accepts: make_elf.py FILE."""
import struct
import sys

note = struct.pack("<III4sI", 4, 4, 18, b"Xen\0", 0x1000000)
code = b"\xf4\xeb\xfd".ljust(4096, b"\x90")
head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 62, 1, 0, 64, 0,
                   0, 64, 56, 2, 0, 0, 0)
text = struct.pack("<IIQQQQQQ", 1, 5, 4096, 0, 0x1000000, 4096, 8192, 4096)
notes = struct.pack("<IIQQQQQQ", 4, 4, 256, 0, 0, len(note), len(note), 4)
data = (head + text + notes).ljust(256, b"\0") + note
open(sys.argv[1], "wb").write(data.ljust(4096, b"\0") + code)
