#!/usr/bin/python3
"""test_wins - of the bindings that accept a frame the one contained in the others
gets it, in whatever order they came; and what is replaced is never missed.

LIMIT: 180
"""
import itertools
import os
import threading

import agentlib
import frames
import harness
from hands import Oracle
from harness import check, equal
from machine import Machine

NESTS = {
    "ports": ["udp", "udp dst portrange 1000-1999", "udp dst port 1500"],
    "nets": ["ip", "ip src net 10.0.0.0/8", "src net 10.7.0.0/16 and udp",
             "src host 10.7.0.1 and udp dst port 1500"],
    "spellings": ["ip[9] = 17", "udp dst portrange 1000-1999 and ip",
                  "ip and udp and not (not dst port 1500)"],
    "lists": ["udp dst port 1500 or udp dst port 1501 or udp dst port 1502",
              "udp dst port 1501 or udp dst port 1500", "udp dst port 1500"],
    "two branches": ["udp", "udp dst port 1500", "udp dst port 1501",
                     "udp dst port 1501 and src host 10.7.0.1"],
}
FRAMES = [frames.udp(b"who", port, src=src) for port in
          (1, 1000, 1500, 1501, 1502) for src in ("10.7.0.1", "10.7.9.9", "10.9.9.9",
                                                "192.0.2.9")]


def narrowest(oracle, nest, frame):
    """The number of the filter that gets the frame, None: nobody.  Where two
    accept, one of them accepts fewer of all frames."""
    takes = [i for i, text in enumerate(nest) if oracle.accepts(text, frame)]
    wide = [sum(oracle.accepts(nest[i], f) for f in FRAMES) for i in takes]
    return takes[wide.index(min(wide))] if takes else None


def add(agent, name, blob, owner, to=agentlib.TO_RING, **options):
    agent.filter_add(name, blob, to, owner, **options)


def counts(m, names):
    found = {f["name"]: f["packets"] for f in m.ask("filter", "list")}
    return [found[n] for n in names]


def test_the_contained_one_wins_in_every_order():
    with Oracle() as oracle, Machine() as m, m.wire() as w:
        for owner in "abcd":
            m.start("sleeper", name=owner)
        got = 0
        for which, nest in NESTS.items():
            blobs = [oracle.blob(text) for text in nest]
            want = [0] * len(nest)
            for f in FRAMES:
                winner = narrowest(oracle, nest, f)
                if winner is not None:
                    want[winner] += 1
            check(min(want) > 0, f"{which}: {want}")
            for order in itertools.permutations(range(len(nest))):
                with agentlib.Agent(os.path.join(m.dir, "ctl.sock")) as agent:
                    for i in order:
                        add(agent, f"f{i}", blobs[i], "abcd"[i])
                for f in FRAMES:
                    w.send(f)
                got += len(FRAMES)
                m.settled(got)
                equal(counts(m, [f"f{i}" for i in range(len(nest))]), want,
                      f"{which}, added in the order {order}")
                with agentlib.Agent(os.path.join(m.dir, "ctl.sock")) as agent:
                    for i in order:
                        agent.filter_del(f"f{i}")


def test_taps_never_change_who_wins():
    nest = NESTS["nets"]
    with Oracle() as oracle, Machine() as m, m.wire() as w:
        taken = None
        for owner in "abcd":
            m.start("sleeper", name=owner)
        blobs = [oracle.blob(text) for text in nest]
        with agentlib.Agent(os.path.join(m.dir, "ctl.sock")) as agent:
            for i, blob in enumerate(blobs):
                add(agent, f"f{i}", blob, "abcd"[i])
        for turn, taps in enumerate(([], nest, nest + ["arp"], [])):
            with agentlib.Agent(os.path.join(m.dir, "ctl.sock")) as agent:
                for i, text in enumerate(taps):
                    add(agent, f"tap{i}", oracle.blob(text), "",
                        agentlib.TO_COUNT)
            before = counts(m, [f"f{i}" for i in range(len(nest))])
            for f in FRAMES:
                w.send(f)
            m.settled((turn + 1) * len(FRAMES))
            after = counts(m, [f"f{i}" for i in range(len(nest))])
            now = [a - b for a, b in zip(after, before)]
            taken = taken or now
            equal(now, taken, f"with {len(taps)} taps")
            equal(counts(m, [f"tap{i}" for i in range(len(taps))]),
                  [sum(oracle.accepts(t, f) for f in FRAMES) for t in taps],
                  "what the taps saw")
            with agentlib.Agent(os.path.join(m.dir, "ctl.sock")) as agent:
                for i in range(len(taps)):
                    agent.filter_del(f"tap{i}")


def test_bindings_of_one_owner_that_overlap_need_a_priority():
    x, y = "udp dst port 1500", "src host 10.7.0.1"
    both = frames.udp(b"both", 1500)
    with Oracle() as oracle, Machine() as m, m.wire() as w:
        m.start("sleeper", name="a")
        got = 0
        for first, second in ((0, 5), (5, 0), (-3, -4)):
            with agentlib.Agent(os.path.join(m.dir, "ctl.sock")) as agent:
                add(agent, "x", oracle.blob(x), "a", priority=first)
                try:
                    add(agent, "y", oracle.blob(y), "a", priority=first)
                    check(False, "bound without a priority of its own")
                except agentlib.Refused as e:
                    equal(e.code, agentlib.EOVERLAP, "refusal")
                add(agent, "y", oracle.blob(y), "a", priority=second)
            w.send(both)
            got += 1
            m.settled(got)
            equal(counts(m, "xy"), [1, 0] if first > second else [0, 1],
                  f"priorities {first}, {second}")
            with agentlib.Agent(os.path.join(m.dir, "ctl.sock")) as agent:
                agent.filter_del("x")
                agent.filter_del("y")


def test_replacing_under_traffic_loses_and_doubles_nothing():
    """The filter in force always accepts the frames; so does a tap, and a wider
    binding of somebody else would get what it misses."""
    blobs, sent, stop = [], [0], threading.Event()
    with Oracle() as oracle, Machine() as m, m.wire() as w:
        m.start("hands", "1", name="a")
        m.start("sleeper", name="b")
        for text in ("udp dst port 1500", "udp dst portrange 1500-1600",
                     "udp dst port 1500 or udp dst port 7", "src host "
                     "10.7.0.1 and udp dst port 1500"):
            blobs.append(oracle.blob(text))
        with agentlib.Agent(os.path.join(m.dir, "ctl.sock")) as agent:
            add(agent, "f", blobs[0], "a")
            add(agent, "miss", oracle.blob("udp"), "b")
            add(agent, "all", oracle.blob("udp"), "", agentlib.TO_COUNT)

        def traffic():
            while not stop.is_set():
                w.send(frame)
                sent[0] += 1
                stop.wait(0.0005)

        frame = frames.udp(b"mine", 1500)
        sender = threading.Thread(target=traffic)
        sender.start()
        try:
            with agentlib.Agent(os.path.join(m.dir, "ctl.sock")) as agent:
                for i in range(60):
                    add(agent, "f", blobs[(i + 1) % 4], "a",
                        flags=agentlib.REPLACE)
        finally:
            stop.set()
            sender.join()
        m.settled(sent[0])
        check(sent[0] > 100, f"only {sent[0]} frames")
        equal(counts(m, ["f", "miss", "all"]), [sent[0], 0, sent[0]],
              "f, miss, all")


if __name__ == "__main__":
    harness.main(globals())
