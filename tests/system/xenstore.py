# SPDX-License-Identifier: MIT
"""The xenstore VM as Debian's own tools see it (package xenstore-utils)."""
import os

from lab import OUT, TOOL, Shell, expect, machine, operate, session

TOOLS = OUT + "/images/tools.cpio.gz"

# Each step: a command line in a guest, its status, all that it prints.
# The guests are domains 2 (back) and 3 (front); front has a disk of back's.
DISK = "device/vbd/51712"
BACK = "/local/domain/2/backend/vbd/3/51712"
COULD_NOT = "xenstore-%s: could not %s path %s\n"
LS_FAILS = "xenstore-ls: xs_directory (%s): %s\n"
DENIED, NOTHING = "Permission denied", "No such file or directory"
CHMOD_FAILS = "xenstore-chmod: Error occurred setting permissions on '%s': %s\n"
FRONT_DISK = """51712 = ""   (n3,r2)
 backend = "/local/domain/2/backend/vbd/3/51712"   (n0,r3,r2)
 backend-id = "2"   (n0,r3,r2)
 state = "1"   (n3,r2)
 virtual-device = "51712"   (n0,r3,r2)
 device-type = "disk"   (n0,r3,r2)
"""
BACK_DISK = """frontend = "/local/domain/3/device/vbd/51712"
frontend-id = "3"
online = "1"
state = "1"
params = "file"
script = "bulkhead"
type = "phy"
dev = "xvda"
mode = "w"
device-type = "disk"
removable = "0"
"""
IN_FRONT = (
    # What a VM finds of itself and of its devices.
    ("xenstore-read domid name", 0, "3\nfront\n"),
    ("xenstore-ls -p device/vbd", 0, FRONT_DISK),
    ("xenstore-list device", 0, "suspend\nvbd\n"),
    ("xenstore-read -p %s/dev" % BACK, 0, BACK + "/dev: xvda\n"),
    # Its own keys: write, read, list, watch, remove.
    ("xenstore-write data/x hello data/y/z 2", 0, ""),
    ("xenstore-read data/x data/y/z", 0, "hello\n2\n"),
    ("xenstore-ls -f data", 0,
     'data/x = "hello"\ndata/y = ""\ndata/y/z = "2"\n'),
    ("xenstore-exists data/x", 0, ""),
    ("xenstore-exists data/w", 1, ""),
    ("xenstore-rm data/y", 0, ""),
    ("xenstore-read data/y/z", 1,
     "xenstore-read: couldn't read path data/y/z\n"),
    ("xenstore-ls data/y", 1, LS_FAILS % ("data/y", NOTHING)),
    ("xenbus read data/y", 1, "xenbus: data/y: ENOENT\n"),
    ("(xenstore-watch -n 4 data >/tmp/w) & "
     "until [ -s /tmp/w ]; do usleep 10000; done; "
     "xenstore-write data/a 1 data/b/c 2; xenstore-rm data/b; wait; "
     "cat /tmp/w", 0, "data\ndata/a\ndata/b/c\ndata/b\n"),
    ("xenstore-rm -t data/a; xenstore-ls data", 0, 'x = "hello"\n'),
    # Nobody changes, removes or reopens what names a device or a VM.
    ("xenstore-write %s/backend /local/domain/9" % DISK, 1,
     COULD_NOT % ("write", "write", DISK + "/backend")),
    ("xenbus write %s/backend x" % DISK, 1,
     "xenbus: %s/backend: EACCES\n" % DISK),
    ("xenstore-rm %s" % DISK, 1, COULD_NOT % ("rm", "remove", DISK)),
    ("xenstore-rm %s/virtual-device" % DISK, 1,
     COULD_NOT % ("rm", "remove", DISK + "/virtual-device")),
    ("xenstore-chmod %s/backend n3" % DISK, 1,
     CHMOD_FAILS % (DISK + "/backend", DENIED)),
    ("xenstore-write name other", 1, COULD_NOT % ("write", "write", "name")),
    ("xenstore-ls -p device/vbd", 0, FRONT_DISK),
    # Nor does it see others.
    ("xenstore-ls", 1, LS_FAILS % ("/", DENIED)),
    ("xenstore-ls /local/domain/2", 1, LS_FAILS % ("/local/domain/2", DENIED)),
    ("xenbus read /local/domain/2/name", 1,
     "xenbus: /local/domain/2/name: EACCES\n"),
    ("xenbus read /local/domain/9/name", 1,
     "xenbus: /local/domain/9/name: EACCES\n"),
    ("xenbus read %s/params" % BACK, 1, "xenbus: %s/params: EACCES\n" % BACK),
    ("xenstore-write /local/domain/2/data/x 1", 1,
     COULD_NOT % ("write", "write", "/local/domain/2/data/x")),
    # Permissions: the owner may open a node, and cannot give it away.
    ("xenstore-chmod data/x n2", 1,
     CHMOD_FAILS % ("data/x", "Operation not permitted")),
    ("xenstore-ls -p data", 0, 'x = "hello"   (n3)\n'),
)
X = "/local/domain/3/data/x"
IN_BACK = (
    ("xenstore-read %s" % X, 1, "xenstore-read: couldn't read path %s\n" % X),
    ("xenstore-ls backend/vbd/3/51712", 0, BACK_DISK),
    ("xenstore-ls /local/domain/3", 1, LS_FAILS % ("/local/domain/3", DENIED)),
    ("xenstore-read /local/domain/3/%s/state" % DISK, 0, "1\n"),
    ("xenstore-write /local/domain/3/%s/state 4" % DISK, 1,
     COULD_NOT % ("write", "write", "/local/domain/3/%s/state" % DISK)),
)
OPENED = (
    ("front", "xenstore-chmod data/x n3 r2", 0, ""),
    ("back", "xenstore-read %s" % X, 0, "hello\n"),
    ("back", "xenstore-write %s mine" % X, 1,
     COULD_NOT % ("write", "write", X)),
    ("front", "xenstore-chmod data/x n3 b2; xenstore-ls -p data", 0,
     'x = "hello"   (n3,b2)\n'),
    ("back", "xenstore-write %s mine" % X, 0, ""),
    ("front", "xenstore-read data/x", 0, "mine\n"),
    ("front", "xenstore-chmod data/x n3; xenstore-read data/x", 0, "mine\n"),
    ("back", "xenbus read %s" % X, 1, "xenbus: %s: EACCES\n" % X),
)


def test_store_tools():
    """Debian's xenstore-ls, -read, -write, -watch, -rm, -chmod, -list and
    -exists print in two VMs what they print on Xen, and are refused what
    names devices or belongs to others"""
    image = {"ramdisk": os.path.abspath(TOOLS)}
    folder = machine("tools", "memory = 384\ncpus = 1", {
        "back": dict(image, driver_domain=1),
        "front": dict(image, disk=[
            "format=raw, vdev=xvda, access=rw, backend=back, target=file"])})
    steps = [("front", *s) for s in IN_FRONT] + \
        [("back", *s) for s in IN_BACK] + list(OPENED)
    with session([TOOL, "run", folder, "--timeout", "300"]) as s:
        s.wait_for_all([r"\] %s: ready" % n for n in ("back", "front")], 120)
        with Shell("tools", "front") as front, Shell("tools", "back") as back:
            vms = {"front": front, "back": back}
            for vm, line, status, text in steps:
                got = vms[vm].run(line)
                expect(got == (status, text), "%s: %s: %r, not %r" % (
                    vm, line, got, (status, text)))
        print("# %d command lines" % len(steps))
        text = operate("tools", "report")
        expect("\nstatus 0: clean" in text, text[-500:])
        s.interrupt()
        s.end(20)
