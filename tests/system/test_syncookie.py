#!/usr/bin/python3
"""test_syncookie - apps/ash-syncookie: who gets past it, and who does not.

The cookies are computed here once more, from HalfSipHash's definition.
"""
import os
import struct

import agentlib
import frames
import harness
import offline
import tap
from frames import IP, IP_ADDRESS, MAC, ME, MY_IP, Ether, pad
from harness import check, equal
from machine import Machine, wait_for
from scapy.layers.inet import TCP

KEY = (0x12345678, 0x9abcdef0)
M = 0xffffffff
EPOCH = 7


def tcp(flags="S", data=b"", seq=1000, ack=0, sport=40000, ip=None, **other):
    segment = TCP(sport=sport, dport=80, flags=flags, seq=seq, ack=ack, **other)
    return pad(bytes(Ether(src=ME, dst=MAC) /
                     IP(src=MY_IP, dst=IP_ADDRESS, **(ip or {})) / segment /
                     data))


def rotl(v, n):
    return (v << n | v >> 32 - n) & M


def sip_round(v):
    v[0] = v[0] + v[1] & M
    v[1] = rotl(v[1], 5) ^ v[0]
    v[0] = rotl(v[0], 16)
    v[2] = v[2] + v[3] & M
    v[3] = rotl(v[3], 8) ^ v[2]
    v[0] = v[0] + v[3] & M
    v[3] = rotl(v[3], 7) ^ v[0]
    v[2] = v[2] + v[1] & M
    v[1] = rotl(v[1], 13) ^ v[2]
    v[2] = rotl(v[2], 16)


def half_sip_hash(data, key):
    """HalfSipHash-2-4, 32 bits, of whole words."""
    v = [key[0], key[1], 0x6c796765 ^ key[0], 0x74656462 ^ key[1]]
    words = struct.unpack(f"<{len(data) // 4}I", data)
    for w in (*words, len(data) << 24):
        v[3] ^= w
        sip_round(v)
        sip_round(v)
        v[0] ^= w
    v[2] ^= 0xff
    for _ in range(4):
        sip_round(v)
    return v[1] ^ v[3]


def cookie(frame, epoch=EPOCH):
    """The number that a SYN-ACK for FRAME must carry."""
    seq, = struct.unpack_from(">I", frame, 38)
    return half_sip_hash(frame[26:38] + struct.pack("<II", seq, epoch), KEY)


def syn_ack(frame):
    """The whole answer to the SYN FRAME."""
    asked = Ether(frame)
    return pad(bytes(
        Ether(src=MAC, dst=ME) / IP(src=IP_ADDRESS, dst=MY_IP) /
        TCP(sport=80, dport=asked[TCP].sport, flags="SA", seq=cookie(frame),
            ack=asked[TCP].seq + 1 & M, window=8192, options=[("MSS", 536)])))


def counts(m):
    """(answered, proved, dropped)"""
    with agentlib.Agent(os.path.join(m.dir, "ctl.sock")) as a:
        return struct.unpack("<3I", a.ash_state("syncookie", 12, 12))


def test_the_hash_is_what_its_authors_say():
    key = struct.unpack("<2I", bytes(range(8)))
    equal(half_sip_hash(b"", key), 0x5b9f35a9, "of nothing")


def test_without_a_key_all_is_declined():
    offline.declines("syncookie", [tcp(), tcp("A"), tcp("S", b"data")])


def deploy(m):
    m.ash("arp", "arp dst host 10.7.0.2")
    m.cli("app", "start", "words-owner", f"8={EPOCH}", f"0={KEY[0]}",
          f"4={KEY[1]}")
    m.ash("syncookie", "tcp dst port 80", owner="words-owner")
    m.console_says("words-owner: 3 words for syncookie\n")


def shown(m):
    return m.ask("ash", "show", "syncookie")


def prove(w, m):
    """Who says the cookie gets past it, and nobody else."""
    first, others = tcp(), (tcp(sport=1, seq=M), tcp(options=[("MSS", 1460)]))
    for frame in (first, *others):
        equal(w.ask(frame), syn_ack(frame), "SYN-ACK")
    right, old = cookie(first), cookie(first, EPOCH - 1)
    wrong = [tcp("A", seq=1001, ack=right + 2 & M), tcp("A", seq=1001),
             tcp("A", seq=1002, ack=right + 1 & M), tcp("R", seq=1001),
             tcp("A", seq=1001, ack=right + 1 & M, sport=40001), tcp("F"),
             tcp("A", seq=1001, ack=cookie(first, EPOCH - 2) + 1 & M),
             tcp("RA", seq=1001, ack=right + 1 & M), tcp("SA", seq=1001)]
    for frame in wrong:
        w.silent(frame, first, syn_ack(first))
    equal((counts(m), shown(m)["declines"]), ((3 + len(wrong), 0, len(wrong)), 0),
          "answered, proved, dropped; declined")
    other = tcp(sport=2)
    for frame in (tcp("A", seq=1001, ack=right + 1 & M),
                  tcp("PA", b"data", seq=1001, ack=right + 1 & M),
                  tcp("FA", seq=1005, ack=right + 5 & M),
                  tcp("A", seq=1001, ack=cookie(other, EPOCH - 1) + 1 & M,
                      sport=2)):
        w.silent(frame, first, syn_ack(first))
    equal((counts(m)[1:], shown(m)["declines"]), ((2, len(wrong)), 4),
          "proved, dropped; declined")
    check(old != right, "epochs differ")


def lies(w, first):
    """Segments that are none."""
    for frame in (tcp(dataofs=4), tcp(dataofs=15), tcp("S", b"data"),
                  tcp(ip={"len": 39}), tcp(ip={"len": 200}),
                  tcp(ip={"flags": "MF"}), tcp(ip={"proto": 17})):
        w.silent(frame, first, syn_ack(first))


def test_only_who_proves_its_address_gets_to_the_ring():
    with Machine() as m:
        deploy(m)
        with m.wire() as w:
            prove(w, m)
            lies(w, tcp())
        before = counts(m)
        why = tap.missing()
        if why:
            print(f"  skipped: no client can run here: {why}")
        else:
            tap.ask(m, "bash -c 'exec 3<>/dev/tcp/10.7.0.2/80'")
            wait_for(lambda: counts(m)[1] == before[1] + 1, "Linux connected")
            equal(counts(m)[2], before[2], "dropped")
        equal(shown(m)["aborts"], 0, "aborts")


if __name__ == "__main__":
    harness.main(globals())
