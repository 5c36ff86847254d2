#!/usr/bin/python3
"""test_capture - what `spindle capture` sees: all of it, both ways, and nobody
gets another frame because of it.

LIMIT: 180
"""
import contextlib
import json
import os
import random
import re
import signal
import struct
import subprocess
import tempfile
import threading
import time

import agentlib
import frames
import gen_capture
import harness
import pcapng
from captures import read_pcap, write_pcap
from harness import check, equal
from machine import SPINDLE, TOP, Machine, wait_for
from refusal import refused

from scapy.utils import rdpcap

PORT = 7
IN, OUT = 0, 1
SUMMARY = re.compile(r"(\d+) captured, (\d+) accepted by the filter, (\d+) "
                     r"dropped by the kernel, (\d+) dropped at the line"
                     r"(?:, (\d+) came later)?$")
OPEN, READ, STOP, END = range(24, 28)
SECONDS = 10  # after which a capture that nobody reads ends


class Capture:
    """`spindle capture` on machine M, running."""

    def __init__(self, m, *words):
        self.words = words
        self.process = subprocess.Popen(
            [SPINDLE, "capture", *words, "--name", m.name], cwd=TOP,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.out = self.err = None
        self.counts = {}

    def __enter__(self):
        first = self.process.stderr.readline().decode()
        check(first.startswith("watching "), first)
        return self

    def __exit__(self, kind, *_):
        if self.process.returncode is None:
            if kind is None:
                self.end()
            else:
                self.process.kill()
                self.process.communicate()

    def suspend(self):
        """As by ctrl-Z."""
        self.process.send_signal(signal.SIGTSTP)
        stat = f"/proc/{self.process.pid}/stat"

        def stopped():
            with open(stat, encoding="ascii") as f:
                return f.read().rsplit(")", 1)[1].split()[0] == "T"
        wait_for(stopped, "it stops")

    def end(self, sig=signal.SIGINT, status=0):
        """Interrupt it; returns what it counted."""
        if sig is not None:
            self.process.send_signal(sig)
        self.out, err = self.process.communicate(timeout=30)
        self.err = err.decode()
        if status is not None:
            equal(self.process.returncode, status, f"status: {self.err}")
            found = SUMMARY.match(self.err.splitlines()[-1])
            check(found, self.err)
            self.counts = dict(zip(("captured", "accepted", "kernel", "line",
                                    "later"), map(int, found.groups("0"))))
        return self.counts


@contextlib.contextmanager
def scratch():
    with tempfile.TemporaryDirectory(prefix="sp") as d:
        yield lambda name: os.path.join(d, name)


def echo(m):
    m.ash("echo", f"udp dst port {PORT}", "udp_echo")


def some_frames(count, seed=1):
    """Datagrams of every length."""
    r = random.Random(seed)
    return [frames.udp(r.randbytes(r.randrange(1, 1473)), PORT,
                       sport=40000 + i) for i in range(count)]


# --- what is seen ------------------------------------------------------------------

def test_both_directions_byte_for_byte_in_order():
    with scratch() as at, Machine() as m, m.wire() as w:
        echo(m)
        began = time.time_ns()
        with Capture(m, "-w", at("a.pcapng")) as c:
            pairs = [(f, w.ask(f)) for f in some_frames(60)]
            w.send(frames.udp(b"nobody", 9))
            m.settled(61)
            counts = c.end()
        equal(counts, {"captured": 121, "accepted": 121, "kernel": 0,
                       "line": 0, "later": 0}, "counts")
        f = pcapng.read(at("a.pcapng"))
        want = [p for pair in pairs for p in pair] + [frames.udp(b"nobody", 9)]
        equal([p.data for p in f.frames], want, "frames")
        equal([p.wire for p in f.frames], [len(p) for p in want], "lengths")
        equal([p.out for p in f.frames], [False, True] * 60 + [False], "ways")
        equal([p.comment for p in f.frames], ["taken by echo", "sent by agent"]
              * 60 + ["unclaimed"], "comments")
        times = [p.ns for p in f.frames]
        equal(times, sorted(times), "times")
        slack = 500_000_000
        check(began - slack < times[0] and
              times[-1] < time.time_ns() + slack, f"{began} {times}")
        equal([bytes(p) for p in rdpcap(at("a.pcapng"))], want, "Scapy's view")
        link, snap, options = f.interfaces[0]
        equal((link, snap, options[9], options[6].hex(":")),
              (1, 1518, b"\x09", frames.MAC), "interface")
        equal([f.number(i) for i in (4, 5, 6, 7, 8)], [121, 0, 121, 0, 121],
              "statistics")


def test_one_direction_a_filter_and_a_snap_length():
    with scratch() as at, Machine() as m, m.wire() as w:
        echo(m)
        with Capture(m, "udp dst port 7 or src port 7", "-w", at("in"),
                     "--direction", "in", "-s", "64") as c, \
                Capture(m, "--direction", "out", "-w", at("out.pcap")) as d:
            sent = some_frames(20)
            replies = [w.ask(f) for f in sent]
            w.send(frames.arp_request())
            m.settled(21)
            equal((c.end()["captured"], d.end()["captured"]), (20, 20), "")
        got = pcapng.read(at("in")).frames
        equal([(p.data, p.wire) for p in got],
              [(f[:64], len(f)) for f in sent], "what came")
        equal(read_pcap(at("out.pcap")), replies, "what left")
        with open(at("out.pcap"), "rb") as f:
            equal(f.read(4), struct.pack("<I", 0xa1b23c4d), "nanoseconds")


def test_frames_of_applications_wherever_their_pieces_lie():
    with scratch() as at, Machine() as m, m.wire() as w:
        m.start("net_send")
        m.cli("filter", "add", "n", "udp dst port 9", "--to", "ring:net_send")
        with Capture(m, "--direction", "out", "-w", at("a")) as c:
            w.send(frames.udp(bytes(range(256)) * 5, 9))
            m.console_says("agent: net_send ended with 0")
            left = []
            while (f := w.receive(0.3)) is not None:
                left.append(f)
            counts = c.end()
        check(len(left) > 10, f"only {len(left)} frames")
        got = pcapng.read(at("a")).frames
        equal([p.data for p in got], left, "frames")
        equal(counts["captured"], len(left), "captured")
        equal({p.comment for p in got} - {"", "sent by net_send"}, set(),
              "comments")


def test_lines_json_and_standard_output():
    with Machine() as m, m.wire() as w:
        echo(m)
        with Capture(m, "-c", "2") as lines, \
                Capture(m, "-c", "4", "-w", "-", "--pcap") as piped, \
                Capture(m, "--json", "-c", "2", "-s", "14", "udp") as j:
            w.ask(frames.udp(b"spindle", PORT))
            w.ask(frames.udp(b"spindle", PORT))
            for c in (lines, piped, j):
                c.end(sig=None)
        first, second = lines.out.decode().splitlines()
        check(re.fullmatch(
            r"\d\d:\d\d:\d\d\.\d{6} in  IP 10\.7\.0\.1\.40000 > 10\.7\.0\.2\.7:"
            r" UDP, length 7 \(60\), taken by echo", first), first)
        check(" out IP 10.7.0.2.7 > 10.7.0.1.40000: UDP" in second, second)
        check(second.endswith("sent by agent"), second)
        equal(len(piped.out), 24 + 4 * (16 + 60), "bytes of classic pcap")
        equal(json.loads(j.out), {"captured": 2, "in": 1, "out": 1,
                                  "accepted": j.counts["accepted"],
                                  "dropped_kernel": 0, "dropped_line": 0,
                                  "later": j.counts["later"]}, "summary")


# --- nobody gets another frame -------------------------------------------------------

def outcome(m, path, replies):
    """What replaying PATH did, in counters and in replies."""
    before = m.status()
    m.cli("replay", path, "-w", replies)
    after = m.status()
    change = lambda now, then: {
        k: change(v, then[k]) if isinstance(v, dict) else v - then[k]
        for k, v in now.items() if isinstance(v, (int, dict)) and
        k not in ("interrupts", "missed", "link")}
    filters = {f["name"]: f for f in m.ask("filter", "list")}
    return change(after["nic"], before["nic"]), filters, read_pcap(replies)


def test_watching_changes_nobody_s_frames():
    with scratch() as at, Machine() as m:
        gen_capture.write_pcap(at("mixed.pcap"), gen_capture.frames(600, 5))
        echo(m)
        m.ash("ping", "icmp[icmptype] == 8", "icmp_echo")
        m.start("sleeper")
        m.cli("filter", "add", "full", "tcp port 80", "--to", "ring:sleeper")
        m.cli("app", "start", "echo-ring")
        m.cli("filter", "add", "ring", "udp dst port 9", "--to",
              "ring:echo-ring")
        outcome(m, at("mixed.pcap"), at("0"))  # the ring of the sleeper fills
        plain = [f["packets"] for f in m.ask("filter", "list")]
        nic, _, replies = outcome(m, at("mixed.pcap"), at("1"))
        once = [f["packets"] for f in m.ask("filter", "list")]
        m.cli("filter", "add", "t", "ip", "--to", "count")
        with Capture(m, "-w", at("all"), "-s", "40") as c, \
                Capture(m, "udp", "-w", at("few"), "-s", "99", "-B", "4") as small:
            small.suspend()
            seen, filters, again = outcome(m, at("mixed.pcap"), at("2"))
            small.process.send_signal(signal.SIGCONT)
            counts, few = c.end(), small.end()
        equal(seen, nic, "the NIC's counters")
        equal(sorted(again), sorted(replies), "replies")
        twice = [f["packets"] for n, f in filters.items()
                 if n != "t" and not n.startswith("capture.")]
        equal([b - a for a, b in zip(once, twice)],
              [b - a for a, b in zip(plain, once)], "each filter's frames")
        equal(counts["accepted"], seen["received"] + seen["sent"], "seen")
        equal(counts["captured"] + counts["kernel"], counts["accepted"], "")
        check(few["kernel"] > 0, f"a small buffer is full: {few}")
        equal(few["captured"] + few["kernel"], few["accepted"], "accounted")


def test_a_full_buffer_drops_are_exact():
    with scratch() as at, Machine() as m, m.wire() as w:
        with Capture(m, "--direction", "in", "-w", at("a"), "-B", "4",
                     "udp port 9") as c:
            c.suspend()
            sent = [frames.udp(bytes([i % 256]) * 300, 9, sport=1024 + i)
                    for i in range(200)]
            for i, f in enumerate(sent):
                w.send(f)
                if i % 50 == 49:
                    m.settled(i + 1)
            c.process.send_signal(signal.SIGCONT)
            time.sleep(0.3)
            w.send(sent[0])  # once it is read there is room again
            m.settled(201)
            counts = c.end()
        f = pcapng.read(at("a"))
        fit = (4096 - 32) // (26 + 342 + 3 & ~3)
        equal(counts, {"captured": fit + 1, "accepted": 201,
                       "kernel": 200 - fit, "line": 0, "later": 0}, "counts")
        equal([p.data for p in f.frames], sent[:fit] + sent[:1], "frames")
        equal((f.number(6), f.number(7)), (201, 200 - fit), "statistics")


# --- others at work --------------------------------------------------------------------

def test_others_work_while_it_watches():
    with scratch() as at, Machine() as m:
        echo(m)
        count = 1000
        write_pcap(at("in.pcap"), [frames.udp(bytes(100), PORT, sport=1024 + i)
                                   for i in range(count)])
        with Capture(m, "-w", at("all"), "-s", "40") as c, \
                Capture(m, "udp src port 7", "-q") as quiet:
            done = []
            others = [threading.Thread(target=lambda: done.append(
                m.ask("replay", at("in.pcap"))))]
            others[0].start()
            for i in range(3):  # commands get in between
                m.cli("filter", "add", f"f{i}", f"udp dst port {100 + i}",
                      "--to", "count")
            others[0].join()
            rtt = m.ask("rtt", "--to", f"10.7.0.2:{PORT}", "--count", "50")
            counts, fewer = c.end(), quiet.end()
        equal((done[0]["sent"], done[0]["replies"]), (count, count), "replayed")
        equal((rtt["sent"], rtt["lost"]), (50, 0), "round trips")
        equal(counts["accepted"], 2 * (count + 50), "accepted")
        equal(counts["captured"] + counts["kernel"], counts["accepted"], "")
        equal(fewer["accepted"], count + 50, "the second one's")
        got = pcapng.read(at("all")).frames
        equal(len(got), counts["captured"], "frames")
        times = [p.ns for p in got]
        equal(times, sorted(times), "times")


# --- how it ends -----------------------------------------------------------------------

def captures(m):
    return [f["name"] for f in m.ask("filter", "list")
            if f["name"].startswith("capture.")]


def test_whatever_ends_it_nothing_stays():
    with Machine() as m, m.wire() as w:
        echo(m)
        with Capture(m, "-q", "-c", "1") as c:
            w.ask(frames.udp(b"x", PORT))
            c.end(sig=None)
        with Capture(m, "-q", "--duration", "1") as c:
            began = time.monotonic()
            c.end(sig=None)
            check(time.monotonic() - began < 5, "a second")
        for sig in (signal.SIGTERM, signal.SIGHUP):
            with Capture(m, "-q") as c:
                c.end(sig)
        with Capture(m) as c:  # its reader has gone
            c.process.stdout.close()
            w.ask(frames.udp(b"x", PORT))
            c.process.wait(10)
            equal(c.process.returncode, 1, "status")
            check("cannot write" in c.process.stderr.read().decode(), "why")
        equal(captures(m), [], "captures left")
        with Capture(m, "-q") as c:
            c.end(signal.SIGKILL, status=None)
        equal(len(captures(m)), 2, "of a killed tool")
        with Capture(m, "-q") as c:  # the next one takes its place
            equal(len(captures(m)), 2, "of one tool")
            check("capture.0-in" in m.cli("filter", "dump", "--all").stdout,
                  "they can be looked at")
            m.cli("filter", "dump", "--all", "--as", "mips")
            m.cli("filter", "show", "capture.0-out")
        equal(captures(m), [], "captures left")


class Raw:
    """The agent's operations, without the tool."""

    def __init__(self, agent):
        self.agent = agent

    def open(self, slot=0, ways=(1, 1), snap=1518, pages=16, name="raw"):
        self.agent.stage(agentlib.ANY)
        return self.agent.ask(OPEN, struct.pack(
            "<6I24s", slot, len(agentlib.ANY), *ways, snap, pages,
            name.encode()))

    def read(self, slot=0, tail=0):
        """(now, accepted, dropped, tail, head, records)"""
        a = self.agent.ask(READ, struct.pack("<II", slot, tail))
        now, i, o, di, do, tail, head, _ = struct.unpack_from("<Q7I", a)
        return now, (i, o), (di, do), tail, head, a[36:]

    def tell(self, op, slot=0):
        self.agent.ask(op, struct.pack("<I", slot))


def raw(m):
    """A client of the agent; nobody else can talk to it meanwhile."""
    return agentlib.Agent(os.path.join(m.dir, "ctl.sock"))


def test_one_that_nobody_reads_ends_by_itself():
    with Machine() as m, m.wire() as w:
        echo(m)
        with raw(m) as a:
            Raw(a).open()
        began = time.monotonic()
        while captures_raw(m):
            w.ask(frames.udp(bytes(1400), PORT))
            check(time.monotonic() - began < SECONDS + 5, "it ends")
            time.sleep(0.2)
        check(time.monotonic() - began > SECONDS - 2, "not too early")


def captures_raw(m):
    return [f for f in m.ask("filter", "list") if f["name"].startswith("raw")]


def test_what_the_agent_does_not_take():
    with Machine() as m, raw(m) as a:
        r = Raw(a)
        for bad in ({"slot": 4}, {"ways": (0, 0)}, {"snap": 0}, {"pages": 3},
                    {"snap": 1519}, {"pages": 0}, {"pages": 2048},
                    {"name": ""}, {"name": "x" * 21}, {"slot": 0xffffffff},
                    {"pages": 0x80000000}):
            try:
                r.open(**bad)
            except agentlib.Refused as e:
                equal(e.code, agentlib.EINVAL, f"{bad}")
            else:
                raise harness.Failed(f"taken: {bad}")
        for op in (READ, STOP, END):
            for slot in (0, 9):
                try:
                    a.ask(op, struct.pack("<II", slot, 0)[:8 if op == READ
                                                          else 4])
                except agentlib.Refused as e:
                    equal(e.code, agentlib.ENOENT, "no capture")
                else:
                    raise harness.Failed(f"taken: {op} of {slot}")
        r.open()
        try:
            r.read(tail=4)  # nothing was recorded yet
        except agentlib.Refused as e:
            equal(e.code, agentlib.EINVAL, "a wrong tail")
        r.tell(END)


def test_requests_of_every_length_are_answered():
    with Machine() as m, raw(m) as a:
        for op in (OPEN, READ, STOP, END):
            for n in (0, 3, 4, 5, 8, 9, 47, 48, 49, 4096):
                for fill in (b"\0", b"A", b"\xff"):
                    try:
                        a.ask(op, fill * n)
                    except agentlib.Refused as e:
                        check(e.code < 0 and e.text != "", f"{op}, {n}: {e}")
                    else:
                        raise harness.Failed(f"taken: {op}, {n} times {fill}")
        equal(a.audit(), "", "the audit")


def test_answers_that_are_lost_lose_nothing():
    with Machine() as m, m.wire() as w, raw(m) as a:
        r = Raw(a)
        r.open(ways=(1, 0))
        for i in range(5):
            w.send(frames.udp(bytes([i]), 9))
        wait_for(lambda: r.read()[1][IN] == 5, "5 frames")
        first = r.read()
        equal(r.read()[5], first[5], "asked again")
        _, accepted, dropped, tail, head, records = first
        equal((accepted[IN], sum(dropped), head - tail), (5, 0, len(records)),
              "accounts")
        equal(r.read(tail=head)[5], b"", "given back")
        r.tell(END)


def test_many_captures_lose_no_memory():
    with Machine() as m, m.wire() as w:
        echo(m)
        many_captures(m, w)


def many_captures(m, w):
    with raw(m) as a:
        r = Raw(a)
        seen = set()
        for i in range(40):
            r.open(slot=i % 4, snap=128, pages=1 << i % 8)
            w.ask(frames.udp(bytes(200), PORT))
            if i % 3:
                r.tell(STOP, i % 4)
            equal(r.read(i % 4)[1], (1, 1), "accepted")
            if i % 4 == 3:
                for slot in range(4):
                    r.tell(END, slot)
                seen.add(a.info(20, 4))  # pages_free
        equal(len(seen), 1, f"free pages after each round: {seen}")
        equal(a.audit(), "", "the audit")


def test_too_much_is_refused_in_words():
    with scratch() as at, Machine() as m:
        refused("capture", "--direction", "up", "--name", m.name, status=2,
                says="in, out or inout")
        refused("capture", "--pcap", "--name", m.name, status=2, says="-w")
        refused("capture", "-w", "-", "--json", "--name", m.name, status=2)
        refused("capture", "-s", "0", "--name", m.name, status=2)
        refused("capture", "ip proto nonsense", "--name", m.name,
                says="cannot parse")
        refused("capture", "-w", "/nowhere/x", "--name", m.name,
                says="/nowhere/x")
        with Capture(m, "-w", at("a")):
            refused("capture", "-w", at("b"), "--name", m.name,
                    says="a smaller snap length")
            with Capture(m), Capture(m):
                refused("capture", "--name", m.name,
                        says="a smaller snap length")
        with Capture(m, "-q"), Capture(m, "-q"), Capture(m, "-q"), \
                Capture(m, "-q"):
            refused("capture", "-q", "--name", m.name, says="4 captures run")


if __name__ == "__main__":
    harness.main(globals())
