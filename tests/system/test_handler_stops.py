#!/usr/bin/python3
"""test_handler_stops - handlers in assembly that stop at bad moments, and pry.

LIMIT: 180
"""
import os
import struct

import agentlib
import frames
from harness import check, equal, main
from machine import Machine

OURS = "build/test/ash"
NS_PER_COUNT, NS_PER_INSTRUCTION = 6, 1 << 10  # --icount
WAKE_COST, CLOCK_COST = 120, 40                # ASH_IMPORTS of ash/ash.h


def load(m, name, port):
    m.cli("ash", "load", name, f"{OURS}/{name}.o", "--filter",
          f"udp dst port {port}")


def test_whatever_stops_a_handler_the_next_frame_is_served():
    stops = {"slot_fault": "fault", "exit_fault": "fault",
             "sp_fault": "fault", "clock_loop": "budget"}
    with Machine() as m:
        m.ash("echo", "udp dst port 7", "udp_echo")
        echo, reply = frames.udp(b"next", 7), frames.reply_udp(b"next", 7)
        with m.wire() as w:
            for again in range(3):
                for port, (name, why) in enumerate(stops.items(), 600):
                    load(m, name, port)
                    w.silent(frames.udp(b"stop", port), echo, reply)
                    got = m.ask("ash", "show", name)
                    equal((got["aborts"], got["abort_reason"]), (1, why),
                          f"{name}: aborts and why")
                    m.cli("ash", "unload", name)
        equal(m.nic()["dropped"]["aborted"], 3 * len(stops), "aborted")
        check("panic" not in m.console().lower(), m.console())


def test_a_handler_may_decline_for_ever():
    with Machine() as m:
        load(m, "pass", 9)
        m.ash("echo", "udp dst port 7", "udp_echo")
        with m.wire() as w:
            for i in range(50):
                for _ in range(10):
                    w.send(frames.udp(b"no", 9))
                data = b"next %d" % i
                equal(w.ask(frames.udp(data, 7)), frames.reply_udp(data, 7),
                      "the other handler's reply")
        equal(m.ask("ash", "show", "pass")["declines"], 500, "declines")


def words(m, name, n):
    with agentlib.Agent(os.path.join(m.dir, "ctl.sock")) as a:
        return struct.unpack(f"<{n}I", a.ash_state(name, 0, 4 * n))


def test_a_handler_learns_nothing_from_registers():
    with Machine() as m:
        load(m, "registers", 9)
        with m.wire() as w:
            for i in range(1, 4):
                w.send(frames.udp(b"x", 9))
                m.settled(i)
                equal(words(m, "registers", 3), (0, 0, 0),
                      "at entry, after ash_wake, after ash_clock")


def test_dead_zones_hold_nothing_of_who_was_there_before():
    with Machine() as m:
        for i in range(1, 4):
            load(m, "zone", 9)
            with m.wire() as w:
                w.send(frames.udp(b"x", 9))
            m.settled(i)
            equal(words(m, "zone", 1), (0,), f"dead zones, load {i}")
            m.cli("ash", "unload", "zone")


def test_a_reply_that_is_denied_leaves_nothing_in_its_slot():
    with Machine() as m:
        load(m, "leave", 9)
        with m.wire() as w:
            for i in range(4):  # every slot several times
                for _ in range(50):
                    w.send(frames.udp(b"x", 9))
                m.settled(50 * (i + 1))
        equal(m.nic()["dropped"]["tx-denied"], 200, "denied")
        equal(words(m, "leave", 1), (0,), "behind the frame")


def test_services_take_no_more_than_their_cost():
    with Machine("--icount") as m:
        load(m, "registers", 9)
        with m.wire() as w:
            w.send(frames.udp(b"x", 9))
        m.settled(1)
        clock, wake = (c * NS_PER_COUNT / NS_PER_INSTRUCTION
                       for c in words(m, "registers", 5)[3:])
        print(f"# clock to clock {clock:.1f}, with a wake between {wake:.1f}")
        # With each service two instructions before it, its jal and the slot.
        check(20 < clock <= CLOCK_COST + 4, f"a clock takes {clock - 4}")
        check(20 < wake - clock <= WAKE_COST + 4,
              f"a wake takes {wake - clock - 4}")


if __name__ == "__main__":
    main(globals())
