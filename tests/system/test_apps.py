#!/usr/bin/python3
"""test_apps - applications that crash, forge or do not read their ring."""
import frames
import harness
from harness import check, equal
from machine import Machine, wait_for

EDENIED = 16  # of err.h
WAYS = ("load", "store", "kernel", "align", "break", "trap", "privileged",
        "debug", "jump")


def crash(m, wire, way, name):
    """Start a crasher, send it the frame it dies of, wait until it is dead."""
    m.start("crasher", way, name=name)
    m.cli("filter", "add", name, "udp dst port 2000", "--to", f"ring:{name}")
    wire.send(frames.udp(b"die", 2000))
    wait_for(lambda: f"agent: {name} died" in m.console(), f"{name} died")


def test_an_application_that_crashes_is_reported_and_cleaned_up():
    with Machine() as m:
        m.ash("echo", "udp dst port 7", "udp_echo")
        free = m.status()["memory"]["free"]
        with m.wire() as w:
            for way in WAYS:
                name = f"dies-{way}"
                crash(m, w, way, name)
                equal([f["name"] for f in m.ask("filter", "list")], ["echo"],
                      f"filters after {name}")
                equal(w.ask(frames.udp(b"alive", 7)),
                      frames.reply_udp(b"alive", 7), f"echo after {name}")
        equal(m.status()["memory"]["free"], free, "free pages")
        check("PANIC" not in m.console(), m.console())


def test_more_crashes_than_there_are_environments():
    with Machine() as m, m.wire() as w:
        for i in range(36):
            crash(m, w, WAYS[i % len(WAYS)], f"dies-{i}")


def test_nobody_sends_as_somebody_else():
    with Machine() as m:
        m.start("forger")
        m.cli("filter", "add", "f", "dst host 10.7.0.2 and udp dst port 9",
              "--to", "ring:forger")
        before = m.nic()
        with m.wire() as w:
            got = w.ask(frames.udp(b"who are you", 9))
            _, _, _, said = frames.datagram(got)
            equal(said, bytes([EDENIED] * 5), "what the kernel said to forged "
                  "MAC, address, port, protocol, type")
            equal(w.receive(0.2), None, "a second frame")
        equal(m.nic()["sent"] - before["sent"], 1, "frames sent")


def test_without_a_filter_nothing_can_be_sent():
    with Machine() as m:
        m.start("forger")
        m.start("forger", name="other")
        for name, port, app in (("f", 9, "forger"), ("o", 10, "other")):
            m.cli("filter", "add", name, f"udp dst port {port} and dst host "
                  "10.7.0.2", "--to", f"ring:{app}")
        with m.wire() as w:
            equal(len(w.ask(frames.udp(b"mine", 9))), 60, "a reply")
            m.cli("filter", "del", "o")
            w.silent(frames.udp(b"gone", 10), frames.udp(b"mine", 9),
                     w.ask(frames.udp(b"mine", 9)))


def test_a_ring_that_is_full_drops_and_counts():
    with Machine() as m:
        m.start("sleeper")
        m.cli("filter", "add", "s", "udp dst port 9", "--to", "ring:sleeper")
        sent = 0
        with m.wire() as w:
            for _ in range(20):
                for _ in range(10):
                    w.send(frames.udp(b"x", 9))
                sent += 10
                m.settled(sent)
        shown = m.ask("filter", "show", "s")
        equal(shown["packets"], sent, "packets")
        full = shown["drops"]["ring-full"]
        check(0 < full < sent, f"{full} of {sent} dropped")
        nic = m.nic()
        equal((nic["delivered"], nic["dropped"]["ring-full"]),
              (sent - full, full), "delivered, dropped")


def test_a_stopped_application_leaves_no_filter_behind():
    with Machine() as m:
        free = m.status()["memory"]["free"]
        for _ in range(20):
            m.cli("app", "start", "echo-ring")
            m.cli("filter", "add", "e", "udp dst port 9", "--to",
                  "ring:echo-ring")
            with m.wire() as w:
                equal(w.ask(frames.udp(b"hello", 9)),
                      frames.reply_udp(b"hello", 9), "the reply")
            m.cli("app", "stop", "echo-ring")
            equal(m.ask("filter", "list"), [], "filters")
        equal(m.status()["memory"]["free"], free, "free pages")


def test_programs_that_are_none_are_refused():
    with Machine() as m:
        for what in ("build/kernel.elf", "build/spindle", "README.md",
                     "build/no-such.elf"):
            done = m.cli("app", "start", what, status=1)
            equal(len(done.stderr.splitlines()), 1, f"{what}: {done.stderr}")
        check("PANIC" not in m.console(), m.console())


if __name__ == "__main__":
    harness.main(globals())
