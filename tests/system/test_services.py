#!/usr/bin/python3
"""test_services - what the kernel does for handlers: pipes, messages, upcalls.

tests/system/handlers/services.c says what each letter asks for.
"""
import os
import struct
import tempfile
import time

import frames
import harness
from harness import check, equal
from machine import TOP, Machine, spindle, wait_for

HANDLER = "build/test/ash/services.o"
WORDS = ("--filter", "udp dst port 7", "--budget", "20000")


def load(m, *words, **kw):
    return m.cli("ash", "load", "services", HANDLER, *WORDS, *words, **kw)


def shown(m):
    return m.ask("ash", "show", "services")


def payload(reply):
    return reply[42:]


def inet_sum(data):
    """Folded, in the order of memory."""
    data += bytes(len(data) % 2)
    s = sum(struct.unpack(f"<{len(data) // 2}H", data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return s


def own_list(data):
    """What list 0 makes of DATA: XOR, then the word and how many came before."""
    words = struct.unpack(f"<{len(data) // 4}I", data)
    return b"".join(struct.pack("<I", (w ^ 0x5a5a5a5a) + i & 0xffffffff)
                    for i, w in enumerate(words))


def asks():
    """Payloads, and what comes back."""
    for n in (2, 3, 4, 5, 19, 60, 61, 62, 63, 1400, 1471):
        data = os.urandom(n - 1)
        back = data + bytes([inet_sum(data) & 0xff])
        yield b"c" + data, back
    for n in (4, 8, 20, 1024):
        data = b"l" + os.urandom(n - 1)
        yield data, own_list(data)
    yield b"b" + bytes(20), bytes([13]) + bytes(20)


def test_bytes_go_through_pipes_in_the_machine_and_without_one():
    pairs = list(asks())
    with Machine() as m, m.wire() as w:
        load(m)
        for ask, answer in pairs:
            equal(payload(w.ask(frames.udp(ask)))[:len(answer)], answer,
                  f"{ask[:8]}, {len(ask)} bytes")
        equal(shown(m)["aborts"], 0, "aborts")
        m.cli("status", "--audit")
    from scapy.utils import rdpcap, wrpcap
    with tempfile.TemporaryDirectory() as d:
        wrpcap(f"{d}/in.pcap", [frames.udp(ask) for ask, _ in pairs],
               linktype=1)
        spindle("ash", "test", HANDLER, "-r", f"{d}/in.pcap", "-w",
                f"{d}/out.pcap", "--budget", "20000")
        replies = [bytes(p) for p in rdpcap(f"{d}/out.pcap")]
    equal([payload(r)[:len(p[1])] for r, p in zip(replies, pairs)],
          [p[1] for p in pairs], "without a machine")


def test_messages_leave_as_far_as_templates_let_them():
    with Machine() as m, m.wire() as w:
        load(m)
        w.send(frames.udp(b"m\x03" + bytes(30)))
        got = [w.receive(5) for _ in range(3)]
        for i, frame in enumerate(got):
            check(frame is not None, f"message {i}")
            equal(payload(frame)[:2], b"m" + bytes([i]), f"message {i}")
        sent = m.nic()["sent"]
        w.send(frames.udp(b"f" + bytes(30)))
        wait_for(lambda: shown(m)["runs"] == 2, "the forger ran")
        equal((shown(m)["declines"], m.nic()["sent"]), (0, sent), "not sent")
        m.cli("status", "--audit")


def test_a_flood_of_messages_is_bounded_by_the_budget():
    """Each takes its length from the budget, and a sender has but a share of the
    NIC's descriptors; the handler is stopped or refused, nobody else suffers."""
    with Machine() as m, m.wire() as w:
        m.ash("echo", "udp dst port 8", "udp_echo")
        load(m)
        for _ in range(30):
            w.send(frames.udp(b"m\xff" + bytes(1000)))
        wait_for(lambda: shown(m)["aborts"] == 1, "it was stopped")
        equal(shown(m)["abort_reason"], "budget", "why")
        w.send(frames.udp(b"well?", dport=8))
        w.until(frames.reply_udp(b"well?", sport=8))
        check(m.nic()["balanced"], m.nic())
        m.cli("status", "--audit")


def test_copies_without_end_are_stopped():
    with Machine() as m, m.wire() as w:
        load(m)
        w.send(frames.udp(b"e" + bytes(100)))
        wait_for(lambda: shown(m)["aborts"] == 1, "it was stopped")
        equal(shown(m)["abort_reason"], "budget", "why")
        m.cli("status", "--audit")


def test_lists_go_with_their_handler():
    with Machine() as m:
        load(m)
        m.cli("ash", "unload", "services")
        free = m.status()["memory"]["free"]
        for _ in range(20):
            load(m)
            m.cli("ash", "unload", "services")
        equal(m.status()["memory"]["free"], free, "pages")
        m.cli("status", "--audit")


if __name__ == "__main__":
    harness.main(globals())
