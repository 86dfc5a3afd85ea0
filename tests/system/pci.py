# SPDX-License-Identifier: MIT
"""VMs that own devices, with their stock drivers."""
import contextlib
import hashlib
import http.server
import os
import re
import threading

from devices import ask
from lab import (GENERIC, OUT, TOOL, WORK, Shell, expect, machine, operate,
                 session)
from session import command

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
    amid I/O; functions that are not there, or beside a bridge, are refused
    by name"""
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
    # q35's own AHCI, in one slot with a bridge.
    folder = machine("builtin", "", {"disk0": {"pci": ["00:1f.2"]}})
    with session([TOOL, "run", folder, "--timeout", "60"]) as s:
        s.wait_for(r"bulkhead,pci: 00:1f.2 shares its slot with a bridge", 60)
        expect(s.end(30) == 3, "status")


class Giver(http.server.BaseHTTPRequestHandler):
    """Gives a text of 4 MiB; remembers the sum of what it is given."""
    data, given = os.urandom(2 << 20).hex().encode(), []

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # its VM is restarted
            self.wfile.write(self.data)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.given.append(hashlib.sha256(body).hexdigest())
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Disk:
    """A file of random bytes that is the disk of a device in QEMU."""
    PART = 4 << 20

    def __init__(self, name):
        self.path = os.path.abspath("%s/%s.img" % (WORK, name))
        self.data = os.urandom(self.PART)
        with open(self.path, "wb") as f:
            f.write(self.data)
            f.truncate(16 * self.PART)
        self.drive = "file=%s,if=none,id=%s,format=raw" % (
            self.path, name.split("_")[0])

    def part(self, number):
        with open(self.path, "rb") as f:
            f.seek(number * self.PART)
            return f.read(self.PART)

    def use(self, shell, device, to):
        """The guest reads the first part and copies it to another."""
        words = "dd if=%s bs=1M count=4 2>&-" % device
        status, text = shell.run(words + " | sha256sum")
        expect(hashlib.sha256(self.data).hexdigest() in text, text)
        status, text = shell.run("%s | dd of=%s bs=1M seek=%d conv=fsync" % (
            words, device, 4 * to))
        expect(status == 0 and self.part(to) == self.data, text)


def use_net(shell, url):
    """The guest fetches the page, and gives back what it got."""
    given = len(Giver.given)
    status, text = shell.run(
        "ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0 2>&-; "
        "until timeout 9 wget -q -O /tmp/f %s; do usleep 200000; done; "
        "wget -q -O /tmp/g --post-file /tmp/f %s; sha256sum </tmp/f" % (
            url, url))
    expect(hashlib.sha256(Giver.data).hexdigest() in text, text)
    expect(Giver.given[given:] == [hashlib.sha256(Giver.data).hexdigest()],
           "given back: %s" % Giver.given[given:])


def interrupts(shell, name):
    """-> how many messages of a device the guest got, by its own count"""
    _, text = shell.run("grep '%s' /proc/interrupts" % name)
    rows = re.findall(r"^ *\d+: +(\d+) .*PCI-MSI", text, re.M)
    expect(rows, "no message of %s:\n%s" % (name, text))
    return sum(map(int, rows))


def use_all(machine_name, disk, url):
    """Real traffic over the three devices, by interrupts."""
    for vm, device, name in (("vblk", "vda", "virtio0-req"),
                             ("sata", "sda", "ahci"), ("nic", "", "eth0")):
        with Shell(machine_name, vm) as shell:
            if device:
                disk[vm].use(shell, "/dev/" + device, 8)
            else:
                use_net(shell, url)
            count = interrupts(shell, name)
            print("# %s: %d messages" % (vm, count))
            expect(count > 8, "%s: %d messages" % (vm, count))


HEAVY = {"vblk": "dd if=/dev/vda of=/dev/null bs=64k",
         "sata": "dd if=/dev/sda of=/dev/null bs=64k",
         "nic": "wget -q -O /dev/null %s"}


def check_inventory(name, folder, iommu):
    """The machine says what it has; it fits this configuration, and does not
    fit one that wants a function beside a bridge."""
    saved = "%s/%s.inventory" % (WORK, name)
    operate(name, "inventory", "--save", saved)
    with open(saved) as f:
        text = f.read()
    for line in ("cpus 2", "memory 1023 MiB", "iommu " + iommu,
                 "00:05.0 .* 010000 1af4:1042 .*", "00:1f.0 .* bridge",
                 "00:06.0 .* 020000 8086:10d3 .*", "00:07.0 .* 8086:2922 .*"):
        expect(re.search("^%s$" % line, text, re.M), line + "\n" + text)
    words = [TOOL, "check", folder, "--inventory", saved]
    status, text = command(words, 60)
    expect(status == 0, text)
    words[2] = machine(name + "_builtin", "",
                       {"disk0": {"pci": ["00:1f.2"]}})
    status, text = command(words, 60)
    expect(status == 1 and "00:1f.2, which shares its IOMMU group with "
           "00:1f.0, a bridge" in text, text)


def real_devices(kind, iommu):
    """Drives three devices from three VMs, also after their restart."""
    name = "devices_" + kind
    disk = {vm: Disk("%s_%s" % (vm, kind)) for vm in ("vblk", "sata")}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Giver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = "http://10.0.2.2:%d/" % server.server_port

    def vm(slot, driver, **more):
        return dict({"ramdisk": os.path.abspath(OUT +
                                                "/images/hardware.cpio.gz"),
                     "memory": 160, "pci": ["00:%02x.0" % slot],
                     "extra": 'run="hardware %s"' % driver}, **more)
    generic = {"kernel": os.path.abspath(GENERIC)}
    vms = {"vblk": vm(5, "virtio_blk"), "nic": vm(6, "e1000e", **generic),
           "sata": vm(7, "ahci", **generic), "other": {}}
    devices = qemu(
        "-drive", disk["vblk"].drive, "-device",
        "virtio-blk-pci,drive=vblk,addr=5,iommu_platform=on,disable-legacy=on",
        "-netdev", "user,id=net",
        "-device", "e1000e,netdev=net,addr=6,romfile=",
        "-drive", disk["sata"].drive, "-device", "ahci,id=ahci,addr=7",
        "-device", "ide-hd,drive=sata,bus=ahci.0")
    folder = machine(name, "memory = 1024\ncpus = 2\naudit_on_end = 1\n"
                     "iommu = '%s'" % kind, vms)
    with session([TOOL, "run", folder, "--timeout", "400", *devices]) as s:
        s.wait_for_all([r"\] %s: ready" % n for n in vms], 150)
        use_all(name, disk, url)
        check_inventory(name, folder, iommu)
        for vm, words in HEAVY.items():
            with Shell(name, vm) as shell:
                shell.run("{ while :; do %s; done 2>&- & }" % (
                    words.replace("%s", url)))
        for vm in HEAVY:
            operate(name, "restart", vm)
            s.wait_for(r"^\[vmm\] audit: clean", 60)
        again = r"(?s)(\] %s: ready\n.*){2}"
        s.wait_for_all([again % vm for vm in HEAVY], 120)
        use_all(name, disk, url)
        expect(s.text.count("] other: ready") == 1, "the other VM noticed")
        expect(": blocked" not in s.text, "DMA went astray")
        s.interrupt()
        s.end(20)
    server.shutdown()


def test_real_devices():
    """the stock drivers of virtio-blk, AHCI and e1000e, each in a VM of its
    own behind AMD's IOMMU, move real data by messages, also after all three
    were restarted under load; another VM notices nothing. What the machine
    has can be saved, and checked against"""
    real_devices("amd", "AMD-Vi")


def test_real_devices_vtd():
    """the same machine, with the same drivers, behind Intel's IOMMU"""
    real_devices("intel", "VT-d")


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
