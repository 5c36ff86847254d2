#!/usr/bin/python3
"""test_net - what is sent lies where its sender cannot change or lose it; floods
leave the clock alone.

tests/system/apps/net_NAME.c says what each line tries.
"""
import contextlib
import os
import re
import shutil
import struct
import tempfile
import time

import agentlib
import frames
import harness
from harness import check, equal
from machine import Machine, wait_for

EFULL = -12
PORT = 600
LONG = bytes(i * 7 & 0xff for i in range(1472))  # 1514 bytes on the wire
SEND = """
whole 1514, four 1514, four-odd 1514, head-only 128, pieces sent 4,
to-the-end 1514, tail-unmapped -8, kernel-piece -8, null-piece -8,
exposed-end -8, exposed 1200, too-long -1, bad-pieces sent 2,
rewritten-send 1514, twin 0, twin-send 1514, twin-changed -16, twin-again 1514,
rewritten sent 3, freed-send 1514, freed 0, freed-taken 0, unmapped-send 1514,
unmapped 0, unmapped-again -8, mapped 0, revoked-send 1514, revoked 0,
revoked-again -8, gone sent 3, done 0
"""
SENT = (1514, 1514, 1514, 128, 1514, 1200, *[1514] * 3, *[1514] * 3)

SLOW = "shift=9,sleep=on,align=on"  # 2 million instructions a second
COUNTS = 86           # of CP0 Count an instruction then
FRAME = 2000          # instructions for a frame of 1514 bytes: at most
CREDIT = 64           # frames in a row, as long as some are left
FLOOD = 100           # ... that fit the NIC's ring


def start(m, program):
    m.start(program)
    m.cli("filter", "add", program, f"udp dst port {PORT}", "--to",
          f"ring:{program}")
    m.console_says("net: ready")


def test_what_was_checked_and_what_was_there_is_sent():
    with Machine() as m, m.wire() as w:
        free = m.status()["memory"]["free"]
        start(m, "net_send")
        w.send(frames.udp(LONG, PORT))
        want = frames.reply_udp(LONG, PORT)
        got = [w.receive() for _ in SENT]
        wait_for(lambda: "agent: net_send ended with 0" in m.console(), "end")
        equal(re.findall(r"^net: (?!ready)(.*)$", m.console(), re.M),
              [line.strip() for line in SEND.split(",")], "what was tried")
        for i, (frame, n) in enumerate(zip(got, SENT)):
            check(frame is not None, f"frame {i} never came")
            equal(len(frame), n, f"length of frame {i}")
            if n != 1200:  # its last piece is the kernel's own
                equal(frame, want[:n], f"frame {i}")
        check(w.receive(0.2) is None, "more than was sent")
        m.cli("status", "--audit")
        equal(m.status()["memory"]["free"], free, "free pages")


def long_filter(n):
    """Frames of which each of N bytes is not 7: each must be looked at."""
    return struct.pack("<IHHHH", 0x31465044, 0, n, 0, 0) + b"".join(
        struct.pack("<BBBBHHHHII", 0, 0, 1, 0, 14 + i, 0xfffe,
                    i + 1 if i + 1 < n else 0xffff, 0, 0xff, 7)
        for i in range(n))


def refused(m, blob, to, where):
    """Add a filter; the kernel's code if it will not, else 0, and it is gone."""
    with agentlib.Agent(os.path.join(m.dir, "ctl.sock")) as a:
        try:
            a.filter_add("long", blob, to, where)
        except agentlib.Refused as e:
            return e.code
        a.filter_del("long")
        return 0


def test_filters_that_would_keep_interrupts_off_for_long_are_refused():
    with Machine() as m:
        m.start("sleeper")
        free = m.status()["memory"]["free"]
        for to, where, most in ((agentlib.TO_COUNT, "", 250),
                                (agentlib.TO_RING, "sleeper", 80)):
            for n, want in ((most, 0), (2 * most, EFULL), (most, 0)):
                equal(refused(m, long_filter(n), to, where), want,
                      f"{n} tests, to {where or 'count'}")
        equal(m.ask("filter", "list"), [], "filters")
        equal(m.status()["memory"]["free"], free, "free pages")
        m.cli("status", "--audit")


@contextlib.contextmanager
def slowly():
    """Inside, machines that are booted are slower than what comes to them."""
    before = os.environ["PATH"]
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "qemu-system-mipsel")
        with open(path, "w", encoding="utf-8") as f:
            f.write(f'#!/bin/sh\nexec {shutil.which(os.path.basename(path))} '
                    f'"$@" -icount {SLOW}\n')
        os.chmod(path, 0o755)
        os.environ["PATH"] = directory + os.pathsep + before
        try:
            yield
        finally:
            os.environ["PATH"] = before


def test_a_flood_leaves_the_clock_and_its_owner_alone():
    with slowly(), Machine("--append", "seed=1") as m, m.wire() as w:
        start(m, "net_pace")
        flood = frames.udp(LONG, PORT)
        while "net: gap" not in m.console():
            for _ in range(FLOOD):
                w.send(flood)
            time.sleep(0.02)
        wait_for(lambda: "agent: net_pace" in m.console(), "the line is whole")
        gap, ticks, due = map(int, re.search(
            r"net: gap (\d+) ticks (\d+) of (\d+)", m.console()).groups())
        # The last frame may have come just before the first of a new burst.
        check(gap <= 2 * CREDIT * FRAME * COUNTS, f"did not run for {gap}")
        check(gap >= 10 * FRAME / 2 * COUNTS, f"no flood: did not run for {gap}")
        check(abs(ticks - due) <= 2, f"{ticks} ticks of {due}")


if __name__ == "__main__":
    harness.main(globals())
