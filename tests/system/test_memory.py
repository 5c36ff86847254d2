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
ALLOC = """
any 0, taken -13, free 0, this-very-one yes, two-one-taken -13, beyond -13,
number-and-align -1, free-again 0, colours yes, no-colour -1, wild-colour -1,
two-of-a-colour -1, aligned-colour -1, aligned yes, all-mine yes, map-all 0,
free-all 0, free-twice -6, most 0, too-many -1, wraps -1, taken-back yes,
map-again 0, zeroed yes, all-gone -2, counted yes, no-child -2,
no-colour-left -2, done 0
"""
BIND = """
bind-odd -1, bind-0 -1, bind-kernel -1, bind-top -1, bind-info -1,
bind-device -1, bind-flags -1, bind-no-cap -3, bind-console-cap -3,
bind-kernel-frame -6, bind-beyond -6, bind-mapped -7, delete-odd -1,
delete-none -1, delete-wrap -1, delete-info -1, delete-nothing 0, bind 0,
read yes, bind-twin 0, twins yes, chained yes, unmapped yes, rebind 0,
rebound yes, left-chain yes, bind-back 0, written yes, uncached 0,
is-uncached yes, uncached-read yes, console-reads 0, delete 0,
console-misses -8, map-even 0, bind-odd-page 0, both yes, bind-mapped-page -7,
delete-both 0, mapped-stays yes, bind-again 0, map-over 0, mapped-wins yes,
map-uncached 0, reads-uncached yes, unmap 0, storm yes, storm-over yes, done 0
"""
# Rows: what the child was told for binding and mapping, read-only and writable,
# an ACL of its own, freeing, a ring.
SHARE = """
nothing -3 -3 -3 -3 -3 -3 -3, acl 0, read 0 -3 0 -3 -3 -3 -3, secret yes,
acl 0, write 0 0 0 0 -3 -3, acl-grant -1, acl-long -1, acl-none -1,
acl-wrap -6, acl-kernel -6, acl-pointer -8, acl-no-cap -3,
acl 0, narrow-binding-held 0 5ec2e7, acl 0, mine-stays yes, narrow-binding 2 0,
acl 0, narrow-mapping-held 0 5ec2e7, acl 0, mine-stays yes, narrow-mapping 2 0,
acl 0, widen-binding-held 0 5ec2e7, acl 0, widen-binding 0 5ec2e7,
acl 0, free-binding-held 0 5ec2e7, taken-anew yes, free-binding 2 0,
acl 0, free-mapping-held 0 5ec2e7, taken-anew yes, free-mapping 2 0,
acl 0, death-binding-held 0 5ec2e7, owner-gone yes, death-binding 2 0,
acl 0, death-mapping-held 0 5ec2e7, owner-gone yes, death-mapping 2 0,
lives 320 bound 40 missed 280, done 0
"""
USE = """
ring 0, bind 0, send to-ring, ring-got yes, free-data 0, ring-gone -6,
binding-gone -6, control-mine yes, data-again yes, send to-nobody,
nothing-came yes, install 0, bind 0, send to-handler, free-region 0,
handler-gone -6, its-binding-gone -6, rest-is-mine 0, send to-no-handler,
acl 0, pinned yes, unpinned yes, sleeper-freed 0 -20, acl 0, pinned yes,
unpinned yes, sleeper-narrowed 0 -20, its-ring yes, my-ring yes,
its-ring-gone -6, my-ring-stays 0, bind 0, free-sending 0, sent-again yes,
unbind 0, done 0
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
    m.cli("status", "--audit")


def test_frames_and_translations_are_exposed_and_true():
    with Machine() as m:
        run(m, "mem_names", NAMES)


def test_exposed_tables_are_read_only():
    with Machine() as m:
        for way, cause in (("frames", MOD), ("stlb", MOD), ("gap", TLBL)):
            m.start("mem_names", way, name=way)
            m.console_says(f"agent: {way} died of exception {cause}")


def test_frames_by_number_colour_and_in_a_row():
    with Machine() as m:
        run(m, "mem_alloc", ALLOC)


def test_bindings_last_until_they_are_ended_or_lost():
    with Machine() as m:
        run(m, "mem_bind", BIND)


def test_what_ends_a_binding_makes_the_next_access_miss():
    with Machine() as m:
        for way, cause in (("free", TLBL), ("delete", TLBL),
                           ("map-gone", TLBL), ("read-only", MOD),
                           ("other-half", TLBL), ("collide", TLBL)):
            m.start("mem_bind", way, name=way)
            m.console_says(f"agent: {way} died of exception {cause}")
            check(f"mem: {way} 600e\n" in m.console(), f"{way}: first access")
        check("alive" not in m.console(), m.console())
        m.cli("status", "--audit")


def test_frames_are_shared_by_capability_until_they_are_not():
    with Machine() as m:
        run(m, "mem_share", SHARE)


def test_frames_freed_in_use_are_let_go_first():
    with Machine() as m, m.wire() as w:
        free = m.status()["memory"]["free"]
        m.start("mem_use", "--flow", "ether proto 0x88b5")
        for name, sub in (("to-ring", 1), ("to-nobody", 1), ("to-handler", 2),
                          ("to-no-handler", 2)):
            m.console_says(f"mem: send {name}\n")
            w.send(bytes(12) + b"\x88\xb5" + bytes([sub]) + b"\x77" * 1200)
        m.console_says("mem: done 0")
        equal(said(m), expected(USE), "mem_use")
        for i in range(8):
            got = w.receive()
            equal((got[14:16], set(got[16:])), (b"\x03\x11", {0x11}),
                  f"frame {i} as it was sent")
        m.cli("status", "--audit")
        m.cli("app", "stop", "mem_use")
        equal(m.status()["memory"]["free"], free, "free pages")


def paged(m, name, pages=400):
    """The pager NAME found every page as it left it, most of them elsewhere."""
    wait_for(lambda: f"agent: pager_{name} ended with 0" in m.console(),
             f"pager_{name} has ended", 30)
    wrong, misses, stores, evictions = map(int, re.search(
        rf"^{name}: wrong (\d+) misses (\d+) lost \d+ stores (\d+) "
        r"evictions (\d+)$", m.console(), re.M).groups())
    equal(wrong, 0, f"{name}: wrong pages")
    check(misses > 2 * pages and evictions > 2 * pages and stores > pages,
          f"{name}: too little work: {misses} {evictions} {stores}")


def test_two_page_table_structures_side_by_side():
    with Machine() as m:
        free = m.status()["memory"]["free"]
        m.start("pager_linear", "6", "pager_hash")
        m.start("pager_hash", "6", "pager_linear")
        paged(m, "linear")
        paged(m, "hash")
        m.cli("status", "--audit")
        equal(m.status()["memory"]["free"], free, "free pages")


def test_page_tables_outlive_all_address_space_numbers():
    with Machine() as m:
        m.start("pager_linear", "60", "mem_births")
        m.start("pager_hash", "60", "mem_births")
        m.start("mem_births")
        m.console_says("mem: births 0")
        check("agent: pager" not in m.console(), "the pagers still run")
        paged(m, "linear")
        paged(m, "hash")
        m.cli("status", "--audit")


if __name__ == "__main__":
    harness.main(globals())
