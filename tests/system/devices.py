# SPDX-License-Identifier: MIT
"""Who may share with whom on a machine of split drivers, front ends that break
the rules of stock back ends, and back ends that break those of stock front
ends."""
import hashlib
import os
import re

from lab import DEMO, OUT, TOOL, Shell, expect, machine, operate, session
from serving import split
from session import Session, command


def ask(machine_name, vm, line, answer, limit=60):
    """Type a line at a VM of a machine; wait for the answer."""
    with Session([TOOL, "console", vm, "--machine", machine_name]) as c:
        c.send("\n")
        c.wait_for(re.escape(vm) + "# ", 60)
        c.send(line + "\n")
        return c.wait_for(answer, limit)


def pairs_of(text):
    """-> {(a, b)} of the lines of `bulkhead graph`"""
    return {tuple(sorted((w[0], w[2]))) for w in
            map(str.split, text.splitlines()) if len(w) > 2}


def compare(folder):
    """The pairs that the VMM says may share, in each format, against those
    that the folder implies; and the channels that the drivers bound."""
    status, text = command([TOOL, "graph", folder], 60)
    expect(status == 0, text)
    implied = pairs_of(text)
    expect(len(implied) == 8, "8 pairs, not\n" + text)
    text = operate("graph", "graph")
    expect(pairs_of(text) == implied, "the VMM says\n" + text)
    for a, b in (("blk0", "web1"), ("net0", "web2"), ("store", "net0")):
        line = re.search(r"^%s +-> %s .* (\d+) channels?, (\d+) grant" % (
            a, b), text, re.M)
        expect(line and int(line[1]) and int(line[2]), "%s, %s:\n%s" % (
            a, b, text))
    top = operate("graph", "top", "--once")
    ends = re.findall(r"^(\w+):\d+ +-> (\w+):\d+ +\d+ +\d+  ", top, re.M)
    expect({tuple(sorted(p)) for p in ends} == implied, top)
    dot = operate("graph", "graph", "--format", "dot")
    expect({tuple(sorted(p)) for p in re.findall(
        r'"(\w+)" -> "(\w+)"', dot)} == implied, dot)
    svg = operate("graph", "graph", "--format", "svg")
    expect({tuple(sorted(p)) for p in re.findall(
        r"<title>(\w+), (\w+): \d+ channel", svg)} == implied, svg)


def test_graph():
    """whom the running VMM lets share with whom is what the configuration
    implies, as text, DOT and SVG, and the drivers' channels are shown"""
    folder, ready = split("graph", "memory = 768\ncpus = 2",
                          {"web1": {}, "web2": {}})
    with session([TOOL, "run", folder, "--timeout", "300"]) as s:
        s.wait_for_all(ready, 150)
        ask("graph", "web2", "ping -c 1 10.0.0.1", r" 0% packet loss")
        ask("graph", "web1", "verify /dev/xvda 1; echo is'' $?", r"is 0")
        compare(folder)
        s.interrupt()
        s.end(20)


# One round of a client with a disk: 1 MiB at a place of its own, written,
# taken out of the cache, read again and compared.
ROUNDS = ("n=0; while [ ! -e /tmp/stop ]; do n=$((n + 1)); "
          "dd if=/dev/urandom of=/tmp/r bs=64k count=16; "
          "dd if=/tmp/r of=/dev/xvda bs=1M seek=$((n % 32)) conv=fsync; "
          "echo 3 >/proc/sys/vm/drop_caches; "
          "dd if=/dev/xvda bs=1M skip=$((n % 32)) count=1 | cmp - /tmp/r "
          "&& echo round'' $n same || echo round'' $n DIFFERS; "
          "done 2>/dev/null &")


def hostile(name, vms, good, loop, first=None):
    """Run a machine in which `good` does `loop` for ever, verified, while
    `evil` begins, does its worst and ends; all must have gone well."""
    folder = machine(name, "memory = 768\ncpus = 2\naudit_on_end = 1", vms)
    with session([TOOL, "run", folder, "--timeout", "300"]) as s:
        s.wait_for_all([r"\] %s: ready" % n for n in vms if n != "evil"],
                       120)
        if first:
            ask(name, *first)
        ask(name, good, loop, r"round 2 same")
        operate(name, "unpause", "evil")
        s.wait_for_all([r"\[evil\] TEST \S+: success",
                        r"^\[vmm\] evil: ended by power-off"], 150)
        s.seen = len(s.text)
        # The one that had begun before, and two more.
        for _ in range(3):
            s.wait_for(r"round \d+ same", 60)
        again = re.search(r"connected (\d+) times again, .*", s.text)
        rounds = re.findall(r"round (\d+) (\S+)", s.text)
        print("# evil: %s; good: %d rounds" % (again[0], len(rounds)))
        expect(all(r[1] == "same" for r in rounds), str(rounds))
        expect(int(again[1]) >= 10, again[0])
        for vm in vms:
            if vm.endswith("0"):
                # Its kernel is whole, whatever it warned of.
                ask(name, vm, "dmesg | grep -cE 'BUG:|Oops'; echo in'' dmesg",
                    r"^0\s+in dmesg", 30)
            expect(s.text.count("] %s: started" % vm) == 1, vm)
        text = operate(name, "report")
        expect(re.search(r"clean\W+\d+ frames", text), "audit: " + text)
        s.interrupt()
        s.end(20)


def linux(role, **more):
    """A Linux VM of such a machine: serves, or uses, devices."""
    return dict({"ramdisk": os.path.abspath(DEMO),
                 "memory": 128,
                 "extra": "loglevel=3 run=driver role=" + role}, **more)


def kit(program, extra, **more):
    """A small guest of tests/guest, not started yet."""
    return dict({"kernel": os.path.abspath(OUT + "/guest/" + program),
                 "ramdisk": None, "memory": 8, "bulkhead_paused": 1,
                 "extra": extra}, **more)


def test_hostile_blkback():
    """a front end that breaks every rule of the block ring is beside
    another one at a stock blkback: what the other one writes it reads"""
    disk = "format=raw,vdev=xvda,access=rw,backend=blk0,target=%s"
    hostile("hostile_blkback", {
        "blk0": linux("blk", memory=160, driver_domain=1),
        "good": linux("client", disk=[disk % "good"]),
        "evil": kit("hostile_frontend/evil.elf",
                    "own=device/vbd/51712 seed=4711 wait=1000",
                    disk=[disk % "evil"])},
            "good", ROUNDS)


# One round: web2 fetches 1 MiB from web1, whose sum it knows.
FETCHES = ("n=0; w='timeout 15 wget -q -O'; "
           "until $w /tmp/s http://10.0.0.1/s; do :; done; "
           "while [ ! -e /tmp/stop ]; do n=$((n + 1)); "
           "$w /tmp/f http://10.0.0.1/f; [ $(md5sum </tmp/f | "
           "cut -c1-32) = $(cat /tmp/s) ] "
           "&& echo round'' $n same || echo round'' $n DIFFERS; "
           "done 2>/dev/null &")
OFFER = ("mkdir /www; dd if=/dev/urandom of=/www/f bs=64k count=16; "
         "httpd -h /www; md5sum </www/f | cut -c1-32 >/www/s; echo off''ered")


def test_hostile_netback():
    """a front end that breaks every rule of the network rings is beside two
    others at a stock netback: what one sends the other gets"""
    vif = ["backend=net0"]
    hostile("hostile_netback", {
        "net0": linux("net", memory=160, driver_domain=1),
        "web1": linux("client ip=10.0.0.1/24", vif=vif),
        "web2": linux("client ip=10.0.0.2/24", vif=vif),
        "evil": kit("hostile_frontend/evil_net.elf",
                    "own=device/vif/0 seed=4711 wait=3000", vif=vif)},
            "web2", FETCHES, ("web1", OFFER, "offered"))


# The content of evil_blk's disks, over and over.
CONTENT = b"".join((i * 2654435761 % 2**32).to_bytes(4, "little")
                   for i in range(65536))
LETTERS = "abcdefghijklmnop"    # a is good, b to k go wrong by being read
VIFS = 15                       # the first is good


def md5(data):
    return hashlib.md5(data).hexdigest()


def use_disks(shell, letters, trap):
    """Read each disk where it is good, and then where it may go wrong."""
    status, text = shell.run(
        "for d in %s; do f=/dev/xvd$d; until dd if=$f of=/tmp/s bs=64k "
        "count=1 2>/dev/null; do usleep 9999; done; md5sum </tmp/s; %s "
        "done" % (
            " ".join(letters),
            "{ dd if=$f of=/dev/null bs=512k skip=1 2>/dev/null & };"
            if trap else ""))
    sums = re.findall(r"([0-9a-f]{32})  -", text)
    expect(sums == [md5(CONTENT[:65536])] * len(letters), text)


def use_vifs(shell, count, trap):
    """Ping through each interface, and then with what makes it go wrong."""
    status, text = shell.run(
        "for n in $(seq 0 %d); do ip link set eth$n up; "
        "ip addr add 10.1.$n.1/24 dev eth$n; ping -c 1 -W 9 10.1.$n.2; %s "
        "done" % (count - 1, "{ ping -c 1 -W 1 -s 1000 10.1.$n.2 "
                  ">/dev/null & };" if trap else ""), 120)
    expect(len(re.findall(r", 0% packet loss", text)) == count, text)


# good: a disk round as above, then 1 MiB by TCP, whose sum it knows.
BOTH = ROUNDS.replace(
    "done 2>/dev/null &", "wget -q -O /tmp/f http://10.0.0.9/f; "
    "[ $(md5sum </tmp/f | cut -c1-32) = $(cat /tmp/s) ] "
    "&& echo fetch'' $n same || echo fetch'' $n DIFFERS; usleep 50000; "
    "done 2>/dev/null &").replace(
    "n=0;", "n=0; wget -q -O /tmp/s http://10.0.0.9/s;", 1)


def test_hostile_backends():
    """back ends that break every rule of their rings harm the Linux VM that
    uses them, at most: another one writes, reads and fetches the same as ever,
    and the victim, started again, is served by the back ends' next lives"""
    disk = "format=raw,vdev=xvd%s,access=rw,backend=%s,target=x"
    folder = machine(
        "backends", "memory = 768\ncpus = 2\naudit_on_end = 1", {
            "blk0": linux('blk run="driver; role=net driver"', memory=192,
                          driver_domain=1),
            "good": linux("client ip=10.0.0.1/24", vif=["backend=blk0"],
                          disk=[disk % ("a", "blk0")]),
            # Linux waits minutes for disks that are never there.
            "victim": linux('none run="cd /modules/cloud-amd64; '
                            'insmod xen-blkfront.ko & '
                            'insmod xen-netfront.ko &"',
                            vif=["backend=evilnet"] * VIFS,
                            bulkhead_grant_frames=32,
                            disk=[disk % (d, "evilblk") for d in LETTERS]),
            "evilblk": kit("", "seed=4711", driver_domain=1,
                           on_crash="restart", bulkhead_paused=0, memory=16,
                           kernel=os.path.abspath(
                               OUT + "/system/evil_blk.elf")),
            "evilnet": kit("", "seed=4711", driver_domain=1,
                           on_crash="restart", bulkhead_paused=0, memory=16,
                           kernel=os.path.abspath(
                               OUT + "/system/evil_net.elf"))})
    with session([TOOL, "run", folder, "--timeout", "300"]) as s:
        s.wait_for_all([r"\] %s: ready" % n for n in
                        ("blk0", "good", "victim")], 120)
        with Shell("backends", "blk0") as blk0:
            blk0.run("ip addr add 10.0.0.9/24 dev br0; " + OFFER)
        ask("backends", "good", BOTH, r"fetch 2 same")
        with Shell("backends", "victim") as victim:
            victim.run("dmesg -n 1")
            use_disks(victim, LETTERS[0], False)
            # What is there already.
            expect(victim.run("head -c 65536 /dev/xvda >/tmp/x; dd if=/tmp/x "
                              "of=/dev/xvda bs=64k seek=4 conv=fsync")[0] == 0,
                   "write")
            use_vifs(victim, VIFS, True)
            s.wait_for_all([r"\[evilnet\] TEST \S+: success"], 60)
            use_disks(victim, LETTERS[1:-5], True)
            s.wait_for_all([r"\[evilblk\] TEST \S+: success"], 60)
        s.wait_for_all([r"(?s)\] %s: started.*\] %s: started" % (n, n)
                        for n in ("evilblk", "evilnet")], 30)
        s.seen = len(s.text)
        operate("backends", "restart", "victim")
        s.wait_for(r"\] victim: ready", 60)
        with Shell("backends", "victim") as victim:
            use_disks(victim, LETTERS, False)
            use_vifs(victim, VIFS, False)
        s.seen = len(s.text)
        s.wait_for(r"round \d+ same", 60)
        s.wait_for(r"fetch \d+ same", 60)
        rounds = re.findall(r"(?:round|fetch) \d+ (\S+)", s.text)
        print("# good: %d rounds; %s" % (len(rounds), ", ".join(
            re.findall(r"\d+ \w+ went wrong.*", s.text))))
        expect(set(rounds) == {"same"}, str(rounds))
        for vm in ("blk0", "good"):
            ask("backends", vm, "dmesg | grep -cE 'BUG:|Oops'; echo in'' "
                "dmesg", r"^0\s+in dmesg", 30)
            expect(s.text.count("] %s: started" % vm) == 1, vm)
        audits = re.findall(r"^\[vmm\] audit: (\S+)", s.text, re.M)
        expect(len(audits) >= 3 and set(audits) == {"clean,"}, str(audits))
        text = operate("backends", "report")
        expect(re.search(r"clean\W+\d+ frames", text), "audit: " + text)
        s.interrupt()
        s.end(20)
