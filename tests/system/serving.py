# SPDX-License-Identifier: MIT
"""VMs that serve others' disks and networks, with stock drivers on both
sides: what others notice of it, and what is left over."""
import os
import re

from lab import DEMO, OUT, TOOL, Shell, expect, machine, operate, session
from session import Session


def split(name, conf, clients):
    """A machine with blk0, net0 and clients that use both: name -> more"""
    def vm(words, **more):
        return dict({"ramdisk": os.path.abspath(DEMO), "memory": 128,
                     "extra": words + " run=driver"}, **more)
    vms = {"blk0": vm("role=blk", driver_domain=1),
           "net0": vm("role=net", driver_domain=1)}
    for number, (client, more) in enumerate(clients.items(), 1):
        disk = "format=raw, vdev=xvda, access=rw, backend=blk0, target="
        vms[client] = vm("role=client ip=10.0.0.%d/24" % number, **dict(
            {"disk": [disk + client], "vif": ["backend=net0"]}, **more))
    return machine(name, conf, vms), [r"\] %s: ready" % n for n in vms]


# Both at once, each 6 s of the guest's time. The file is 4 MiB.
WORK = ("verify /dev/xvda 1 >/tmp/verify & v=$!; "
        "wget -q -O /dev/null http://10.0.0.1/file; w=$?; "
        "wait $v && exit $w")
BEFORE, PAUSED, AFTER, PERIOD_MS = 4, 11, 4, 6000


def test_store_pause():
    """while the store VM is paused for 60 s of virtual time, a TCP stream and
    a test of a disk go on, at the same speed but for less than 2 %; who
    asked the store meanwhile is answered then"""
    folder, ready = split("pause", "memory = 768\ncpus = 1",
                          {"web1": {}, "web2": {}})
    with session([TOOL, "run", folder, "--icount", "--timeout", "600"]) as s:
        s.wait_for_all(ready, 300)
        with Shell("pause", "web1") as web1, Shell("pause", "web2") as web2:
            web1.run("mkdir /www; head -c 4194304 /dev/urandom >/www/file; "
                     "httpd -h /www")
            web2.session.send("pace %d 0 '%s'\n" % (PERIOD_MS, WORK))
            laps(s, 1)
            before = laps(s, BEFORE)
            operate("pause", "pause", "store")
            web1.run("{ xenbus read name >/tmp/name & }")
            fresh(s)
            paused = laps(s, PAUSED)
            expect(web1.run("cat /tmp/name") == (0, ""), "the store ran")
            operate("pause", "unpause", "store")
            expect(web1.run("wait; cat /tmp/name") == (0, "web1\n"),
                   "the store does not answer")
            fresh(s)
            after = laps(s, AFTER)
        normal = mean(before + after)
        change = mean(paused) / normal - 1
        print("# %d laps: %.0f us; %d with the store paused: %+.2f %%; "
              "spread %d to %d us" % (
                  len(before + after), normal, len(paused), 100 * change,
                  min(before + paused + after), max(before + paused + after)))
        expect(abs(change) < 0.02, "change %+.2f %%" % (100 * change))
        s.interrupt()
        s.end(20)


def laps(s, count):
    """-> the microseconds that each of the next laps took"""
    found = []
    for _ in range(count):
        lap = s.wait_for(r"\] pace: \d+: (\d+) us, status (\d+)$", 120)
        expect(lap[2] == "0", lap[0])
        found.append(int(lap[1]))
    return found


def fresh(s):
    """Leave out what may have begun before now."""
    while s.pump(0) and s.select.select(0):
        pass
    s.seen = len(s.text)
    laps(s, 1)


def mean(values):
    return sum(values) / len(values)


RECONNECTS = int(os.environ.get("RECONNECTS", "60"))
ROOM = ("i=0; while xenbus write data/fill/$i x 2>/dev/null; "
        "do i=$((i + 1)); done; xenbus rm data/fill; echo $i")


def test_reconnect():
    """a front end connects and closes a disk and a network interface many
    times over stock back ends: grants, event ports, loans and frames, and the
    arenas of all three in the store, are then as they were"""
    guest = {"kernel": os.path.abspath(OUT + "/system/reconnect.elf"),
             "ramdisk": None, "memory": 16,
             "extra": "cycles=%d" % RECONNECTS}
    folder, ready = split("reconnect", "memory = 512\ncpus = 1",
                          {"front": guest})
    with session([TOOL, "run", folder, "--icount", "--timeout",
                  str(500 + RECONNECTS)]) as s:
        s.wait_for_all(ready[:2] + [r"reconnect: warm, room for \d+"], 300)
        before = standing()
        with Session([TOOL, "console", "front", "--machine",
                      "reconnect"]) as c:
            c.send("\n")
            s.wait_for(r"reconnect: go", 60)
        s.wait_for(r"reconnect: \d+ cycles .* 0 wrong", 300 + RECONNECTS)
        s.wait_for(r"TEST \w+: success", 30)
        after = standing()
        print("# %s; audit, room in blk0 and net0: %s" % (
            re.search(r"reconnect: \d+ cycles .*", s.text)[0], after))
        expect(after == before, "%s, not %s" % (after, before))
        s.interrupt()
        s.end(20)


def standing():
    """What the machine holds: the audit, and room in the servers' arenas."""
    text = operate("reconnect", "report")
    audit = re.search(r"^status 0: clean.*", text, re.M)
    expect(audit, text[-500:])
    found = [audit[0]]
    for vm in ("blk0", "net0"):
        with Shell("reconnect", vm) as shell:
            found.append(shell.run(ROOM, 200)[1].strip())
    return found
