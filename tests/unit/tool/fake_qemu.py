#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A QEMU that is none: it plays the VMM on the second serial port.

Started by the tool in place of QEMU (--qemu). It reads the launch
description from the first name in -initrd, then does what the kernel command
line (bootargs) of its first VM says, word by word:

  say=TEXT      print TEXT and a newline on that VM's console
  log=TEXT      a line in the VMM's log (and on COM1)
  flood         numbered lines on COM1, without end, beside what follows
  echo          send console input back, until a line says `end`
  serve         answer operator commands until OP_POWEROFF or `end` as input
  forget        never finish the first list
  slow          take at most ten bytes of input at a time, at times none
  deaf          do not say how much input was taken
  noise         bytes that are no frame, on COM2
  panic=TEXT    a PANIC frame, then exit port 0x13
  crash=SIGNAL  kill itself by that signal
  done=BYTE     DONE frame and exit by the exit port
  exit=STATUS   exit with that status, without a word
  stderr=TEXT   a line on standard error
  hang          stay until killed
"""
import os
import re
import signal
import socket
import struct
import sys
import threading


# Functions of the fake machine: number -> registers that are not 0. One
# answers for all eight of its device; behind another is a bus.
FUNCTIONS = {
    0x00: {0: 0x29c08086, 2: 0x06000000},
    0x30: {0: 0x000c1b36, 2: 0x06040000, 3: 1 << 16, 6: 0x00010100},
    0x38: {0: 0x10c98086, 2: 0x02000001, 3: 0x80 << 16},
    0x39: {0: 0x10c98086, 2: 0x02000001, 3: 0x80 << 16},
    0xf8: {0: 0x29188086, 2: 0x06010002, 3: 0x80 << 16},
    0xfa: {0: 0x29228086, 2: 0x01060102, 8: 0xc081, 9: 0xfebd1000},
    0x100: {0: 0x10d38086, 2: 0x02000000},
    **{0x28 + n: {0: 0x00101b36, 2: 0x01080202, 4: 0xfe000004, 5: 1}
       for n in range(8)}}


def crc16(data):
    crc = 0xffff
    for b in data:
        crc ^= b << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xffff
    return crc


def frame(kind, domid, payload=b""):
    body = struct.pack("<BHH", kind, domid, len(payload)) + payload
    return b"\x7e" + body + struct.pack("<H", crc16(body))


def values(words, option):
    return [words[i + 1] for i, w in enumerate(words[:-1]) if w == option]


def option_fd(words, name):
    for v in values(words, "-chardev"):
        m = re.match(r"socket,id=%s,fd=(\d+)$" % name, v)
        if m:
            return socket.socket(fileno=int(m[1]))
    sys.exit("fake: no %s among %r" % (name, words))


def strings(tree, name):
    """The values of a string property, in order, out of a flat tree."""
    (_, _, off, names, _, _, _, _, names_size, size) = struct.unpack(
        ">10I", tree[:40])
    texts, out, at = tree[names:names + names_size], [], off
    while at < off + size:
        token = struct.unpack_from(">I", tree, at)[0]
        at += 4
        if token == 1:
            at += (tree.index(b"\0", at) - at + 4) & ~3
        elif token == 3:
            n, o = struct.unpack_from(">2I", tree, at)
            at += 8
            if texts[o:texts.index(b"\0", o)].decode() == name:
                out.append(tree[at:at + n])
            at += n + 3 & ~3
        elif token == 9:
            break
    return out


class Machine:
    def __init__(self, words):
        self.com1 = option_fd(words, "com1")
        self.com2 = option_fd(words, "com2")
        names = values(words, "-initrd")[0].split(",")
        trees = open(names[0], "rb").read()
        for n in names[1:] + values(words, "-kernel"):
            if not open(n, "rb").read(4):
                sys.exit("fake: module %s is empty" % n)
        self.names = [s.rstrip(b"\0") for s in strings(trees,
                                                       "bulkhead,name")]
        self.memory = [struct.unpack(">Q", s)[0]
                       for s in strings(trees, "memory")]
        self.args = (strings(trees, "bootargs") or [b"\0"])[0]
        self.state = [2] * len(self.names)
        self.buffer = b""
        self.slow = self.deaf = self.forget = False
        self.inputs = self.looks = self.asked = 0

    def send(self, *args):
        self.com2.sendall(frame(*args))

    def frames(self):
        """Frames from the tool, until it goes away."""
        while True:
            while True:
                start = self.buffer.find(b"\x7e")
                if start < 0 or len(self.buffer) < start + 6:
                    break
                kind, domid, n = struct.unpack_from("<BHH", self.buffer,
                                                    start + 1)
                end = start + 6 + n
                if len(self.buffer) < end + 2:
                    break
                body, crc = (self.buffer[start + 1:end],
                             self.buffer[end:end + 2])
                if struct.unpack("<H", crc)[0] != crc16(body):
                    sys.exit("fake: bad frame from the tool")
                self.buffer = self.buffer[end + 2:]
                yield kind, domid, body[5:]
            more = self.com2.recv(4096)
            if not more:
                return
            self.buffer += more

    def row(self, i):
        return struct.pack("<BBHIQQQQIIQ32s", self.state[i], 0xff, 1, 0,
                           self.memory[i], 1500000000, 10, 20, 256, 0,
                           self.looks * 500000000, self.names[i])

    def command(self, domid, payload):
        """-> False when the machine is to end"""
        cookie, op = struct.unpack_from("<IB", payload)
        status, words = 0, b""
        if op == 1:
            first = int.from_bytes(payload[5:8], "little")
            self.looks += not first
            self.send(2, first + 1, self.row(first))
            status = (first + 1) % len(self.names)
        elif op in (2, 3) and self.state[domid - 1] == 6:
            status = -3
        elif op in (2, 3):
            status = 0 if self.state[domid - 1] == op else -22
            self.state[domid - 1] = 5 - op
        elif op == 4:
            self.state[domid - 1] = 6
        elif op == 5:
            status = -16
        elif op == 6:
            words = b"audit: all frames accounted for"
        elif op == 10:          # each look sees 30 events more of alpha's
            self.asked += domid == 1
            self.send(10, domid, struct.pack("<IHHIII", cookie, 3 - domid, 1,
                                             4 + domid, 7 - domid,
                                             30 * self.asked *
                                             (domid == 1)))
        elif op == 11:
            words = b"AMD-Vi"
            first = int.from_bytes(payload[5:8], "little")
            there = [n for n in sorted(FUNCTIONS) if n >= first and
                     n >> 8 == first >> 8]
            self.send(11, 0, struct.pack("<IIQ", cookie, 2, 1023 << 10) +
                      b"".join(struct.pack("<H16I", n, *[
                          FUNCTIONS[n].get(i, 0) for i in range(16)])
                               for n in there[:2]))
            status = there[1] + 1 if len(there) > 2 else 0
        if not (op == 1 and self.looks == 1 and self.forget):
            self.send(6, 0, struct.pack("<Ii", cookie, status) + words)
        return op != 8

    def serve(self, echo_only):
        line = b""
        for kind, domid, payload in self.frames():
            if kind == 0x80 and not echo_only:
                if not self.command(domid, payload):
                    return
            elif kind == 0x81:
                self.inputs += 1
                if self.slow:
                    payload = payload[:10 if self.inputs % 3 else 0]
                if not self.deaf:
                    self.send(9, domid, struct.pack("<H", len(payload)))
                self.send(3, domid, payload.replace(b"\r", b"\r\n"))
                line += payload.replace(b"\r", b"\n")
                if b"end\n" in line:
                    return

    def flood(self):
        number = 0
        while True:
            number += 1
            self.com1.sendall(b"line %d\n" % number)

    def do(self, word):
        verb, _, text = word.partition("=")
        if verb == "say":
            self.send(3, 1, text.encode() + b"\r\n")
        elif verb == "flood":
            threading.Thread(target=self.flood, daemon=True).start()
        elif verb == "log":
            self.com1.sendall(text.encode() + b"\r\n")
            self.send(4, 0, text.encode() + b"\n")
        elif verb in ("echo", "serve"):
            self.serve(verb == "echo")
        elif verb == "slow":
            self.slow = True
        elif verb in ("deaf", "forget"):
            setattr(self, verb, True)
        elif verb == "noise":
            self.com2.sendall(b"\x7e\x7e\x03garbage\x7e\xff\xff\xff\xff\xff"
                              + frame(3, 1, b"lost")[:-1] + b"\x00")
        elif verb == "panic":
            self.send(7, 0, text.encode() + b"\n")
            sys.exit(39)
        elif verb == "crash":
            os.kill(os.getpid(), getattr(signal, "SIG" + text))
        elif verb == "done":
            self.send(8, 0, bytes([int(text, 0)]))
            sys.exit(int(text, 0) << 1 | 1)
        elif verb == "exit":
            sys.exit(int(text))
        elif verb == "stderr":
            print(text, file=sys.stderr)
        elif verb == "hang":
            signal.pause()
        else:
            sys.exit("fake: what is %r?" % word)


def main():
    machine = Machine(sys.argv[1:])
    machine.com1.sendall(b"[vmm] fake machine\r\n")
    machine.send(5, 1, struct.pack("<BBHQ", 1, 0, 0, 1000000))
    for word in machine.args.rstrip(b"\0").decode().split():
        machine.do(word.replace("_", " "))
    sys.exit(0)


main()
