"""deploy - what it takes to bind one expression of many terms.

`ratio`: `spindle filter add`, from the command to its end, against what
pcap_compile() alone takes in the same run; wall-clock, so it says something on a
quiet host only.  `instr`: the kernel's part, the bind call, counted by the program
that makes it.
"""
import os
import random
import tempfile
import time

import captures
import frames
from hands import TO_COUNT, UNBIND, Hands, Oracle
from harness import check, equal
from machine import Machine
from rows import Row

PER_INSTRUCTION = 1024 / 6
ROOT = 2  # the slot of an application's root capability
LIMIT = 20_000_000
RATIO = 1.5
SAMPLE = 200


def address(i):
    rng = random.Random(i)
    return ".".join(str(rng.randrange(1, 224)) for _ in range(4))


def hosts(n):
    return " or ".join(f"host {address(i)}" for i in range(n))


def ports(n, what="port"):
    return " or ".join(f"{what} {1 + 61 * i % 65535}" for i in range(n))


def nets(n):
    return " or ".join(f"net {address(i).rsplit('.', 1)[0]}.0/24"
                       for i in range(n))


CASES = {
    "hosts-64": hosts(64), "hosts-256": hosts(256), "hosts-512": hosts(512),
    "hosts-1000": hosts(1000), "ports-1000": ports(1000, "udp dst port"),
    "nets-1000": nets(1000),
    "hosts-ports-100": f"({hosts(100)}) and ({ports(100)})",
}


def kernel(cases):
    """{case: instructions of the bind call}"""
    found = {}
    with Oracle() as oracle, Machine("--icount", "--append", "seed=1") as m:
        with m.wire() as w:
            binder = Hands(m, w, "binder", 0x88c1, "--root")
            for case in cases:
                code, _ = binder.bind(oracle.blob(CASES[case]), flow=0,
                                      target=TO_COUNT, cap=ROOT)
                check(code > 0, f"{case}: refused with {code}")
                found[case] = round(binder.ticks / PER_INSTRUCTION)
                check(found[case] < LIMIT, f"{case}: {found[case]} "
                      f"instructions in the kernel, more than {LIMIT}")
                equal(binder.ask(UNBIND, code)[0], 0, "unbind")
    return found


def sample(case):
    """Frames that the expression may take, and some it may not."""
    rng, made = random.Random(case), []
    for i in range(SAMPLE):
        other = address(rng.randrange(2000))
        ends = {"src": other} if i % 2 else {"dst": other}
        made.append(frames.udp(b"sample", 1 + 61 * rng.randrange(2000) % 65535,
                               sport=1 + rng.randrange(65535), **ends))
    return made


def ratio(m, oracle, case):
    """Deploy; the ratio.  Installed code agrees with libpcap on a sample."""
    before = time.monotonic()
    oracle.ask("accepts", CASES[case], "00")
    compiled = time.monotonic()
    m.cli("filter", "add", case, CASES[case])
    deployed = time.monotonic()
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "sample.pcap")
        captures.write_pcap(path, sample(case))
        want = sum(oracle.ask("next", f.hex()) == "1" for f in sample(case))
        equal(m.ask("filter", "run", case, "-r", path)["accepted"], want, case)
        check(0 < want < SAMPLE, f"{case}: {want} of {SAMPLE} accepted")
    m.cli("filter", "del", case)
    return (deployed - compiled) / (compiled - before)


def run():
    """Rows; fails when the kernel works for too long."""
    for case, n in kernel(CASES).items():
        yield Row("deploy", case, "spindle", "instr", n, 1, "measured")
    with Oracle() as oracle, Machine() as m:
        for case in CASES:
            times = ratio(m, oracle, case)
            print(f"  deploy {case}: {times:.2f} times what pcap_compile takes"
                  f"{'' if times <= RATIO else ' (too much?)'}")
