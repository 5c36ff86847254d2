#!/usr/bin/python3
"""test_scale - as many bindings as there can be, and changes among thousands."""
import time

import frames
import harness
from harness import check, equal
from machine import Machine, wait_for
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

SLOTS = 16383
FLOW = ("--flow", "ip or ip6")
PORT = 5000


def start(m, kind, n, then=""):
    m.start("many", kind, str(n), then, *FLOW, name="many")


def says(m, line):
    wait_for(lambda: line in m.console() or "PANIC" in m.console(), line, 60)
    check(line in m.console(), m.console())


def pages(m):
    """What is free, and what everybody has."""
    status = m.status()
    return (status["memory"]["free"],
            [e["pages"] for e in status["environments"] if e["pages"]])


def to_port(port):
    return frames.udp(b"many", port)


def tuple_frame(i):
    """A frame for the program's tuple I."""
    source = f"10.7.{1 + (i % 250 + 2) // 256}.{(i % 250 + 2) % 256}"
    return bytes(Ether(src=frames.ME, dst=frames.MAC) /
                 IP(src=source, dst="10.7.0.1") /
                 TCP(sport=1024 + i // 250, dport=80)).ljust(60, b"\0")


def test_every_slot_is_bound_and_none_is_lost():
    for memory in ("128", "32"):
        with Machine("--mem", memory) as m:
            start(m, "tuples", 1, "d")
            says(m, "many: done")
            before = pages(m)
            m.cli("app", "stop", "many")
            start(m, "tuples", 0, "w")
            says(m, f"many: {SLOTS} bound, last -12")
            m.check_tables()
            with m.wire() as w:
                w.send(tuple_frame(SLOTS - 1))
                says(m, "many: w 0")
            equal(m.nic()["delivered"], 1, "the last one's frame")
            m.cli("app", "stop", "many")
            start(m, "tuples", 1, "d")
            wait_for(lambda: m.console().count("many: done") == 3, "again", 60)
            equal(pages(m), before, "pages")
            m.check_tables()


def test_thousands_are_exchanged_and_broad_ones_yield():
    for kind in ("ports", "tuples"):
        with Machine() as m:
            start(m, kind, 3000, "bxcud")
            says(m, "many: done")
            check("many: 3000 bound, last 0" in m.console(), m.console())
            for step in "bxcud":
                check(f"many: {step} 0\n" in m.console(), m.console())
            m.check_tables()


def test_frames_of_others_come_whatever_is_changed():
    """A thousand filters are exchanged, removed and bound anew, under a broad one
    and without, while frames come to somebody else: every one arrives."""
    with Machine() as m, m.wire() as w:
        m.cli("app", "start", "echo-ring")
        m.cli("filter", "add", "echo", "udp dst port 7", "--to",
              "ring:echo-ring")
        start(m, "ports", 1000, "w" + 3 * "cbxu" + "d")
        says(m, "many: 1000 bound")
        w.send(to_port(PORT + 999))
        sent, end = 0, time.monotonic() + 60
        while "many: done" not in m.console():
            check(time.monotonic() < end, m.console())
            for _ in range(50):
                w.send(frames.udp(sent.to_bytes(4, "big"), 7))
                reply = w.receive(5)
                check(reply is not None, f"frame {sent}: {m.nic()}")
                sent += 1
        check(" -" not in m.console().split("last")[1], m.console())
        nic = m.nic()
        equal(nic["delivered"], sent + 1, "frames that came")
        equal(nic["received"], sent + 1, "frames received")
        m.check_accounts()


if __name__ == "__main__":
    harness.main(globals())
