#!/usr/bin/python3
"""test_exceptions - applications handle their exceptions, and go on as before.

tests/system/apps/exceptions.c says what each line tries.

LIMIT: 180
"""
import re
import time

import frames
import harness
from harness import check, equal
from machine import Machine, wait_for

UNMAPPED, READ_ONLY = 0x6000, 0x2000
MOD, TLBL, TLBS, ADEL, ADES, BP, RI, CPU, OV, TR = 1, 2, 3, 4, 5, 9, 10, 11, 12, 13

# name: code, address (None: not an address's fault), at: 0 for the instruction
CLASSES = {
    "unalign_load": (ADEL, 1), "unalign_store": (ADES, 2),
    "kernel_load": (ADEL, 0xfffffffc), "load": (TLBL, UNMAPPED),
    "store": (TLBS, UNMAPPED), "modify": (MOD, READ_ONLY),
    "overflow": (OV, None), "trap": (TR, None), "break": (BP, None),
    "reserved": (RI, None), "fpu": (CPU, None), "cop0": (CPU, None),
    "sdbbp": (RI, None), "jump_kernel": (ADEL, 0x80100000),
    "jump_odd": (ADEL, 0x400002), "jump_unmapped": (TLBL, UNMAPPED),
    "delay_slot": (ADEL, 1), "delay_slot_miss": (TLBL, UNMAPPED),
}

REFUSALS = """
area-odd -1, area-kernel -8, area-info -8, area-unmapped -8, area-read-only -8,
entry-kernel -1, entry-odd -1, start-alone -1, start-without-area -1, agent -3,
nobody -6, map-child 0, area-foreign -3, child 0, context-pointer -8, set 0,
move-busy -13, unset-busy -13, set-again 0, move 0, unset 0, unset-again 0
"""

FIRST = ", while it handled: bad address for a load, pc [0-9a-f]{8} addr 00000001$"
DEATHS = {  # argument: the line of the console
    "d": "bad address for a load, pc 00[0-9a-f]{6} addr 00000002" + FIRST,
    "m": "load from an unmapped address, pc 00006000 addr 00006000" + FIRST,
    "k": "load from an unmapped address, pc 00100000 addr 00100000" + FIRST,
    "n": "bad address for a load, pc 00[0-9a-f]{6} addr 00000001$",
    "z": "load from an unmapped address, pc 00000000 addr 00000000" + FIRST,
    "b": "bad address for a load, pc 00[0-9a-f]{6} addr 00000001, while it "
         "handled: exception, pc 00000000 addr 00000000$",
    "f": "bad address for a load, pc 00[0-9a-f]{6} addr 00000001$",
}


def said(m):
    return re.findall(r"^exc: (.*)$", m.console(), re.M)


def expected(name):
    code, addr = CLASSES[name]
    at = addr if name.startswith("jump") else 0
    where = "[0-9a-f]+" if addr is None else f"{addr:x}"
    return (f"{name} code {code} bd {int(name.startswith('delay'))} "
            f"ce {int(name == 'fpu')} addr {where} at {at:x} count 1 "
            "changed 0 busy 1$")


def run(m, way, name="exceptions"):
    m.start("exceptions", way, name=name)
    wait_for(lambda: m.app_states()[name] == "dead", f"{name} has ended", 30)


def every_class(way):
    with Machine() as m:
        run(m, way)
        lines = said(m)
        equal(len(lines), len(CLASSES) + 1, f"lines: {lines}")
        for name, line in zip(CLASSES, lines):
            check(re.match(expected(name), line),
                  f"{line!r} is not {expected(name)!r}")


def test_every_class_reaches_the_handler_and_all_registers_come_back():
    every_class("A")


def test_handlers_behind_the_kernel_see_the_same():
    every_class("K")


def test_registers_survive_thousands_of_refills_and_interrupts():
    """Two that thrash the TLB and the STLB take turns, while frames come and
    handlers fault, which is no exception of theirs."""
    with Machine() as m:
        m.ash("echo", "udp dst port 7", "udp_echo")
        m.cli("ash", "load", "faults", "build/test/ash/slot_fault.o",
              "--filter", "udp dst port 8")
        m.start("exceptions", "T", name="one")
        m.start("exceptions", "U", name="two")
        before = m.nic()["interrupts"]
        with m.wire() as w:
            end = time.monotonic() + 60
            time.sleep(0.2)
            w.send(frames.udp(b"fault", 8))
            m.console_says("ash faults: aborted, fault, pc 8")
            check(len(said(m)) < 4, "nobody ran when the handler faulted")
            sent = echoed = 0
            while len(said(m)) < 4:
                check(time.monotonic() < end, f"thrashing: {said(m)}")
                for i in range(16):
                    w.send(frames.udp(b"%d" % i))
                sent += 16
                # Time that the host takes is charged too, and who owes a
                # slice is not served in others': some may be dropped.
                while w.receive(0.1) is not None:
                    echoed += 1
            check(echoed > sent // 4, f"echoed {echoed} of {sent} meanwhile")
        equal(sorted(said(m)), ["done", "done"] + ["thrash changed 0 handled 0"] * 2,
              "what they say")
        check(m.nic()["interrupts"] > before + 20, "few interrupts")


def test_contexts_that_are_refused():
    with Machine() as m:
        run(m, "R")
        equal(said(m), [r.strip() for r in REFUSALS.split(",")], "refusals")


def test_a_second_exception_ends_it_and_says_both():
    with Machine() as m:
        for way, line in DEATHS.items():
            run(m, way, way)
            check(re.search(f"^env {way}: ended, {line}", m.console(), re.M),
                  f"{way}: {m.console()}")
        equal(said(m), [], "who survived")
        m.cli("status", "--audit")


if __name__ == "__main__":
    harness.main(globals())
