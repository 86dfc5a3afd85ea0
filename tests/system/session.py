# SPDX-License-Identifier: MIT
"""A program under test: its output as it comes, its input, its end.

Every wait names a condition and has a limit. A session marks what it starts
by a variable in the environment, which children inherit whatever group or
session they move to; so it finds, and ends, exactly that.
"""
import fcntl
import os
import pty
import re
import selectors
import signal
import subprocess
import termios
import time
import uuid


class Late(Exception):
    """A condition that did not come true in time."""


class Session:
    def __init__(self, command, terminal=False, stdin=None, env=None):
        self.command = command
        self.text = ""
        self.seen = 0
        self.mark = "BULKHEAD_TEST=" + uuid.uuid4().hex
        env = dict(env or os.environ)
        env.update([self.mark.split("=")])
        if terminal:
            self.fd, child = pty.openpty()
            self.input = self.fd
            self.process = subprocess.Popen(
                command, stdin=child, stdout=child, stderr=child, env=env,
                start_new_session=True,
                preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
            os.close(child)
        else:
            self.fd, child = os.pipe()
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE if stdin is None else stdin,
                stdout=child, stderr=child, env=env, start_new_session=True)
            os.close(child)
            self.input = None
            if self.process.stdin:
                self.input = self.process.stdin.fileno()
        self.open = True
        self.select = selectors.DefaultSelector()
        self.select.register(self.fd, selectors.EVENT_READ)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in self.family():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        self.select.close()
        os.close(self.fd)
        if self.process.stdin:
            self.process.stdin.close()

    def family(self):
        """The processes that this session started and that still run."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/environ" % pid, "rb") as f:
                    if self.mark.encode() in f.read().split(b"\0"):
                        found.append(int(pid))
            except OSError:
                continue
        return found

    def pump(self, seconds):
        """Read what comes within the time; False when nothing can come."""
        if not self.open:
            return False
        if self.select.select(max(seconds, 0)):
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                self.open = False
                return False
            self.text += data.decode(errors="replace").replace("\r", "")
        return True

    def go_on(self, end, what, seconds):
        if not self.pump(end - time.monotonic()):
            raise Late(what + " until the program ended")
        if time.monotonic() > end:
            raise Late("%s within %g s" % (what, seconds))

    def wait_for(self, pattern, seconds):
        """The first match behind the last one waited for."""
        end = time.monotonic() + seconds
        pattern = re.compile(pattern, re.M)
        while True:
            match = pattern.search(self.text, self.seen)
            if match:
                self.seen = match.end()
                return match
            self.go_on(end, "no /%s/" % pattern.pattern, seconds)

    def wait_for_all(self, patterns, seconds):
        """All of them, in any order, anywhere in the output."""
        end = time.monotonic() + seconds
        left = [re.compile(p, re.M) for p in patterns]
        while True:
            left = [p for p in left if not p.search(self.text)]
            if not left:
                return
            self.go_on(end, "no /%s/" % left[0].pattern, seconds)

    def send(self, text):
        os.write(self.input, text.encode())

    def end(self, seconds):
        """-> the exit status, once the program has ended by itself"""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise Late("still running after %g s" % seconds)
            if not self.pump(0.05):
                try:
                    self.process.wait(max(end - time.monotonic(), 0.1))
                except subprocess.TimeoutExpired:
                    continue
        length = -1
        while self.open and len(self.text) != length:
            length = len(self.text)
            self.pump(0.05)
        return self.process.returncode

    def interrupt(self, number=signal.SIGTERM):
        """A signal to the program alone, as from a terminal or a script."""
        os.kill(self.process.pid, number)


def command(words, seconds, stdin=subprocess.DEVNULL):
    """-> (status, output) of a program that ends by itself"""
    with Session(words, stdin=stdin) as s:
        status = s.end(seconds)
        return status, s.text
