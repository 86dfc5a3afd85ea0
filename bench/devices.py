# SPDX-License-Identifier: MIT
"""Those machines of bench/run whose VMs own devices, behind the IOMMU."""
import os

from machine import HERE, everything, figures, run, tree
from table import difference

COUNT = 1000            # messages between two marks of msi.c
IOMMU = ["-device", "amd-iommu,intremap=on"]


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
