#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tool with a machine that runs: boot, run and the commands for it."""
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from world import FAKE, PATIENCE, TOOL, equal, gone, holds, children, \
    read_until, run_tests


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


def an_output_that_nobody_reads_holds_nothing_up(w):
    """neither the commands of others nor the end, and nothing is lost"""
    p = w.run(w.machine("say=up flood serve hang"))
    until_full(p.stdout)
    equal(w.tool("list").returncode, 0)
    text = b""
    while len(text) < 1 << 19:
        text += os.read(p.stdout.fileno(), 65536)
    numbers = [int(n) for n in re.findall(rb"line (\d+)\n", text)]
    equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
    until_full(p.stdout)
    p.send_signal(signal.SIGTERM)
    equal(p.wait(PATIENCE), 128 + signal.SIGTERM)


def until_full(pipe):
    """Waits until a writer to the pipe would have to wait."""
    end = time.monotonic() + PATIENCE
    fd = os.open("/proc/self/fd/%d" % pipe.fileno(), os.O_WRONLY)
    while select.select([], [fd], [], 0)[1]:
        if time.monotonic() > end:
            raise AssertionError("there still is room")
    os.close(fd)


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
    holds(w.tool("pause", "2").stderr, b"pause 2: it is paused already")
    equal(w.tool("unpause", "2").returncode, 0)
    holds(w.tool("unpause", "2").stderr, b"unpause 2: it is not paused")
    equal(w.tool("destroy", "-m", "box", "beta").returncode, 0)
    holds(w.tool("pause", "beta").stderr, b"beta: it has ended: `bulkhead r")
    r = w.tool("restart", "alpha")
    equal(r.returncode, 1)
    holds(r.stderr, b"it is about to end: try again")
    for vm, first in (("alpha", b"up"), ("beta", b"'beta' has ended")):
        c = w.spawn("console", vm)
        seen = read_until(c.stdout.fileno(), first)
        equal(b"has ended" in seen, vm == "beta")
        c.kill()
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


def top_shows_rates(w):
    """once, or until q; a second of the machine is not one of ours"""
    w.run(w.machine("say=up serve done=0x10"))
    r = w.tool("top", "--once")
    equal((r.returncode, r.stderr), (0, b""))
    lines = r.stdout.decode().splitlines()
    equal(lines[0], "machine box, rates over 0.50 s of its time")
    equal([l.split()[:7] for l in lines if l.startswith("alpha ")],
          [["alpha", "1", "-b----", "1", "0.0", "0", "0"]])
    equal([l.split() for l in lines if l.startswith("alpha:")],
          [["alpha:5", "--", "beta:6", "60", "0"]])
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(TOOL, [TOOL, "top"], w.env)
    for _ in range(2):
        read_until(fd, b"alpha:5")
    os.write(fd, b"q")
    _, status = os.waitpid(pid, 0)
    equal(os.waitstatus_to_exitcode(status), 0)
    os.close(fd)
    r = w.tool("top", "--delay", "0")
    equal(r.returncode, 1)
    holds(r.stderr, b"--delay is '0'")


INVENTORY = b"""cpus 2
memory 1023 MiB
iommu AMD-Vi
# function, group, class, vendor:device, registers
00:00.0   0 060000 8086:29c0 # bridge
00:05.0   1 010802 1b36:0010 1fe000000 # storage
00:06.0   2 060400 1b36:000c header 1 buses 01-01 # bridge
00:07.0   3 020000 8086:10c9 # network
00:07.1   3 020000 8086:10c9 # network
00:1f.0   4 060100 8086:2918 # bridge
00:1f.2   4 010601 8086:2922 port:c080 febd1000 # storage
01:00.0   2 020000 8086:10d3 # network
"""


def inventory_is_shown_saved_and_checked(w):
    folder = w.machine("say=up serve done=0x10")
    w.run(folder)
    r = w.tool("inventory")
    equal((r.returncode, r.stderr, r.stdout), (0, b"", INVENTORY))
    all_of_it = json.loads(w.tool("inventory", "--json").stdout)
    equal((all_of_it["cpus"], all_of_it["memory_mib"], all_of_it["iommu"]),
          (2, 1023, "AMD-Vi"))
    functions = {f["function"]: f for f in all_of_it["functions"]}
    equal(len(functions), 8)
    equal(functions["00:1f.2"], {
        "function": "00:1f.2", "group": 4, "class": "010601",
        "vendor": "8086", "device": "2922", "header": 0,
        "registers": ["port:c080", "febd1000"]})
    equal(functions["00:06.0"]["buses"], [1, 1])
    path = os.path.join(w.dir, "saved")
    r = w.tool("inventory", "--save", path)
    equal((r.returncode, r.stderr, r.stdout), (0, b"", b""))
    with open(path, "rb") as f:
        equal(f.read(), INVENTORY)
    r = w.tool("inventory", "--save", w.dir + "/none/x")
    equal(r.returncode, 1)
    holds(r.stderr, b"/none/x cannot be written (")
    holds(w.tool("inventory", "--save", path, "--json").stderr, b"not both")
    equal(w.tool("check", folder, "--inventory", path).returncode, 0)
    with open(os.path.join(folder, "beta.cfg"), "a") as f:
        f.write("pci=['00:05.0', '00:09.0']\n")
    equal(w.tool("check", folder).returncode, 0)
    r = w.tool("check", folder, "--inventory", path)
    equal(r.returncode, 1)
    equal(re.sub(rb"^.*/box/", b"", r.stderr.splitlines()[0]),
          b"beta.cfg:6: 'pci' names 00:09.0, which the machine of %s does "
          b"not have: write one that it has, for example 00:07.0, 00:07.1, "
          b"00:1f.2" % path.encode())


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
                 "-smp\n  4\n", "-cpu\n  EPYC\n", "-no-reboot\n",
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


NIC = "'virtio-net,bdf=00:02.0,forward=%d:10.0.2.15:80'"


def devices_of_the_machine_reach_qemu(w):
    """an empty image is made if that was asked for, and a port that somebody
    has is named, with what to write"""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    port = taken.getsockname()[1]
    folder = w.machine("done=0x10", "qemu_devices = [ %s,\n"
                       "'nvme,bdf=00:03.0,file=d/x.img,size=3' ]" %
                       (NIC % port))
    with open(os.path.join(folder, "alpha.cfg"), "a") as f:
        f.write("pci = [ '00:02.0', '00:03.0' ]")
    words = ["run", folder, *w.start_words(), "--verbose"]
    r = w.tool(*words)
    equal(r.returncode, 1)
    holds(r.stderr, b"port %d of this host, which %s/machine.conf:1 forwards" %
          (port, folder.encode()))
    holds(r.stderr, b"write --port N")
    equal(r.stderr.count(b"\n"), 1)
    taken.close()
    r = w.tool(*words)
    equal(r.returncode, 0)
    image = os.path.realpath(folder) + "/d/x.img"
    equal(os.path.getsize(image), 3 << 20)
    for part in (b"hostfwd=tcp:127.0.0.1:%d-10.0.2.15:80'" % port,
                 b"'-device' 'nvme,addr=3,drive=disk1,", b"file=" +
                 image.encode() + b"'"):
        holds(r.stderr, part)
    os.truncate(image, 1)
    equal(w.tool(*words, "--port", "65535").returncode, 0)
    equal(os.path.getsize(image), 1)


def images_and_ports_that_are_not_there_are_told(w):
    folder = w.machine("done=0x10",
                       "qemu_devices = [ 'nvme,bdf=00:02.0,file=no.img' ]")
    with open(os.path.join(folder, "alpha.cfg"), "a") as f:
        f.write("pci = [ '00:02.0' ]")
    r = w.tool("run", folder, *w.start_words())
    equal((r.returncode, r.stderr.count(b"\n")), (1, 1))
    holds(r.stderr, b"no.img, which")
    holds(r.stderr, b"add size=MIB")
    r = w.tool("run", folder, *w.start_words(), "--port", "9000")
    equal((r.returncode, r.stderr.count(b"\n")), (1, 1))
    holds(r.stderr, b"forwards no port")


def broken_control_clients_do_no_harm(w):
    """garbage, half frames, and one that never reads"""
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
    for _ in range(150):
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        more.append(s)
    for s in open_ones + more:
        s.close()
    end = time.monotonic() + PATIENCE
    while w.tool("list").returncode and time.monotonic() < end:
        pass
    equal(w.tool("list").returncode, 0)


TESTS = (boot_ends_as_the_vm_ended, qemu_dying_is_told, missing_qemu_is_told,
         time_out_is_124, standard_input_reaches_the_vm,
         a_slow_console_loses_nothing, noise_on_the_port_is_survived,
         no_qemu_is_left_behind, closed_output_ends_the_machine,
         an_output_that_nobody_reads_holds_nothing_up,
         other_terminals_reach_the_machine, top_shows_rates,
         inventory_is_shown_saved_and_checked,
         same_name_twice_is_refused,
         console_shows_history_then_goes_on, log_follows,
         terminal_is_raw_and_comes_back, saved_modules_start_by_themselves,
         options_reach_qemu, mistakes_start_nothing,
         devices_of_the_machine_reach_qemu,
         images_and_ports_that_are_not_there_are_told,
         broken_control_clients_do_no_harm)

if __name__ == "__main__":
    sys.exit(run_tests(TESTS))
