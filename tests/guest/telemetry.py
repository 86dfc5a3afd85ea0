# SPDX-License-Identifier: MIT
"""The framed protocol of include/bulkhead/telemetry.h, tool's side."""
import struct

CONSOLE, LOG, EVENT, REPLY, PANIC, DONE = 3, 4, 5, 6, 7, 8
COMMAND, INPUT = 0x80, 0x81
OPS = {"list": 1, "pause": 2, "unpause": 3, "destroy": 4, "restart": 5,
       "audit": 6, "tail": 7, "poweroff": 8, "hello": 9}
EVENTS = {1: "started", 2: "shutdown", 3: "dead", 4: "restart", 5: "paused",
          6: "unpaused"}


def crc16(data):
    crc = 0xffff
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xffff
    return crc


def frame(kind, domid, payload):
    body = struct.pack("<BHH", kind, domid, len(payload)) + payload
    return b"\x7e" + body + struct.pack("<H", crc16(body))


class Reader:
    """Feed bytes, get (kind, domid, payload); counts what was garbage."""

    def __init__(self):
        self.data, self.skipped = b"", 0

    def feed(self, data):
        self.data += data
        while len(self.data) >= 8:
            if self.data[0] != 0x7e:
                self.data, self.skipped = self.data[1:], self.skipped + 1
                continue
            kind, domid, length = struct.unpack_from("<BHH", self.data, 1)
            if length > 512:
                self.data, self.skipped = self.data[1:], self.skipped + 1
                continue
            if len(self.data) < 8 + length:
                return
            body = self.data[1:6 + length]
            if struct.unpack_from("<H", self.data, 6 + length)[0] != \
                    crc16(body):
                self.data, self.skipped = self.data[1:], self.skipped + 1
                continue
            self.data = self.data[8 + length:]
            yield kind, domid, body[5:]
