#!/usr/bin/python3
"""test_cpu - positions of the slice vector, ends of slices, sleeping until memory
says so.

tests/system/apps/cpu_NAME.c says what each line tries.
"""
import re
import time

import frames
import harness
from harness import check, equal
from machine import Machine, wait_for

SLICES = """
take-64 -1, take-wild -1, free-64 -1, free-wild -1, take-his -13, free-his -3,
take-for-him -3, take-no-cap -3, take-wild-cap -3, take-console-cap -3,
free-no-cap -3, free-free -6, take-nobody -6, nothing-changed yes, take 0,
take-own 0, taken yes, give 0, given yes, free-childs 0, take-dead -6, full yes,
full-create 0, full-start -12, free-start 0, move-0 0, move-1 0, move-2 0,
order-0-1-2 yes, move-over 0, over-is-his yes, none-left yes, move-back 0,
order-0-2-1 yes, dead-free yes, whole-slices yes, done 0
"""

SLEEP = """
no-terms -1, nine-terms -1, wild-terms -1, op -1, tag-0 -1, tag-high -1, odd -1,
half -1, kernel-word -8, kernel-top -8, unmapped-word -8, page-0 -8,
tag-twice -1, pointer -8, pointer-0 -8, pointer-over-top -8, eq 99 7,
eq-high 99 7, ne 99 7, lt 99 7, lt-wraps 99 7, ge 99 7, ge-wraps 99 7,
half-a-product 99, product 3, sum 3, second-of-a-sum 4, eight-terms 2147483647,
rounds 300, ponger 5, sleeper-took-none yes, worker-took-all yes, slept 6,
time-out 99, in-time yes, free 0, freed -20, take-frame 0, map-frame 0, unmap 0,
sleeps-on yes, unmapped 6, free-killed 0, take-killed 0, done 0
"""

TURN = """
turns yes, leak 0, calls 500, turns-on yes, quick-to-a 0, yield-to-b 0,
quick-to-dead -6, alone yes, to-waiting 0, quick-to-waiting 0, to-dead -6,
quick-to-dead -6, to-self 0, quick-to-self 0, to-kernel -6, quick-to-0 0,
refused yes, itself yes, leak 0, done 0
"""


def expected(text):
    return [line.strip() for line in text.split(",")]


def said(m):
    return re.findall(r"^cpu: (.*)$", m.console(), re.M)


def run(m, program, lines, *args, limit=20):
    """PROGRAM says LINES, ends, and leaves the kernel's tables in order."""
    free = m.status()["memory"]["free"]
    m.start(f"cpu_{program}", *args)
    wait_for(lambda: "done 0" in said(m) or "agent: cpu" in m.console(),
             f"{program} is done: {said(m)[-3:]}", limit)
    equal(said(m), expected(lines), program)
    wait_for(lambda: m.app_states()[f"cpu_{program}"] == "dead",
             f"{program} has ended")
    wait_for(lambda: m.status()["memory"]["free"] == free, "all pages are back")
    m.cli("status", "--audit")
    check("PANIC" not in m.console(), m.console())


def test_positions_are_given_and_come_up_in_order():
    with Machine("--icount") as m:
        run(m, "slices", SLICES)


def test_memory_wakes_who_sleeps_on_it():
    with Machine("--icount") as m:
        run(m, "sleep", SLEEP)


def fares(m, *args):
    """Beside a worker, so many ticks; what cpu_ends.c prints of each way."""
    m.start("cpu_ends", *args)
    wait_for(lambda: "done 0" in said(m), "cpu_ends is done", 30)
    ways = {}
    for line in said(m)[:-1]:
        way, *words = line.split()
        ways.setdefault(way, {}).update(zip(words[::2], words[1::2]))
    for way, w in ways.items():
        equal(w["set"], "0", f"{way}: context_set")
        equal(w["work"], "1", f"{way}: it has worked")
        ways[way] = {k: int(v, 16 if k == "pc" else 10)
                     for k, v in w.items()}
    return ways


def test_nobody_makes_his_own_slice_longer():
    """By another end of it in the grace of the first."""
    with Machine() as m:
        renews = fares(m, "60", "ren")["renews"]
        check(15 <= renews["ticks"] >= renews["ends"] - 1, f"{renews}")
        m.cli("status", "--audit")


def test_calls_that_outlast_the_slice_are_paid():
    """Looking for what it may take from himself, some 290 ticks of icount; what
    is owed for one call is at most 64."""
    with Machine("--icount") as m:
        revokes = fares(m, "600", "rev")["revokes"]
        check(revokes["forfeited"] >= 30 and revokes["ticks"] <= 3 and
              revokes["share"] >= 70, f"{revokes}")
        m.cli("status", "--audit")


def test_ends_of_slices_that_go_wrong_cost_their_owner():
    with Machine("--icount") as m:
        ways = fares(m, "60")
        check_ends(ways)
        console = m.console()
        check("ended, 16 ends of slices in a row were late" in console, console)
        m.cli("status", "--audit")


ENDED = {  # way: code, cause, pc
    "ignores": (-18, 0, None), "faults": (0, 3, None), "exits": (77, 0, 0),
    "no-end": (0, 2, 0x30000000), "no-start": (0, 2, 0x30000000)}


def check_ends(ways):
    """WAYS are as they should be; shares are of a thousand, less what the
    switches take at 9,765 instructions a tick."""
    for way, w in ways.items():
        what = f"{way}: {w}"
        if way in ENDED:
            code, cause, pc = ENDED[way]
            equal((w["state"], w["code"], w["cause"]), (4, code, cause), what)
            check(pc is None or w["pc"] == pc, what)
        else:
            equal(w["state"], 3 if way == "waits" else 2, what)
        if way in ("ignores", "late"):
            check(w["forfeited"] >= 12, what)
        elif way != "renews":
            check(w["excess"] == 0 and w["forfeited"] <= 1, what)
        if way in ("ignores", "late", "busy", "excepted", "good", "nobody"):
            check(w["share"] >= (480 if w["forfeited"] > 1 else 390), what)
        if way in ("busy", "excepted"):
            check(w["ends"] == w["starts"] == 0 and w["ticks"] >= 25, what)
        if way in ("good", "nobody"):
            check(w["ends"] >= w["starts"] >= 24, what)
    check(len(ways) == 13, f"{sorted(ways)}")
    check(ways["late"]["share"] >= 600, "who is late pays for it")


def test_yields_go_where_they_may():
    with Machine("--icount") as m:
        run(m, "turn", TURN)


def test_no_register_is_lost_in_thousands_of_ends():
    with Machine("--icount") as m:
        for name in ("one", "two"):
            m.start("runtime_slices", "1500", name=name)
        for name in ("one", "two"):
            wait_for(lambda n=name: m.app_states()[n] == "dead", name, 30)
            check(f"agent: {name} ended with 0" in m.console(), m.console())


def flooded(m, way):
    """What cpu_flood.c says after 1000 ticks of frames."""
    m.start("cpu_flood", way, "1000")
    if way == "handler":
        m.cli("ash", "load", "burn", "build/test/ash/burn.o", "--filter",
              "udp dst port 9", "--owner", "cpu_flood", "--budget", "120000")
    else:
        m.cli("filter", "add", "f", "udp dst port 9", "--to", "ring:cpu_flood")
    m.console_says("cpu: ready")
    end = time.monotonic() + 20
    with m.wire() as w:
        while "done 0" not in said(m):
            check(time.monotonic() < end, said(m))
            for _ in range(8):
                w.send(frames.udp(bytes(20), 9))
            time.sleep(0.001)
    words = said(m)[-2].split()
    return {k: int(v) for k, v in zip(words[::2], words[1::2])}


def test_a_flood_is_paid_by_whom_it_serves():
    """The worker's half, less what switches take, is 360 without a flood;
    nobody charged, the handler leaves it 120 to 170."""
    for way in ("handler", "upcall"):
        with Machine("--icount") as m:
            got = flooded(m, way)
            what = f"{way}: {got} {m.nic()}"
            check(got["share"] >= 320, what)
            check(got["charged"] + got["forfeited"] > 0, what)
            m.cli("app", "stop", "cpu_flood")
            m.cli("status", "--audit")


if __name__ == "__main__":
    harness.main(globals())
