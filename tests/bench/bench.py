#!/usr/bin/python3
"""bench - measure, compare with what was expected, write the tables.

    tests/bench/bench.py [--record] [--count N] [--out DIR]

Writes DIR/bench.tsv (a row a figure) and DIR/bench.md.  Fails when a
deterministic row grew by more than 5 % over tests/bench/expected.tsv, or when
the two ways of counting (latency.py) disagree by more than 2 instructions.
--record makes what was measured the new expectation.
"""
import argparse
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(TOP, "tests/system")]

# pylint: disable=wrong-import-position
import core
import deploy
import gallery
import frames as wire_frames
import guest
import irqoff
import latency
import memory
import rows as table
from harness import Failed, check
from machine import Machine
from rows import Row

EXPECTED = os.path.join(HERE, "expected.tsv")
PLUGIN = os.path.join(TOP, "build/bench/icount_plugin.so")
DEMUX = [os.path.join(TOP, "build/host/bench_demux"),
         os.path.join(TOP, "build/bench/sets_target.elf")]
PEERS = [os.path.join(TOP, "build/host/bench_peers"),
         os.path.join(TOP, "build/bench/peers_target.elf")]

MAC = bytes.fromhex(wire_frames.MAC.replace(":", ""))
CSR0 = 0xb0000010         # where the doorbell is rung
WARM_UP = 80              # frames before counting: a lap of a packet ring
SPLIT_FRAMES = 100
AGREE = 2                 # instructions the two ways may differ by


# --- one frame after the other -----------------------------------------------
def udp_frame(size):
    return lambda seq: wire_frames.udp(
        seq.to_bytes(4, "big") + bytes(size - 46), id=seq & 0xffff)


def icmp_frame(size):
    return lambda seq: wire_frames.ping(
        bytes(size - 42), seq=seq & 0xffff, id=seq & 0xffff)


CASES = {"udp-60": udp_frame(60), "udp-1514": udp_frame(1514),
         "icmp-60": icmp_frame(60)}


def verify(frame, reply):
    """REPLY answers FRAME: to its sender, same payload, right checksums."""
    _, ip, upper, data = wire_frames.datagram(reply)
    _, _, sent, want = wire_frames.datagram(frame)
    check(reply[0:6] == frame[6:12] and reply[6:12] == MAC, "MAC addresses")
    check(ip.src == wire_frames.IP_ADDRESS and ip.dst == wire_frames.MY_IP,
          "IP addresses")
    check(data == want, "payload")
    if hasattr(sent, "dport"):
        check((upper.sport, upper.dport) == (sent.dport, sent.sport), "ports")
    check(wire_frames.checksums_hold(reply), "checksums")


def echo(wire, make, count):
    """COUNT round trips, each verified."""
    for seq in range(count):
        frame = make(seq)
        verify(frame, wire.ask(frame))


def measure(m, make, count):
    """Instructions of COUNT round trips, by the dump's time stamps."""
    trace = os.path.join(m.dir, "wire.pcap")
    with m.wire() as wire:
        echo(wire, make, WARM_UP)
        _, end = latency.frames(trace)
        echo(wire, make, count)
    found, _ = latency.frames(trace, end)
    samples = latency.outside(found, MAC)
    check(len(samples) == count, f"{len(samples)} of {count} in the dump")
    return samples


# --- the systems ---------------------------------------------------------------
def deploy_ash(m):
    m.ash("udp_echo", "udp dst port 7")
    m.ash("icmp_echo", "icmp[icmptype] = icmp-echo")


def deploy_app(app):
    def deploy(m):
        m.cli("app", "start", app)
        m.cli("filter", "add", "echo", "udp dst port 7", "--to", f"ring:{app}")
    return deploy


SYSTEMS = {
    "spindle-ash": (deploy_ash, ("udp-60", "udp-1514", "icmp-60")),
    "spindle-upcall": (deploy_app("echo-upcall"), ("udp-60", "udp-1514")),
    "spindle-ring": (deploy_app("echo-ring"), ("udp-60", "udp-1514")),
}


def boot():
    return Machine("--icount", "--append", "seed=1")


def rtt(count):
    """Round trips of every system, counted from outside."""
    for system, (deploy, cases) in SYSTEMS.items():
        with boot() as m:
            deploy(m)
            for case in cases:
                samples = measure(m, CASES[case], count)
                value = latency.settle(samples)
                high = latency.percentile(samples, 0.99)
                if high - value > AGREE:
                    print(f"  {case} {system}: p99 is {high:.0f}, "
                          f"the median {value}")
                yield Row("rtt", case, system, "instr", value, len(samples),
                          "measured")


# --- where the instructions go ---------------------------------------------------
def split():
    """The parts of udp-60 on spindle-ash, counted from inside; fails when the
    same run, counted from outside, says otherwise."""
    with tempfile.TemporaryDirectory() as directory:
        parts, inside, wire = split_in(directory)
    print(f"  udp-60 spindle-ash: {inside} instructions from inside, {wire} "
          "from outside")
    check(abs(inside - wire) <= AGREE, "the two ways of counting disagree")
    return [Row("rtt-split", name, "spindle-ash", "instr", value, SPLIT_FRAMES,
                "measured") for name, value in parts.items()]


def split_in(directory):
    """(instructions by part, their sum, the sum counted from outside)"""
    at = guest.symbols()
    log = os.path.join(directory, "events.txt")
    steps = {  # the part that ends there: the moment
        None: latency.Step("vector"),
        "entry": latency.Step("pcn_interrupt"),
        "driver": latency.Step("generated"),   # the classifier is called
        "classify": latency.Step("-generated"),
        "handler": latency.Step("ash_leave"),  # the kernel goes on
        "transmit": latency.Step("csr0", *at["pcn_send_slot"]),
    }
    arguments = [f"watch=vector:{at['vec_irq'][0]:#x}", f"store=csr0:{CSR0:#x}",
                 f"region=generated:{at['kernel_end'][0]:#x}:0x90000000",
                 f"out={log}"]
    arguments += [f"watch={name}:{at[name][0]:#x}"
                  for name in ("pcn_interrupt", "ash_leave")]
    with guest.plugin(directory, PLUGIN, arguments), boot() as m:
        deploy_ash(m)
        outside = measure(m, CASES["udp-60"], SPLIT_FRAMES)
    passes = latency.journeys(latency.events(log), list(steps.values()))
    passes = passes[-SPLIT_FRAMES:]
    check(len(passes) == SPLIT_FRAMES, f"{len(passes)} journeys in {log}")
    parts = [latency.settle(column) for column in zip(*passes)]
    return (dict(zip(list(steps)[1:], parts)), sum(parts),
            latency.settle(outside))


def printed(command):
    """The rows that a program prints."""
    done = subprocess.run(command, text=True, capture_output=True, check=True,
                          timeout=300)
    return [table.parse(line) for line in done.stdout.splitlines() if line]


def demux():
    """What the classifier's own bench says."""
    return printed(DEMUX)


def peers():
    """What finding the owner costs others; needs libpcap for mipsel."""
    return printed(PEERS)


def interrupts_off():
    """The longest stretch of instructions with interrupts off; fails when it
    is longer than was promised."""
    worst = irqoff.run()
    print(f"  irq-off-max: {irqoff.describe(worst)}")
    check(worst.length <= irqoff.LIMIT,
          f"interrupts are off for more than {irqoff.LIMIT} instructions")
    return [Row("kernel", "irq-off-max", "spindle", "instr", worst.length, 1,
                "measured")]


# --- all of it ---------------------------------------------------------------------
def report(measured, args):
    """Write the tables, compare; the number of rows that got worse."""
    used = {r.table for r in measured}
    rows = measured + [r for r in table.PUBLISHED if r.table in used]
    os.makedirs(args.out, exist_ok=True)
    table.write(os.path.join(args.out, "bench.tsv"), rows)
    with open(os.path.join(args.out, "bench.md"), "w", encoding="utf-8") as f:
        f.write(table.as_markdown(rows))
    print(table.as_text(rows))
    if args.record:
        table.write(EXPECTED, measured)
        print(f"recorded {len(measured)} rows in {os.path.relpath(EXPECTED)}")
        return 0
    worse, other = table.compare(measured, table.read(EXPECTED))
    for text in other:
        print(f"changed: {text}")
    for text in worse:
        print(f"WORSE: {text}")
    if other and not worse:
        print("tests/bench/bench.py --record makes this the expectation")
    return len(worse)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--record", action="store_true",
                        help="make this the expectation")
    parser.add_argument("--count", type=int, default=1000,
                        help="round trips a row (default 1000)")
    parser.add_argument("--out", default=os.path.join(TOP, "build"),
                        help="where bench.tsv and bench.md go")
    args = parser.parse_args()
    try:
        measured = [*rtt(args.count), *split(), *demux(), *peers(),
                    *core.measure(), *memory.run(), *deploy.run(),
                    *gallery.run(), *interrupts_off()]
    except Failed as e:
        sys.exit(f"bench: {e}")
    sys.exit(1 if report(measured, args) else 0)


if __name__ == "__main__":
    main()
