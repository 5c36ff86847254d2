#!/usr/bin/python3
"""test_cli - the host command: bad input, a bad line, and a machine in use.

LIMIT: 240
"""
import contextlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

import frames
import harness
from harness import check, equal
from machine import SPINDLE, TOP, Machine, spindle

TEXT_LIMIT = 400  # characters of a reason
ECHO = "build/ash/udp_echo.o"


def write_pcap(path, packets, linktype=1, magic=0xa1b2c3d4):
    """PACKETS: bytes, or (bytes, length on the wire)."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", magic, 2, 4, 0, 0, 262144, linktype))
        for i, p in enumerate(packets):
            data, wire = p if isinstance(p, tuple) else (p, len(p))
            f.write(struct.pack("<IIII", i, 0, len(data), wire) + data)


def write_pcapng(path, packets):
    def block(kind, body):
        body += bytes(-len(body) % 4)
        size = struct.pack("<I", 12 + len(body))
        return struct.pack("<I", kind) + size + body + size

    with open(path, "wb") as f:
        f.write(block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)))
        f.write(block(1, struct.pack("<HHI", 1, 0, 0)))
        for p in packets:
            f.write(block(6, struct.pack("<IIIII", 0, 0, 0, len(p), len(p)) + p))


def read_pcap(path):
    with open(path, "rb") as f:
        data = f.read()
    found, at = [], 24
    while at < len(data):
        n = struct.unpack_from("<I", data, at + 8)[0]
        found.append(data[at + 16:at + 16 + n])
        at += 16 + n
    return found


def refused(*words, status=1, says="", env=None):
    """The command fails with STATUS and one line that says SAYS."""
    done = subprocess.run([SPINDLE, *words], cwd=TOP, text=True, env=env,
                          capture_output=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL)
    what = f"spindle {' '.join(words)}"
    equal(done.returncode, status, f"{what}: status\n{done.stderr}")
    equal(done.stdout, "", f"{what}: standard output")
    lines = done.stderr.splitlines()
    equal(len(lines), 1, f"{what}: lines of reason: {done.stderr!r}")
    check(lines[0].startswith("spindle: "), lines[0])
    check(len(lines[0]) < TEXT_LIMIT, f"a long reason: {lines[0]}")
    check(says in lines[0], f"{what}: {lines[0]!r} does not say {says!r}")
    return lines[0]


@contextlib.contextmanager
def private_runtime():
    """A runtime directory of our own, as environment."""
    with tempfile.TemporaryDirectory(prefix="sp") as tmp:
        yield dict(os.environ, XDG_RUNTIME_DIR=tmp), os.path.join(tmp, "spindle")


@contextlib.contextmanager
def fake(mode):
    """A machine whose QEMU is fake_agent.py; yields the environment."""
    with private_runtime() as (env, base):
        home = os.path.join(base, "default")
        os.makedirs(home, mode=0o700)
        os.chmod(base, 0o700)
        script = os.path.join(TOP, "tests/system/fake_agent.py")
        with subprocess.Popen([sys.executable, script, home + "/ctl.sock", mode],
                              stdout=subprocess.PIPE, text=True) as agent:
            try:
                agent.stdout.readline()
                with open(home + "/machine.json", "w", encoding="utf-8") as f:
                    json.dump({"pid": agent.pid, "started": 1, "net": "dgram"}, f)
                yield env
            finally:
                agent.kill()


def run(env, *words):
    return subprocess.run([SPINDLE, *words], cwd=TOP, text=True, env=env,
                          capture_output=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL)


# --- words -----------------------------------------------------------------------

def commands():
    """Every command that --help lists, as words."""
    found = []
    for line in spindle("--help").stdout.splitlines():
        if line.startswith("  ") and not line.startswith("  spindle"):
            words = line[2:18].split()
            found.append(words)
    return found


def test_every_command_has_help_with_an_example():
    names = commands()
    check(len(names) >= 25, f"only {len(names)} commands: {names}")
    for words in names:
        text = spindle(*words, "--help").stdout
        check("usage: spindle " + " ".join(words) in text, text)
        check(f"example:\n  spindle {' '.join(words)}" in text, text)
        for option in ("--json", "--name", "--help"):
            check(option in text, f"{words}: no {option}")


def test_the_commands_of_this_release_are_those_of_the_contract():
    want = ["up", "down", "status", "console", "app start", "app list",
            "app stop", *("filter " + v for v in "check add replace del list "
                          "show dump run".split()),
            *("ash " + v for v in "load replace unload list show dump check "
              "test".split()), "replay", "rtt"]
    equal(sorted(" ".join(w) for w in commands()), sorted(want), "commands")


def test_unknown_words_are_bad_usage():
    for words in ([], ["capture"], ["top"], ["ext", "list"], ["domain"],
                  ["event", "list"], ["graph"], ["image"], ["x" * 300],
                  ["filter"], ["filter", "frobnicate"], ["ash", ""], ["app"],
                  ["status", "now"], ["down", "--no-such-option"],
                  ["status", "-q"], ["up", "--mem"], ["status", "--json=1"],
                  ["filter", "add"], ["filter", "add", "name"], ["replay"],
                  ["ash", "load", "echo"], ["ash", "load", "echo", ECHO],
                  ["ash", "test", ECHO], ["filter", "run", "ip"],
                  ["filter", "dump"], ["filter", "dump", "a", "--all"],
                  ["filter", "check", "ip", "--as", "wasm"]):
        refused(*words, status=2)
    refused("capture", status=2, says="unknown command")


def test_values_out_of_range_are_bad_usage():
    for words in (["up", "--mem", "0"], ["up", "--mem", "1e3"],
                  ["up", "--mem", "-1"], ["up", "--net", "tap"],
                  ["up", "--net", "user", "--hostfwd", "tcp:0-:80"],
                  ["up", "--hostfwd", "tcp:8080-:80"],
                  ["rtt", "--size", "59"], ["rtt", "--size", "1515"],
                  ["rtt", "--proto", "tcp"], ["rtt", "--to", "10.7.0"],
                  ["rtt", "--to", "10.7.0.2:"], ["rtt", "--to", "1.2.3.256"],
                  ["rtt", "--count", "99999999999999999999"],
                  ["replay", "x", "--pps", "0"], ["replay", "x", "-x", "no"],
                  ["replay", "x", "--pps", "1", "--topspeed"],
                  ["filter", "add", "a b", "ip"], ["filter", "add", "", "ip"],
                  ["filter", "add", "x" * 24, "ip"],
                  ["filter", "add", "a", "ip", "--to", "nowhere"],
                  ["filter", "add", "a", "ip", "--to", "ring:"],
                  ["filter", "add", "a", "ip", "--priority", "high"],
                  ["status", "--name", "../x"], ["status", "--name", ""]):
        refused(*words, status=2)


# --- without a machine --------------------------------------------------------------

def test_without_a_machine_every_command_says_so():
    with tempfile.TemporaryDirectory() as tmp, private_runtime() as (env, _):
        pcap = os.path.join(tmp, "a.pcap")
        write_pcap(pcap, [frames.udp()])
        for words in (["down"], ["status"], ["console"], ["app", "list"],
                      ["app", "stop", "1"], ["filter", "add", "a", "ip"],
                      ["filter", "replace", "a", "ip"], ["filter", "del", "a"],
                      ["filter", "list"], ["filter", "show", "a"],
                      ["filter", "dump", "--all"], ["ash", "list"],
                      ["ash", "load", "e", ECHO, "--filter", "ip"],
                      ["ash", "unload", "e"], ["ash", "dump", "e"],
                      ["filter", "run", "ip", "-r", pcap],
                      ["replay", pcap], ["rtt"]):
            refused(*words, env=env)
        done = run(env, "status", "--json")
        equal(json.loads(done.stdout)["up"], False, "up")
        equal(done.returncode, 1, "status of status")


def test_malformed_expressions_are_refused_with_the_reason():
    for text in ("udp foo", "ip[", "port 70000", "host 300.1.1.1", "and",
                 "ether proto", "'", "ip and (udp", "\x01"):
        refused("filter", "check", text, says="cannot parse")
        refused("filter", "add", "bad", text, says="cannot parse")


def test_what_cannot_be_lifted_is_refused_and_not_approximated():
    refused("filter", "check", "ip[2:2] = ip[4:2] * 2",
            says="cannot be compiled")


def test_check_prints_atoms_cost_and_relations():
    with tempfile.NamedTemporaryFile("w", suffix=".filters") as f:
        f.write("# mine\nall=\nip=ip\ntcp=tcp\nseven=udp dst port 7\n"
                "odd=udp src port 9\n")
        f.flush()
        done = spindle("filter", "check", "udp dst port 7", "--with", f.name,
                       "--json")
        got = json.loads(done.stdout)
        check("(23:8 == 17)" in got["atoms"], got["atoms"])
        check(0 < got["worst"] < 60, f"worst case {got['worst']}")
        check(got["native_bytes"] > 0 and got["nodes"] > 0, f"{got}")
        relation = {r["name"]: r["relation"] for r in got["relations"]}
        equal(relation, {"all": "inside", "ip": "overlaps", "tcp": "disjoint",
                         "seven": "equal", "odd": "overlaps"}, "relations")
        example = next(r["example"] for r in got["relations"]
                       if r["name"] == "odd")
        check(len(example) >= 2 * 38, f"example {example!r}")
        f.write("no equals sign\n")
        f.flush()
        done = spindle("filter", "check", "ip", "--with", f.name, status=1)
        check(":7: expected NAME=EXPR" in done.stderr, done.stderr)
    refused("filter", "check", "ip", "--with", "/no/such/file", "--json")


def test_every_form_of_a_filter_is_printed():
    for form, word in (("atoms", "&&"), ("graph", "accept"), ("mips", "jr"),
                       ("dot", "digraph")):
        text = spindle("filter", "check", "udp dst port 7", "--as", form).stdout
        check(word in text, f"{form}: {text}")


def test_kernels_that_are_none_are_refused():
    with tempfile.TemporaryDirectory() as tmp:
        for name, data, says in (
                ("empty", b"", "not an ELF"), ("text", b"hello" * 9, "not an ELF"),
                ("short", b"\x7fELF\x01\x01", "truncated")):
            path = os.path.join(tmp, name)
            with open(path, "wb") as f:
                f.write(data)
            refused("up", "--name", "none", "--kernel", path, says=says)
            refused("app", "start", path, says=says)
        refused("up", "--name", "none", "--kernel", tmp)
    refused("up", "--name", "none", "--kernel", "/no/such/file", says="No such")
    refused("up", "--name", "none", "--initrd", "/no/such/file", says="No such")
    refused("up", "--name", "none", "--kernel", SPINDLE, says="another machine")
    refused("app", "start", SPINDLE, says="another machine")
    refused("app", "start", ECHO, says="not an executable")
    refused("app", "start", "no-such-program", says="No such")


def test_handlers_that_are_none_are_refused():
    with open(os.path.join(TOP, ECHO), "rb") as f:
        good = f.read()
    with tempfile.TemporaryDirectory() as tmp:
        for n in (0, 3, 51, 52, len(good) // 2, len(good) - 1):
            path = os.path.join(tmp, f"cut{n}.o")
            with open(path, "wb") as f:
                f.write(good[:n])
            refused("ash", "check", path)
            refused("ash", "load", "x", path, "--filter", "ip")
        refused("ash", "test", path, "-r", path)
    refused("ash", "check", SPINDLE)
    refused("ash", "check", "build/kernel.elf")
    refused("ash", "check", "/no/such/file", says="No such")


def test_a_handler_is_checked_and_tried_on_a_capture():
    got = json.loads(spindle("ash", "check", ECHO, "--json").stdout)
    equal(got["accepted"], True, "accepted")
    with tempfile.TemporaryDirectory() as tmp:
        ask, answer = os.path.join(tmp, "in.pcap"), os.path.join(tmp, "out.pcap")
        asked = [frames.udp(data=bytes([i]) * i) for i in range(0, 1400, 100)]
        write_pcap(ask, asked + [frames.arp_request(), bytes(1600)])
        got = json.loads(spindle("ash", "test", ECHO, "-r", ask, "-w", answer,
                                 "--repeat", "2", "--json").stdout)
        equal(got["frames"], 2 * len(asked) + 2, "frames")
        equal(got["skipped"], 2, "frames too long for the NIC")
        equal(got["replies"], 2 * len(asked), "replies")
        equal(got["declined"], 2, "declined")
        replies = read_pcap(answer)
        equal(len(replies), 2 * len(asked), "replies in the file")
        for q, r in zip(asked, replies):
            equal(frames.datagram(r)[3], frames.datagram(q)[3], "payload")
            check(frames.checksums_hold(r), "checksums")
        low, high = (got["instructions"][k] for k in ("min", "max"))
        check(0 < low <= high < 500, f"{low}..{high} instructions")


def test_captures_that_are_none_are_refused():
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "x.pcap")
        refused("replay", path, says="No such")
        with open(path, "wb") as f:
            f.write(b"no capture at all, just text")
        refused("replay", path)
        write_pcap(path, [bytes(60)], linktype=105)
        refused("replay", path, says="not Ethernet")
        refused("ash", "test", ECHO, "-r", path, says="not Ethernet")


# --- the machine's directory ------------------------------------------------------------

def test_a_directory_that_others_can_enter_is_refused():
    with private_runtime() as (env, base):
        os.makedirs(base + "/default")
        os.chmod(base, 0o755)
        refused("status", env=env, says="open to other users")
        os.chmod(base, 0o700)
        os.chmod(base + "/default", 0o770)
        refused("up", env=env, says="open to other users")
        shutil.rmtree(base)
        os.symlink("/tmp", base)
        refused("status", env=env, says="not a directory")


def test_a_directory_too_long_for_sockets_is_refused():
    with private_runtime() as (env, base):
        env["XDG_RUNTIME_DIR"] = os.path.join(base, "d" * 60, "e" * 40)
        os.makedirs(env["XDG_RUNTIME_DIR"])
        refused("up", env=env, says="107")


def test_a_process_that_is_not_our_qemu_is_left_alone():
    with private_runtime() as (env, base):
        os.makedirs(base + "/default", mode=0o700)
        os.chmod(base, 0o700)
        with subprocess.Popen(["sleep", "60"]) as other:
            with open(base + "/default/machine.json", "w",
                      encoding="utf-8") as f:
                json.dump({"pid": other.pid, "net": "dgram"}, f)
            refused("down", env=env)
            refused("status", env=env)
            equal(other.poll(), None, "the other process was ended")
            other.kill()


# --- a bad line -------------------------------------------------------------------------

def test_noise_and_lost_answers_do_not_matter():
    for mode in ("noisy", "deaf", "stale"):
        with fake(mode) as env:
            for _ in range(2):
                done = run(env, "app", "list", "--json")
                equal((done.returncode, done.stderr), (0, ""), mode)
                equal(json.loads(done.stdout), [], mode)


def test_an_agent_that_does_not_answer_is_given_up():
    with fake("mute") as env:
        start = time.monotonic()
        refused("app", "list", env=env, says="does not answer")
        check(time.monotonic() - start < 15, "that took long")
    with fake("short") as env:
        refused("app", "list", env=env, says="another version")


def test_an_agent_s_refusal_is_passed_on():
    with fake("plain") as env:
        refused("filter", "add", "a", "ip", env=env,
                says="a fake knows nothing of this")


def test_what_is_up_can_be_brought_down_by_force():
    with fake("mute") as env:
        done = run(env, "down")
        equal(done.returncode, 0, done.stderr)
        refused("status", env=env)


# --- a machine ----------------------------------------------------------------------------

def test_a_second_up_of_the_same_name_is_refused():
    with Machine() as m:
        pid = m.status()["pid"]
        refused("up", "--name", m.name, says="already up")
        equal(m.status()["pid"], pid, "the machine")


def test_a_machine_that_was_killed_can_be_brought_up_again():
    with Machine() as m:
        m.check_accounts()
        os.kill(m.status()["pid"], 9)
        end = time.monotonic() + 5
        while m.cli("status", status=None).returncode == 0:
            check(time.monotonic() < end, "the dead machine is still up")
        refused("down", "--name", m.name)
        m.cli("up")
        equal(m.status()["up"], True, "up")


def test_a_filter_s_life():
    with Machine() as m:
        m.cli("filter", "add", "seven", "udp", "dst", "port", "7")
        refused("filter", "add", "seven", "ip", "--name", m.name,
                says="seven")
        got = m.ask("filter", "show", "seven")
        for key in ("packets", "bytes", "drops", "atoms", "residual",
                    "native_bytes", "owner", "to"):
            check(key in got, f"no {key} in {got}")
        equal(got["to"], "count", "to")
        with m.wire() as w:
            w.send(frames.udp())
            end = time.monotonic() + 5
            while m.ask("filter", "show", "seven")["packets"] != 1:
                check(time.monotonic() < end, "the frame was not counted")
        m.cli("filter", "replace", "seven", "udp dst port 9")
        got = m.ask("filter", "show", "seven")
        equal(got["packets"], 1, "counter after replacing")
        check("56:16 == 9" in got["atoms"], got["atoms"])
        check("== 9" in m.cli("filter", "dump", "--all").stdout, "dump")
        check("jr $ra" in m.cli("filter", "dump", "--all", "--as",
                                "mips").stdout, "dump as mips")
        equal([f["name"] for f in m.ask("filter", "list")], ["seven"], "list")
        m.cli("filter", "del", "seven")
        refused("filter", "show", "seven", "--name", m.name, says="no filter")
        refused("filter", "del", "seven", "--name", m.name, says="no filter")
        refused("filter", "replace", "seven", "ip", "--name", m.name,
                says="no filter")
        refused("filter", "add", "r", "ip", "--to", "ring:nobody", "--name",
                m.name, says="nobody")
        refused("filter", "add", "r", "ip", "--to", "ash:none", "--name",
                m.name, says="no handler")


def test_overlap_is_refused_with_a_frame_that_both_take():
    with Machine() as m:
        m.cli("app", "start", "build/apps/echo-ring.elf")
        m.cli("filter", "add", "dst", "udp dst port 7", "--to",
              "ring:echo-ring")
        line = refused("filter", "add", "src", "udp src port 9", "--to",
                       "ring:echo-ring", "--name", m.name, says="'dst'")
        check("overlaps" in line, line)
        frame = bytes.fromhex(line.split("both take ")[1].split()[0])
        equal(frame[12:14], b"\x08\0" if frame[14] >> 4 == 4 else b"\x86\xdd",
              "the example's EtherType")
        m.cli("filter", "add", "src", "udp src port 9", "--to",
              "ring:echo-ring", "--priority", "1")


def test_native_verdicts_are_libpcap_s():
    with tempfile.TemporaryDirectory() as tmp, Machine() as m:
        pcap = os.path.join(tmp, "a.pcap")
        write_pcap(pcap, [frames.udp(), frames.udp(dport=9), frames.ping(),
                          frames.arp_request(), (frames.udp()[:40], 60),
                          (bytes(14), 1514), bytes(3000)])
        got = m.ask("filter", "run", "udp dst port 7", "-r", pcap)
        equal(got, {"frames": 6, "accepted": 2, "skipped": 1, "mismatches": 0},
              "verdicts")
        got = m.ask("filter", "run", "len > 1000", "-r", pcap, "--repeat", "2")
        equal(got["accepted"], 2, "by length on the wire")
        equal(m.ask("filter", "list"), [], "filters left behind")
        m.cli("filter", "add", "udp", "udp")
        equal(m.ask("filter", "run", "udp", "-r", pcap)["accepted"], 3,
              "of an installed filter")


def test_a_handler_s_life():
    with Machine() as m:
        m.ash("echo", "udp dst port 7", "udp_echo")
        refused("ash", "load", "echo", ECHO, "--filter", "udp dst port 8",
                "--name", m.name, says="echo")
        for _ in range(3):
            with m.wire() as w:
                w.ask(frames.udp())
            m.cli("ash", "replace", "echo", ECHO)
            equal([h["name"] for h in m.ask("ash", "list")], ["echo"], "list")
        equal(m.ask("filter", "show", "echo")["packets"], 3,
              "the binding's counter")
        equal(m.ask("ash", "show", "echo")["runs"], 0, "the new handler's")
        check("jr" in m.cli("ash", "dump", "echo").stdout, "dump")
        m.cli("ash", "unload", "echo")
        equal(m.ask("ash", "list"), [], "handlers")
        equal(m.ask("filter", "list"), [], "filters")
        refused("ash", "unload", "echo", "--name", m.name, says="no handler")


def test_a_load_that_fails_late_leaves_nothing():
    with Machine() as m:
        m.ash("echo", "udp dst port 7", "udp_echo")
        free = m.status()["memory"]["free"]
        refused("ash", "load", "other", ECHO, "--filter", "udp dst port 7",
                "--name", m.name, says="'echo'")
        equal([h["name"] for h in m.ask("ash", "list")], ["echo"], "handlers")
        equal(m.status()["memory"]["free"], free, "free pages")


def test_replay_compares_replies_and_reports_what_cannot_be_sent():
    with tempfile.TemporaryDirectory() as tmp, Machine() as m:
        path = lambda name: os.path.join(tmp, name)
        asked = [frames.udp(data=bytes([i]) * 20) for i in range(50)]
        write_pcap(path("in.pcap"), asked)
        write_pcapng(path("in.pcapng"), asked)
        m.ash("echo", "udp dst port 7", "udp_echo")
        got = m.ask("replay", path("in.pcap"), "-w", path("out.pcap"))
        equal(set(got), {"frames", "bytes", "sent", "failed", "replies",
                         "filters", "unclaimed"}, "keys")
        equal((got["frames"], got["sent"], got["failed"], got["replies"]),
              (50, 50, 0, 50), "frames, sent, failed, replies")
        equal(got["filters"]["echo"]["packets"], 50, "packets")
        m.cli("replay", path("in.pcapng"), "--expect", path("out.pcap"))
        replies = read_pcap(path("out.pcap"))
        broken = bytearray(replies[30])
        broken[-1] ^= 1
        for name, want, says in (
                ("changed", replies[:30] + [bytes(broken)] + replies[31:],
                 "reply 31 differs"),
                ("fewer", replies[:49], "reply 50 (62 bytes) is not expected"),
                ("more", replies + [replies[0]], "only 50 replies")):
            write_pcap(path(name), want)
            done = m.cli("replay", path("in.pcap"), "--expect", path(name),
                         status=1)
            check(says in done.stderr, f"{name}: {done.stderr}")
        write_pcap(path("odd"), [bytes(1519), asked[0], bytes(13), b"",
                                 asked[1]])
        done = m.cli("replay", path("odd"), "--json", status=1)
        got = json.loads(done.stdout)
        equal((got["frames"], got["sent"], got["failed"], got["replies"]),
              (5, 2, 3, 2), "frames, sent, failed, replies")
        check("1 longer than 1518 bytes, 2 shorter" in done.stderr, done.stderr)
        with open(path("in.pcap"), "rb") as f:
            cut = f.read()[:-7]
        with open(path("cut"), "wb") as f:
            f.write(cut)
        done = m.cli("replay", path("cut"), status=1)
        check("cut: " in done.stderr, done.stderr)


def test_replay_keeps_the_pace_it_is_asked_for():
    with tempfile.TemporaryDirectory() as tmp, Machine() as m:
        pcap = os.path.join(tmp, "a.pcap")
        write_pcap(pcap, [frames.udp()] * 20)  # a second apart
        for words, low, high in ((("--pps", "50"), 0.38, 2),
                                 (("-x", "40"), 0.47, 2)):
            start = time.monotonic()
            got = m.ask("replay", pcap, *words)
            took = time.monotonic() - start
            equal(got["sent"], 20, "sent")
            check(low <= took <= high, f"{words}: {took:.2f} s")
        got = m.ask("replay", pcap, "--loop", "5", "--limit", "33")
        equal((got["frames"], got["unclaimed"]), (33, 33), "limit")


def test_rtt_counts_replies_and_losses():
    with tempfile.TemporaryDirectory() as tmp, Machine() as m:
        m.ash("echo", "udp dst port 7", "udp_echo")
        raw, hist = os.path.join(tmp, "raw.csv"), os.path.join(tmp, "h.svg")
        got = m.ask("rtt", "--count", "200", "--raw", raw, "--hist", hist)
        equal((got["sent"], got["received"], got["lost"]), (200, 200, 0),
              "sent, received, lost")
        equal(got["instructions"], None, "instructions without --icount")
        h = [got["host_us"][k] for k in ("min", "p50", "p90", "p99", "p999",
                                         "max")]
        equal(h, sorted(h), "host_us")
        with open(raw, encoding="utf-8") as f:
            equal(len(f.read().splitlines()), 201, "lines of raw data")
        with open(hist, encoding="utf-8") as f:
            check("<svg" in f.read(), "no picture")
        done = m.cli("rtt", "--to", "10.7.0.2:9", "--timeout", "50", "--json",
                     status=1)
        got = json.loads(done.stdout)
        equal((got["sent"], got["received"], got["lost"]), (5, 0, 5),
              "without an echo")
        check("no reply" in done.stderr, done.stderr)


def test_rtt_counts_instructions_the_same_in_every_run():
    with Machine("--icount") as m:
        m.ash("echo", "udp dst port 7", "udp_echo")
        runs = [m.ask("rtt", "--count", "30", "--size", size)["instructions"]
                for size in ("60", "60", "1514")]
        equal(runs[0]["p50"], runs[1]["p50"], "median of two runs")
        for r in runs:
            check(100 < r["min"] and r["max"] <= r["min"] + 1 and
                  r["max"] <= 500, f"instructions {r}")


def test_one_user_of_the_wire_at_a_time():
    with tempfile.TemporaryDirectory() as tmp, Machine() as m:
        pcap = os.path.join(tmp, "a.pcap")
        write_pcap(pcap, [frames.udp()] * 40)
        with subprocess.Popen([SPINDLE, "replay", pcap, "--pps", "10",
                               "--name", m.name], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as long:
            end = time.monotonic() + 5
            while not os.path.exists(m.dir + "/host.sock"):
                check(time.monotonic() < end, "the replay does not begin")
            refused("rtt", "--name", m.name, says="uses the wire")
            equal(m.status()["up"], True, "status meanwhile")
            long.kill()


def test_a_broken_control_line_is_survived_by_the_agent():
    with Machine() as m:
        for junk in (b"SP" * 3000, b"SP\x03\0\0\0\xff\xff", os.urandom(5000)):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(m.dir + "/ctl.sock")
                s.sendall(junk)
            equal(m.status()["up"], True, "status")


def test_a_user_network_has_no_wire():
    with Machine("--net", "user", "--hostfwd", "udp:47007-:7") as m:
        refused("rtt", "--name", m.name, says="--net user")
        equal(m.status()["net"], "user", "net")


if __name__ == "__main__":
    harness.main(globals())
