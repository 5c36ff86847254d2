#!/usr/bin/python3
"""test_replay - every frame arrives, and every filter counts what libpcap does.

LIMIT: 240
"""
import json
import os
import subprocess
import tempfile

import gen_capture
import harness
from harness import check, equal
from machine import TOP, Machine, accounted

FRAMES = 10000
TAPS = 40
SEED = 20261122
COUNTER = os.path.join(TOP, "build/test/pcap_count")


def expressions():
    path = os.path.join(TOP, "tests/system/expressions.txt")
    with open(path, encoding="utf-8") as f:
        return f.read().splitlines()


def libpcap_counts(capture, exprs):
    """libpcap's own verdict on the frames padded to 60 bytes."""
    done = subprocess.run([COUNTER, capture], input="\n".join(exprs) + "\n",
                          capture_output=True, text=True, check=True,
                          timeout=60)
    return [int(line) for line in done.stdout.split()]


def replay(m, capture, *words):
    return json.loads(m.cli("replay", capture, *words, "--json").stdout)


def replay_past_taps(m, capture, frames, exprs, want):
    """As many taps as may be on a frame's way at once."""
    for i, expr in enumerate(exprs):
        m.cli("filter", "add", f"f{i}", expr, "--to", "count")
    before = m.nic()
    result = replay(m, capture)
    after = m.nic()
    equal(result["frames"], FRAMES, "frames in the file")
    equal(result["sent"], FRAMES, "frames sent")
    equal(result["failed"], 0, "frames not sent")
    equal(result["bytes"], sum(map(len, frames)), "bytes")
    equal(after["received"] - before["received"], FRAMES, "received")
    equal(after["missed"] - before["missed"], 0, "missed by the NIC")
    got = [result["filters"][f"f{i}"]["packets"] for i in range(len(exprs))]
    wrong = [f"{e}: {g}, libpcap says {w}"
             for e, g, w in zip(exprs, got, want) if g != w]
    check(not wrong, "\n  ".join(["counts differ:"] + wrong))
    for i in range(len(exprs)):
        m.cli("filter", "del", f"f{i}")


def test_every_frame_arrives_and_taps_count_as_libpcap_does():
    exprs = expressions()
    check(len(exprs) >= 60, f"only {len(exprs)} expressions")
    with tempfile.TemporaryDirectory() as tmp, Machine() as m:
        capture = os.path.join(tmp, "mixed.pcap")
        frames = gen_capture.frames(FRAMES, SEED)
        gen_capture.write_pcap(capture, frames)
        want = libpcap_counts(capture, exprs)
        for at in range(0, len(exprs), TAPS):
            replay_past_taps(m, capture, frames, exprs[at:at + TAPS],
                             want[at:at + TAPS])


def test_winners_and_taps_count_apart():
    with tempfile.TemporaryDirectory() as tmp, Machine() as m:
        capture = os.path.join(tmp, "small.pcap")
        gen_capture.write_pcap(capture, gen_capture.frames(2000, 7))
        exprs = ["udp", "udp", "ip"]
        want = libpcap_counts(capture, exprs)
        m.cli("app", "start", "build/test/apps/sleeper.elf")
        m.cli("filter", "add", "tap", "udp", "--to", "count")
        m.cli("filter", "add", "ring", "udp", "--to",
              "ring:sleeper")
        m.cli("filter", "add", "all", "ip", "--to", "count")
        result = replay(m, capture)
        filters = result["filters"]
        equal([filters[n]["packets"] for n in ("ring", "tap", "all")], want,
              "ring, tap, tap")
        nic = m.nic()
        check(accounted(nic), f"frames are unaccounted for: {nic}")
        equal(nic["delivered"] + nic["dropped"]["ring-full"], want[0],
              "delivered or dropped for a full ring")
        check(nic["dropped"]["ring-full"] > 0, "a ring that nobody reads "
              "never became full")


def test_the_same_capture_twice_counts_twice():
    with tempfile.TemporaryDirectory() as tmp, Machine() as m:
        capture = os.path.join(tmp, "small.pcap")
        gen_capture.write_pcap(capture, gen_capture.frames(500, 3))
        want, = libpcap_counts(capture, ["tcp"])
        m.cli("filter", "add", "tcp", "tcp", "--to", "count")
        replay(m, capture, "--loop", "2")
        equal(m.ask("filter", "show", "tcp")["packets"], 2 * want, "packets")


if __name__ == "__main__":
    harness.main(globals())
