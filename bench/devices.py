# SPDX-License-Identifier: MIT
"""Those machines of bench/run whose VMs own devices, behind the IOMMU."""
import contextlib
import os
import socket
import threading

from machine import (COMMAND, HERE, MEMORY, OUT, debian, debians, everything,
                     figures, run, tree)
from table import difference, middle

COUNT = 1000            # messages between two marks of msi.c
FRAME = 1460            # bytes of a stream in an Ethernet frame
IOMMU = ["-device", "amd-iommu,intremap=on"]


# --- messages ---


def msi(table):
    """-> runs of one file natively and as the VM that owns the device"""
    elf = os.path.join(HERE, "msi.elf")
    device = ["-m", "256", "-device", "edu,addr=1,dma_mask=0xffffffffffff",
              *IOMMU]       # which takes the first slot that is free
    vms = [{"name": "msi", "elf": elf, "pci": "00:01.0"}]
    return (run("msi-native", device + ["-kernel", elf], [], 60),
            run("msi", device + tree(os.path.join(HERE, "msi.dtb"), vms),
                everything(table), 60))


def msi_rows(table, native, vm):
    marks = vm[1]
    table.add("VMM instructions, message of a device and its EOI",
              difference(marks, 20, 21, "vmm") / COUNT, "", 1500, "",
              "to the vCPU that runs; {:.2f} exits".format(
                  difference(marks, 20, 21, "entries") / COUNT))
    host, guest = (figures(text, "msi") for text, _, _ in (native, vm))
    for what, name in (("runs", "msi_running"), ("sleeps", "msi_asleep")):
        table.add("message to handler, vCPU %s: guest - native" % what,
                  guest[name] - host[name], "ns", 3000, "",
                  "native {:,.0f} ns, guest {:,.0f} ns".format(
                      host[name], guest[name]))


MESSAGE_PRICES = [(21, "message of a device", COUNT)]


class Outside:
    """This host's end of TCP streams: a port that gives as many bytes as it
    is asked for, and one that takes them and says when it has them all."""
    def __init__(self):
        self.sockets = [socket.create_server(("127.0.0.1", 0))
                        for _ in range(2)]
        self.ports = [s.getsockname()[1] for s in self.sockets]
        for s, work in zip(self.sockets, (self.give, self.take)):
            threading.Thread(target=self.serve, args=(s, work),
                             daemon=True).start()

    def serve(self, listening, work):
        with contextlib.suppress(OSError):
            while True:
                peer = listening.accept()[0]
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with peer, contextlib.suppress(ConnectionError):
                    while len(count := peer.recv(4, socket.MSG_WAITALL)) == 4:
                        work(peer, int.from_bytes(count, "big"))

    def give(self, peer, count):
        peer.sendall(bytes(count))

    def take(self, peer, count):
        while count:
            count -= len(peer.recv(min(count, 1 << 16))) or count
        peer.sendall(b"x")

    def words(self):
        return "10.0.2.2 %d %d" % tuple(self.ports)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for s in self.sockets:
            s.close()


# --- NIC and disk ---

# The disk takes 0.5 ms, so that the processor sleeps meanwhile, and idle time
# is real time, lest timers go off by the dozen until an answer comes.
NIC = ["-icount", "shift=0,sleep=on", *IOMMU, "-netdev", "user,id=n",
       "-device", "virtio-net-pci,netdev=n,addr=2,disable-legacy=on,"
       "iommu_platform=on"]
DISK = ["-blockdev", "driver=null-co,node-name=d,size=67108864,read-zeroes=on,"
        "latency-ns=500000", "-device", "nvme,drive=d,addr=3,serial=1"]


def net(table):
    """A VM streams from and to this host through net0, who owns the NIC."""
    with Outside() as outside:
        return debians("net", {
            "net0.cfg": debian("net0", "net", 160,
                               'driver_domain = 1\npci = [ "00:02.0" ]', "",
                               ""),
            "web1.cfg": debian("web1", "client ip=10.0.2.11/24", 128,
                               'vif = [ "backend=net0" ]', "",
                               "io outside %s && echo bench end 0" %
                               outside.words())},
                       table, NIC, b"] bench end")


def own(elf, table):
    """-> runs of one kernel natively and as the VM that owns NIC and disk;
    natively without the IOMMU, which would cost that kernel more"""
    initrd = os.path.join(OUT, "images", "bench-io.cpio.gz")
    with Outside() as outside:
        words = ('%s vm=own run="hardware virtio_net; ip link set eth0 up; '
                 'ip addr add 10.0.2.15/24 dev eth0; io outside %s '
                 '&& io disk /dev/nvme0n1 && echo bench end 0; poweroff -f"' % (
                     COMMAND, outside.words()))
        vms = [{"name": "own", "elf": elf, "ramdisk": initrd,
                "memory": str(MEMORY), "args": "console=hvc0 " + words,
                "pci": "00:02.0 00:03.0"}]
        return (run("own-native", ["-m", str(MEMORY), "-kernel", elf,
                                   "-initrd", initrd, "-append",
                                   "console=ttyS0 amd_iommu=off " + words,
                                   *NIC, *DISK], [], 600),
                run("own", ["-m", "512", *NIC, *DISK] +
                    tree(os.path.join(HERE, "own.dtb"), vms),
                    everything(table), 600))


def prices(text, marks, what):
    """What --profile splits up, by function of the VMM."""
    count = figures(text, what)
    return [(mark, name, count[key] * len(marks[mark]) / each)
            for mark, name, key, each in (
                (341, "frame from outside", "outside", FRAME),
                (343, "frame to outside", "outside", FRAME),
                (353, "4 KiB read, depth 1", "single", 4096),
                (355, "4 KiB read, depth 32", "deep", 4096))
            if key in count]


def net_rows(table, text, marks):
    frames = figures(text, "net")["outside"] / FRAME
    for what, first in (("from outside to a VM", 340),
                        ("from a VM to outside", 342)):
        value, spread = middle(marks, first, "entries")
        vmm, every = (middle(marks, first, *keys)[0] / frames
                      for keys in (("vmm",), ("vmm", "other")))
        table.add("exits per frame, TCP %s" % what, value / frames, "", 1.5,
                  "", "of that VM and of the one with the NIC, spread {:.0%}; "
                  "VMM {:,.0f} instructions, all {:,.0f}".format(
                      spread, vmm, every))


def own_rows(table, native, vm):
    count = figures(vm[0], "own")
    figures(native[0], "own-native")
    for what, first, name, each in (
            ("TCP from outside, frame", 340, "outside", FRAME),
            ("TCP to outside, frame", 342, "outside", FRAME),
            ("NVMe, 128 KiB reads in sequence", 350, "long", 128 << 10),
            ("NVMe, 4 KiB reads at random, depth 1", 352, "single", 4096),
            ("the same, depth 32", 354, "deep", 4096)):
        bytes_each = each / count[name]
        host, host_spread = middle(native[1], first, "vmm", "other")
        guest, spread = middle(vm[1], first, "vmm", "other")
        vmm, exits = (middle(vm[1], first, key)[0] * bytes_each
                      for key in ("vmm", "entries"))
        table.add(what + ", guest + VMM / native", guest / host, "x", 1.25, "",
                  "instructions: native {:,.0f}, spread {:.0%}; guest + VMM "
                  "{:,.0f}, spread {:.0%}, VMM {:,.0f} in {:.2f} exits".format(
                      host * bytes_each, host_spread, guest * bytes_each,
                      spread, vmm, exits))
