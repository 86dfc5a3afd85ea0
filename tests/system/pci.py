# SPDX-License-Identifier: MIT
"""A VM that owns a device, with its stock driver."""
import hashlib
import os

from devices import ask
from lab import TOOL, WORK, expect, machine, operate, session

NVME = ["file=%s,if=none,id=disk,format=raw", "nvme,drive=disk,serial=1,addr=5"]
READ = "echo sum'' $(dd if=$D bs=1M count=8 skip=%d | sha256sum)"
COPY = "dd if=$D of=$D bs=1M count=8 seek=32 conv=fsync && echo copied'' 1"
LOAD = "(while :; do dd if=$D of=/dev/null; done) 2>&- & echo load''ed"


def qemu(*words):
    return [part for word in words for part in ("--qemu-arg", word)]


def driver(name, line, answer):
    return ask(name, "disk0", line, answer)


def prepare(name, iommu):
    """-> a machine whose disk0 owns the disk; QEMU's words; two sums"""
    disk = os.path.abspath("%s/%s.img" % (WORK, name))
    blocks = [os.urandom(8 << 20) for _ in range(2)]
    with open(disk, "wb") as f:
        f.write(b"".join(blocks))
        f.truncate(64 << 20)
    conf = "cpus = 2\naudit_on_end = 1\niommu = '%s'" % iommu
    folder = machine(name, conf, {
        "disk0": {"vcpus": 2, "pci": ["00:05.0"], "memory": 128,
                  "extra": "D=/dev/nvme0n1"},
        "other": {}})
    return (folder, qemu("-drive", NVME[0] % disk, "-device", NVME[1]),
            [hashlib.sha256(b).hexdigest() for b in blocks], disk)


def work(name, s, sums):
    """The driver reads and writes, by interrupts of each of its queues."""
    s.wait_for_all([r"\] %s: ready" % n for n in ("disk0", "other")], 120)
    driver(name, READ % 0, "sum " + sums[0])
    driver(name, COPY, r"copied \d")
    counts = driver(name, "cat /proc/interrupts",
                    r"(\d+) +(\d+) +PCI-MSI.*nvme0q1\n"
                    r".* (\d+) +(\d+) +PCI-MSI.*nvme0q2")
    expect(counts[1] != "0" and counts[4] != "0", counts[0])


def restart(name, s, sums):
    driver(name, LOAD, "loaded")
    operate(name, "restart", "disk0")
    s.wait_for(r"^\[vmm\] audit: clean", 60)
    s.wait_for(r"\] disk0: ready", 120)
    driver(name, READ % 32, "sum " + sums[0])
    driver(name, READ % 8, "sum " + sums[1])
    expect(s.text.count("] other: ready") == 1, "the other VM noticed")


def test_driver_vm():
    """a stock driver in a VM owns an NVMe disk behind the IOMMU: reads and
    writes real data, by interrupts on two processors, also after a restart
    amid I/O, and a function that is not there is refused by name"""
    folder, device, sums, disk = prepare("driver", "amd")
    with session([TOOL, "run", folder, "--timeout", "400", *device]) as s:
        work("driver", s, sums)
        restart("driver", s, sums)
        s.interrupt()
        s.end(20)
    with open(disk, "rb") as f:
        f.seek(32 << 20)
        expect(hashlib.sha256(f.read(8 << 20)).hexdigest() == sums[0],
               "not on the disk")
    with session([TOOL, "run", folder, "--timeout", "60"]) as s:
        s.wait_for(r"bulkhead,pci: 00:05.0 does not exist", 60)
        expect(s.end(30) == 3, "status")


def test_driver_vm_vtd():
    """the same driver behind Intel's IOMMU: its data, its interrupts, and a
    restart amid I/O; no DMA of it is refused. An IOMMU that cannot wait for
    what is under way is not used, and pci then refused"""
    folder, device, sums, _ = prepare("driver_vtd", "intel")
    with session([TOOL, "run", folder, "--timeout", "400", *device]) as s:
        s.wait_for(r"^\[vmm\] IOMMU: VT-d, units: 1", 60)
        work("driver_vtd", s, sums)
        expect("DMA of its device" not in s.text, "DMA was refused")
        restart("driver_vtd", s, sums)
        s.interrupt()
        s.end(20)
    with session([TOOL, "run", folder, "--timeout", "60", *device,
                  *qemu("-global", "intel-iommu.dma-drain=off")]) as s:
        s.wait_for(r"cannot confine DMA: its IOMMU is of a kind that is "
                   r"not supported", 60)
        expect(s.end(30) == 3, "status")
