#!/usr/bin/python3
"""test_handlers - ASHs on real frames: what they answer, and what stops them.

LIMIT: 180
"""
import os
import struct
import tempfile

import agentlib
import frames
import harness
from harness import check, equal
from machine import TOP, Machine

ECHO = ("echo", "udp dst port 7", "udp_echo")
OURS = "build/test/ash"


def load(m, name, expression, *words, status=0):
    """Load one of the handlers in tests/system/handlers."""
    return m.cli("ash", "load", name, f"{OURS}/{name}.o", "--filter",
                 expression, *words, status=status)


def shown(m, name):
    return m.ask("ash", "show", name)


def test_ping_is_answered_byte_for_byte():
    with Machine() as m:
        m.ash("ping", "icmp", "icmp_echo")
        with m.wire() as w:
            for size in list(range(0, 40)) + [56, 57, 999, 1471, 1472]:
                data = bytes(i * 31 % 256 for i in range(size))
                equal(w.ask(frames.ping(data, seq=size)),
                      frames.pong(data, seq=size), f"{size} bytes")
            for words in range(1, 11):
                got = w.ask(frames.ping(b"opt", options=4 * words))
                equal(got, frames.pong(b"opt", options=4 * words),
                      f"{words} words of options")
                check(frames.checksums_hold(got), "checksums")


def test_a_ping_of_nothing_but_zeros_has_a_checksum():
    with Machine() as m:
        m.ash("ping", "icmp", "icmp_echo")
        with m.wire() as w:
            got = w.ask(frames.ping(bytes(18), seq=0, ident=0))
            equal(got, frames.pong(bytes(18), seq=0, ident=0), "the reply")


def test_what_is_no_echo_request_is_not_answered():
    with Machine() as m:
        m.ash("ping", "icmp", "icmp_echo")
        sentinel = frames.ping(b"sentinel", seq=99)
        reply = frames.pong(b"sentinel", seq=99)
        others = [
            frames.ping(kind=0),
            frames.ping(kind=8, code=1),
            frames.ping(kind=3, code=3),
            frames.ping(kind=13),
            frames.ping(flags="MF"),
            frames.ping(len=27),
            frames.ping(len=2000),
        ]
        with m.wire() as w:
            for frame in others:
                w.silent(frame, sentinel, reply)
        equal(shown(m, "ping")["declines"], len(others), "declined")


def test_the_remote_counter_counts_and_its_owner_reads_it():
    with Machine() as m:
        m.ash("counter", "udp dst port 4000", "counter")
        with m.wire() as w:
            for i in range(1, 6):
                got = w.ask(frames.udp(bytes(4) + b"rest", 4000))
                want = frames.reply_udp(struct.pack(">I", i) + b"rest", 4000)
                equal(got, want, f"reply {i}")
                check(frames.checksums_hold(got), "checksums")
            got = w.ask(frames.udp(bytes(4), 4000, checksum=0))
            equal(got, frames.reply_udp(struct.pack(">I", 6), 4000,
                                        checksum=0), "without checksum")
            before = m.nic()["sent"]
            w.send(frames.udp(b"abc", 4000))  # no room for the count
            m.settled(7)
            equal(m.nic()["sent"], before, "replies to a short request")
        with agentlib.Agent(os.path.join(m.dir, "ctl.sock")) as a:
            count, = struct.unpack("<I", a.ash_state("counter", 0, 4))
        equal(count, 6, "the count in the handler's state")


def test_an_endless_loop_is_cut_off_and_the_next_frame_is_served():
    with Machine() as m:
        m.ash(*ECHO)
        load(m, "spin", "udp dst port 666")
        with m.wire() as w:
            echo, reply = frames.udp(b"next", 7), frames.reply_udp(b"next", 7)
            w.silent(frames.udp(b"spin", 666), echo, reply)
            got = shown(m, "spin")
            equal((got["aborts"], got["abort_reason"]), (1, "budget"),
                  "aborts and why")
            check("ash spin: aborted" in m.console(), m.console())
            for _ in range(10):  # it is off the path now
                w.silent(frames.udp(b"spin", 666), echo, reply)
        equal(shown(m, "spin")["aborts"], 1, "aborts at the end")
        equal(m.nic()["dropped"]["aborted"], 11, "dropped as aborted")
        equal(shown(m, "echo")["replies"], 11, "replies of the other handler")
        m.cli("ash", "unload", "spin")
        load(m, "spin", "udp dst port 666")


def test_a_handler_that_faults_is_cut_off():
    with Machine() as m:
        m.ash(*ECHO)
        load(m, "trip", "udp dst port 667")
        with m.wire() as w:
            w.silent(frames.udp(b"even" * 10, 667), frames.udp(b"next", 7),
                     frames.reply_udp(b"next", 7))
        got = shown(m, "trip")
        equal((got["aborts"], got["abort_reason"]), (1, "fault"),
              "aborts and why")
        check("ash trip: aborted" in m.console(), m.console())


def test_a_handler_sends_as_nobody_else():
    with Machine() as m:
        load(m, "forge", "udp dst port 9")
        before = m.nic()
        truth, reply = frames.udp(b"true", 9), frames.reply_udp(b"true", 9)
        with m.wire() as w:
            for lie in (b"mac", b"port", b"short", b"long"):
                w.silent(frames.udp(lie, 9), truth, reply)
        after = m.nic()
        equal(after["dropped"]["tx-denied"] - before["dropped"]["tx-denied"],
              4, "denied")
        equal(after["sent"] - before["sent"], 4, "sent")


def test_declined_frames_go_to_the_ring_that_was_named():
    with Machine() as m:
        m.cli("app", "start", "echo-ring")
        load(m, "pass", "udp dst port 9", "--ring", "echo-ring")
        with m.wire() as w:
            for i in range(5):
                data = b"declined %d" % i
                equal(w.ask(frames.udp(data, 9)), frames.reply_udp(data, 9),
                      "the application's reply")
        equal(shown(m, "pass")["declines"], 5, "declines")
        nic = m.nic()
        equal((nic["delivered"], nic["consumed"]), (5, 0),
              "delivered, consumed")


def test_declined_frames_without_a_ring_are_counted():
    with Machine() as m:
        load(m, "pass", "udp dst port 9")
        with m.wire() as w:
            for _ in range(3):
                w.send(frames.udp(b"x", 9))
        m.settled(3)
        equal(m.nic()["dropped"]["declined"], 3, "declined")


def test_replace_changes_the_handler_between_two_frames():
    with Machine() as m:
        m.cli("ash", "load", "h", f"{OURS}/pass.o", "--filter",
              "udp dst port 7")
        with m.wire() as w:
            w.send(frames.udp(b"declined", 7))
            m.settled(1)
            m.cli("ash", "replace", "h", "build/ash/udp_echo.o")
            equal(w.ask(frames.udp(b"echoed", 7)),
                  frames.reply_udp(b"echoed", 7), "the new handler's reply")
        equal(len(m.ask("ash", "list")), 1, "handlers loaded")


def test_an_unguarded_object_is_refused_with_rule_and_line():
    with Machine() as m:
        done = m.cli("ash", "load", "bad", f"{OURS}/unguarded.o", "--filter",
                     "udp dst port 7", status=1)
        equal(len(done.stderr.splitlines()), 1, done.stderr)
        check("udp_echo.c:" in done.stderr, done.stderr)
        check("UNPAID" in done.stderr or "ADDRESS" in done.stderr, done.stderr)
        equal(m.ask("ash", "list"), [], "handlers loaded")
        equal(m.ask("filter", "list"), [], "filters installed")


def test_objects_that_are_none_are_refused_in_one_line():
    with Machine() as m, tempfile.NamedTemporaryFile(suffix=".o") as cut:
        with open(os.path.join(TOP, "build/ash/udp_echo.o"), "rb") as f:
            cut.write(f.read()[:700])
        cut.flush()
        free = m.status()["memory"]["free"]
        for what in (cut.name, "build/kernel.elf", "README.md",
                     "build/tool/tools/main.c.o"):
            done = m.cli("ash", "load", "bad", what, "--filter", "udp",
                         status=1)
            equal(len(done.stderr.splitlines()), 1, f"{what}: {done.stderr}")
        equal(m.status()["memory"]["free"], free, "free pages")


if __name__ == "__main__":
    harness.main(globals())
