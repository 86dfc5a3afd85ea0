# SPDX-License-Identifier: MIT
"""The machine of `make demo`: a NIC and an NVMe disk in driver VMs, and HTTP
servers behind them, seen from this host."""
import hashlib
import json
import os
import re
import signal
import socket
import subprocess

from lab import OUT, TOOL, WORK, audited, expect, session
from session import command


def free_ports():
    """-> the first of three ports of this host that nobody has"""
    while True:
        with socket.socket() as one, socket.socket() as two, \
                socket.socket() as three:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                two.bind(("127.0.0.1", port + 1))
                three.bind(("127.0.0.1", port + 2))
                return port
            except (OSError, OverflowError):
                continue


def demo(**more):
    port = free_ports()
    return port, session(["demo/run", "--port", str(port)], **more)


def fetch(port, path):
    status, text = command(["curl", "-s", "-S", "-m", "50",
                            "http://127.0.0.1:%d/%s" % (port, path)], 60)
    expect(status == 0, "curl: %d: %s" % (status, text))
    return text


def known(name):
    with open(OUT + "/demo/SHA256SUMS") as f:
        return dict(line.split()[::-1] for line in f)[name]


def test_demo():
    """when nobody sits at a terminal, the demo downloads 100 MiB from web1
    through a forwarded port, with the right sum and read from blk0's disk
    meanwhile, web1 tests its disk, web2 fetches a file of web1, and it ends by
    itself with no frame or loan left over"""
    port, s = demo(stdin=subprocess.DEVNULL)
    with s:
        s.wait_for(r"^web1 answers\.", 200)
        s.wait_for(r"curl -s http://127\.0\.0\.1:%d/$" % port, 20)
        big = s.wait_for(r"^demo: 100MiB from web1 by curl: "
                         r"the right sha256, (.*)", 400)
        print("# " + big[1])
        disk = s.wait_for(r"^demo: meanwhile blk0 has read (\d+) MiB", 30)
        expect(100 <= int(disk[1]) < 150, disk[0])
        status = s.end(200)
        expect(status == 0, "status %d" % status)
        expect(s.text.endswith("demo: all as it should be\n"), s.text[-99:])
        expect(re.search(r"\[web1\] verify: .* all as written", s.text),
               "disk")
        fetched = re.search(r"\[web2\] .*fetched.* sha256 (\w+)", s.text)
        expect(fetched and fetched[1] == known("1MiB"), "web2's file")
        audited(s.text)


def test_demo_terminal():
    """at a terminal the demo prints what to try from another one, which works,
    and where the live page is; its shells answer, Ctrl-T gives the keyboard to
    the next VM, and Ctrl-] ends the machine"""
    port, s = demo(terminal=True)
    with s:
        s.wait_for(r"^From another terminal:", 200)
        line = s.wait_for(r"^  (curl -s http://127\.0\.0\.1:%d/)$" % port, 20)
        status, page = command(line[1].split(), 60)
        expect(status == 0 and "Served by web1, Linux" in page and
               "/dev/xvda" in page and known("100MiB") in page, page)
        page = fetch(port + 1, "")
        expect("Served by web2, Linux" in page, page)
        s.wait_for(r"browser: http://127\.0\.0\.1:%d/$" % (port + 2), 20)
        state = json.loads(fetch(port + 2, "state.json"))
        expect(sorted(vm["name"] for vm in state["vms"]) ==
               ["blk0", "net0", "store", "web1", "web2"], state)
        s.wait_for_all([r"\] web%d# " % n for n in (1, 2)], 200)
        s.seen = len(s.text)
        while True:
            s.send("\x14")
            if s.wait_for(r"^\[vmm\] input goes to (\w+)", 20)[1] == "web1":
                break
        s.send("nproc\n")
        s.wait_for(r"^\[web1\] 2$", 20)
        s.send("\x14")
        s.wait_for(r"^\[vmm\] input goes to web2", 20)
        s.send("echo I-am-$vm\n")
        s.wait_for(r"^\[web2\] I-am-web2$", 20)
        s.send("\x1d")
        expect(s.end(20) == 0, "status %d" % s.process.returncode)
        expect(not s.family(), "processes left: %s" % s.family())


def test_demo_port_taken():
    """a host port that somebody has is named, with what to do, and nothing
    starts"""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, text = command([os.path.join("demo", "run"), "--port",
                                str(port)], 30)
        expect(status == 1, "status %d" % status)
        expect(re.fullmatch(r"demo: port %d of 127\.0\.0\.1 cannot be had "
                            r"\(.*\): write `make demo PORT=.*\n" % port,
                            text), text)


def test_demo_interrupted():
    """Ctrl-C ends a demo that nobody sits at, and leaves neither a process nor
    a traceback"""
    port, s = demo(stdin=subprocess.DEVNULL)
    with s:
        s.wait_for(r"^\[vmm\] web1: started", 100)
        s.interrupt(signal.SIGINT)
        expect(s.end(20) != 0, "status %d" % s.process.returncode)
        expect("Traceback" not in s.text, s.text[-2000:])
        expect(not s.family(), "processes left: %s" % s.family())


def test_demo_vtd():
    """the machine of the demo under Intel's IOMMU instead of AMD's: a page of
    each web server, and a file of 1 MiB, arrive outside it"""
    folder = os.path.abspath(WORK + "/demo_vtd")
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir("demo"):
        if name.endswith((".cfg", ".conf")):
            with open("demo/" + name) as f, open(folder + "/" + name, "w") as g:
                g.write(f.read().replace("../", os.path.abspath(".") + "/"))
    with open(folder + "/machine.conf", "a") as f:
        f.write("iommu = 'intel'\n")
    port = free_ports()
    with session([TOOL, "run", folder, "--port", str(port),
                  "--timeout", "400"]) as s:
        s.wait_for(r"^\[vmm\] IOMMU: VT-d, units: 1", 60)
        s.wait_for_all([r"\] web%d: ready" % n for n in (1, 2)], 200)
        for n in (1, 2):
            expect("Served by web%d, Linux" % n in fetch(port + n - 1, ""),
                   "web%d" % n)
        data = subprocess.run(
            ["curl", "-s", "-m", "50",
             "http://127.0.0.1:%d/disk/1MiB" % port],
            capture_output=True, timeout=60, check=True).stdout
        expect(hashlib.sha256(data).hexdigest() == known("1MiB"), "1MiB")
        expect("DMA of" not in s.text, "DMA was refused")
        s.interrupt()
        s.end(20)
