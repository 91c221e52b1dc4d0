"""The floor for tables: the bytes are read and the newlines counted."""

import sys

lines = 0
buffer = bytearray(8 << 20)
with open(sys.argv[1], "rb", buffering=0) as file:
    while size := file.readinto(buffer):
        lines += buffer.count(b"\n", 0, size)
print(lines)
