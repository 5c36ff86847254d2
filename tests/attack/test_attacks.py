#!/usr/bin/python3
"""test_attacks - what user mode may not do, and what must not follow when it tries.

tests/attack/attack_NAME.c says what each line tries, and what must come of it.
The kernel's tables are audited after every attempt, and compared with what they
were before every one that was refused.

LIMIT: 240
"""
import os
import re
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             "../system"))
import harness
from harness import check, equal
from test_attack import Attacked

from machine import wait_for


def attack(program, least, *args, limit=60):
    """Run PROGRAM; at least so many attempts, all of them as they should.
    Returns the frames that left the machine meanwhile."""
    sent = []
    with Attacked() as m, m.wire() as w:
        m.cli("app", "start", f"build/test/attack/{program}.elf", "--root",
              *args)
        ended = f"agent: {program} "

        def over():
            while (frame := w.receive(0)) is not None:
                sent.append(frame)
            return ended in m.console()

        wait_for(over, f"{program} ends", limit)
        while (frame := w.receive(0.3)) is not None:
            sent.append(frame)
        text = m.console()
        lines = re.findall(r"^attack: (.*)$", text, re.M)
        bad = [l for l in lines
               if re.search(r"WRONG|CHANGED|AUDIT|no memory", l)]
        equal(bad, [], program)
        check(f"{ended}ended with 0" in text, text[-1000:])
        check(lines and lines[-1] == f"done {len(lines) - 1}",
              f"{program}: {lines[-1:]} of {len(lines)}")
        check(len(lines) > least, f"{program}: only {len(lines) - 1} attempts")
    return sent


def test_save_areas_and_exceptions():
    attack("attack_contexts", 45)


def test_slices_predicates_and_yields():
    attack("attack_time", 45)


def test_ends_and_starts_of_slices():
    attack("attack_turns", 10)


def test_translations_of_frames_that_are_not_its_own_or_were():
    attack("attack_bindings", 60)


def test_capabilities_and_revocation():
    attack("attack_rights", 80)


def test_protected_transfers():
    attack("attack_calls", 45)


def test_addresses_of_the_kernel_in_every_argument_of_every_call():
    attack("attack_arguments", 180)


def test_tables_that_are_filled():
    attack("attack_tables", 14, "--flow", "ether proto 0x88b7")


def test_tapes_and_captures():
    attack("attack_capture", 50, "--flow", "ether proto 0x88b9")


def test_frames_that_end_nowhere_and_verdicts_that_go_anywhere():
    attack("attack_run", 80)


def test_what_leaves_the_machine_is_what_was_checked():
    sent = attack("attack_frames", 18, "--flow", "ether proto 0x88b8")
    ours = [f for f in sent if f[12:14] == b"\x88\xb8"]
    for f in ours:
        equal(f[6:12], bytes.fromhex("525400123456"), "the source")
        equal(f[14], 7, "byte 14")
        equal(set(f[15:]), {0x41}, "bytes behind it")
    check(len(ours) > 300, f"only {len(ours)} frames")
    equal(len(sent), len(ours), "frames in all")


if __name__ == "__main__":
    harness.main(globals())
