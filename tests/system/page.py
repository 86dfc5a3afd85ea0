# SPDX-License-Identifier: MIT
"""The live page of a machine of Debian VMs, in a browser."""
import os
import signal
import socket
import threading

from browser import Browser
from lab import DEMO, TOOL, WORK, Shell, expect, machine, operate, session

PAGE_VMS = ("blk0", "store", "web1")
# A picture that would run a script, half a character, colours of a terminal.
HOSTILE = r"printf '\033[31m<img src=x onerror=hit()>\033[m \303( \007x\n'"
SEEN = "<img src=x onerror=hit()> \ufffd( \ufffdx"

ROW = "const row = document.querySelector(`.vm[data-vm=${arguments[0]}]`);"
EDGE = "const edge = document.querySelector(`[data-pair='${arguments[0]}']`);"
BUSY = (EDGE + "return edge.getAttribute('stroke-width') > 2 && "
        "[...document.querySelectorAll('#graph .label')].some("
        "e => /^disk xvda · [1-9].*\\/s$/.test(e.textContent))")
CONSOLE = "document.getElementById('console-text').textContent"
LINK = "document.getElementById('link')"


class Wire:
    """A connection to the page that can be cut, and mended."""

    def __init__(self, port):
        self.to, self.ends = port, []
        self.mend(0)

    def mend(self, port):
        self.door = socket.create_server(("127.0.0.1", port))
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self.serve, args=(self.door,),
                         daemon=True).start()

    def serve(self, door):
        while True:
            try:
                near = door.accept()[0]
                far = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                return
            self.ends += [near, far]
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self.copy, args=pair,
                                 daemon=True).start()

    def copy(self, source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def cut(self):
        for end in [self.door] + self.ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()
        self.ends = []


def page_machine():
    settings = {"ramdisk": os.path.abspath(DEMO), "memory": 128}
    disk = "format=raw, vdev=xvda, access=rw, backend=blk0, target=web1"
    return machine("page", "memory = 512\ncpus = 2", {
        "blk0": dict(settings, driver_domain=1,
                     extra="role=blk run=driver"),
        "web1": dict(settings, disk=[disk], extra="role=client run=driver"),
    })


def state(b, vm, wanted, seconds):
    return b.wait_for(ROW + "return arguments[1].includes(row.dataset.state) "
                      "&& getComputedStyle(row).borderLeftColor",
                      "%s %s" % (vm, "/".join(wanted)), seconds, vm, wanted)


def edge(b, pair, kind, seconds):
    b.wait_for(EDGE + "return edge && edge.dataset.kind === arguments[1]",
               "%s as %s" % (pair, kind), seconds, pair, kind)


def link(b, kind, words, seconds):
    return b.wait_for("return %s.dataset.link === '%s' && %s.textContent"
                      ".includes('%s')" % (LINK, kind, LINK, words),
                      "that it is " + kind, seconds)


def click_through(b):
    """Each VM's console, by its row; and one by the keyboard in the graph."""
    for vm in PAGE_VMS:
        b.click(".vm[data-vm=%s]" % vm)
        b.wait_for("return document.getElementById('console-title')"
                   ".textContent === 'Console of ' + arguments[0] && " +
                   CONSOLE + ".includes(arguments[1])",
                   "the console of " + vm, 20, vm,
                   "store" if vm == "store" else vm + ": Linux")
    b.script("document.querySelector('.node[data-vm=blk0]').focus()")
    b.press("Enter")
    b.wait_for("return document.querySelector('.vm[data-vm=blk0]')"
               ".getAttribute('aria-pressed') === 'true'", "the key", 10)
    b.click(".vm[data-vm=web1]")


def dies_and_returns(b):
    state(b, "web1", ["blocked", "running"], 20)
    edge(b, "blk0 web1", "bound", 20)
    b.wait_for(BUSY, "a thick edge with the disk's rate", 30, "blk0 web1")
    b.shot(WORK + "/page.png")
    operate("page", "destroy", "web1")
    colour = state(b, "web1", ["dead"], 20)
    expect(colour == "rgb(198, 40, 40)", "dead is " + colour)
    edge(b, "blk0 web1", "cut", 10)
    expect(b.script("return document.querySelector('.node[data-vm=web1]')"
                    ".dataset.state") == "dead", "the graph's box")
    state(b, "blk0", ["blocked", "running"], 10)
    b.shot(WORK + "/page-dead.png")
    operate("page", "restart", "web1")
    state(b, "web1", ["blocked", "running"], 30)
    edge(b, "blk0 web1", "bound", 90)


def phone(b):
    b.dark(True)
    b.size(360, 780)
    width = b.wait_for("return document.getElementById('graph')"
                       ".hasAttribute('data-tall') && "
                       "document.documentElement.scrollWidth",
                       "the graph from top to bottom", 10)
    expect(width <= 360, "the page is %d wide on a phone" % width)
    b.shot(WORK + "/page-phone.png")


def test_page():
    """the live page, clicked through in Chromium: all VMs, their consoles,
    hostile text as text; a destroyed VM turns red, its edges are cut and
    come back with it; a lost connection and the machine's end are told"""
    with session([TOOL, "run", page_machine(), "--http", "127.0.0.1:0",
                  "--timeout", "300"]) as s, Browser(1200, 860) as b:
        port = s.wait_for(r"page is at http://127.0.0.1:(\d+)/", 20)[1]
        wire = Wire(int(port))
        b.open("http://127.0.0.1:%d/" % wire.port)
        names = b.wait_for(
            "const n = [...document.querySelectorAll('.vm .name')]"
            ".map(e => e.textContent); return n.length > 2 && n",
            "the VMs", 30)
        expect(sorted(names) == sorted(PAGE_VMS), names)
        s.wait_for_all([r"\] %s: ready" % vm for vm in ("blk0", "web1")], 120)
        with Shell("page", "web1") as web1:
            web1.run(HOSTILE)
            web1.run("{ while verify /dev/xvda 1; do :; done "
                     ">/dev/null & }")
        click_through(b)
        b.wait_for("return %s.includes(arguments[0])" % CONSOLE,
                   "the hostile text", 20, SEEN)
        expect(b.script("return document.querySelectorAll('img').length") == 0,
               "the guest's text became an element")
        dies_and_returns(b)
        phone(b)
        expect(not b.errors(), "the browser complains: %s" % b.errors())
        wire.cut()
        link(b, "lost", "Connection lost", 20)
        wire.mend(wire.port)
        link(b, "live", "live", 20)
        s.interrupt()
        link(b, "ended", "ended by its operator", 20)
        expect(s.end(20) == 128 + signal.SIGTERM, "status")
