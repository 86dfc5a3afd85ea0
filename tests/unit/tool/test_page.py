#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The server of the live page, with a machine that runs: what it gives, to
whom, and that nobody who connects can hold up the machine."""
import json
import os
import re
import resource
import signal
import socket
import sys
import time

sys.dont_write_bytecode = True
from world import PATIENCE, equal, holds, read_until, run_tests

CLIENTS = 32            # PAGE_CLIENTS
CROWD = 1000


class Page:
    def __init__(self, w, extra="say=up serve done=0x10", where="127.0.0.1:0",
                 conf=""):
        self.process = w.spawn("run", w.machine(extra, conf),
                               *w.start_words(), "--http", where)
        text = read_until(self.process.stdout.fileno(), b"fake machine")
        match = re.search(rb"page is at http://(\S+):(\d+)/\n", text)
        self.host, self.port = match[1].decode(), int(match[2])

    def connect(self):
        s = socket.create_connection((self.host.strip("[]"), self.port),
                                     PATIENCE)
        return s

    def send(self, data):
        """-> all that comes back, until the other end closes"""
        with self.connect() as s:
            s.sendall(data)
            return rest(s)

    def get(self, path, host="localhost", more=""):
        """-> status, head, body"""
        text = self.send(("GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n" % (
            path, host, more)).encode())
        head, _, body = text.partition(b"\r\n\r\n")
        return int(head.split()[1]), head.decode(), body

    def state(self):
        status, _, body = self.get("/state.json")
        equal(status, 200)
        return json.loads(body)

    def end(self):
        self.process.terminate()
        equal(self.process.wait(PATIENCE), 128 + signal.SIGTERM)


class Events:
    """A stream, and what came of it."""

    def __init__(self, page):
        self.s = page.connect()
        self.s.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.buffer = b""
        holds(self.until(b"\r\n\r\n"), b"text/event-stream")

    def until(self, end):
        while end not in self.buffer:
            more = self.s.recv(65536)
            if not more:
                raise AssertionError("the stream ended: %r" % self.buffer)
            self.buffer += more
        text, _, self.buffer = self.buffer.partition(end)
        return text

    def state(self):
        return json.loads(self.until(b"\n\n").split(b"data: ")[1])

    def close(self):
        self.s.close()


def rest(s):
    text = b""
    try:
        while more := s.recv(65536):
            text += more
    except ConnectionResetError:
        pass
    return text


def status(text):
    return int(text.split()[1]) if text else None


def files_are_served_with_all_guards(w):
    page = Page(w)
    seen = set()
    for path, kind in (("/", "text/html"), ("/page.css", "text/css"),
                       ("/page.js", "text/javascript"),
                       ("/graph.js", "text/javascript"),
                       ("/icon.svg", "image/svg+xml")):
        code, head, body = page.get(path)
        equal(code, 200)
        for part in ("Content-Type: " + kind, "nosniff", "no-store",
                     "Content-Length: %d" % len(body), "Connection: close",
                     "default-src 'none'; script-src 'self'"):
            holds(head, part)
        name = "index.html" if path == "/" else path[1:]
        root = os.path.dirname(os.path.abspath(__file__))
        with open(os.path.join(root, "../../../tool/page", name),
                  "rb") as f:
            equal(body, f.read())
        # Nothing of it comes from elsewhere, or is put in as HTML.
        seen |= set(re.findall(rb"https?://[^\s\"']+", body))
        for word in (b"innerHTML", b"insertAdjacentHTML", b"document.write",
                     b"eval("):
            equal(word in body, False)
    equal(seen, {b"http://www.w3.org/2000/svg"})
    page.end()


def the_state_is_the_machine(w):
    page = Page(w)
    first = page.state()
    equal((first["machine"], first["accel"]), ("box", "tcg"))
    equal([(v["id"], v["name"], v["state"], v["memory"], v["cpu"])
           for v in first["vms"]],
          [(1, "alpha", "blocked", 32 << 10, None),
           (2, "beta", "blocked", 32 << 10, None)])
    equal(w.tool("destroy", "beta").returncode, 0)
    while page.state()["vms"][1]["state"] != "dead":
        pass
    # Rates are known when there are two looks: 30 events in half a second.
    while (last := page.state())["pairs"][0]["there"] is None:
        pass
    p = last["pairs"][0]
    equal((p["a"], p["b"], p["channels"], p["serves"], p["there"], p["back"]),
          (1, 2, 1, False, 60.0, 0.0))
    equal(page.get("/console/1")[2],
          b'{"vm":1,"printed":4,"text":"up\\n"}')
    page.end()


def a_stream_goes_on_and_tells_the_end(w):
    page = Page(w)
    one, other = Events(page), Events(page)
    looks = [one.state()["look"] for _ in range(3)]
    equal(looks, list(range(looks[0], looks[0] + 3)))
    other.state()
    equal(w.tool("pause", "alpha").returncode, 0)
    while one.state()["vms"][0]["state"] != "paused":
        pass
    c = w.spawn("console", "alpha")
    c.stdin.write(b"end\r")
    for e in (one, other):
        holds(e.until(b"event: end\ndata: "), b"")
        equal(json.loads(e.until(b"\n\n")),
              {"good": True, "how": "every VM has ended"})
        equal(e.s.recv(1), b"")
        e.close()
    equal(page.process.wait(PATIENCE), 0)


def what_is_wrong_is_refused(w):
    page = Page(w)
    for path in ("/x", "/page.css/", "//", "/../etc/passwd", "/console/0",
                 "/console/3", "/console/01", "/console/1x", "/console/",
                 "/console/-1", "/console/%31", "/?x",
                 "/console/99999999999999999999", "/" + "a" * 3000):
        equal((path, page.get(path)[0]), (path, 404))
    for host in ("example.org", "localhost.example.org", "10.0.0.1:80", ""):
        code, _, body = page.get("/", host)
        equal((host, code), (host, 403))
        holds(body, b"open it as http://127.0.0.1")
    for host in ("127.0.0.1:1", "[::1]", "LOCALHOST"):
        equal(page.get("/", host)[0], 200)
    ask = b" / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for method in (b"POST", b"HEAD", b"OPTIONS", b"CONNECT", b"get"):
        text = page.send(method + ask)
        equal(status(text), 405)
        holds(text, b"Allow: GET\r\n")
    for data, code in ((b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", 505),
                       (b"GET / HTTP/1.1\r\n\r\n", 400),
                       (b"\x16\x03\x01\x02", 400), (b"\0" * 100, 400),
                       (b"GET / HTTP/1.1\n", 400),
                       (b"GET / HTTP/1.1\r\nX: " + b"x" * 9000, 431),
                       (b"x" * 100000, 431)):
        equal((data[:9], status(page.send(data))), (data[:9], code))
    page.end()


def hostile_consoles_are_text(w):
    page = Page(w, "say=<script>\" serve done=0x10")
    c = w.spawn("console", "alpha")
    c.stdin.write(b"\xff\xc3( \xe2\x80\xae \0 \\ \x1b[2J\x1b]0;x\a</script>"
                  b"\xf0\x9f\x98\x80 there\r")
    read_until(c.stdout.fileno(), b"there")
    want = ('<script>"\n\ufffd\ufffd( \ufffd \ufffd \\ </script>'
            "\U0001f600 there\n")
    code, head, body = page.get("/console/1")
    equal((code, json.loads(body)["text"]), (200, want))
    holds(head, "Content-Type: application/json")
    equal([c for c in body if c < 32 or c > 126 or c in b"<>&"], [])
    # Only the end is kept, from the beginning of a line.
    for _ in range(100):
        c.stdin.write(b"0123456789" * 25 + b"\r" + b"abcdefghi" * 28 + b"\r")
    c.stdin.write(b"last\r")
    read_until(c.stdout.fileno(), b"last")
    said = json.loads(page.get("/console/1")[2])
    text = said["text"]
    equal(text.endswith("\nlast\n") and 15000 < len(text) <= 16384, True)
    equal(text.split("\n")[0] in ("0123456789" * 25, "abcdefghi" * 28), True)
    equal(said["printed"] > 50000, True)
    page.end()


def files(page):
    return len(os.listdir("/proc/%d/fd" % page.process.pid))


def deaf_one(w, page):
    """A client that does not read an answer of 96 KiB."""
    c = w.spawn("console", "alpha")
    for _ in range(80):
        c.stdin.write(b"\xff" * 250 + b"\r")
    c.stdin.write(b"there\r")
    read_until(c.stdout.fileno(), b"there")
    c.kill()
    deaf = socket.socket()
    deaf.settimeout(PATIENCE)
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", page.port))
    deaf.sendall(b"GET /console/1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return deaf


def nobody_holds_up_the_machine(w):
    """who connects and says nothing, half a request, or reads nothing"""
    page = Page(w)
    before = files(page)
    deaf = deaf_one(w, page)
    silent = [page.connect() for _ in range(CLIENTS - 1)]
    text = page.send(b"")
    equal((status(text), b"Too many" in text), (503, True))
    for s in silent[:3]:
        s.sendall(b"GET / HT")
    # The machine is there all the while, for those who may command it.
    equal(w.tool("list").returncode, 0)
    start = time.monotonic()
    for s in silent[:3]:
        equal(status(rest(s)), 408)
    for s in silent[3:]:
        equal(rest(s), b"")
    equal(time.monotonic() - start < PATIENCE, True)
    equal(page.get("/")[0], 200)
    equal(len(page.state()["vms"]), 2)
    # Who sends on behind the request is cut off.
    e = Events(page)
    e.s.sendall(b"more")
    while e.s.recv(65536):
        pass
    # A thousand at once, and then gone, leave nothing behind, nor does the
    # deaf one.
    crowd = [page.connect() for _ in range(CROWD)]
    equal(w.tool("list").returncode, 0)
    equal(files(page) < before + 2 * CLIENTS, True)
    for i, s in enumerate(crowd):
        try:
            s.sendall(b"GET /page.css HTTP/1.1\r\nHost: localhost\r\n\r\n"[
                :i % 60])
        except OSError:
            pass                # refused already
        s.close()
    end = time.monotonic() + PATIENCE
    while files(page) > before:
        equal(time.monotonic() < end, True)
        equal(page.get("/")[0] in (200, 503), True)
    head, _, body = rest(deaf).partition(b"\r\n\r\n")
    whole = int(re.search(rb"Content-Length: (\d+)", head)[1])
    equal(len(body) < whole, True)
    deaf.close()
    equal(page.get("/")[0], 200)
    page.end()


def addresses_of_others_are_refused(w):
    folder = w.machine("hang")
    run = ["run", folder, *w.start_words(), "--http"]
    for where in ("0.0.0.0:8080", "[::]:8080", "192.168.1.1:80",
                  "example.org:80", ":80", "127.0.0.2:80"):
        r = w.tool(*run, where)
        equal((where, r.returncode, r.stderr.count(b"\n")), (where, 1, 1))
        holds(r.stderr, b"for this host only")
        holds(r.stderr, b"write 127.0.0.1:8")
    for where in ("", "localhost", "127.0.0.1:", "localhost:65536", "-1",
                  "127.0.0.1:80x", "localhost:000080"):
        r = w.tool(*run, where)
        equal((where, r.returncode, r.stderr.count(b"\n")), (where, 1, 1))
        holds(r.stderr, b"with a PORT from 0 (any) to 65535")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        r = w.tool(*run, "localhost:%d" % taken.getsockname()[1])
        equal(r.returncode, 1)
        holds(r.stderr, b"something else listens on that port")
    equal(w.sockets(), [])


def every_start_has_it(w):
    """boot too, by a port alone; and over IPv6 where there is any"""
    p = w.spawn("boot", w.kernel, *w.start_words(), "--extra", "say=up hang",
                "--http", "0")
    text = read_until(p.stdout.fileno(), b"up\r\n")
    port = int(re.search(rb"http://127.0.0.1:(\d+)/", text)[1])
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(b"GET /console/1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        holds(rest(s), b'"text":"up\\n"')
    p.terminate()
    p.wait(PATIENCE)
    if os.path.exists("/proc/net/if_inet6") and \
            open("/proc/net/if_inet6").read().count(" lo\n"):
        page = Page(w, where="[::1]:0")
        equal(page.get("/", "[::1]:%d" % page.port)[0], 200)
        page.end()


def a_silent_vmm_is_told_as_it_was(w):
    page = Page(w, "say=up hang")
    start = time.monotonic()
    state = page.state()
    equal((state["look"], state["vms"]), (0, []))
    equal(time.monotonic() - start < PATIENCE, True)
    page.end()


def a_lost_answer_is_got_over(w):
    page = Page(w, "say=up forget serve done=0x10")
    end = time.monotonic() + PATIENCE
    while len(page.state()["vms"]) != 2:
        equal(time.monotonic() < end, True)
    page.end()


TESTS = (files_are_served_with_all_guards, the_state_is_the_machine,
         a_stream_goes_on_and_tells_the_end, what_is_wrong_is_refused,
         hostile_consoles_are_text, nobody_holds_up_the_machine,
         addresses_of_others_are_refused, every_start_has_it,
         a_silent_vmm_is_told_as_it_was, a_lost_answer_is_got_over)

if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    sys.exit(run_tests(TESTS))
