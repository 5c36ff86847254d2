#!/usr/bin/python3
"""test_cpu - positions of the slice vector, sleeping until memory says so.

tests/system/apps/cpu_NAME.c says what each line tries.
"""
import re

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


if __name__ == "__main__":
    harness.main(globals())
