# SPDX-License-Identifier: MIT
"""A headless Chromium, driven through chromedriver by WebDriver's own
protocol: JSON over HTTP, which Python's standard library speaks.

Both programs are Debian's (chromium, chromium-driver). The profile is a
folder that goes away; nothing is loaded but what the page itself names.
"""
import base64
import http.client
import json
import os
import subprocess
import tempfile
import time

from session import Late, Session

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Tab": "\ue004", "Enter": "\ue007"}


class Browser:
    def __init__(self, width, height):
        # A child that is being killed may still write to it.
        self.profile = tempfile.TemporaryDirectory(
            prefix="chromium-", ignore_cleanup_errors=True)
        self.path = ""
        self.driver = Session(["chromedriver", "--port=0"],
                              stdin=subprocess.DEVNULL,
                              env=dict(os.environ, HOME=self.profile.name))
        try:
            started = self.driver.wait_for(
                r"started successfully on port (\d+)", 60)
            self.port = int(started[1])
            # The tests may run as root and in a container: there Chromium's
            # sandbox cannot be set up, and /dev/shm is small.
            options = {"args": [
                "--headless=new", "--no-sandbox", "--disable-gpu",
                "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--disable-sync",
                "--disable-component-update", "--hide-scrollbars",
                "--force-color-profile=srgb",
                "--window-size=%d,%d" % (width, height),
                "--user-data-dir=" + self.profile.name]}
            self.path = "/session/" + self.post("/session", {"capabilities": {
                "alwaysMatch": {"goog:chromeOptions": options}}})["sessionId"]
        except BaseException:
            self.close()
            raise

    def close(self):
        try:
            if self.path:
                self.call("DELETE", "")
        except (Late, OSError):
            pass
        self.driver.__exit__()
        self.profile.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def call(self, method, path, value=None):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=90)
        link.request(method, self.path + path,
                     None if value is None else json.dumps(value),
                     {"Content-Type": "application/json"})
        answer = link.getresponse()
        told = json.loads(answer.read())["value"]
        link.close()
        if answer.status != 200:
            raise Late("browser: %s %s: %s" % (method, path,
                                               told.get("message", told)))
        return told

    def post(self, path, value):
        return self.call("POST", path, value)

    def open(self, url):
        self.post("/url", {"url": url})

    def script(self, code, *args):
        """The value of a function's body, run in the page."""
        return self.post("/execute/sync", {"script": code,
                                           "args": list(args)})

    def click(self, selector):
        """As a hand does: the element must be there, seen and on top."""
        found = self.post("/element", {"using": "css selector",
                                       "value": selector})
        self.post("/element/%s/click" % found[ELEMENT], {})

    def press(self, key):
        self.post("/actions", {"actions": [{
            "type": "key", "id": "keys", "actions": [
                {"type": "keyDown", "value": KEYS[key]},
                {"type": "keyUp", "value": KEYS[key]}]}]})

    def wait_for(self, code, what, seconds, *args):
        """The first true value of a function's body."""
        end = time.monotonic() + seconds
        while True:
            value = self.script(code, *args)
            if value:
                return value
            if time.monotonic() > end:
                raise Late("the page does not show %s within %g s" %
                           (what, seconds))

    def dark(self, on):
        self.devtools("Emulation.setEmulatedMedia", {"features": [{
            "name": "prefers-color-scheme",
            "value": "dark" if on else "light"}]})

    def size(self, width, height):
        self.devtools("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1,
            "mobile": False})

    def devtools(self, command, params):
        return self.post("/goog/cdp/execute", {"cmd": command,
                                               "params": params})

    def errors(self):
        """What the page's console holds of errors and refused loads."""
        return [e["message"] for e in self.post(
            "/se/log", {"type": "browser"}) if e["level"] == "SEVERE"]

    def shot(self, path):
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.call("GET", "/screenshot")))
