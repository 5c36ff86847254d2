#!/usr/bin/python3
"""churn - environments with rings, filters and handlers come and go; nothing is
lost.

    churn.py [CYCLES]

tests/attack/churn.c says what each has; frames arrive for them meanwhile.
"""
import os
import re
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             "../system"))
from harness import Failed, check, equal
from machine import Machine

CYCLES, TYPE = 1000, 0x88b6
PATIENCE = 30  # seconds without a hundred cycles


def frame(to):
    """For the ring (1) or the handler (2) of whoever lives now."""
    return bytes.fromhex("525400123456020000000001") + \
        TYPE.to_bytes(2, "big") + bytes([to]) + bytes(49)


def churn(cycles):
    """CYCLES of them; returns how many a second."""
    with Machine() as m, m.wire() as w:
        free = m.status()["memory"]["free"]
        start = last = time.monotonic()
        m.cli("app", "start", "build/test/attack/churn.elf", str(cycles),
              "--root", "--flow", f"ether proto {TYPE}")
        said = ""
        while "churn: done" not in said:
            if m.console() != said:
                said, last = m.console(), time.monotonic()
            check("PANIC" not in said, said)
            check(time.monotonic() - last < PATIENCE, f"hangs: {said}")
            w.send(frame(1))
            w.send(frame(2))
            time.sleep(0.002)
        took = time.monotonic() - start
        m.console_says("agent: churn ended with 0")
        equal(re.findall("^.*(?:LOST|AUDIT).*$", said, re.M), [], "lost")
        m.cli("status", "--audit")
        equal(m.status()["memory"]["free"], free, "free pages")
        nic = m.nic()
        for way in ("consumed", "delivered"):
            check(nic[way] > 0, f"no frame was ever {way}")
        return cycles / took


if __name__ == "__main__":
    try:
        N = int(sys.argv[1]) if len(sys.argv) > 1 else CYCLES
        print(f"churn: {N} cycles, {churn(N):.0f} a second, nothing lost")
    except Failed as e:
        sys.exit(f"churn: {e}")
