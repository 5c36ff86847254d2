#!/usr/bin/python3
"""test_stride - a scheduler that is an ordinary program divides its slices 3:2:1.

Under icount a slice is a number of instructions: what a child gets done in it
hardly varies.
"""
import re

import harness
from harness import check, equal
from machine import Machine, wait_for

CLIENT = r"^stride: tickets (\d+) slices (\d+) progress (\d+)$"


def start(m, *args, name="stride"):
    m.cli("app", "start", "stride", *args, "--as", name)


def shares(m, slices, *tickets):
    """What STRIDE gave to each: (tickets, slices, progress)."""
    free = m.status()["memory"]["free"]
    start(m, str(slices), *[str(t) for t in tickets])
    wait_for(lambda: "stride: done" in m.console(), m.console(), 60)
    check("stride: done, no error" in m.console(), m.console())
    wait_for(lambda: m.app_states()["stride"] == "dead", "it has ended")
    equal(m.status()["memory"]["free"], free, "free pages")
    m.cli("status", "--audit")
    return [tuple(map(int, c))
            for c in re.findall(CLIENT, m.console(), re.M)]


def is_fair(got, what, percent):
    total = sum(g[what] for g in got)
    tickets = sum(g[0] for g in got)
    for g in got:
        fair = total * g[0] / tickets
        check(abs(g[what] - fair) <= percent / 100 * fair,
              f"{g[what]} of {total}, fair is {fair:.1f}: {got}")


def test_slices_are_divided_by_tickets():
    with Machine("--icount") as m:
        got = shares(m, 1000, 3, 2, 1)
        equal([g[0] for g in got], [3, 2, 1], "clients")
        equal(sum(g[1] for g in got), 1000, "slices")
        is_fair(got, 1, 1)
        is_fair(got, 2, 4)  # a tick's interrupt falls into some slices


def test_wrong_numbers_are_refused():
    with Machine("--icount") as m:
        start(m, "10")
        wait_for(lambda: "usage: stride" in m.console(), "usage")
        start(m, "10", "x", name="other")
        wait_for(lambda: "argument out of range" in m.console(), m.console())


if __name__ == "__main__":
    harness.main(globals())
