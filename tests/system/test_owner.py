#!/usr/bin/python3
"""test_owner - handlers that belong to an application: shared state, waking it,
and frames that they leave to it."""
import frames
import harness
from harness import check, equal
from machine import Machine, wait_for

PAYLOAD = 42  # where the data of frames.udp() begins


def test_owner_reads_the_state_and_is_woken():
    with Machine() as m:
        m.cli("app", "start", "build/apps/counter-owner.elf", "10")
        m.ash("counter", "udp dst port 9", owner="counter-owner")
        wait_for(lambda: "counter has counted 0\n" in m.console(),
                 "the owner sees the handler")
        with m.wire() as w:
            for i in range(1, 10):
                reply = w.ask(frames.udp(bytes(8), 9))
                equal(reply[PAYLOAD:PAYLOAD + 4], i.to_bytes(4, "big"),
                      "the count in the reply")
            check("counted 9" not in m.console(), "the owner was not to wake")
            w.ask(frames.udp(bytes(8), 9))
        wait_for(lambda: "counter has counted 10\n" in m.console(),
                 "the owner is woken at 10")


def test_what_a_handler_declines_goes_to_its_owner():
    with Machine() as m:
        m.cli("app", "start", "build/apps/echo-ring.elf")
        m.ash("icmp_echo", "udp dst port 7", ring="echo-ring")
        with m.wire() as w:
            for _ in range(20):
                equal(w.ask(frames.udp()), frames.reply_udp(), "echo")
        equal(m.ask("ash", "show", "icmp_echo")["declines"], 20, "declined")
        equal(m.ask("filter", "show", "icmp_echo")["delivered"], 20,
              "delivered to the owner's ring")


if __name__ == "__main__":
    harness.main(globals())
