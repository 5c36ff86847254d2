"""gallery - what a reply of each handler in apps/ash-*/ costs, without a machine."""
import os
import subprocess
import tempfile

import frames as wire_frames
import offline
import test_gallery as t
import test_syncookie
from machine import TOP
from rows import Row

REQUESTS = {
    "udp_echo": wire_frames.udp(),
    "icmp_echo": wire_frames.ping(),
    "counter": wire_frames.udp(bytes(8)),
    "arp": t.arp(),
    "dns": t.dns(t.question()),
    "ntp": t.ntp(),
    "lock": t.lock(b"a", 1, 1),
    "active": t.active(t.ADD, 1, 1),
    "memcached": t.mc(),
    "syncookie": test_syncookie.tcp(),
    "balance": wire_frames.udp(),
    "limit": wire_frames.udp(),
    "histogram": wire_frames.udp(),
}

# Those that answer only when their owner has written something.
STATES = {
    "balance": "{ 2 }",
    "ntp": "{ 1, 0, 0, 0, 166666667, 1688849, 0 }",
    "syncookie": "{ { 1, 2 }, 3 }",
}


def begun(name, directory):
    """The object of handler NAME, whose state begins as STATES has it."""
    source, made, out = (os.path.join(p, name + end) for p, end in (
        (f"{TOP}/apps/ash-{name}", ".c"), (directory, ".c"), (directory, ".o")))
    with open(source, encoding="utf-8") as f:
        text = f.read().replace(" state;\n\n", f" state = {STATES[name]};\n\n")
    with open(made, "w", encoding="utf-8") as f:
        f.write(text)
    subprocess.run([f"{TOP}/build/ashcc", "-o", out, made], check=True)
    return out


def run():
    rows = []
    with tempfile.TemporaryDirectory() as d:
        for name, frame in REQUESTS.items():
            what = begun(name, d) if name in STATES else name
            cost = offline.run(what, [frame]).instructions
            rows.append(Row("ash", name, "spindle-ash", "instr", cost, 1,
                            "measured"))
    return rows
