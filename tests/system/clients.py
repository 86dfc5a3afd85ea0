# SPDX-License-Identifier: MIT
"""Many clients of one VM with disks and one with a network, all busy at once.
`make many-clients` runs this; `make check` does not."""
import os
import re
import time

from devices import pairs_of
from lab import DEMO, OUT, TOOL, expect, machine, operate, session
from session import command

CLIENTS = int(os.environ.get("CLIENTS", "64"))
MEMORY = int(os.environ.get("CLIENT_MEMORY", "88"))     # MiB of each
WAVE = 4                # VMs that boot at the same time
ROUNDS = 3              # of each kind, of every client, while all are busy
LIMIT = 1500            # seconds without any progress
COMPLAINTS = r"BUG:|Oops|gnttab|page allocation|Out of memory|I/O error"
ENDED = r"^\[vmm\] \S+: ended.*"
ROUND = r"^\[(c\d+)\] (disk|net) \d+ (same|DIFFERS)$"
# What costs an emulated processor time at boot and shows nothing here.
BOOT = "nowatchdog init_on_alloc=0 cryptomgr.notests mitigations=off "


def say(what, start):
    print("# %5d s: %s" % (time.monotonic() - start, what), flush=True)


def folder_of(name, clients):
    """The servers tell of warnings, the clients of errors."""
    def server(role, memory):
        return {"ramdisk": os.path.abspath(DEMO), "memory": memory,
                "driver_domain": 1, "cpu_weight": 4096,
                "extra": BOOT + "loglevel=5 run=driver role=" + role}
    vms = {"blk0": server("blk", 192 + 5 * len(clients)),
           "net0": server("net", 160 + 2 * len(clients))}
    for number, client in enumerate(clients, 1):
        vms[client] = {
            "ramdisk": os.path.abspath(OUT + "/images/client.cpio.gz"),
            "memory": MEMORY, "bulkhead_paused": 1,
            "disk": ["format=raw,vdev=xvda,access=rw,backend=blk0,target=" +
                     client], "vif": ["backend=net0"],
            "extra": BOOT + "loglevel=4 rcupdate.rcu_cpu_stall_suppress=1 "
            "role=client ip=10.0.0.%d/24 run=\"driver; busy 10.0.0.%d\"" % (
                number, number % len(clients) + 1)}
    return machine(name, "cpus = 2\naudit_on_end = 1", vms)


def progress(s, at, wanted, what, start):
    """Wait until every client of wanted has ended a round of each kind behind
    `at`; bounded by LIMIT for each step."""
    seen, last = set(), time.monotonic()
    while not wanted <= seen:
        new = {m.groups()[:2] for m in
               re.compile(ROUND, re.M).finditer(s.text, at)}
        if new == seen:
            ended = re.search(ENDED, s.text, re.M)
            expect(not ended, ended and ended[0])
            s.go_on(last + LIMIT, "no %s of %s" % (
                what, sorted(wanted - seen)[:4]), LIMIT)
            continue
        if len(new) * 4 // len(wanted) != len(seen) * 4 // len(wanted):
            say("%s: %d of %d" % (what, len(new), len(wanted)), start)
        seen, last = new, time.monotonic()


def start_all(s, names, start):
    """All clients, of which WAVE boot at any time. One that is ready, and
    has begun, stands still until all are, so that booting takes no longer
    than it must."""
    waiting, booting = list(names), []
    while waiting or booting:
        while waiting and len(booting) < WAVE:
            booting.append(waiting.pop(0))
            operate("many", "unpause", booting[-1], limit=LIMIT)
        m = s.wait_for(r"\] (c\d+): ready|" + ENDED, LIMIT)
        expect(m[1], m[0])
        operate("many", "pause", m[1], limit=LIMIT)
        booting.remove(m[1])
        up = len(names) - len(waiting) - len(booting)
        if up % 8 == 0 or up == len(names):
            say("%d of %d clients are ready" % (up, len(names)), start)
    for name in names:
        operate("many", "unpause", name, limit=LIMIT)


def all_run(names):
    """`bulkhead list` has all VMs, and each may run."""
    want = sorted(names + ["blk0", "net0", "store"])
    for _ in range(5):
        text = operate("many", "list", limit=LIMIT)
        found = re.findall(r"^(\S+)(?: +\d+){3} +[r-][b-]----  ", text, re.M)
        if sorted(found) == want:
            return
        print("# list has %d of %d" % (len(found), len(want)), flush=True)
    expect(False, text)


def test_many_clients():
    """many Linux VMs with a disk of one VM and an interface of another all
    write, read back and compare, and fetch by TCP, at the same time"""
    names = ["c%02d" % i for i in range(1, CLIENTS + 1)]
    start = time.monotonic()
    folder = folder_of("many", names)
    with session([TOOL, "run", folder, "--timeout", "7200"]) as s:
        s.wait_for_all([r"\] %s: ready" % n for n in ("blk0", "net0")] +
                       [r"\] %s: started" % n for n in names], LIMIT)
        say("the servers are ready", start)
        start_all(s, names, start)
        wanted = {(n, k) for n in names for k in ("disk", "net")}
        progress(s, 0, wanted, "first rounds", start)
        all_run(names)
        since, first = time.monotonic(), len(s.text)
        for turn in range(ROUNDS):
            progress(s, len(s.text), wanted,
                     "rounds, time %d" % (turn + 1), start)
        all_run(names)
        finish(s, names, s.text[first:], time.monotonic() - since, folder)
        s.interrupt()
        s.end(60)


def finish(s, names, busy, seconds, folder):
    """What was compared, what the servers hold, and how they are."""
    done = re.findall(ROUND, s.text, re.M)
    wrong = [d for d in done if d[2] != "same"]
    expect(not wrong, "%d of %d rounds: %s" % (len(wrong), len(done),
                                               wrong[:8]))
    count = [len(re.findall(r"\] %s \d+ same" % kind, busy))
             for kind in ("disk", "net")]
    print("# %d clients of %d MiB: %d rounds as written or sent, of which %d "
          "of disks and %d of the network within %d s in which all were busy"
          % (len(names), MEMORY, len(done), *count, seconds))
    compare(names, folder)
    wrong = re.findall(r"^.*(?:%s).*" % COMPLAINTS, s.text, re.M)
    expect(not wrong, "%d complaints: %s" % (len(wrong), wrong[:8]))
    for vm in ["blk0", "net0"] + names:
        expect(s.text.count("] %s: started" % vm) == 1, vm)
    text = operate("many", "report", limit=LIMIT)
    audit = re.search(r"clean\W+\d+ frames.*", text)
    expect(audit, "audit: " + text[-500:])
    print("# audit: " + audit[0])


def compare(names, folder):
    """Who shares with whom: what the VMM says, against the configuration."""
    status, text = command([TOOL, "graph", folder], LIMIT)
    expect(status == 0, text)
    implied = pairs_of(text)
    expect(len(implied) == 3 * len(names) + 2, text)
    text = operate("many", "graph", limit=LIMIT)
    expect(pairs_of(text) == implied, "the VMM says\n" + text)
    print("# graph: the %d pairs of the configuration" % len(implied))
    for vm in ("blk0", "net0"):
        lines = re.findall(r"^%s +-> c\d+ .* (\d+) channels?, (\d+) grant" %
                           vm, text, re.M)
        expect(len(lines) == len(names), text)
        print("# %s: %d channels, %d grants mapped" % (
            vm, sum(int(a) for a, _ in lines),
            sum(int(b) for _, b in lines)))
