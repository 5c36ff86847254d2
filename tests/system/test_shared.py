#!/usr/bin/python3
"""test_shared - frames to groups and ARP go to everybody who shares them.

LIMIT: 240
"""
import random
import re
import struct

import agentlib
import frames
import harness
from agentlib import REPLACE, SHARED, TO_COUNT, TO_RING
from frames import ARP, Ether
from harness import check, equal
from machine import Machine, wait_for
from test_attack import FLOW, Attacked, said, start

GROUP = "01:00:5e:00:00:fb"
TYPE = 0x88b6  # of frames that nobody else knows


def to_all(frame):
    """The frame, but to everybody."""
    return b"\xff" * 6 + frame[6:]


def raw(data, dst=GROUP, kind=TYPE):
    return frames.pad(bytes(Ether(src=frames.ME, dst=dst, type=kind)) + data)


def greeter(m, name, expr):
    m.cli("ash", "load", name, "build/test/ash/greet.o", "--filter", expr,
          "--shared")


class Sharers:
    """A machine with applications that share filters: NAME="EXPR"."""

    def __init__(self, app="reader", **filters):
        self.app, self.filters, self.machine = app, filters, Machine()
        self.sent = 0

    def __enter__(self):
        m = self.machine.__enter__()
        for name, expr in self.filters.items():
            m.start(self.app, name=name)
            m.cli("filter", "add", name, expr, "--to", f"ring:{name}",
                  "--shared")
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

    def shown(self, name):
        return self.machine.ask("filter", "show", name)

    def packets(self):
        """Of all filters, in the order of their names."""
        return [f["packets"] for f in sorted(
            self.machine.ask("filter", "list"), key=lambda f: f["name"])]

    def heard(self, name):
        return len(re.findall(f"^{name}: ", self.machine.console(), re.M))


# --- works ---

def test_each_stack_gets_arp_and_broadcasts():
    with Sharers(a="arp or (ip and ether broadcast) or udp dst port 1000",
                 b="arp or ether broadcast or udp dst port 2000") as s:
        reply = frames.pad(bytes(Ether(src=frames.ME, dst=frames.MAC) / ARP(
            op=2, hwsrc=frames.ME, psrc=frames.MY_IP, hwdst=frames.MAC,
            pdst=frames.IP_ADDRESS)))
        s.send(frames.arp_request(), reply)
        equal(s.packets(), [2, 2], "a request, a reply to one of them")
        s.send(to_all(frames.udp(b"all", 5000, dst="255.255.255.255")))
        equal(s.packets(), [3, 3], "a broadcast")
        s.send(frames.udp(b"a", 1000), frames.udp(b"b", 2000),
               frames.udp(b"none", 3000))
        equal(s.packets(), [4, 4], "frames to one receiver")
        nic = s.machine.nic()
        equal([nic[k] for k in ("received", "delivered", "copies")],
              [6, 5, 6], "received, delivered, copies")
        equal(nic["dropped"]["unclaimed"], 1, "unclaimed")
        wait_for(lambda: s.heard("a") == 4 == s.heard("b"), "both have read")
        check(s.shown("a")["shared"], "shown as shared")
        check("# a shares" in s.machine.cli(
            "filter", "dump", "--all", "--as", "mips").stdout, "dumped")


def test_only_who_accepts_a_frame_gets_it():
    with Sharers(arp="arp", mdns="ether dst 01:00:5e:00:00:fb",
                 all="ether multicast") as s:
        s.send(frames.arp_request(), raw(b""), raw(b"", "33:33:00:00:00:01"))
        equal(s.packets(), [3, 1, 1], "all, arp, mdns")


def test_there_is_still_one_winner_of_the_rest():
    with Sharers(wide="ip or arp", narrow="ip and udp port 1000 or arp") as s:
        s.machine.cli("filter", "add", "tcp", "ip proto 6", "--to",
                      "ring:narrow")
        s.send(frames.udp(b"", 1000), frames.udp(b"", 1001),
               to_all(frames.udp(b"", 1000)), frames.arp_request())
        equal(s.packets(), [3, 0, 3], "narrow, tcp, wide")


def test_thirty_copies_of_the_longest_frame():
    names = {f"n{i:02}": "arp or ether multicast" for i in range(28)}
    with Sharers(**names) as s:
        s.machine.cli("filter", "add", "one", "udp dst port 1000", "--to",
                      "ring:n00", "--shared")
        long = raw(bytes(range(250)) * 6)
        s.send(*[f for _ in range(8) for f in
                 (long, frames.udp(b"between", 1000))])
        equal(s.packets(), [8] * 29, "of each")
        nic = s.machine.nic()
        equal([nic["delivered"], nic["copies"]], [16, 8 * 28],
              "delivered, copies")
        equal(nic["missed"], 0, "missed")


def test_handlers_share_and_none_sees_what_another_wrote():
    with Machine() as m:
        # Nobody runs meanwhile who could be owed time.
        m.start("sleeper", name="r")
        m.cli("filter", "add", "r", f"ether proto {TYPE}", "--to", "ring:r",
              "--shared")
        for name in "xyz":
            greeter(m, name, f"ether proto {TYPE} and ether multicast")
        with m.wire() as w:
            w.send(raw(bytes(16) + b"\x55"))
            replies = [w.receive() for _ in range(3)]
            for r in replies:
                equal(r, bytes(Ether(src=frames.MAC, dst=frames.ME,
                                     type=TYPE)) + bytes(16) + b"\xaa\x55" +
                      bytes(28), "a reply")
            equal(w.receive(0.2), None, "no fourth")
            w.send(raw(bytes(6) + b"f" + bytes(9) + b"\x55"))
            w.send(raw(bytes(6) + b"d" + bytes(9) + b"\x55"))
            m.settled(3)
            equal(w.receive(0.2), None, "forged and declined ones")
        for name in "xyz":
            shown = m.ask("filter", "show", name)
            equal([shown["packets"], shown["consumed"],
                   shown["drops"]["tx-denied"], shown["drops"]["declined"]],
                  [3, 1, 1, 1], name)
        equal(m.ask("filter", "show", "r")["delivered"], 3, "r")
        equal([m.nic()[k] for k in ("consumed", "delivered", "copies")],
              [1, 2, 6], "consumed, delivered, copies")


def test_replace_shares_on():
    with Sharers(a="arp", b="arp or ether multicast") as s:
        s.machine.cli("filter", "replace", "b", "ether broadcast")
        greeter(s.machine, "h", "ether multicast")
        s.machine.cli("ash", "replace", "h", "build/test/ash/greet.o")
        s.send(frames.arp_request(), raw(b""))
        equal(s.packets(), [1, 1, 2], "a, b, h")
        s.machine.cli("filter", "del", "a")
        s.send(frames.arp_request())
        equal(s.packets(), [2, 3], "b, h")


def test_filter_run_names_all_who_would_get_it():
    with Sharers(a="arp", b="arp or ether multicast") as s:
        with agentlib.Agent(f"{s.machine.dir}/ctl.sock") as agent:
            def who(frame):
                return len(run_one(agent, frame))
            equal([who(frames.arp_request()), who(raw(b"")),
                   who(frames.udp(b""))], [2, 1, 0], "who")


def run_one(agent, frame):
    """Ids of the bindings that would get FRAME."""
    return agent.filter_run(agentlib.RUN_RECEIVE, [(frame, len(frame))])[0]


# --- refuses ---

def test_counters_do_not_share():
    with Machine() as m:
        m.start("sleeper", name="a")
        done = m.cli("filter", "add", "f", "arp", "--to", "count", "--shared",
                     status=2)
        check("--to ring:APP" in done.stderr, done.stderr)
        with agentlib.Agent(f"{m.dir}/ctl.sock") as agent:
            agent.filter_add("own", agentlib.ANY, TO_RING, "a")
            for flags, to, target, name, code in (
                    (SHARED, TO_COUNT, "", "f", -11),
                    (SHARED | REPLACE, TO_RING, "a", "own", -1)):
                try:
                    agent.filter_add(name, agentlib.ANY, to, target,
                                     flags=flags)
                    check(False, f"{name}: worked")
                except agentlib.Refused as e:
                    equal(e.code, code, name)


def test_who_does_not_share_is_not_shared_with():
    """Whoever comes first, and however the frames lie to each other."""
    for first, second in ((["--shared"], []), ([], ["--shared"])):
        with Machine() as m:
            for name in "abc":
                m.start("sleeper", name=name)
            m.cli("filter", "add", "a", "arp or udp port 1000", "--to",
                  "ring:a", *first)
            for expr in ("arp or udp port 1000", "arp or udp port 1001",
                         "ether multicast",
                         "ether broadcast and not udp port 1000"):
                done = m.cli("filter", "add", "b", expr, "--to", "ring:b",
                             *second, status=1)
                check("'a'" in done.stderr, done.stderr)
            m.cli("filter", "add", "c", "ether multicast and not arp and "
                  "not udp port 1000", "--to", "ring:c", *second)


def test_narrow_and_wide_as_ever_when_one_does_not_share():
    with Sharers(wide="ether multicast or arp", other="arp") as s:
        s.machine.start("sleeper", name="own")
        s.machine.cli("filter", "add", "own", f"ether proto {TYPE} and "
                      f"ether dst {GROUP}", "--to", "ring:own")
        s.send(raw(b""), raw(b"", frames.BROADCAST))
        equal(s.packets(), [0, 1, 1], "other, own, wide")
        s.machine.cli("filter", "add", "inner", f"ether proto {TYPE} and "
                      f"ether dst {GROUP} and ether[14] = 1", "--to",
                      "ring:other", "--shared")
        s.send(raw(b"\1"), raw(b"\2"))
        equal(s.packets(), [1, 0, 2, 1], "inner, other, own, wide")


def test_sharing_is_no_way_to_frames_for_one_receiver():
    with Machine() as m:
        for name in "abc":
            m.start("sleeper", name=name)
        m.cli("filter", "add", "a", "udp dst port 1000", "--to", "ring:a",
              "--shared")
        for expr in ("udp dst port 1000", "udp src port 40000",
                     "src host 10.7.0.1",
                     "ether multicast or udp dst portrange 999-1000 and "
                     "udp src port 40000"):
            done = m.cli("filter", "add", "b", expr, "--to", "ring:b",
                         "--shared", status=1)
            check("'a'" in done.stderr, f"{expr}: {done.stderr}")
        m.cli("filter", "add", "c", "udp or arp", "--to", "ring:c",
              "--shared")
        with m.wire() as w:
            w.send(frames.udp(b"a's", 1000))
            w.send(to_all(frames.udp(b"everybody's", 1000)))
            m.settled(2)
        equal([m.ask("filter", "show", n)["packets"] for n in "ac"], [2, 1],
              "a, c")


def test_a_flow_keeps_its_groups_to_itself():
    with Attacked() as m:
        m.start("sleeper", name="o")
        start(m, "attack_shared", "--flow", FLOW)
        m.console_says("attack: listening 0")
        equal([l for l in said(m) if not l.startswith("listening")], [
            "shared-root-flow -3", "shared-arp -3", "shared-outside -9",
            "shared-all-groups -9", "shared-everything -3",
            "shared-for-agent -3", "shared-tap -3", "shared 0",
            "shared-replaced-by-own -1", "shared-replaced-outside -3",
            "shared-replaced 0", "follow-ash -11", "follow-tap -11",
            "shared-crowd -12"], "attempts")
        m.cli("filter", "add", "o", "ether multicast and not ip and not ip6",
              "--to", "ring:o", "--shared", status=1)
        m.cli("filter", "add", "o", f"arp or ether proto 0x88b5 or "
              f"ether proto {TYPE}", "--to", "ring:o", "--shared")
        received = m.nic()["received"]
        with m.wire() as w:
            w.send(raw(b"", kind=0x88b5))
            w.send(raw(b"", kind=TYPE))
            w.send(frames.arp_request())
            w.send(frames.udp(b"one", 9, dst=frames.IP_ADDRESS))
            w.receive()
            w.send(raw(b"", frames.MAC, kind=0x88b5))
            m.settled(received + 5)
        wait_for(lambda: "heard 88b5" in said(m), "it hears its own")
        equal([l for l in said(m) if l.startswith("heard")], ["heard 88b5"],
              "what it heard")
        equal(m.ask("filter", "show", "o")["packets"], 2, "o")
        m.cli("app", "stop", "attack_shared")
        m.cli("app", "stop", "o")


# --- survives ---

def test_a_full_ring_is_its_owners_business():
    with Sharers(full="arp", reads="arp") as s:
        s.machine.cli("app", "stop", "full")
        s.machine.start("sleeper", name="full")
        s.machine.cli("filter", "add", "full", "arp", "--to", "ring:full",
                      "--shared")
        s.send(*[frames.arp_request()] * 200)
        shown = {n: s.shown(n) for n in ("full", "reads")}
        equal([v["packets"] for v in shown.values()], [200, 200], "packets")
        check(shown["full"]["drops"]["ring-full"] >= 136, "full")
        equal(s.machine.nic()["delivered"], 200, "delivered")


def test_a_handler_that_traps_is_passed_by():
    with Sharers(a="ether multicast") as s:
        for name in "xy":
            greeter(s.machine, name, "ether multicast")
        s.send(raw(bytes(6) + b"t"))
        s.send(raw(bytes(16) + b"\x55"))
        for name in "xy":
            equal(s.shown(name)["drops"]["aborted"], 2, name)
        equal(s.packets(), [2, 2, 2], "packets")


def test_they_come_and_go_while_frames_do():
    names = {f"n{i}": "arp or ether multicast" for i in range(6)}
    rng = random.Random(3)
    with Sharers(**names) as s:
        m = s.machine
        for i in range(24):
            for _ in range(10):
                s.wire.send(raw(bytes(rng.randrange(1400))))
                s.wire.send(frames.arp_request())
            s.sent += 20
            name = f"n{rng.randrange(5)}"
            if i % 3 == 0:
                m.cli("filter", "replace", name,
                      rng.choice(("arp", "ether multicast")))
            elif i % 3 == 1:
                m.cli("filter", "del", name)
                m.cli("filter", "add", name, "arp or ether multicast", "--to",
                      f"ring:{name}", "--shared")
            else:
                m.cli("app", "stop", name)
                m.start("reader", name=name)
                m.cli("filter", "add", name, "arp or ether multicast", "--to",
                      f"ring:{name}", "--shared")
            m.settled(s.sent)
        equal(s.shown("n5")["packets"], 24 * 20, "who stayed got all")
        m.check_accounts()


if __name__ == "__main__":
    harness.main(globals())
