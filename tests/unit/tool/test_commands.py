#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The commands that start nothing: help, completion, check and build."""
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
from world import TOOL, equal, holds, run_tests


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
    equal(w.tool("--version").stdout, w.tool("version").stdout)
    holds(w.tool("report").stdout, w.tool("--version").stdout)
    r = w.tool("lst")
    equal((r.returncode, r.stderr),
          (1, b"bulkhead: 'lst' is not a command: did you mean 'list'?\n"))
    equal(w.tool("demo", "x").stderr, b"bulkhead: 'x' is one argument too "
          b"many: write `bulkhead demo`\n")


def without_a_machine_that_is_said(w):
    for words in (["list"], ["graph"], ["top", "--once"], ["inventory"],
                  ["log"], ["gdb"], ["console", "x"], ["restart", "x"]):
        r = w.tool(*words)
        equal((words, r.returncode, r.stdout), (words, 1, b""))
        holds(r.stderr, b"no machine is running: start one")


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


TESTS = (manual_and_completion_are_current, help_explains_every_command,
         without_a_machine_that_is_said, iso_is_the_same_wherever_it_is_built,
         folder_holds_what_grub_needs, check_prints_all_and_its_status)

if __name__ == "__main__":
    sys.exit(run_tests(TESTS))
