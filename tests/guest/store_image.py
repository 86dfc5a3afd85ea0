# SPDX-License-Identifier: MIT
"""Writes a launch image for the store VM (docs/store.md)."""
import struct

NONE, READ, WRITE, BOTH = 0, 1, 2, 3
QUOTA = {"arena": 256, "nodes": 1000, "watches": 128, "events": 256,
         "transactions": 10, "shadows": 256}


def fnv(data):
    value = 2166136261
    for byte in data:
        value = ((value ^ byte) * 16777619) & 0xffffffff
    return value


def client(domid, name, quota):
    return struct.pack("<HHIIIIHHI32s", domid, 0, quota["arena"],
                       quota["nodes"], quota["watches"], quota["events"],
                       quota["transactions"], quota["shadows"], 0,
                       name.encode())


def node(path, value, perms, end=None):
    """perms: [(domid, rights), ...], the owner first."""
    path, value = path.encode(), value.encode()
    end_bytes = (end or "").encode()
    data = struct.pack("<HHHBB", len(path), len(value), len(end_bytes),
                       len(perms), end is not None)
    data += b"".join(struct.pack("<I", rights << 16 | domid)
                     for domid, rights in perms)
    data += path + value + end_bytes
    return data + b"\0" * (-len(data) % 4)


def image(clients, nodes):
    """clients: [(domid, name, quota)]; nodes: results of node()."""
    body = b"".join(client(*c) for c in sorted(clients)) + b"".join(nodes)
    return struct.pack("<QIIIIII", 0x31474d4954534842, 1, 32 + len(body),
                       fnv(body), len(clients), len(nodes), 0) + body


def machine(names, quota):
    """names: domid -> name. Each has its home, and a pair of device
    directories with every other one, as in tests/unit/store/rig.h."""
    nodes = [node("/secret", "treasure", [(0, NONE)]),
             node("/shared", "", [(0, BOTH)])]
    for d, name in sorted(names.items()):
        home = "/local/domain/%d" % d
        own, fixed = [(d, NONE)], [(0, NONE), (d, READ)]
        nodes += [node(home, "", fixed), node(home + "/name", name, fixed),
                  node(home + "/data", "", own),
                  node(home + "/device", "", fixed),
                  node(home + "/device/test", "", fixed)]
        for other in sorted(names):
            pair = [(d, NONE), (other, READ)]
            path = home + "/device/test/%d" % other
            nodes += [node(path, "", pair),
                      node(path + "/state", "1", pair, "6")]
    return image([(d, n, dict(QUOTA, **quota)) for d, n in names.items()],
                 nodes)
