#!/usr/bin/python3
"""irqoff - the longest stretch of instructions with interrupts off.

    tests/bench/irqoff.py [--over N]    prints every stretch longer than N

A workload that gives the kernel as much as possible to do at once runs under
irqoff_plugin.c.  Instructions of handlers are not counted: the timer may stop
them, and their budget does.
"""
import argparse
import collections
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(TOP, "tests/system")]

# pylint: disable=wrong-import-position
import frames
import gen_capture
import guest
from harness import check
from machine import SPINDLE, Machine, wait_for

PLUGIN = os.path.join(TOP, "build/bench/irqoff_plugin.so")
LIMIT = 6000
ON = ("kernel_interruptible_begin", "idle_wait")
PAUSE = ("ash_enter", "ash_stub_wake", "ash_stub_clock")
LONG = bytes(1472)  # payload of a 1514-byte frame
SLEEPERS = 16
FLOOD = 120         # frames at once; the ring of the NIC has 128

Stretch = collections.namedtuple("Stretch", "length start end blocks")


# --- the workload -------------------------------------------------------------
def flood(wire, port, times=5, size=1472):
    """Bursts of long frames, as fast as they go."""
    frame = frames.udp(LONG[:size], port)
    for _ in range(times):
        for _ in range(FLOOD):
            wire.send(frame)
        while wire.receive(0.05) is not None:
            pass


def endpoints(m):
    """Where floods go."""
    m.start("sleeper", name="full")
    m.cli("filter", "add", "full", "udp dst port 2002", "--to", "ring:full")
    m.ash("udp_echo", "udp dst port 2003")
    m.cli("ash", "load", "pass", "build/test/ash/pass.o", "--filter",
          "udp dst port 2004", "--ring", "full", "--owner", "full")


def floods(m):
    """Into a ring that is emptied, one that is not, nowhere, and into
    handlers: one that replies, one that declines, one that is stopped."""
    with m.wire() as w:
        for port in (2001, 2002, 2002, 2003, 2004, 2999):
            flood(w, port)
        for size in (18, 500):
            for port in (2001, 2003, 2999):
                flood(w, port, times=2, size=size)
        for name in ("slot_fault", "clock_loop", "spin"):
            m.cli("ash", "load", name, f"build/test/ash/{name}.o", "--filter",
                  "udp dst port 2005")
            flood(w, 2005, times=1)
            m.cli("ash", "unload", name)


def captures(m):
    """All that there may be while long frames come in, and leave."""
    watchers = [subprocess.Popen(
        [SPINDLE, "capture", "-w", "/dev/null", "--name", m.name, *more],
        stderr=subprocess.PIPE) for more in (
            (), ("-s", "128"), ("-s", "128"))]
    try:
        for w in watchers:
            check(b"watching" in w.stderr.readline(), "a capture begins")
        floods(m)
    finally:
        for w in watchers:
            w.terminate()
            time.sleep(0.2)
            w.terminate()  # what waits is of no interest
            w.communicate(timeout=30)


def bindings(m):
    """Many of them, replaced and removed, while frames arrive."""
    with m.wire() as w:
        for i in range(60):
            m.cli("filter", "add", f"p{i}", f"udp dst port {3000 + i}", "--to",
                  "ring:full")
            flood(w, 3000 + i, times=1)
        for i in range(60):
            m.cli("filter", "add", f"t{i}",
                  f"ip host 10.{i}.0.1 and tcp port {i}", "--to", "count")
        flood(w, 3000, times=2)
        m.cli("filter", "replace", "p7", "udp dst port 4007")
    with tempfile.TemporaryDirectory() as tmp:
        capture = os.path.join(tmp, "mixed.pcap")
        gen_capture.write_pcap(capture, gen_capture.frames(2000, 1))
        m.cli("replay", capture)
        m.cli("status", "--audit")
        for name in ("t1", "p1"):
            m.cli("filter", "run", name, "-r", capture)
    for i in range(0, 60, 2):
        m.cli("filter", "del", f"p{i}")
        m.cli("filter", "del", f"t{i}")


def groups(m):
    """Frames that many share, while others watch, and datagrams in pieces."""
    for i in range(12):
        m.start("reader", name=f"g{i}")
        m.cli("filter", "add", f"g{i}", "arp or ether broadcast or "
              f"udp dst port {6000 + i}", "--to", f"ring:g{i}", "--shared",
              "--follow")
    for i in range(30):
        m.cli("filter", "add", f"all{i}", f"ether broadcast and greater {i}",
              "--to", "count")
    long = b"\xff" * 6 + frames.udp(LONG, 6000)[6:]
    with m.wire() as w:
        for frame in (long, frames.arp_request()):
            for _ in range(3):
                for _ in range(FLOOD):
                    w.send(frame)
                while w.receive(0.5) is not None:
                    pass
        for i in range(300):
            w.send(frames.udp(bytes(1400), 6000 + i % 12, id=i % 256,
                              flags="MF"))
            w.send(frames.udp(bytes(1400), 6000, id=i % 256, frag=176))
    m.cli("status", "--audit")
    for i in range(12):
        m.cli("app", "stop", f"g{i}")


def ends(m):
    """Applications end, by themselves and by others, with all they have."""
    for i in range(4):
        m.start("stretcher", "big", name="big")
        wait_for(lambda n=i: m.console().count("stretcher: big") > n,
                 "stretcher: big", limit=60)
        m.cli("filter", "add", "big", "udp dst port 5000", "--to", "ring:big")
        m.cli("app", "stop", "big")
    for way in ("load", "break", "privileged"):
        m.start("crasher", way, name=f"c-{way}")
        m.cli("filter", "add", f"c-{way}", "udp dst port 5001", "--to",
              f"ring:c-{way}")
        with m.wire() as w:
            w.send(frames.udp(LONG, 5001))
        m.console_says(f"agent: c-{way} died")
    m.cli("app", "stop", "full")
    m.cli("app", "stop", "calls")


def calls_and_floods(m):
    """System calls with much to do, frames meanwhile, sleepers to be asked."""
    for i in range(SLEEPERS):
        m.start("stretcher", "asleep", name=f"asleep{i}")
    m.start("stretcher", "calls", name="calls")
    m.cli("filter", "add", "calls", "udp dst port 2001", "--to", "ring:calls")
    endpoints(m)
    floods(m)


def workload(m):
    """All of it."""
    calls_and_floods(m)
    captures(m)
    bindings(m)
    groups(m)
    m.console_says("stretcher: round 2\n")
    ends(m)


# --- the measurement ----------------------------------------------------------
def run(over=LIMIT, work=workload, found=None):
    """The longest stretch; those longer than OVER are appended to FOUND."""
    at = guest.symbols()
    with tempfile.TemporaryDirectory() as directory:
        log = os.path.join(directory, "stretches.txt")
        words = [f"vectors={at['vec_refill'][0]:#x}", f"over={over}",
                 f"out={log}"]
        words += [f"on={at[n][0]:#x}:{max(at[n][0] + 16, at[n][1]):#x}"
                  for n in ON]
        words += [f"pause={at[n][0]:#x}:{at[n][1]:#x}" for n in PAUSE]
        with guest.plugin(directory, PLUGIN, words), \
                Machine("--append", "seed=1") as m:
            work(m)
            check("PANIC" not in m.console(), m.console())
        with open(log, encoding="ascii") as f:
            stretches = [parse(line) for line in f]
    if found is not None:
        found += stretches[:-1]
    return stretches[-1]


def parse(line):
    """A line of the plugin; the last one is that of the longest stretch."""
    length, start, end, *blocks = line.split()
    return Stretch(int(length), int(start, 16), int(end, 16), [
        (int(pc, 16), int(n)) for pc, n in (b.split(":") for b in blocks)])


def describe(stretch, names=None):
    """A line for people: length, where from and to, who took most of it."""
    names = names or guest.Names()
    shares = collections.Counter()
    for pc, n in stretch.blocks:
        shares[names.function(pc)] += n
    most = ", ".join(f"{name} {n}" for name, n in shares.most_common(8))
    return f"{stretch.length}, {names.of(stretch.start)} to " \
           f"{names.of(stretch.end)}: {most}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--over", type=int, default=LIMIT)
    args = parser.parse_args()
    names, found, kinds = guest.Names(), [], {}
    worst = run(args.over, found=found)
    for s in found:  # the longest of each kind
        most = names.function(max(s.blocks, key=lambda b: b[1])[0])
        kind = (s.start, s.end, most)
        kinds[kind] = max(kinds.get(kind, s), s)
    for s in sorted(kinds.values()):
        print(describe(s, names))
    print(f"worst: {describe(worst, names)}")
    sys.exit(1 if worst.length > LIMIT else 0)


if __name__ == "__main__":
    main()
