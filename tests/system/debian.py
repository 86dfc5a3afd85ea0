# SPDX-License-Identifier: MIT
"""The example of two full Debian systems, examples/debian."""
import hashlib
import os
import re
import shutil

from lab import OUT, TOOL, WORK, Shell, audited, expect, session
from session import command

EXAMPLE = "examples/debian"
IMAGE = "../../build/debian/disk.img"
PROMPT = r":~# "
# Where each VM's root file system begins on the disk.
ROOTS = {"disk0": 1 << 20, "web1": 513 << 20}
# What Debian says of its own files.
SUMS = "/var/lib/dpkg/info/{systemd,libc6:amd64,bash}.md5sums"
SERVE = ("systemd-run -q systemd-socket-activate -l 80 -a --inetd cat %s; "
         "until ss -ltn | grep -q :80; do :; done")


def copied():
    """-> the folder of the same machine with a disk of its own, that disk"""
    folder, image = WORK + "/debian", os.path.abspath(WORK + "/debian.img")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name in os.listdir(EXAMPLE):
        if name.endswith((".cfg", ".conf")):
            with open(os.path.join(EXAMPLE, name)) as f:
                text = f.read().replace(IMAGE, image)
            with open(os.path.join(folder, name), "w") as f:
                f.write(text.replace('"../..', '"' + os.getcwd()))
    status, text = command(["cp", "--sparse=always", OUT + "/debian/disk.img",
                            image], 120)
    expect(status == 0, text)
    return folder, image


def ask(vm, *steps):
    """Command lines at a VM's console, each with a pattern of its output.
    -> what the last one said"""
    with Shell("debian", vm, PROMPT) as shell:
        for line, pattern in steps:
            status, text = shell.run(line, 120)
            expect(status == 0 and re.search(pattern, text, re.M),
                   "%s: %s: status %d: %s" % (vm, line, status, text))
    return text


def power_off(s, vm):
    with Shell("debian", vm, PROMPT) as shell:
        shell.session.send("systemctl poweroff\n")
        s.wait_for(r"^\[vmm\] %s: ended by power-off" % vm, 120)


def left_behind(image, vm):
    """-> root's file data in the VM's file system, which it left in order"""
    root = "%s?offset=%d" % (image, ROOTS[vm])
    status, text = command(["/sbin/e2fsck", "-fn", root], 120)
    expect(status == 0 and "journal" not in text, text)
    data = os.path.join(WORK, "debian.data")
    status, text = command(["/sbin/debugfs", "-R", "dump root/data " + data,
                            root], 60)
    expect(status == 0, text)
    with open(data, "rb") as f:
        return f.read()


def test_debian():
    """full Debian 12 owns an NVMe disk, boots from it with systemd, and by
    udev and a script of ours serves a disk and a network to another full
    Debian, whose root that disk is; in both systemd reaches its target and no
    unit fails, the files of the served disk have the sums that Debian's
    packages give them, TCP brings data both ways, and after systemd's
    power-off both file systems are in order and hold what was written"""
    folder, image = copied()
    sums = {}
    with session([TOOL, "run", folder, "--timeout", "900"]) as s:
        s.wait_for_all([r"\] root@%s:~# " % vm for vm in ROOTS], 600)
        for vm, root in (("disk0", "nvme0n1p1"), ("web1", "xvda")):
            said = ask(
                vm, ("systemctl is-system-running --wait", r"^running$"),
                ("systemctl --failed --plain --no-legend | wc -l", "^0$"),
                ("systemctl is-active multi-user.target", "^active$"),
                ("cat /proc/1/comm /etc/os-release", r"^systemd\nPRETTY_NAME="
                 r'"Debian GNU/Linux 12'),
                ("findmnt -no SOURCE /", "^/dev/%s$" % root),
                ("head -c 4M /dev/urandom >data; sync", ""),
                (SERVE % "root/data", ""), ("sha256sum data", ""))
            sums[vm] = said.split()[0]
        ask("web1", ("ping -qc 3 10.0.0.254", r" 0% packet loss"),
            ("(cd / && md5sum -c --quiet --ignore-missing %s && echo good)" %
             SUMS, "^good$"))
        for vm, address in ("web1", "10.0.0.254"), ("disk0", "10.0.0.1"):
            said = ask(vm, ("sha256sum </dev/tcp/%s/80" % address, ""))
            other = "disk0" if vm == "web1" else "web1"
            expect(said.split()[0] == sums[other],
                   "%s got %s from %s" % (vm, said, other))
        for vm in ("web1", "disk0"):
            power_off(s, vm)
        # The VMM clears the memory of both. QEMU throws away what it has
        # translated of each page, which for a Debian is much.
        expect(s.end(300) == 0, "status %s" % s.process.returncode)
        audited(s.text)
    for vm in ROOTS:
        data = left_behind(image, vm)
        expect(hashlib.sha256(data).hexdigest() == sums[vm],
               "%s: %d bytes of data differ" % (vm, len(data)))
    os.remove(image)
