# SPDX-License-Identifier: MIT
"""The emulated machines of bench/run, and what the plugin counted in them."""
import os
import re
import shutil
import signal
import struct
import subprocess
import threading

import fdt
from table import Broken

OUT = os.environ.get("OUT", "build")
CACHE = os.environ.get("CACHE", ".cache")
HERE = os.path.join(OUT, "bench")
VMM = os.path.join(OUT, "vmm", "bulkhead.elf")
MEMORY = 256            # MiB, natively and in the VM
COMMAND = "quiet panic=-1"

QEMU = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "EPYC", "-M", "q35",
        "-smp", "1", "-nodefaults", "-display", "none", "-monitor", "none",
        "-no-reboot", "-icount", "shift=0,sleep=off", "-rtc",
        "base=2026-01-01,clock=vm", "-device",
        "isa-debug-exit,iobase=0xf4,iosize=4", "-serial", "stdio"]


def symbols():
    """-> {name: (address, size)} of the VMM"""
    text = subprocess.run(["nm", "-n", "--defined-only", VMM], check=True,
                          stdout=subprocess.PIPE).stdout.decode()
    rows = [(int(w[0], 16), w[2]) for w in map(str.split, text.splitlines())]
    ends = [a for a, _ in rows[1:]] + [rows[-1][0]]
    # GCC calls a copy made for certain arguments name.constprop.0.
    return {name.replace(".constprop.0", ""): (address, end - address)
            for (address, name), end in zip(rows, ends)}


def functions(table):
    """Write the VMM's functions for the plugin -> its argument"""
    path = os.path.join(HERE, "functions")
    with open(path, "w") as f:
        for name, (address, _) in sorted(table.items(),
                                         key=lambda e: e[1][0]):
            f.write("%#x %s\n" % (address, name))
    return "profile=" + path


def vmm_ranges():
    """-> plugin arguments for the VMM's virtual and physical image"""
    with open(VMM, "rb") as f:
        data = f.read()
    phoff, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    spans = []
    for i in range(count):
        kind, _, _, vaddr, paddr, _, memsz = struct.unpack_from(
            "<IIQQQQQ", data, phoff + i * size)
        if kind == 1:
            spans.append((vaddr, paddr, memsz))
    low = min(p for _, p, _ in spans)
    high = max(p + m for _, p, m in spans)
    return ["lo=0xffff800000000000", "hi=0xffff8000ffffffff",
            "bootlo=%#x" % low, "boothi=%#x" % high]


def pvh_entry(path):
    """-> the address in the note XEN_ELFNOTE_PHYS32_ENTRY of an ELF file"""
    with open(path, "rb") as f:
        data = f.read()
    at = data.find(struct.pack("<I", 18) + b"Xen\0")
    if at < 0:
        raise Broken(path + " has no PVH note")
    size, = struct.unpack_from("<I", data, at - 4)
    return struct.unpack_from("<Q" if size == 8 else "<I", data, at + 8)[0]


def run(name, arguments, plugin, seconds, until=None):
    """-> (serial output, {mark: [{counter: n}]}, other lines of the plugin);
    until: ends the machine, which does not end by itself"""
    counts = os.path.join(HERE, name + ".count")
    if os.path.exists(counts):
        os.remove(counts)
    command = QEMU + arguments + ["-plugin", ",".join(
        [os.path.join(HERE, "count.so"), "out=" + counts] + plugin)]
    text, status = b"", None
    try:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as qemu:
            late = threading.Timer(seconds, qemu.kill)
            late.start()
            for line in qemu.stdout:
                text += line
                if until and until in line:
                    qemu.send_signal(signal.SIGTERM)
            status = qemu.wait()
            late.cancel()
    except FileNotFoundError:
        raise Broken("qemu-system-x86_64 is not installed") from None
    text = text.decode(errors="replace").replace("\r", "")
    with open(os.path.join(HERE, name + ".log"), "w") as f:
        f.write(text)
    if status not in (0, 33) or not os.path.exists(counts):
        raise Broken("machine '%s' ended with %d; its last lines:\n%s" %
                     (name, status, "\n".join(text.splitlines()[-20:])))
    marks, rest = {}, []
    with open(counts) as f:
        for line in f:
            words = line.split()
            if words[0] == "mark":
                marks.setdefault(int(words[1]), []).append(dict(zip(
                    words[2::2], map(int, words[3::2]))))
            else:
                rest.append(words)
    return text, marks, rest


def figures(text, what):
    found = {m[1]: float(m[2]) for m in
             re.finditer(r"\bbench (\w+) ([0-9.]+)$", text, re.M)}
    if "end" not in found:
        raise Broken("the program in '%s' did not finish:\n%s" %
                     (what, "\n".join(text.splitlines()[-20:])))
    return found


def tree(path, vms, store=None):
    """Write the launch description of VMs, files in the order of modules."""
    files = []
    for vm in vms:
        for key in ("elf", "ramdisk"):
            if key in vm and vm[key] not in files:
                files.append(vm[key])
    with open(path, "wb") as f:
        f.write(fdt.machine(vms, {e: i for i, e in enumerate(files, 1)},
                            True, store))
    return ["-kernel", VMM, "-initrd", ",".join([path] + files)]


def places(table):
    """Functions of the VMM that name the reason of an exit, and its
    preemption points, as arguments of the plugin."""
    found = []
    for name, (address, _) in sorted(table.items()):
        if re.match(r"do_\w+$|(route|build|scrub|hook|console|grant|event|"
                    r"partition|telemetry)_\w*(job|step|serial|service|audit|"
                    r"poll|send)$", name) and len(found) < 60:
            found.append("watch=%s@%#x" % (name, address))
    if "sched_poll" in table:
        found.append("point=poll@%#x" % table["sched_poll"][0])
    return found


def everything(table):
    """-> all that the plugin can count, as its arguments"""
    return vmm_ranges() + places(table) + [functions(table)]


def kernel():
    """-> the cloud kernel as an ELF file, as the host tool unpacks it"""
    folder = os.path.join(HERE, "modules")
    shutil.rmtree(folder, ignore_errors=True)
    status = subprocess.run(
        ["./bulkhead", "boot", os.path.join(CACHE, "vmlinuz-cloud-amd64"),
         "--save-modules", folder]).returncode
    for name in sorted(os.listdir(folder)) if status == 0 else ():
        path = os.path.join(folder, name)
        with open(path, "rb") as f:
            if f.read(4) == b"\x7fELF" and os.path.getsize(path) > 16 << 20:
                return path
    raise Broken("the host tool did not unpack the kernel")


def debian(name, role, memory, more, run_first, run_then):
    """-> the .cfg of a VM of the machine `io`"""
    return ('name = "%s"\ntype = "pvh"\nkernel = "%s"\nramdisk = "%s"\n'
            'memory = %d\n%s\nextra = \'console=hvc0 quiet vm=%s role=%s '
            'run="%sdriver; %s"\'\n' % (
                name, os.path.abspath(CACHE + "/vmlinuz-cloud-amd64"),
                os.path.abspath(OUT + "/images/bench-io.cpio.gz"), memory,
                more, name, role, run_first, run_then))


def debians(name, files, table, more, until):
    """-> the run of a machine of Debian VMs, {file name: its text}"""
    folder = os.path.join(HERE, name)
    modules = os.path.join(HERE, name + "-modules")
    for path in (folder, modules):
        shutil.rmtree(path, ignore_errors=True)
    os.makedirs(folder)
    files["machine.conf"] = 'name = "%s"\nmemory = 768\ncpus = 1\n' % name
    for file, text in files.items():
        with open(os.path.join(folder, file), "w") as f:
            f.write(text)
    done = subprocess.run(["./bulkhead", "run", folder, "--save-modules",
                           modules], stderr=subprocess.PIPE)
    if done.returncode:
        raise Broken(done.stderr.decode().strip())
    count = sum(n.startswith("module") for n in os.listdir(modules))
    names = ["launch.dtb"] + ["module%d" % i for i in range(1, count + 1)]
    return run(name, ["-m", "768", "-serial", "null", *more,
                      "-kernel", VMM, "-initrd", ",".join(
                          os.path.join(modules, n) for n in names)],
               everything(table), 600, until)
