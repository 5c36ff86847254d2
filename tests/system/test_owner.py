#!/usr/bin/python3
"""test_owner - handlers that belong to an application: shared state, waking it,
and frames that they leave to it."""
import frames
from harness import check, equal, main
from machine import Machine, wait_for


def test_owner_reads_the_state_and_is_woken():
    with Machine() as m:
        m.cli("app", "start", "build/apps/counter-owner.elf", "10")
        m.ash("counter", "udp dst port 9", owner="counter-owner")
        wait_for(lambda: "counter has counted 0\n" in m.console(),
                 "the owner sees the handler")
        with m.wire() as w:
            for i in range(1, 10):
                reply = frames.udp_payload(w.ask(frames.udp(9, bytes(8))))
                equal(reply[:4], i.to_bytes(4, "big"), "the count")
            check("counted 9" not in m.console(), "the owner sleeps")
            w.ask(frames.udp(9, bytes(8)))
        wait_for(lambda: "counter has counted 10\n" in m.console(),
                 "the owner is woken at 10")


def test_what_a_handler_declines_goes_to_its_owner():
    with Machine() as m:
        m.cli("app", "start", "build/apps/echo-ring.elf")
        m.ash("icmp_echo", "udp dst port 7", ring="echo-ring")
        with m.wire() as w:
            for _ in range(20):
                request = frames.udp(7, b"not an ICMP message")
                equal(w.ask(request), frames.udp_turned(request), "echo")
        show = m.ask("ash", "show", "icmp_echo")
        equal(show["declines"], 20, "declined frames")


if __name__ == "__main__":
    main(globals())
