#!/usr/bin/python3
"""soak - one machine for a long time: replay, churn, and nothing gets lost.

    soak.py [SECONDS [SEED]]

Each round replays a new capture against all expressions of expressions.txt and
compares every count with libpcap's, loads and unloads handlers, starts, stops
and crashes applications, and then wants every page and every frame back.
"""
import os
import random
import sys
import tempfile
import time

import frames
import gen_capture
from harness import Failed, check, equal
from machine import Machine, wait_for
from test_replay import expressions, libpcap_counts, replay

FRAMES = 5000
CRASHES = ("load", "store", "align", "break", "trap", "privileged", "debug",
           "jump")


def traffic(m, taps, seed, directory):
    """Replay one capture; every tap counts what libpcap says."""
    capture = os.path.join(directory, "soak.pcap")
    gen_capture.write_pcap(capture, gen_capture.frames(FRAMES, seed))
    result = replay(m, capture)
    equal(result["failed"], 0, "frames not delivered")
    for i, want in enumerate(libpcap_counts(capture, taps)):
        equal(result["filters"][f"tap{i}"]["packets"], want, taps[i])


def churn(m, r):
    """Things come and go, in random order, while frames arrive."""
    port = r.randrange(20000, 30000)
    with m.wire() as w:
        if r.random() < 0.5:
            m.ash("guest", f"udp dst port {port}", "udp_echo")
            equal(w.ask(frames.udp(b"guest", port)),
                  frames.reply_udp(b"guest", port), "the handler's reply")
            m.cli("ash", "unload", "guest")
        way = r.choice(("upcall", "ring"))
        m.cli("app", "start", f"echo-{way}", "--as", "visitor")
        m.cli("filter", "add", "visit", f"udp dst port {port}", "--to",
              "ring:visitor")
        for i in range(r.randrange(1, 50)):
            equal(w.ask(frames.udp(b"%d" % i, port)),
                  frames.reply_udp(b"%d" % i, port), "the visitor's reply")
        m.cli("app", "stop", "visitor")
        name = f"dies-{r.randrange(1 << 24)}"
        m.start("crasher", r.choice(CRASHES), name=name)
        m.cli("filter", "add", name, f"udp dst port {port}", "--to",
              f"ring:{name}")
        w.send(frames.udp(b"die", port))
        wait_for(lambda: f"agent: {name} died" in m.console(), f"{name} died")


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    print(f"soak: {seconds} s, seed {seed}", flush=True)
    r = random.Random(seed)
    taps = expressions()
    end, rounds = time.monotonic() + seconds, 0
    with tempfile.TemporaryDirectory() as directory, Machine() as m:
        for i, expr in enumerate(taps):
            m.cli("filter", "add", f"tap{i}", expr, "--to", "count")
        m.ash("echo", "udp dst port 7", "udp_echo")
        churn(m, r)
        free = m.status()["memory"]["free"]
        while time.monotonic() < end:
            traffic(m, taps, r.randrange(1 << 30), directory)
            churn(m, r)
            m.check_accounts()
            equal(m.status()["memory"]["free"], free, "free pages")
            check("PANIC" not in m.console(), m.console())
            rounds += 1
        nic = m.nic()
    print(f"soak: {rounds} rounds, {nic['received']} frames received, "
          f"{nic['missed']} missed, every one accounted for")


if __name__ == "__main__":
    try:
        main()
    except Failed as e:
        sys.exit(f"soak: {e}")
