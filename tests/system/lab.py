# SPDX-License-Identifier: MIT
"""What the system tests share: where things are, how a machine is made,
started and talked to, and how a claim fails."""
import os
import re
import shutil
import uuid

from session import Late, Session, command

OUT = os.environ.get("OUT", "build")
CACHE = os.environ.get("CACHE", ".cache")
TOOL = "./bulkhead"
CLOUD = CACHE + "/vmlinuz-cloud-amd64"
GENERIC = CACHE + "/vmlinuz-amd64"
DEMO = OUT + "/images/demo.cpio.gz"
TEST = OUT + "/images/test.cpio.gz"
WORK = OUT + "/system"
LAST = None                     # the session to show when a test fails


class Wrong(Exception):
    """A claim that does not hold."""


def expect(condition, what):
    if not condition:
        raise Wrong(what)


class Watched(Session):
    """One that a report is asked of when it is late, while it still runs."""
    report = ""

    def __exit__(self, kind, *more):
        asked = kind is Late and self.process.poll() is None
        try:
            for words in (["list"], ["top", "--once"], ["report"])[:3 * asked]:
                self.report += "== %s ==\n%s\n" % (
                    words[0], command([TOOL, *words], 30)[1])
        except Late as late:
            self.report += "%s: %s\n" % (words[0], late)
        finally:
            super().__exit__(kind, *more)


def session(words, **more):
    global LAST
    LAST = Watched(words, **more)
    return LAST


def boot(*more, kernel=CLOUD, ramdisk=DEMO, vcpus=1, memory=256,
         extra="quiet vm=vm", **options):
    return session([TOOL, "boot", kernel, "--ramdisk", ramdisk, "--extra",
                    "console=hvc0 " + extra, "--memory", str(memory),
                    "--vcpus", str(vcpus), *more], **options)


def machine(name, conf, vms):
    """Write a machine's folder; vms: name -> settings."""
    folder = os.path.join(WORK, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with open(folder + "/machine.conf", "w") as f:
        f.write('name = "%s"\n%s\n' % (name, conf))
    for vm, settings in vms.items():
        base = {"name": vm, "type": "pvh", "kernel": os.path.abspath(
            CLOUD), "ramdisk": os.path.abspath(TEST), "memory": 96}
        base.update(settings)
        base["extra"] = "console=hvc0 quiet vm=%s %s" % (
            vm, settings.get("extra", ""))
        with open("%s/%s.cfg" % (folder, vm), "w") as f:
            for key, value in base.items():
                if value is None:
                    continue
                f.write("%s = %s\n" % (key, value if isinstance(
                    value, (int, list)) else "'%s'" % value))
    return folder


def tell(machine_name, vm, line):
    """Type a line at the console of a VM of a running machine."""
    with Session([TOOL, "console", vm, "--machine", machine_name]) as c:
        c.send("\n")
        c.wait_for(re.escape(vm) + "# ", 60)
        c.send(line + "\n")
        c.wait_for(re.escape(line), 30)


def operate(machine_name, *words, limit=60):
    status, text = command([TOOL, *words, "--machine", machine_name], limit)
    expect(status == 0, "%s: status %d: %s" % (words, status, text))
    return text


def audited(text):
    """Memory was audited after the ends of VMs, of which some may share one
    audit, and nothing was left over when the last had ended."""
    audits = re.findall(r"^\[vmm\] audit: (.*)", text, re.M)
    expect(audits and all(a.startswith("clean,") for a in audits), str(audits))
    last = text[text.rindex(": ended by "):]
    expect(re.search(r"^\[vmm\] audit: clean,.* 0 loans$", last, re.M), last)


class Shell:
    """The shell of a VM of a running machine, through its console."""

    def __init__(self, machine_name, vm, prompt="# "):
        # What was printed before is shown again: no two marks are alike.
        self.mark, self.count = uuid.uuid4().hex[:8], 0
        self.session = Session([TOOL, "console", vm, "--machine",
                                machine_name])
        self.session.send("\n")
        self.session.wait_for(re.escape(vm) + prompt, 60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.session.__exit__()

    def run(self, line, seconds=60):
        """-> (status, output) of a command line"""
        s = self.session
        self.count += 1
        mark = "%s-%d" % (self.mark, self.count)
        s.send('echo be""gin %s; %s; echo en""d %s $?\n' % (mark, line, mark))
        s.wait_for(r"^begin %s\n" % mark, seconds)
        start = s.seen
        end = s.wait_for(r"^end %s (\d+)\n" % mark, seconds)
        return int(end[1]), s.text[start:end.start()]
