#!/usr/bin/python3
"""test_filters - who may bind what, and which binding wins, on real frames."""
import frames
import harness
from harness import check, equal
from machine import Machine

BASE = "udp dst port 1000"
SAME = [  # the same frames, spelled otherwise
    "udp dst port 1000",
    "dst port 1000 and udp",
    "udp and not not dst port 1000",
    "(ip6 and udp dst port 1000) or (ip and udp dst port 1000)",
]
PART = [  # some of its frames, in one spelling and others
    "ip proto 17 and udp[2:2] = 1000",
    "udp[2] = 3 and udp[3] = 0xe8",
    "udp[2:2] & 0xff00 = 0x0300 and udp[2:2] & 0x00ff = 0x00e8",
]
PARTLY = [  # some of them and some others
    "src host 10.7.0.1",
    "udp src port 40000",
    "(udp dst port 1000 or icmp) and src host 10.7.0.1",
]
APART = [
    "udp dst port 1001",
    "tcp dst port 1000",
    "icmp",
    "arp",
    "icmp6",
]


def two_owners(m):
    m.start("sleeper", name="a")
    m.start("sleeper", name="b")


def test_overlap_between_owners_is_refused_and_names_the_other():
    with Machine() as m:
        two_owners(m)
        m.cli("filter", "add", "mine", BASE, "--to", "ring:a")
        for i, expr in enumerate(SAME + PARTLY):
            done = m.cli("filter", "add", f"theft{i}", expr, "--to", "ring:b",
                         status=1)
            check("mine" in done.stderr, f"{expr}: {done.stderr}")
        names = [f["name"] for f in m.ask("filter", "list")]
        equal(names, ["mine"], "filters installed")


def test_what_lies_apart_is_accepted():
    with Machine() as m:
        two_owners(m)
        m.cli("filter", "add", "mine", BASE, "--to", "ring:a")
        for i, expr in enumerate(APART):
            m.cli("filter", "add", f"apart{i}", expr, "--to", "ring:b")


def test_taps_conflict_with_nobody():
    with Machine() as m:
        two_owners(m)
        m.cli("filter", "add", "mine", BASE, "--to", "ring:a")
        for i, expr in enumerate(SAME + PARTLY + APART):
            m.cli("filter", "add", f"tap{i}", expr, "--to", "count")
        with m.wire() as w:
            w.send(frames.udp(b"one", 1000))
        m.settled(1)
        for i in range(len(SAME) + len(PARTLY)):
            equal(m.ask("filter", "show", f"tap{i}")["packets"], 1, f"tap{i}")
        for i in range(len(SAME) + len(PARTLY),
                       len(SAME) + len(PARTLY) + len(APART)):
            equal(m.ask("filter", "show", f"tap{i}")["packets"], 0, f"tap{i}")


def test_the_contained_binding_wins_whatever_the_order():
    narrow, wide = BASE, "udp"
    for order in ((("n", narrow, "a"), ("w", wide, "b")),
                  (("w", wide, "b"), ("n", narrow, "a"))):
        with Machine() as m:
            two_owners(m)
            for name, expr, owner in order:
                m.cli("filter", "add", name, expr, "--to", f"ring:{owner}")
            with m.wire() as w:
                for port in (1000, 1001, 1000, 1000, 2):
                    w.send(frames.udp(b"who", port))
            m.settled(5)
            equal([m.ask("filter", "show", n)["packets"] for n in "nw"],
                  [3, 2], f"narrow, wide; added {[o[0] for o in order]}")


def test_a_part_goes_to_the_narrowest_however_it_is_spelled():
    with Machine() as m:
        two_owners(m)
        m.cli("filter", "add", "mine", BASE, "--to", "ring:a")
        with m.wire() as w:
            for i, expr in enumerate(PART):
                m.cli("filter", "add", "part", expr, "--to", "ring:b")
                w.send(frames.udp(b"whose", 1000))
                m.settled(i + 1)
                equal(m.ask("filter", "show", "part")["packets"], 1, expr)
                m.cli("filter", "del", "part")
        equal(m.ask("filter", "show", "mine")["packets"], 0, "mine")


def test_a_flow_is_its_owners():
    with Machine() as m:
        m.start("sleeper", name="other")
        m.start("binder", "7000", "7001", "8000",
                "--flow", "udp dst portrange 7000-7009")
        m.console_says("binder: root")
        for line in ("7000 0", "7001 0", "8000 -3", "root -3"):
            m.console_says(f"binder: {line}")
        for expr in ("udp dst port 7000", "udp dst port 7005",
                     "udp dst portrange 7009-7020",
                     "udp and src host 10.7.0.1"):
            done = m.cli("filter", "add", "steal", expr, "--to", "ring:other",
                         status=1)
            check("'binder'" in done.stderr, f"{expr}: {done.stderr}")
        done = m.cli("app", "start", "build/test/apps/sleeper.elf", "--as",
                     "late", "--flow", "udp dst port 7009", status=1)
        check("flow 'binder'" in done.stderr, done.stderr)
        m.cli("filter", "add", "wide", "udp", "--to", "ring:other")
        with m.wire() as w:
            for port in (7000, 7001, 7005, 8000):
                w.send(frames.udp(b"whose", port))
        m.settled(4)
        equal(m.ask("filter", "show", "wide")["packets"], 1, "wide")
        equal(m.nic()["dropped"]["unclaimed"], 1, "in the flow, unbound")
        m.cli("app", "stop", "binder")
        m.cli("filter", "add", "free", "udp dst port 7000", "--to",
              "ring:other")


def test_overlap_of_one_owner_needs_a_priority():
    with Machine() as m:
        m.start("sleeper", name="a")
        m.cli("filter", "add", "x", "udp dst port 1000", "--to", "ring:a")
        m.cli("filter", "add", "y", "udp src port 40000", "--to", "ring:a",
              status=1)
        m.cli("filter", "add", "y", "udp src port 40000", "--to", "ring:a",
              "--priority", "5")
        with m.wire() as w:
            w.send(frames.udp(b"both", 1000, sport=40000))
            w.send(frames.udp(b"x", 1000, sport=40001))
        m.settled(2)
        equal([m.ask("filter", "show", n)["packets"] for n in "xy"], [1, 1],
              "x, y")


def test_a_deleted_filter_takes_nothing_and_frees_its_frames():
    with Machine() as m:
        two_owners(m)
        m.cli("filter", "add", "mine", BASE, "--to", "ring:a")
        m.cli("filter", "del", "mine")
        m.cli("filter", "add", "yours", BASE, "--to", "ring:b")
        with m.wire() as w:
            w.send(frames.udp(b"yours", 1000))
        m.settled(1)
        equal(m.ask("filter", "show", "yours")["packets"], 1, "packets")


def test_replace_keeps_the_counters():
    with Machine() as m:
        m.start("sleeper", name="a")
        m.cli("filter", "add", "f", BASE, "--to", "ring:a")
        with m.wire() as w:
            w.send(frames.udp(b"before", 1000))
            m.settled(1)
            m.cli("filter", "replace", "f", "udp dst port 1001")
            w.send(frames.udp(b"old", 1000))
            w.send(frames.udp(b"new", 1001))
        m.settled(3)
        equal(m.ask("filter", "show", "f")["packets"], 2, "packets")


def test_a_hundred_ports_each_get_their_own():
    with Machine() as m:
        m.start("sleeper", name="a")
        for i in range(100):
            m.cli("filter", "add", f"p{i}", f"udp dst port {5000 + 3 * i}",
                  "--to", "ring:a")
        with m.wire() as w:
            for i in range(100):
                w.send(frames.udp(b"%d" % i, 5000 + 3 * i))
                w.send(frames.udp(b"%d" % i, 5001 + 3 * i))
                m.settled(2 * i + 2)
        for shown in m.ask("filter", "list"):
            equal(shown["packets"], 1, shown["name"])
        equal(m.nic()["dropped"]["unclaimed"], 100, "unclaimed")


def test_what_cannot_be_said_exactly_is_refused():
    with Machine() as m:
        done = m.cli("filter", "add", "bad", "udp dst prot 7", status=1)
        equal(len(done.stderr.splitlines()), 1, done.stderr)
        equal(m.ask("filter", "list"), [], "filters installed")


def test_the_wire_has_the_lengths_that_warnings_speak_of():
    with Machine() as m:
        for name, expr in (("short", "less 59"), ("sixty", "len = 60"),
                           ("most", "len = 1518"), ("long", "greater 1519")):
            m.cli("filter", "add", name, expr)
        with m.wire() as w:
            for n in (14, 42, 60, 1518, 1519, 1600):
                w.send(bytes(n))
        m.settled(6)
        equal({f["name"]: f["packets"] for f in m.ask("filter", "list")},
              {"short": 0, "sixty": 3, "most": 1, "long": 0}, "packets")


if __name__ == "__main__":
    harness.main(globals())
