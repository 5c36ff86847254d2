#!/usr/bin/python3
"""test_memory - frames by name, bindings and their end, exposed tables.

tests/system/apps/mem_NAME.c says what each line tries.
"""
import re

import harness
from harness import check, equal
from machine import Machine, wait_for

NAMES = """
alloc 0, free-list yes, owned yes, is-mine yes, is-unmapped yes, map 0,
is-mapped yes, free 0, is-free yes, free-list-after yes, stlb-entry yes,
stlb-writable yes, stlb-owner yes, map-0 -1, map-low 0, low-word yes,
map-frames -1, map-stlb -1, map-last -1, map-after 0, unmap-frames -1, done 0
"""
MOD, TLBL = 1, 2  # exceptions


def expected(text):
    return [line.strip() for line in text.split(",")]


def said(m):
    return re.findall(r"^mem: (.*)$", m.console(), re.M)


def run(m, program, lines, *args, limit=20):
    """Start PROGRAM; it says LINES and ends, and no frame is lost."""
    free = m.status()["memory"]["free"]
    m.start(program, *args)
    wait_for(lambda: f"agent: {program} " in m.console(),
             f"{program} has ended: {said(m)[-1:]}", limit)
    equal(said(m), expected(lines), program)
    equal(m.status()["memory"]["free"], free, "free pages")
    check("PANIC" not in m.console(), m.console())


def test_frames_and_translations_are_exposed_and_true():
    with Machine() as m:
        run(m, "mem_names", NAMES)


def test_exposed_tables_are_read_only():
    with Machine() as m:
        for way, cause in (("frames", MOD), ("stlb", MOD), ("gap", TLBL)):
            m.start("mem_names", way, name=way)
            m.console_says(f"agent: {way} died of exception {cause}")


if __name__ == "__main__":
    harness.main(globals())
