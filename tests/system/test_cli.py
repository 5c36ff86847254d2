#!/usr/bin/python3
"""test_cli - the host command without a machine: bad input, a bad line.

LIMIT: 240
"""
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import frames
import harness
from captures import read_pcap, write_pcap
from harness import check, equal
from machine import SPINDLE, TOP, spindle
from refusal import refused

ECHO = "build/ash/udp_echo.o"


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
    want = ["up", "down", "status", "top", "console", "app start", "app list",
            "app stop", "app revoke", *("filter " + v for v in "check add replace del list "
                          "show dump run".split()),
            *("ash " + v for v in "load replace unload list show dump check "
              "test".split()), "replay", "capture", "rtt"]
    equal(sorted(" ".join(w) for w in commands()), sorted(want), "commands")


def test_unknown_words_are_bad_usage():
    for words in ([], ["ext", "list"], ["domain"],
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
    refused("image", status=2, says="unknown command")


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
                  ["app", "start", "echo-ring", "--slices", "0"],
                  ["app", "start", "echo-ring", "--slices", "65"],
                  ["app", "revoke", "a", "pages", "0"],
                  ["app", "revoke", "a", "pages", "-1"],
                  ["app", "revoke", "a", "cars", "1"],
                  ["app", "revoke", "a", "pages"],
                  ["app", "revoke", "a", "pages", "1", "--within", "x"],
                  ["status", "--name", "../x"], ["status", "--name", ""]):
        refused(*words, status=2)


# --- without a machine --------------------------------------------------------------

def test_without_a_machine_every_command_says_so():
    with tempfile.TemporaryDirectory() as tmp, private_runtime() as (env, _):
        pcap = os.path.join(tmp, "a.pcap")
        write_pcap(pcap, [frames.udp()])
        for words in (["down"], ["status"], ["console"], ["app", "list"],
                      ["top"],
                      ["app", "stop", "1"], ["app", "revoke", "1", "pages", "1"], ["filter", "add", "a", "ip"],
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
    for text in ("udp foo", "ip[", "port 70000", "host 1.2.3.4.5", "and",
                 "ether proto", "'", "ip and (udp", "\x01"):
        refused("filter", "check", text, says="cannot parse")
        refused("filter", "add", "bad", text, says="cannot parse")


def test_what_atoms_cannot_say_is_a_residual_and_said_so():
    got = json.loads(spindle("filter", "check", "ip[2:2] = ip[4:2] * 2",
                             "--json").stdout)
    check(got["residual"] > 0, f"residual {got['residual']}")
    text = spindle("filter", "check", "ip[2:2] = ip[4:2] * 2").stdout
    check("(compares or subtracts two fields)" in text, text)
    refused("filter", "check", "--atoms", got["atoms"], says="residual")
    equal(json.loads(spindle("filter", "check", "ip", "--json").stdout)
          ["residual"], 0, "residual of ip")


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
                       ("dot", "digraph"), ("bpf", "21 0 ")):
        text = spindle("filter", "check", "udp dst port 7", "--as", form).stdout
        check(word in text, f"{form}: {text}")
    refused("filter", "check", "ip", "--as", "dot", "--json", status=2)


def test_check_says_what_may_not_have_been_meant():
    got = json.loads(spindle("filter", "check", "vlan 5 or ip",
                             "--json").stdout)
    equal([w["kind"] for w in got["warnings"]], ["tag"], "warnings")
    equal(got["warnings"][0]["cure"], "ip or vlan 5", "cure")
    check("IPv4" in got["warnings"][0]["example_words"], f"{got['warnings']}")
    text = spindle("filter", "check", "vlan 5 or ip").stdout
    check("warning: 'vlan 5'" in text and "perhaps meant: ip or vlan 5" in text,
          text)
    with tempfile.NamedTemporaryFile("w", suffix=".filters") as f:
        f.write("mine=dst port 7 and udp\n")
        f.flush()
        text = spindle("filter", "check", "udp dst port 7", "--with",
                       f.name).stdout
        check("takes the same frames as 'mine'" in text, text)
    equal(json.loads(spindle("filter", "check", "ip", "--json").stdout)
          ["warnings"], [], "warnings about ip")


def as_file(text):
    f = tempfile.NamedTemporaryFile("w", suffix=".filter")
    f.write(text)
    f.flush()
    return f


def graph_of(*words):
    return spindle("filter", "check", *words, "--as", "graph").stdout


def test_a_filter_is_the_same_from_words_a_file_atoms_or_a_program():
    for expr in ("udp dst port 7", "host 10.7.0.1 and (tcp port 80 or icmp)",
                 "vlan 5 and len > 100", "", "ip[2:2] = ip[4:2]"):
        want = graph_of(expr)
        with as_file(f"# mine\n{expr} # yours\n") as f:
            equal(graph_of("-F", f.name), want, f"-F {expr}")
        for form in ("atoms", "graph") if "residual" not in want else ():
            text = spindle("filter", "check", expr, "--as", form).stdout
            equal(graph_of("--atoms", text), want, f"{form} of {expr}")
            with as_file(text) as f:
                equal(graph_of("--atoms", "-F", f.name), want, f"{form} {expr}")
        text = spindle("filter", "check", expr, "--as", "bpf").stdout
        with as_file(text) as f:
            equal(graph_of("--bpf", f.name), want, f"bpf of {expr}")
    atoms = json.loads(spindle("filter", "check", "ip or arp", "--json").stdout)
    equal(graph_of("--atoms", atoms["atoms"]), graph_of("ip or arp"), "json")
    for words in ([], ["ip", "--bpf", "x"], ["ip", "-F", "x"],
                  ["-F", "x", "--bpf", "x"], ["--bpf", "x", "--atoms"]):
        refused("filter", "check", *words, status=2)
    refused("filter", "check", "--atoms", "(12:16 == )", says="character 11")


def test_programs_that_are_none_are_refused_with_their_line():
    good = ["40 0 0 12", "21 0 1 2048", "6 0 0 65535", "6 0 0 0"]

    def bad(says, lines, count=None):
        text = "\n".join([str(count or len(lines)), *lines]) + "\n"
        with as_file(text) as f:
            refused("filter", "check", "--bpf", f.name, says=f.name + says)
            refused("filter", "add", "x", "--bpf", f.name, says=f.name + says)

    bad(":1: says 5 instructions, but there are 4", good, 5)
    bad(":5: line 1 says 3 instructions", good, 3)
    bad(":3: expected CODE JT JF K", [good[0], "21 0 1", *good[2:]])
    bad(":2: expected CODE JT JF K", ["ldh [12]", *good[1:]])
    bad(":3: jt is 256, at most 255", [good[0], "21 256 1 2048", *good[2:]])
    bad(":3: k is 4294967296", [good[0], "21 0 1 4294967296", *good[2:]])
    bad(":3: (001) jeq", [good[0], "21 0 9 2048", *good[2:]])
    bad(":2: (000)", ["255 0 0 12", *good[1:]])
    bad(":5: (003) ldh [12]", [*good[:3], "40 0 0 12"])
    bad(":2: (000)", ["52 0 0 0", *good])  # divides by 0
    bad(":1: expected the number", [], "ip")
    with as_file("\n# nothing\n") as f:
        refused("filter", "check", "--bpf", f.name, says="no program")
    refused("filter", "check", "--bpf", "/no/such/file", says="No such file")


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
        asked = [frames.udp(data=bytes([i % 256]) * i) for i in range(0, 1400, 100)]
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
        refused("up", env=env, says="too long for sockets")
        # One byte too many for XDG_RUNTIME_DIR/spindle/default/host.sock.
        pad = 108 - len("/spindle/default/host.sock") - len(base) - 1
        env["XDG_RUNTIME_DIR"] = os.path.join(base, "d" * pad)
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


def test_tables_that_disagree_are_a_failure_in_their_own_words():
    with fake("wrong") as env:
        refused("status", "--audit", env=env,
                says="disagree: frame 7: two owners; slice 9: nobody's")
        done = run(env, "status", "--audit", "--json")
        equal(done.returncode, 1, "status")
        equal(json.loads(done.stdout)["audit"], {
            "clean": False, "text": "frame 7: two owners; slice 9: nobody's"},
            "audit")
        equal(run(env, "status").returncode, 0, "without --audit")
    with fake("plain") as env:
        refused("status", "--audit", env=env, says="a fake knows nothing")


def test_a_wrong_verdict_is_found_and_told():
    with tempfile.TemporaryDirectory() as tmp, fake("liar") as env:
        pcap, exprs = os.path.join(tmp, "a.pcap"), os.path.join(tmp, "exprs")
        write_pcap(pcap, [bytes(61), bytes(60), bytes(60)] * 50)
        done = run(env, "filter", "run", "ether[0] = 0", "-r", pcap)
        equal(done.returncode, 1, "status")
        check("disagrees with 'ether[0] = 0' about 100 frames, first about "
              f"{pcap}, frame 2" in done.stderr, done.stderr)
        with open(exprs, "w", encoding="utf-8") as f:
            f.write("ether[0] = 0\n")
        done = run(env, "filter", "run", "-F", exprs, "-r", pcap)
        equal(done.returncode, 1, "status of many")
        equal(done.stdout.splitlines()[-1],
              "1 filters, 1 captures, 150 frames, 100 mismatches", "summary")


def test_what_is_up_can_be_brought_down_by_force():
    with fake("mute") as env:
        done = run(env, "down")
        equal(done.returncode, 0, done.stderr)
        refused("status", env=env)


if __name__ == "__main__":
    harness.main(globals())
