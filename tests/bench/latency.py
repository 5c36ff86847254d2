"""latency - guest instructions from a frame's arrival to its reply's doorbell.

Two independent ways, of one run:

from outside   QEMU's filter-dump stamps frames with virtual time; at
               `-icount shift=10` one instruction lasts 1.024 us
from inside    the plugin's events: instructions between the interrupt vector
               (the guest waits idle, so nothing ran since the frame came) and
               the store that rings the doorbell
"""
import statistics
import struct

US_PER_INSTRUCTION = 1.024
PCAP_HEADER = 24


def frames(path, start=PCAP_HEADER):
    """Frames of a little-endian microsecond pcap from offset START on:
    ([(time in us, bytes)], offset behind the last one)."""
    with open(path, "rb") as f:
        f.seek(start)
        data = f.read()
    found, at = [], 0
    while len(data) - at >= 16:
        seconds, us, length, _ = struct.unpack_from("<IIII", data, at)
        if len(data) - at - 16 < length:
            break  # still being written
        found.append((seconds * 1_000_000 + us,
                      data[at + 16:at + 16 + length]))
        at += 16 + length
    return found, start + at


def outside(trace, mac):
    """Instructions of each frame to MAC that was followed by one from MAC."""
    out, arrived = [], None
    for t, frame in trace:
        if frame[0:6] == mac:
            arrived = t
        elif frame[6:12] == mac and arrived is not None:
            out.append((t - arrived) / US_PER_INSTRUCTION)
            arrived = None
    return out


def settle(samples):
    """One number for samples that differ by rounding: both stamps are cut to
    microseconds, so the mean of those beside the median is unbiased."""
    middle = statistics.median(samples)
    near = [s for s in samples if abs(s - middle) <= 1 / US_PER_INSTRUCTION]
    return round(statistics.fmean(near))


def percentile(samples, share):
    """The smallest sample that SHARE of all do not exceed."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def events(path):
    """Lines `COUNT NAME PC` of the plugin."""
    with open(path, encoding="ascii") as f:
        for line in f:
            count, name, pc = line.split()
            yield int(count), name, int(pc, 16)


class Step:
    """A moment on a frame's way: the first event NAME after the step before
    it; of stores only those from code in [LOW, HIGH)."""

    def __init__(self, name, low=0, high=1 << 32):
        self.name, self.low, self.high = name, low, high

    def matches(self, name, pc):
        return name == self.name and self.low <= pc < self.high


def journeys(log, steps):
    """Differences between successive STEPS, a list for each complete pass.  A
    new first step abandons a pass that did not get to its end."""
    passes, counts = [], []
    for count, name, pc in log:
        if steps[0].matches(name, pc):
            counts = [count]
        elif counts and steps[len(counts)].matches(name, pc):
            counts.append(count)
            if len(counts) == len(steps):
                passes.append([b - a for a, b in zip(counts, counts[1:])])
                counts = []
    return passes
