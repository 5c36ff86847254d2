#!/usr/bin/python3
"""Filters with a residual: whose frames they are, in flows, when too long."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import frames
import harness
from hands import Hands, Oracle
from harness import check, equal
from machine import Machine

EPERM, EOVERLAP, EUNDECIDED = -3, -9, -10
PORT = 7100
PAIRS = f"udp dst port {PORT} and udp[8:2] = udp[10:2]"
EQUAL = [frames.udp(b"abab", PORT), frames.udp(b"\0\0\0\0....", PORT),
         frames.udp(b"xyxy" * 100, PORT, options=8)]
OTHERS = [frames.udp(b"abba", PORT), frames.udp(b"aba", PORT),
          frames.udp(b"ab", PORT), frames.udp(b"abab", PORT + 1)]


def packets(m):
    return {b["name"]: b["packets"] for b in m.ask("filter", "list")}


def test_a_frame_goes_on_where_a_residual_rejects_it():
    """Best first: equal pairs, then the port; a tap counts beside both."""
    with Oracle() as oracle, Machine() as m, m.wire() as w:
        m.cli("filter", "add", "tap", "udp[4:2] % 3 = 1", "--to", "count")
        h = Hands(m, w, "owner", 0x88c1)
        for name, text in (("port", f"udp dst port {PORT}"), ("pairs", PAIRS)):
            m.cli("filter", "add", name, text, "--to", "ring:owner")
        before = packets(m)
        for f in EQUAL + OTHERS:
            w.send(f)
        equal(h.count(), len(EQUAL) + len(OTHERS) - 1, "what its ring got")
        got = {n: p - before[n] for n, p in packets(m).items()}
        equal(got["pairs"], len(EQUAL), "equal pairs")
        equal(got["port"], len(OTHERS) - 1, "other frames to the port")
        equal(got["tap"], sum(oracle.accepts("udp[4:2] % 3 = 1", f)
                              for f in EQUAL + OTHERS), "tap")


def test_a_flow_may_have_a_residual():
    """Within it is what provably is; around it, others see its frames."""
    with Oracle() as oracle, Machine() as m, m.wire() as w:
        owner = Hands(m, w, "owner", 0x88c1, "--flow", PAIRS)
        code, clash = owner.bind(oracle.blob(f"udp dst port {PORT}"))
        equal(code, EPERM, "more than the flow")
        check(oracle.accepts(f"udp dst port {PORT}", clash.frame),
              f"example {clash.frame.hex()}")
        code, _ = owner.bind(oracle.blob(f"{PAIRS} and ip[8] = 64"))
        check(code in (EPERM, EUNDECIDED), f"less, but not provably: {code}")
        code, _ = owner.bind(oracle.blob(PAIRS))
        check(code > 0, f"the flow itself: {code}")
        for f in EQUAL + OTHERS:
            w.send(f)
        equal(owner.count(), len(EQUAL), "what it got")
        thief = Hands(m, w, "thief", 0x88c2, "--flow", "ether[0] >= 0")
        for text in (f"udp dst port {PORT} and ip[8] = 64", PAIRS,
                     f"{PAIRS} and ip[8] = 64", "ip[8] = 64"):
            code, clash = thief.bind(oracle.blob(text))
            check(code in (EOVERLAP, EUNDECIDED), f"{text}: {code}")
            check(clash.frame, f"{text}: no example")
            for filt in (text, PAIRS):
                check(oracle.accepts(filt, clash.frame),
                      f"{filt} does not take {clash.frame.hex()}")
        code, _ = thief.bind(oracle.blob(f"tcp dst port {PORT}"))
        check(code > 0, f"what is apart: {code}")


def long_program(f, n):
    """Computes with the frame N times; ddd form, as tcpdump -ddd writes it."""
    f.seek(0)
    f.truncate()
    f.write(f"{n + 2}\n48 0 0 14\n" + "36 0 0 3\n" * n + "22 0 0 0\n")
    f.flush()


def test_what_takes_too_long_is_refused_and_leaves_no_trace():
    with Machine() as m, tempfile.NamedTemporaryFile("w") as f:
        m.start("sleeper")
        for to, n in (("ring:sleeper", 700), ("count", 2500)):
            long_program(f, n)
            done = m.cli("filter", "add", "long", "--bpf", f.name, "--to", to,
                         status=1)
            check("too long" in done.stderr, done.stderr)
            check("long" not in packets(m), "it is not there")
        long_program(f, 200)
        m.cli("filter", "add", "long", "--bpf", f.name, "--to", "ring:sleeper")
        m.cli("filter", "add", "more", "udp dst port 7", "--to", "ring:sleeper",
              "--priority", "1")


if __name__ == "__main__":
    harness.main(globals())
