# SPDX-License-Identifier: MIT
"""Writes the launch description (docs/binding.md) as a flattened tree."""
import struct

FDT_BEGIN, FDT_END, FDT_PROP, FDT_STOP = 1, 2, 3, 9


def cells(*values):
    return b"".join(struct.pack(">I", v) for v in values)


def text(*values):
    return b"".join(v.encode() + b"\0" for v in values)


class Node:
    def __init__(self, name):
        self.name, self.props, self.children = name, [], []

    def set(self, name, value=b""):
        self.props.append((name, value))
        return self

    def add(self, name):
        self.children.append(Node(name))
        return self.children[-1]


def pad(data):
    return data + b"\0" * (-len(data) % 4)


def flatten(root):
    strings, offsets = b"", {}

    def body(node):
        nonlocal strings
        out = cells(FDT_BEGIN) + pad(node.name.encode() + b"\0")
        for name, value in node.props:
            if name not in offsets:
                offsets[name] = len(strings)
                strings += name.encode() + b"\0"
            out += cells(FDT_PROP, len(value), offsets[name]) + pad(value)
        for child in node.children:
            out += body(child)
        return out + cells(FDT_END)

    structure = body(root) + cells(FDT_STOP)
    head, reserve = 40, struct.pack(">QQ", 0, 0)
    at_struct = head + len(reserve)
    at_strings = at_struct + len(structure)
    total = at_strings + len(strings)
    return cells(0xd00dfeed, total, at_struct, at_strings, head, 17, 16, 0,
                 len(strings), len(structure)) + reserve + structure + strings


# Properties of a VM that test.cfg may give, by kind.
NUMBERS = ("peers", "deny", "affinity", "cpu-weight", "cap", "event-ports",
           "grant-frames", "grant-maps", "pool")
WORDS = ("on-poweroff", "on-reboot", "on-crash")
FLAGS = ("paused",)


def bdf(name):
    """'00:03.0' -> its number"""
    bus, slot, function = name.replace(".", ":").split(":")
    return int(bus, 16) << 8 | int(slot, 16) << 3 | int(function)


def machine(vms, modules, audit, store=None, unprotected=False):
    """vms: list of dicts from test.cfg; modules: file -> boot module;
    store: the domid of the store VM; unprotected: no IOMMU is needed."""
    root = Node("").set("#address-cells", cells(2))
    root.set("#size-cells", cells(2)).set("compatible",
                                          text("bulkhead,machine"))
    top = root.add("chosen").add("hypervisor")
    top.set("compatible", text("hypervisor,xen", "bulkhead,vmm"))
    top.set("bulkhead,version", cells(1))
    top.set("bulkhead,when-done", text("poweroff"))
    top.set("bulkhead,exit-port", cells(0xf4))
    if audit:
        top.set("bulkhead,audit-on-end")
    if unprotected:
        top.set("bulkhead,unprotected-dma")
    if store:
        top.set("bulkhead,store", cells(store))
    for i, vm in enumerate(vms, 1):
        node = top.add("domain@%x" % i)
        node.set("compatible", text("xen,domain")).set("domid", cells(i))
        node.set("bulkhead,name", text(vm["name"]))
        node.set("memory", cells(0, int(vm.get("memory", "8")) * 1024))
        node.set("cpus", cells(int(vm.get("vcpus", "1"))))
        for key in NUMBERS:
            if key in vm:
                node.set("bulkhead," + key,
                         cells(*(int(n) for n in vm[key].split())))
        if "pci" in vm:
            node.set("bulkhead,pci",
                     cells(*(bdf(name) for name in vm["pci"].split())))
        for key in WORDS:
            if key in vm:
                node.set("bulkhead," + key, text(vm[key]))
        for key in FLAGS:
            if key in vm:
                node.set("bulkhead," + key)
        module = node.add("module@0")
        module.set("compatible", text("multiboot,kernel", "multiboot,module"))
        module.set("mb-index", cells(modules[vm["elf"]]))
        module.set("bootargs", text(vm.get("args", "")))
        if "ramdisk" in vm:
            module = node.add("module@1")
            module.set("compatible", text("multiboot,ramdisk",
                                          "multiboot,module"))
            module.set("mb-index", cells(modules[vm["ramdisk"]]))
    return flatten(root)
