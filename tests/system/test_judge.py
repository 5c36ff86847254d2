#!/usr/bin/python3
"""`filter run`: frames of captures, judged by native code in the kernel."""
import os
import random
import subprocess
import tempfile

import agentlib
import frames
import gen_capture
import harness
from captures import write_pcap
from harness import check, equal
from machine import TOP, Machine, spindle
from refusal import refused

UDP, TEST, COUNT = "udp dst port 7", agentlib.TO_TEST, agentlib.TO_COUNT


def in_file(directory, name, lines):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(lines))
    return path


def test_filters_that_are_only_tested_never_see_the_wire():
    with tempfile.TemporaryDirectory() as tmp, Machine() as m:
        pcap = os.path.join(tmp, "a.pcap")
        write_pcap(pcap, [frames.udp()] * 3 + [frames.ping()])
        m.ash("udp_echo", UDP)
        m.cli("filter", "add", "all", "len > 0", "--to", "test")
        m.cli("filter", "add", "same", UDP, "--to", "test")
        m.cli("filter", "add", "tap", "udp")
        with m.wire() as w:
            equal(w.ask(frames.udp(b"x")), frames.reply_udp(b"x"), "the echo")
        packets = {f["name"]: (f["to"], f["packets"])
                   for f in m.ask("filter", "list")}
        equal(packets, {"udp_echo": ("ash:udp_echo", 1), "tap": ("count", 1),
                        "all": ("test", 0), "same": ("test", 0)}, "packets")
        for name, accepted in (("all", 4), ("same", 3), ("tap", 3),
                               ("udp_echo", 3)):
            equal(m.ask("filter", "run", name, "-r", pcap)["accepted"],
                  accepted, name)
        m.cli("filter", "replace", "all", "icmp")
        equal(m.ask("filter", "run", "all", "-r", pcap)["accepted"], 1,
              "replaced")
        equal(m.ask("filter", "run", "same", "-r", pcap)["accepted"], 3,
              "beside it")
        dump = m.cli("filter", "dump", "--all", "--as", "mips").stdout
        check("# taps: 1 filters" in dump and "# tests: 2 filters" in dump,
              dump)


def test_of_those_that_take_a_frame_only_the_winner_accepts_it():
    with tempfile.TemporaryDirectory() as tmp, Machine() as m:
        pcap = os.path.join(tmp, "a.pcap")
        write_pcap(pcap, [frames.udp()] * 3 + [frames.udp(dport=9)] * 2)
        m.cli("app", "start", "echo-ring")
        m.ash("udp_echo", UDP)
        m.cli("filter", "add", "wide", "udp", "--to", "ring:echo-ring")
        for name, accepted in (("wide", 2), ("udp_echo", 3)):
            equal(m.ask("filter", "run", name, "-r", pcap)["accepted"],
                  accepted, name)


def test_more_than_fit_are_judged_in_groups():
    r = random.Random(1)
    heavy = [" or ".join(
        f"(ip[{r.randrange(20)}] & 15 = {r.randrange(16)} and "
        f"udp[{r.randrange(8)}] & 31 = {r.randrange(32)})"
        for _ in range(60)) for _ in range(12)]
    with tempfile.TemporaryDirectory() as tmp, Machine("--mem", "32") as m:
        pcap = os.path.join(tmp, "a.pcap")
        gen_capture.write_pcap(pcap, gen_capture.frames(150, 4))
        exprs = in_file(tmp, "exprs", heavy)
        got = m.ask("filter", "run", "-F", exprs, "-r", pcap)
        equal((got["mismatches"], got["frames"], got["groups"]), (0, 150, 2),
              "verdicts")
        check(sum(f["accepted"] > 0 for f in got["filters"]) > 10, got)
        equal(m.ask("filter", "list"), [], "filters left behind")


def booted_with(directory, captures):
    """A boot archive with the frames of CAPTURES."""
    packed = os.path.join(directory, "frames")
    spindle("filter", "run", "--pack", packed, "-r", captures)
    archive = os.path.join(directory, "boot.cpio")
    subprocess.run([os.path.join(TOP, "apps/mkboot"), archive,
                    "agent=" + os.path.join(TOP, "build/apps/agent.elf"),
                    "frames=" + packed], check=True)
    return archive


def test_frames_can_come_with_the_machine():
    with tempfile.TemporaryDirectory() as tmp:
        pcap, other = os.path.join(tmp, "a.pcap"), os.path.join(tmp, "b.pcap")
        some = gen_capture.frames(300, 6)
        write_pcap(pcap, some + [(f[:17], len(f)) for f in some[:40]])
        write_pcap(other, some[1:])
        with Machine("--initrd", booted_with(tmp, pcap)) as m:
            want = m.ask("filter", "run", "udp", "-r", pcap)
            for repeat in "1", "2":
                got = m.ask("filter", "run", "udp", "-r", pcap, "--packed",
                            "--repeat", repeat)
                equal((got["frames"], got["accepted"], got["mismatches"]),
                      (340 * int(repeat), want["accepted"] * int(repeat), 0),
                      "verdicts")
            refused("filter", "run", "udp", "-r", other, "--packed", "--name",
                    m.name, says="the boot archive has other frames")
            write_pcap(other, some * 2)
            refused("filter", "run", "udp", "-r", other, "--packed", "--name",
                    m.name, says="the boot archive has")
            equal(m.ask("filter", "list"), [], "filters left behind")
        with Machine() as m:
            refused("filter", "run", "udp", "-r", pcap, "--packed", "--name",
                    m.name, says="the boot archive has no frames")


def test_what_they_cost_is_counted_on_a_machine_that_counts():
    with tempfile.TemporaryDirectory() as tmp, Machine("--icount") as m:
        pcap = os.path.join(tmp, "a.pcap")
        write_pcap(pcap, [frames.udp()] * 50)
        cost = [m.ask("filter", "run", expr, "-r", pcap)["instructions"]
                for expr in ("len > 0", "ip and udp dst port 7")]
        check(10 < cost[0] < cost[1] < 120, f"instructions a frame: {cost}")


def test_they_take_memory_only_while_there_are_any():
    with Machine() as m:
        free = [m.status()["memory"]["free"]]
        for what in ("add", "x", "len > 0", "--to", "test"), ("del", "x"):
            m.cli("filter", *what)
            free.append(m.status()["memory"]["free"])
        check(free[1] < free[0] - 100, f"a pool of their own: {free}")
        equal(free[2], free[0], "free pages afterwards")


def test_what_is_tested_goes_nowhere_else():
    with Machine() as m:
        refused("filter", "add", "x", "udp", "--to", "test:x", "--name",
                m.name, status=2)
        with agentlib.Agent(os.path.join(m.dir, "ctl.sock")) as a:
            def refuses(code, name, **options):
                try:
                    a.filter_add(name, agentlib.ANY, TEST, **options)
                    raise harness.Failed(f"{name} was bound: {options}")
                except agentlib.Refused as e:
                    equal(e.code, code, f"{name} {options}")
            refuses(agentlib.EUNSUPPORTED, "t", flags=agentlib.SHARED)
            a.filter_add("tap", agentlib.ANY, COUNT)
            refuses(agentlib.EINVAL, "tap", flags=agentlib.REPLACE)
            equal(a.filter_run(agentlib.RUN_TEST, [b"x"]), [[]], "none")


if __name__ == "__main__":
    harness.main(globals())
