#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tool with a machine that runs: boot, run and the commands for it.

QEMU is played by fake_qemu.py, so nothing here needs a VMM. Each test has
its own folder for sockets and its own machine. Prints TAP.
"""
import os
import pty
import re
import select
import shutil
import signal
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


def boot_ends_as_the_vm_ended(w):
    """power-off 0, crash 2, panic 3, QEMU's own failure 1"""
    r = w.boot("say=hello done=0x10")
    equal((r.returncode, r.stdout, r.stderr), (0, b"hello\r\n", b""))
    r = w.boot("say=hello log=it_did_so done=0x12")
    equal((r.returncode, r.stdout), (2, b"hello\r\n"))
    holds(r.stderr, b"the VM crashed")
    holds(r.stderr, b"it did so")
    r = w.boot("panic=oh_dear")
    equal(r.returncode, 3)
    holds(r.stderr, b"oh dear")
    r = w.boot("stderr=cannot_do_it exit=1")
    equal(r.returncode, 1)
    holds(r.stderr, b"cannot do it")
    equal(w.sockets(), [])


def qemu_dying_is_told(w):
    r = w.boot("say=x crash=KILL")
    equal((r.returncode, r.stdout), (1, b"x\r\n"))
    holds(r.stderr, b"killed by signal 9")
    r = w.boot("log=last_words exit=0")
    equal(r.returncode, 3)
    holds(r.stderr, b"without a word")
    holds(r.stderr, b"last words")


def missing_qemu_is_told(w):
    r = w.tool("boot", w.kernel, "--vmm", w.kernel, "--qemu", "/no/qemu")
    equal(r.returncode, 1)
    holds(r.stderr, b"apt install qemu-system-x86")
    r = w.tool("boot", w.kernel, "--qemu", FAKE, "--vmm", "/no/vmm")
    equal(r.returncode, 1)
    holds(r.stderr, b"build it with `make`")
    r = w.tool("boot", w.kernel, "--qemu", FAKE, "--vmm", "/etc/passwd")
    equal(r.returncode, 1)
    holds(r.stderr, b"is not whole")
    equal(r.stderr.count(b"\n"), 1)
    equal(w.sockets(), [])


def time_out_is_124(w):
    r = w.boot("say=x hang", "--timeout", "1")
    equal((r.returncode, r.stdout), (124, b"x\r\n"))
    equal(w.sockets(), [])


def standard_input_reaches_the_vm(w):
    words = b"".join(b"line %d of a longer input\n" % i for i in range(2000))
    r = w.boot("echo done=0x10", stdin=words + b"end\n")
    equal(r.returncode, 0)
    equal(r.stdout, words + b"end\n")


def a_slow_console_loses_nothing(w):
    words = b"".join(b"line %d\n" % i for i in range(100))
    r = w.boot("slow echo done=0x10", stdin=words + b"end\n")
    equal((r.returncode, r.stdout), (0, words + b"end\n"))
    # Nor does a VMM that never says what was taken stop the input.
    r = w.boot("deaf echo done=0x10", stdin=b"x\n" * 200 + b"end\n")
    equal((r.returncode, r.stdout), (0, b"x\n" * 200 + b"end\n"))


def noise_on_the_port_is_survived(w):
    r = w.boot("noise say=after noise done=0x10")
    equal(r.returncode, 0)
    holds(r.stdout, b"after\r\n")


def no_qemu_is_left_behind(w):
    """however the tool ends"""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP,
                   signal.SIGKILL):
        p = w.spawn("boot", w.kernel, *w.start_words(), "--extra",
                    "say=up hang")
        read_until(p.stdout.fileno(), b"up")
        qemu = os.pidfd_open(*children(p.pid))
        p.send_signal(number)
        status = p.wait(PATIENCE)
        gone(qemu)
        if number == signal.SIGKILL:
            equal(status, -9)
            equal(len(w.sockets()), 1)
        else:
            equal(status, 128 + number)
            equal(w.sockets(), [])
    # The socket that the killed one left is in nobody's way.
    r = w.tool("list")
    equal(r.returncode, 1)
    holds(r.stderr, b"no machine is running")
    equal(w.sockets(), [])


def closed_output_ends_the_machine(w):
    p = w.spawn("boot", w.kernel, *w.start_words(), "--extra",
                "say=up echo hang")
    read_until(p.stdout.fileno(), b"up")
    qemu = os.pidfd_open(*children(p.pid))
    p.stdout.close()
    p.stdin.write(b"make it print\n")
    equal(p.wait(PATIENCE), 1)
    gone(qemu)


def other_terminals_reach_the_machine(w):
    folder = w.machine("say=up serve done=0x10")
    p = w.run(folder)
    r = w.tool("list")
    equal(r.returncode, 0)
    lines = r.stdout.decode().splitlines()
    equal(lines[0].split(), ["Name", "ID", "Mem", "VCPUs", "State",
                             "Time(s)"])
    equal(lines[1].split(), ["alpha", "1", "32", "1", "-b----", "1.5"])
    equal(lines[2].split(), ["beta", "2", "32", "1", "-b----", "1.5"])
    equal(w.tool("pause", "beta").stdout, b"beta paused\n")
    holds(w.tool("list").stdout, b"--p---")
    equal(w.tool("unpause", "2").returncode, 0)
    equal(w.tool("destroy", "-m", "box", "beta").returncode, 0)
    r = w.tool("restart", "alpha")
    equal(r.returncode, 1)
    holds(r.stderr, b"busy")
    r = w.tool("pause", "betta")
    equal(r.returncode, 1)
    holds(r.stderr, b"did you mean 'beta'?")
    r = w.tool("list", "-m", "nosuch")
    equal(r.returncode, 1)
    holds(r.stderr, b"no machine 'nosuch'")
    holds(w.tool("log", "--all").stdout, b"fake machine")
    r = w.tool("report")
    for part in (b"name='alpha'", b"audit: all frames", b"fake machine",
                 b"== host ==", b"beta: 0 restarts"):
        holds(r.stdout, part)
    r = w.tool("gdb")
    equal(r.returncode, 1)
    holds(r.stderr, b"--gdb PORT")
    p.terminate()
    equal(p.wait(PATIENCE), 128 + signal.SIGTERM)


def same_name_twice_is_refused(w):
    folder = w.machine("serve")
    w.run(folder)
    r = w.tool("run", folder, *w.start_words())
    equal(r.returncode, 1)
    holds(r.stderr, b"is running already")
    equal(w.sockets(), ["box.sock"])
    equal(w.tool("list").returncode, 0)


def console_shows_history_then_goes_on(w):
    folder = w.machine("say=first_words serve done=0x10")
    p = w.run(folder)
    c = w.spawn("console", "alpha")
    read_until(c.stdout.fileno(), b"first words")
    d = w.spawn("console", "alpha")
    equal(read_until(d.stdout.fileno(), b"words\r\n").count(b"first"), 1)
    c.stdin.write(b"typed\r")
    read_until(c.stdout.fileno(), b"typed\r\n")
    read_until(d.stdout.fileno(), b"typed\r\n")
    c.stdin.write(b"end\r")
    equal(p.wait(PATIENCE), 0)
    equal(c.wait(PATIENCE), 0)
    equal(d.wait(PATIENCE), 0)


def log_follows(w):
    folder = w.machine("log=one serve log=two done=0x10")
    w.run(folder)
    f = w.spawn("log", "-f")
    read_until(f.stdout.fileno(), b"one")
    c = w.spawn("console", "alpha")
    c.stdin.write(b"end\r")
    read_until(f.stdout.fileno(), b"two")
    equal(f.wait(PATIENCE), 0)


def terminal_is_raw_and_comes_back(w):
    """keys go through as they are; Ctrl-] quits"""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(TOOL, [TOOL, "boot", w.kernel, *w.start_words(),
                         "--extra", "say=up echo hang"], w.env)
    read_until(fd, b"up\r\n")
    os.write(fd, b"\x03x\r")
    read_until(fd, b"\x03x\r\n")
    os.write(fd, b"\x1d")
    _, status = os.waitpid(pid, 0)
    equal(os.waitstatus_to_exitcode(status), 128 + signal.SIGINT)
    os.close(fd)


def saved_modules_start_by_themselves(w):
    out = os.path.join(w.dir, "saved it's")
    r = w.boot("say=hello done=0x10", "--save-modules", out)
    equal((r.returncode, r.stdout), (0, b""))
    equal(sorted(os.listdir(out)), ["launch.dtb", "module1", "run-qemu",
                                    "vmm.elf"])
    with open(os.path.join(out, "run-qemu")) as f:
        text = f.read()
    for part in ("-initrd launch.dtb,module1", "'-m'", "isa-debug-exit",
                 FAKE):
        holds(text, part)


def options_reach_qemu(w):
    show = os.path.join(w.dir, "show")
    with open(show, "w") as f:
        f.write("#!/bin/sh\nprintf '%s\\n' \"$@\" >&2\nexit 1\n")
    os.chmod(show, 0o755)
    r = w.tool("boot", w.kernel, "--qemu", show, "--vmm", w.kernel,
               "--accel", "tcg", "--icount", "--gdb", "1234", "--qemu-arg",
               "-d", "--qemu-arg", "int, x", "--memory", "96", "--vcpus",
               "2", "--cpus", "3")
    equal(r.returncode, 1)
    text = r.stderr.decode()
    for part in ("-icount\n  shift=0,sleep=off\n",
                 "-rtc\n  base=2026-01-01,clock=vm\n",
                 "-gdb\n  tcp:127.0.0.1:1234\n", "-d\n  int, x\n",
                 "-smp\n  3\n", "-cpu\n  EPYC\n", "-no-reboot\n",
                 "isa-debug-exit,iobase=0xf4,iosize=4\n"):
        holds(text, part)


def mistakes_start_nothing(w):
    for args, part in (
            (["--memory", "0"], b"--memory is '0'"),
            (["--vcpus", "33"], b"from 1 to 32"),
            (["--memory", "16"], b"needs memory up to 17 MiB"),
            (["--name", "a b"], b"--name is 'a b'"),
            (["--accel", "hvf"], b"write kvm or tcg"),
            (["--ramdisk", "/no"], b"No such file"),
            (["--timeout", "x"], b"--timeout is 'x'")):
        r = w.boot("hang", *args)
        equal(r.returncode, 1)
        holds(r.stderr, part)
        equal(r.stderr.count(b"\n"), 1)


def broken_control_clients_do_no_harm(w):
    """garbage, half frames, and one that never reads"""
    import socket
    folder = w.machine("say=up serve done=0x10")
    w.run(folder)
    path = os.path.join(w.dir, "bulkhead", "box.sock")
    open_ones = []
    for text in (b"garbage\x7e\x7e\x7e" * 500, b"\x7e\x80\x01", b"",
                 b"\x7e" * 4000):
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        s.sendall(text)
        open_ones.append(s)
    equal(w.tool("list").returncode, 0)
    more = []
    for _ in range(40):
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        more.append(s)
    for s in open_ones + more:
        s.close()
    end = time.monotonic() + PATIENCE
    while w.tool("list").returncode and time.monotonic() < end:
        pass
    equal(w.tool("list").returncode, 0)


def manual_and_completion_are_current(w):
    root = os.path.dirname(TOOL)
    with open(os.path.join(root, "docs/man/bulkhead.1"), "rb") as f:
        equal(w.tool("help", "--man").stdout, f.read())
    code = w.tool("completion").stdout
    equal(subprocess.run(["bash", "-n"], input=code).returncode, 0)
    words = subprocess.run(
        ["bash", "-c", code.decode() + "\nCOMP_WORDS=(bulkhead re); "
         "COMP_CWORD=1; _bulkhead; echo ${COMPREPLY[@]}; "
         "COMP_WORDS=(bulkhead boot --ra); COMP_CWORD=2; _bulkhead; "
         "echo ${COMPREPLY[@]}"], stdout=subprocess.PIPE).stdout
    equal(words.split(b"\n")[:2], [b"restart report", b"--ramdisk"])


def help_explains_every_command(w):
    text = w.tool("help").stdout.decode()
    names = re.findall(r"^  ([a-z]+) ", text, re.M)
    holds(names, "doctor")
    for name in names:
        r = w.tool(name, "--help")
        equal(r.returncode, 0)
        holds(r.stdout, b"bulkhead " + name.encode())
    r = w.tool("lst")
    equal((r.returncode, r.stderr),
          (1, b"bulkhead: 'lst' is not a command: did you mean 'list'?\n"))


def iso_is_the_same_wherever_it_is_built(w):
    folder = w.machine("hang")
    results = []
    for name, more in (("one", {}), ("two, too", {"TZ": "Asia/Tokyo"})):
        place = os.path.join(w.dir, name)
        os.makedirs(os.path.join(place, "tmp"))
        shutil.copytree(folder, os.path.join(place, "box"))
        os.utime(os.path.join(place, "box", "machine.conf"), (1, 1))
        r = subprocess.run(
            [TOOL, "build", os.path.join(place, "box"), "--vmm", w.kernel,
             "-o", os.path.join(place, "o.iso")], stderr=subprocess.PIPE,
            env=dict(w.env, TMPDIR=os.path.join(place, "tmp"), **more))
        equal((r.returncode, r.stderr), (0, b""))
        equal(os.listdir(os.path.join(place, "tmp")), [])
        with open(os.path.join(place, "o.iso"), "rb") as f:
            results.append(f.read())
    equal(results[0] == results[1], True)


def folder_holds_what_grub_needs(w):
    folder = w.machine("hang")
    out = os.path.join(w.dir, "out")
    r = w.tool("build", folder, "--format=dir", "-o", out, "--vmm", w.kernel)
    equal(r.returncode, 0)
    equal(sorted(os.listdir(out)), ["bulkhead.elf", "grub.cfg", "launch.dtb",
                                    "module1"])
    with open(os.path.join(out, "grub.cfg")) as f:
        text = f.read()
    for part in ("multiboot2 /boot/bulkhead.elf", "set timeout=0",
                 "module2 --nounzip /boot/launch.dtb",
                 "module2 --nounzip /boot/module1", "serial --unit=0"):
        holds(text, part)
    r = w.tool("build", folder, "--format=zip")
    equal(r.returncode, 1)
    holds(r.stderr, b"write dir or iso")


def check_prints_all_and_its_status(w):
    folder = w.machine("hang")
    r = w.tool("check", folder)
    equal(r.returncode, 0)
    holds(r.stdout, b"good: 2 VMs, 1 module,")
    with open(os.path.join(folder, "beta.cfg"), "a") as f:
        f.write("vcpu=1\nmemory=2\nx\n")
    r = w.tool("check", folder)
    equal(r.returncode, 1)
    equal([re.sub(rb"^.*/", b"", l).split(b": ")[0]
           for l in r.stderr.splitlines()[:-1]],
          [b"beta.cfg:6", b"beta.cfg:7", b"beta.cfg:8"])
    holds(r.stderr, b"3 things to correct")


TESTS = (boot_ends_as_the_vm_ended, qemu_dying_is_told, missing_qemu_is_told,
         time_out_is_124, standard_input_reaches_the_vm,
         a_slow_console_loses_nothing,
         noise_on_the_port_is_survived, no_qemu_is_left_behind,
         closed_output_ends_the_machine, other_terminals_reach_the_machine,
         same_name_twice_is_refused, console_shows_history_then_goes_on,
         log_follows, terminal_is_raw_and_comes_back,
         saved_modules_start_by_themselves, options_reach_qemu,
         mistakes_start_nothing, broken_control_clients_do_no_harm,
         manual_and_completion_are_current, help_explains_every_command,
         iso_is_the_same_wherever_it_is_built,
         folder_holds_what_grub_needs, check_prints_all_and_its_status)


def main():
    failed = 0
    print("1..%d" % len(TESTS))
    for number, test in enumerate(TESTS, 1):
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


if __name__ == "__main__":
    sys.exit(main())
