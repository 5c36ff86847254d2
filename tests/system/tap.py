#!/usr/bin/python3
"""tap - real clients on a machine's wire.

    tap.run(m, "dig @10.7.0.2 www.spindle.test")

The client runs in a network of its own, which has one interface, 10.7.0.1/24; what
leaves there comes to the machine, and back.  That takes `unshare` and /dev/net/tun,
but not root, where users may have namespaces.

    unshare -n tap.py DIR COMMAND    is what run() starts
"""
import fcntl
import os
import select
import struct
import subprocess
import sys

import frames
from harness import Failed
from machine import Wire

TUNSETIFF = 0x400454ca
IFF_TAP, IFF_NO_PI = 2, 0x1000
NAME = "spindle0"
LIMIT = 30


def run(m, command, limit=LIMIT):
    """The shell's COMMAND, on the wire of M; what became of it."""
    space = ["unshare", "-n"] if os.getuid() == 0 else ["unshare", "-rn"]
    return subprocess.run([*space, sys.executable, os.path.abspath(__file__),
                           m.dir, command], text=True, capture_output=True,
                          timeout=limit, stdin=subprocess.DEVNULL, check=False)


def ask(m, command, limit=LIMIT):
    """What COMMAND, which must succeed, prints."""
    done = run(m, command, limit)
    if done.returncode != 0:
        raise Failed(f"{command}: status {done.returncode}\n{done.stdout}"
                     f"{done.stderr}")
    return done.stdout


def missing():
    """Why no client can run here, or None."""
    if not os.path.exists("/dev/net/tun"):
        return "no /dev/net/tun"
    space = "-n" if os.getuid() == 0 else "-rn"
    done = subprocess.run(["unshare", space, "true"], capture_output=True,
                          check=False)
    return None if done.returncode == 0 else "no network namespaces"


def interface():
    """The file of a new interface, which is up."""
    tap = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", NAME.encode(),
                                            IFF_TAP | IFF_NO_PI))
    for words in (f"link set {NAME} address {frames.ME}", "link set lo up",
                  f"addr add {frames.MY_IP}/24 dev {NAME}",
                  f"link set {NAME} up"):
        subprocess.run(["ip", *words.split()], check=True)
    return tap


def pump(tap, wire, client):
    """Hand frames on until CLIENT ends."""
    while client.poll() is None:
        for ready in select.select([tap, wire.socket], [], [], 0.05)[0]:
            if ready == tap:
                wire.send(frames.pad(os.read(tap, 2048)))
            else:
                os.write(tap, wire.socket.recv(65536))


def main():
    tap = interface()
    with Wire(sys.argv[1]) as wire, subprocess.Popen(
            ["/bin/sh", "-c", sys.argv[2]]) as client:
        pump(tap, wire, client)
    sys.exit(client.returncode)


if __name__ == "__main__":
    main()
