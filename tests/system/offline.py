"""offline - a handler of apps/ash-*/ on frames, without a machine.

    o = offline.run("arp", [frame, ...])
    o.replies, o.declined, o.instructions
"""
import collections
import json
import os
import tempfile

from harness import check, equal
from machine import spindle
from scapy.utils import rdpcap, wrpcap

Outcome = collections.namedtuple(
    "Outcome", "replies consumed declined instructions")


def run(handler, frames, *words):
    """Its answers; INSTRUCTIONS is the median.  HANDLER may be a path."""
    path = handler if "/" in handler else f"build/ash/{handler}.o"
    with tempfile.TemporaryDirectory() as d:
        asked, answered = os.path.join(d, "in.pcap"), os.path.join(d, "out")
        wrpcap(asked, frames, linktype=1)
        got = json.loads(spindle("ash", "test", path, "-r", asked, "-w",
                                 answered, *words, "--json").stdout)
        replies = [bytes(p) for p in rdpcap(answered)] if got["replies"] else []
    for bad in ("aborted", "faults", "escaped", "outside"):
        equal(got[bad], 0, f"{handler}: {bad}")
    return Outcome(replies, got["consumed"], got["declined"],
                   got["instructions"].get("p50"))


def one(handler, frame, *words):
    """Its answer to one frame."""
    o = run(handler, [frame], *words)
    check(len(o.replies) == 1, f"{handler}: no reply to {frame.hex(' ')}")
    return o.replies[0]


def declines(handler, frames, *words):
    """It declines each of FRAMES."""
    for frame in frames:
        o = run(handler, [frame], *words)
        check(o.declined == 1, f"{handler}: took {frame.hex(' ')}")


def bound(handler):
    """What the verifier says of it."""
    return json.loads(spindle("ash", "check", f"build/ash/{handler}.o",
                              "--json").stdout)


def tell(handler, frame, *words):
    """A line for the log: what a reply to FRAME costs, and may cost."""
    most = bound(handler)
    says = f"at most {most['bound']}" if most["bound"] else \
        f"at most its budget and {most['stretch']}"
    print(f"  {handler}: {run(handler, [frame], *words).instructions} "
          f"instructions, {says}")
