# SPDX-License-Identifier: MIT
"""What the tool's tests in Python share: a private world for each test, with
QEMU played by fake_qemu.py, and a runner that prints TAP."""
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(HERE))),
                    "bulkhead")
FAKE = os.path.join(HERE, "fake_qemu.py")
PATIENCE = 20


class World:
    """A private folder, a kernel in it, and the processes of one test."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="bulkhead-run-")
        self.kernel = os.path.join(self.dir, "k, 1.elf")
        subprocess.run([os.path.join(HERE, "make_elf.py"), self.kernel],
                       check=True)
        self.env = dict(os.environ, XDG_RUNTIME_DIR=self.dir,
                        XDG_CACHE_HOME=self.dir)
        self.running = []

    def close(self):
        for p in self.running:
            if p.poll() is None:
                p.kill()
            p.wait()
        shutil.rmtree(self.dir)

    def tool(self, *args, stdin=b""):
        return subprocess.run([TOOL, *args], env=self.env, input=stdin,
                              stdout=subprocess.PIPE, timeout=PATIENCE,
                              stderr=subprocess.PIPE)

    def start_words(self):
        return ["--qemu", FAKE, "--vmm", self.kernel]

    def boot(self, extra, *args, stdin=b""):
        return self.tool("boot", self.kernel, *self.start_words(), "--extra",
                         extra, *args, stdin=stdin)

    def spawn(self, *args, **how):
        p = subprocess.Popen([TOOL, *args], env=self.env, bufsize=0,
                             **dict({"stdin": subprocess.PIPE,
                                     "stdout": subprocess.PIPE,
                                     "stderr": subprocess.STDOUT}, **how))
        self.running.append(p)
        return p

    def machine(self, extra, conf=""):
        folder = os.path.join(self.dir, "box")
        os.mkdir(folder)
        with open(os.path.join(folder, "machine.conf"), "w") as f:
            f.write(conf)
        for name in ("alpha", "beta"):
            with open(os.path.join(folder, name + ".cfg"), "w") as f:
                f.write("name='%s'\ntype='pvh'\nmemory=32\nkernel='%s'\n"
                        "extra='%s'\n" % (name, self.kernel, extra))
        return folder

    def run(self, folder):
        """A machine of that folder, up and to be talked to."""
        p = self.spawn("run", folder, *self.start_words())
        read_until(p.stdout.fileno(), b"fake machine")
        equal(self.sockets(), ["box.sock"])
        return p

    def sockets(self):
        folder = os.path.join(self.dir, "bulkhead")
        return os.listdir(folder) if os.path.isdir(folder) else []


def read_until(fd, text):
    seen, end = b"", time.monotonic() + PATIENCE
    while text not in seen:
        left = end - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            raise AssertionError("waited for %r, saw %r" % (text, seen))
        try:
            more = os.read(fd, 4096)
        except OSError:
            more = b""
        if not more:
            raise AssertionError("waited for %r, saw %r" % (text, seen))
        seen += more
    return seen


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(x) for x in f.read().split()]


def gone(pidfd):
    """Waits for the end of the process that was opened."""
    ended = select.select([pidfd], [], [], PATIENCE)[0]
    os.close(pidfd)
    if not ended:
        raise AssertionError("QEMU still runs")


def equal(got, want):
    if got != want:
        raise AssertionError("got %r, want %r" % (got, want))


def holds(text, part):
    if part not in text:
        raise AssertionError("no %r in %r" % (part, text))


def run_tests(tests):
    failed = 0
    print("1..%d" % len(tests))
    for number, test in enumerate(tests, 1):
        w = World()
        try:
            test(w)
            print("ok %d - %s" % (number, test.__name__))
        except Exception as wrong:
            failed += 1
            print("not ok %d - %s\n# %s" % (number, test.__name__,
                                            re.sub(r"\n", "\n# ",
                                                   repr(wrong))))
        finally:
            w.close()
        sys.stdout.flush()
    return 1 if failed else 0
