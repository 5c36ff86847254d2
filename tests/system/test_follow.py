#!/usr/bin/python3
"""test_follow - who gets the later fragments of a datagram (filter add --follow).

LIMIT: 240
"""
import random
import re
import struct
import time

import agentlib
import frames
import harness
from agentlib import FOLLOW, TO_ASH, TO_COUNT, TO_RING
from frames import IP, UDP, Ether, Raw
from harness import check, equal
from machine import Machine, wait_for
from scapy.layers.inet import TCP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment

NINE = "ip and udp dst port 9"
TICKS = 12    # offset in struct sp_info
LIFE = 500    # ticks that a datagram is followed
PIECE = 1480  # bytes of a datagram in a frame of the usual length


def ether(packet, dst=frames.MAC):
    return frames.pad(bytes(Ether(src=frames.ME, dst=dst) / packet))


def datagram(size, ident, port=9, src=frames.MY_IP, piece=PIECE, **ip):
    """The frames of a UDP datagram with SIZE bytes of data."""
    whole = IP(src=src, dst=frames.IP_ADDRESS, id=ident, **ip) / \
        UDP(sport=40000, dport=port) / Raw(bytes(i % 251 for i in range(size)))
    return [ether(f) for f in fragment(whole, piece)]


def piece(ident, at, size, more, proto=17, **ip):
    """One fragment, SIZE bytes from AT * 8 on."""
    return ether(IP(src=frames.MY_IP, dst=frames.IP_ADDRESS, id=ident,
                    proto=proto, frag=at, flags="MF" if more else 0, **ip) /
                 Raw(struct.pack(">HH", 40000, 9) + bytes(size - 4)))


class Receivers:
    """A machine with `nine`, which gets UDP port 9, and `host`, which gets
    what is left."""

    def __init__(self, *options, up=()):
        self.options, self.machine, self.sent = options, Machine(*up), 0

    def __enter__(self):
        m = self.machine.__enter__()
        m.start("reader", name="nine")
        m.start("reader", name="host")
        m.cli("filter", "add", "nine", NINE, "--to", "ring:nine",
              *self.options)
        m.cli("filter", "add", "host", "ip", "--to", "ring:host")
        self.wire = m.wire().__enter__()
        return self

    def __exit__(self, *how):
        self.wire.__exit__(*how)
        return self.machine.__exit__(*how)

    def send(self, *all_frames):
        for f in all_frames:
            self.wire.send(f)
            self.sent += 1
            if self.sent % 16 == 0:
                self.machine.settled(self.sent)
        self.machine.settled(self.sent)

    def shown(self, name="nine"):
        return self.machine.ask("filter", "show", name)

    def counts(self):
        """Frames of nine, of them later fragments, frames of host."""
        nine = self.shown()
        return [nine["packets"], nine["followed"],
                self.shown("host")["packets"]]

    def status(self):
        return self.machine.status()["follow"]

    def read(self, name, n):
        """What the application read: N pairs (id, offset and flags)."""
        line = re.compile(rf"^{name}: \d+ 0800 (\w+) (\w+)$", re.M)
        find = lambda: line.findall(self.machine.console())
        wait_for(lambda: len(find()) >= n, f"{name} reads {n} frames")
        return [(int(i, 16), int(f, 16)) for i, f in find()]


# --- works ---

def test_without_it_only_first_fragments_arrive():
    with Receivers() as r:
        r.send(*datagram(4000, 1), *datagram(100, 2))
        equal(r.counts(), [2, 0, 2], "nine, followed, host")
        equal(r.read("host", 2), [(1, 0x2000 | 185), (1, 370)], "host")
        equal(r.shown()["follow"], False, "follow")


def test_with_it_whole_datagrams_arrive():
    with Receivers("--follow") as r:
        r.send(*datagram(4000, 1), *datagram(100, 2), *datagram(4000, 3, 10))
        equal(r.counts(), [4, 2, 3], "nine, followed, host")
        equal(r.read("nine", 4), [(1, 0x2000), (1, 0x2000 | 185), (1, 370),
                                  (2, 0)], "nine")
        equal(r.read("host", 3), [(3, 0x2000), (3, 0x2000 | 185), (3, 370)],
              "host")
        equal(r.status(), {"datagrams": 1, "fragments": 2, "complete": 1,
                           "refused": 0, "full": 0}, "status")
        equal(r.shown()["follow"], True, "follow")
        check("followed  2" in
              r.machine.cli("filter", "show", "nine").stdout, "in words")


def test_the_longest_datagram_in_any_order():
    with Receivers("--follow") as r:
        first, *rest = datagram(65000, 7)
        random.Random(7).shuffle(rest)
        r.send(first, *rest)
        equal(r.counts(), [44, 43, 0], "nine, followed, host")
        equal(r.status()["complete"], 1, "complete")


def test_ipv6_is_followed_behind_its_fragment_header():
    def six(at, more, data, ident=5):
        return ether(IPv6(src="fe80::1", dst="fe80::2") /
                     IPv6ExtHdrFragment(nh=17, offset=at, m=more, id=ident) /
                     Raw(data))
    head = struct.pack(">HHHH", 40000, 9, 3000, 0)
    with Receivers() as r:
        r.machine.start("reader", name="six")
        r.machine.cli("filter", "add", "six", "ip6[6] = 44 and ip6[40] = 17 and "
                      "ip6[42:2] & 0xfff8 = 0 and ip6[50:2] = 9", "--to",
                      "ring:six", "--follow")
        r.send(six(0, 1, head + bytes(1224)), six(154, 1, bytes(1232)),
               six(308, 0, bytes(528)), six(154, 0, bytes(8), ident=6))
        equal([r.shown("six")[k] for k in ("packets", "followed")], [3, 2],
              "packets, followed")
        equal(r.machine.nic()["dropped"]["unclaimed"], 1, "another one's")


def test_replace_keeps_following_but_not_what_was_before():
    with Receivers("--follow") as r:
        old, new = datagram(4000, 1), datagram(4000, 2)
        r.send(old[0])
        r.machine.cli("filter", "replace", "nine", NINE)
        r.send(*old[1:], *new)
        equal(r.counts(), [4, 2, 2], "nine, followed, host")


# --- refuses ---

def test_only_rings_follow():
    with Machine() as m:
        m.ash("echo", "udp dst port 7", "udp_echo")
        m.start("sleeper", name="a")
        done = m.cli("filter", "add", "f", NINE, "--to", "count", "--follow",
                     status=2)
        check("--to ring:APP" in done.stderr, done.stderr)
        m.cli("filter", "add", "f", NINE, "--to", "ash:echo", "--follow",
              status=2)
        with agentlib.Agent(f"{m.dir}/ctl.sock") as agent:
            for to, target in ((TO_COUNT, ""), (TO_ASH, "echo")):
                try:
                    agent.filter_add("f", agentlib.ANY, to, target,
                                     flags=FOLLOW)
                    check(False, f"target {to}: follows")
                except agentlib.Refused as e:
                    equal(e.code, -11, "SP_EUNSUPPORTED")
            agent.filter_add("f", agentlib.ANY, TO_RING, "a", flags=FOLLOW)


def test_fragments_before_the_first_are_the_classifiers():
    with Receivers("--follow") as r:
        first, middle, last = datagram(4000, 1)
        r.send(middle, first, last)
        equal(r.counts(), [2, 1, 1], "nine, followed, host")
        equal(r.status()["complete"], 0, "complete")


def test_another_hosts_datagram_with_the_same_id_is_another():
    with Receivers("--follow") as r:
        mine, yours = datagram(4000, 1), datagram(4000, 1, src="10.7.0.3")
        r.send(mine[0], *yours[1:], *mine[1:])
        r.send(piece(1, 370, 80, False, proto=6))
        equal(r.counts(), [3, 2, 3], "nine, followed, host")


def test_what_came_before_comes_to_nobody_twice():
    with Receivers("--follow") as r:
        first, middle, last = datagram(4000, 1)
        r.send(first, middle, middle, first, last)
        equal(r.counts(), [4, 2, 1], "nine, followed, host")
        equal([r.status()[k] for k in ("complete", "refused")], [1, 1],
              "complete, refused")


def test_overlapping_fragments_end_it():
    with Receivers("--follow") as r:
        for i, (at, size) in enumerate(((184, 80), (10, 8), (200, 1480),
                                        (300, 800))):
            first, middle, last = datagram(4000, i)
            r.send(first, middle, piece(i, at, size, True), last)
            equal(r.counts(), [2 * i + 2, i + 1, 2 * i + 2],
                  f"nine, followed, host; {at}, {size}")
            equal(r.status()["refused"], 2 * i + 2, "refused")


def test_a_header_in_two_parts_is_not_followed():
    tcp = bytes(TCP(sport=1, dport=9, flags="S", chksum=0))
    with Machine() as m:
        for name in ("web", "host"):
            m.start("reader", name=name)
        m.cli("filter", "add", "web", "ip and tcp dst port 9", "--to", "ring:web",
              "--follow")
        m.cli("filter", "add", "host", "ip", "--to", "ring:host")

        def part(ident, at, more, data):
            return ether(IP(src=frames.MY_IP, dst=frames.IP_ADDRESS, id=ident,
                            proto=6, frag=at, flags="MF" if more else 0) /
                         Raw(data))
        with m.wire() as w:
            w.send(part(1, 0, True, tcp[:8]))      # RFC 1858: tiny
            w.send(part(1, 1, False, tcp[8:]))
            w.send(part(2, 0, True, tcp + bytes(4)))
            w.send(part(2, 1, True, bytes(16)))    # ... overlapping
            w.send(part(2, 3, False, bytes(16)))
            w.send(part(3, 0, True, tcp + bytes(4)))
            w.send(part(3, 3, False, bytes(16)))
            m.settled(7)
        web = m.ask("filter", "show", "web")
        equal([web["packets"], web["followed"]], [4, 1], "web, followed")
        equal(m.ask("filter", "show", "host")["packets"], 3, "host")


def test_a_first_fragment_to_somebody_else_ends_it():
    with Receivers("--follow") as r:
        nine, ten = datagram(4000, 1), datagram(4000, 1, 10)
        r.send(nine[0], ten[0], *ten[1:])
        equal(r.counts(), [1, 0, 3], "nine, followed, host")


def test_frames_to_a_group_are_not_followed():
    with Receivers("--follow") as r:
        for f in datagram(4000, 1):
            r.send(b"\xff" * 6 + f[6:])
        equal(r.counts(), [1, 0, 2], "nine, followed, host")


# --- survives ---

def test_a_flood_takes_nothing_from_others():
    with Receivers("--follow") as r:
        r.machine.start("reader", name="other")
        r.machine.cli("filter", "add", "other", "ip and udp dst port 10", "--to",
                      "ring:other", "--follow")
        mine, theirs = datagram(4000, 1), datagram(4000, 2, 10)
        r.send(mine[0], theirs[0])
        r.send(*[datagram(1500, 1000 + i, src=f"10.8.{i % 9}.{i % 200}")[0]
                 for i in range(200)])
        r.send(*datagram(4000, 3), *datagram(4000, 4, 10), *mine[1:],
               *theirs[1:])
        equal(r.status()["full"], 200 - 15 + 1, "not followed")
        equal(r.counts(), [1 + 200 + 2 + 1, 2, 2], "nine, followed, host")
        other = r.shown("other")
        equal([other["packets"], other["followed"]], [6, 4], "other")


def test_time_runs_out_even_while_nobody_runs():
    def ticks():
        with agentlib.Agent(f"{r.machine.dir}/ctl.sock") as agent:
            return struct.unpack("<I", agent.info(TICKS, 4))[0]
    with Receivers("--follow") as r:
        early, late = datagram(4000, 1), datagram(4000, 2)
        opened = ticks()
        r.send(early[0], late[0])
        time.sleep(1)
        r.send(early[1])
        equal(r.counts(), [3, 1, 0], "nine, followed, host after a second")
        wait_for(lambda: ticks() - opened >= LIFE, "it runs out", 30)
        time.sleep(0.5)
        r.send(early[2], *late[1:])
        equal(r.counts(), [3, 1, 3], "nine, followed, host in the end")


def test_who_ends_is_not_followed_to():
    with Receivers("--follow") as r:
        first, middle, last = datagram(4000, 1)
        r.send(first, middle)
        r.machine.cli("filter", "del", "nine")
        r.send(last)
        equal(r.shown("host")["packets"], 1, "host")
        r.machine.cli("filter", "add", "nine", NINE, "--to", "ring:nine",
                      "--follow")
        again = datagram(4000, 2)
        r.send(*again[:2])
        r.machine.cli("app", "stop", "nine")
        r.send(again[2])
        equal(r.shown("host")["packets"], 2, "host")


def test_random_fragments_are_all_accounted_for():
    rng = random.Random(4)
    with Receivers("--follow") as r:
        for _ in range(400):
            f = bytearray(rng.choice(datagram(
                rng.randrange(9, 4000), rng.randrange(4), rng.choice((9, 10)),
                piece=rng.choice((8, 64, 512, PIECE)))))
            if rng.random() < 0.5:
                f[rng.randrange(12, 34)] = rng.randrange(256)
            r.send(bytes(f))
        r.machine.check_accounts()
        check(r.status()["refused"] > 0, "nothing was refused")


if __name__ == "__main__":
    harness.main(globals())
