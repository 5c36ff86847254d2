#!/usr/bin/python3
"""test_tool - the host command with a machine.

LIMIT: 240
"""
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

import frames
import harness
from captures import read_pcap, write_pcap, write_pcapng
from harness import check, equal
from machine import SPINDLE, Machine, spindle
from refusal import refused

ECHO = "build/ash/udp_echo.o"


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


def hanging_kernel(directory):
    """A kernel that does nothing, for ever."""
    source, kernel = (os.path.join(directory, n) for n in ("hang.S", "hang.elf"))
    with open(source, "w", encoding="utf-8") as f:
        f.write(".globl __start\n__start: b __start\n nop\n")
    subprocess.run(["mipsel-linux-gnu-gcc", "-EL", "-mabi=32", "-mno-abicalls",
                    "-fno-pic", "-nostdlib", "-static",
                    "-Wl,-Ttext=0x80100000,--build-id=none", "-o", kernel,
                    source], check=True, timeout=30)
    return kernel


def processes(word):
    """Processes with WORD in their command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if word.encode() in f.read():
                    found.append(int(pid))
        except OSError:
            pass
    return found


def test_a_kernel_without_an_agent_is_given_up_and_ended():
    name = f"hang-{os.getpid()}"
    with tempfile.TemporaryDirectory() as tmp:
        words = ["up", "--name", name, "--kernel", hanging_kernel(tmp)]
        done = spindle(*words, "--timeout", "1", status=1)
        check("did not answer in time" in done.stderr, done.stderr)
        equal(processes(f"/{name}/ctl.sock"), [], "processes after a timeout")
        with subprocess.Popen([SPINDLE, *words], stderr=subprocess.PIPE,
                              text=True) as up:
            end = time.monotonic() + 5
            while not processes(f"/{name}/ctl.sock"):
                check(time.monotonic() < end, "QEMU does not start")
                time.sleep(0.02)
            refused(*words, says="being started")
            up.send_signal(2)
            equal(up.wait(10), 1, "status after an interrupt")
            check("interrupted" in up.stderr.read(), "no reason")
        equal(processes(f"/{name}/ctl.sock"), [], "processes after an interrupt")
        refused("status", "--name", name)
        m = json.loads(spindle("up", "--name", name, "--json").stdout)
        spindle("down", "--name", name)
        shutil.rmtree(m["dir"])


def test_a_machine_that_ends_in_mid_replay_is_reported():
    with tempfile.TemporaryDirectory() as tmp, Machine() as m:
        pcap = os.path.join(tmp, "a.pcap")
        write_pcap(pcap, [frames.udp()] * 200)
        m.check_accounts()
        for words in (["replay", pcap, "--pps", "20"], ["rtt", "--timeout",
                                                       "3000"]):
            with subprocess.Popen([SPINDLE, *words, "--name", m.name],
                                  stdout=subprocess.PIPE, text=True,
                                  stderr=subprocess.PIPE) as busy:
                end = time.monotonic() + 5
                while not os.path.exists(m.dir + "/host.sock"):
                    check(time.monotonic() < end, "it does not begin")
                    time.sleep(0.02)
                m.cli("down")
                _, reason = busy.communicate(timeout=30)
                equal(busy.returncode, 1, f"status of {words}")
                check("ended" in reason and reason.count("\n") == 1, reason)
            m.cli("up")


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
        with tempfile.NamedTemporaryFile("w") as f:
            f.write(spindle("filter", "check", "udp dst port 7", "--as",
                            "bpf").stdout)
            f.flush()
            m.cli("filter", "replace", "seven", "--bpf", f.name)
        got = m.ask("filter", "show", "seven")
        equal(got["packets"], 1, "counter after replacing by a program")
        check("56:16 == 7" in got["atoms"], got["atoms"])
        m.cli("filter", "del", "seven")
        refused("filter", "show", "seven", "--name", m.name, says="no filter")
        refused("filter", "del", "seven", "--name", m.name, says="no filter")
        refused("filter", "replace", "seven", "ip", "--name", m.name,
                says="no filter")
        refused("filter", "add", "r", "ip", "--to", "ring:nobody", "--name",
                m.name, says="nobody")
        refused("filter", "add", "r", "ip", "--to", "ash:none", "--name",
                m.name, says="no handler")


def test_what_is_printed_of_a_filter_is_the_filter():
    with Machine() as m:
        for name, expr in (("udp", "udp dst port 7"), ("all", ""),
                           ("tagged", "vlan 5 and tcp port 80")):
            atoms = spindle("filter", "check", expr, "--as", "atoms").stdout
            graph = spindle("filter", "check", expr, "--as", "graph").stdout
            m.cli("filter", "add", name, "--atoms", atoms)
            equal(m.cli("filter", "dump", name, "--as", "graph").stdout, graph,
                  f"{name} bound as atoms")
            m.cli("filter", "add", name + "2", "--atoms",
                  m.cli("filter", "dump", name, "--as", "graph").stdout)
            equal(m.cli("filter", "dump", name + "2", "--as", "atoms").stdout,
                  atoms, f"{name} bound as a graph")
        m.cli("filter", "add", "same", "ip[12:4] = ip[16:4]")
        with tempfile.NamedTemporaryFile("w") as f:
            f.write(m.cli("filter", "dump", "same", "--as", "bpf").stdout)
            f.flush()
            m.cli("filter", "add", "same2", "--bpf", f.name)
        equal(m.ask("filter", "show", "same2")["residual"],
              m.ask("filter", "show", "same")["residual"], "residuals")


def test_what_never_matched_is_seen_and_when_others_did():
    with Machine() as m:
        for name in ("p10", "p9", "p7"):
            m.cli("filter", "add", name, f"udp dst port {name[1:]}")
        for never in (f["never_matched"] for f in m.ask("filter", "list")):
            equal(never, True, "never matched")
        check("never since it was installed" in
              m.cli("filter", "show", "p7").stdout, "show")
        with m.wire() as w:
            w.send(frames.udp())
            m.settled(1)
            at = time.monotonic()
        got = m.ask("filter", "list")
        equal([f["name"] for f in got], ["p7", "p9", "p10"], "order")
        equal([f["never_matched"] for f in got], [False, True, True], "never")
        equal(got[1]["last_match_s"], None, "last match of p9")
        time.sleep(0.5)
        age = m.ask("filter", "show", "p7")["last_match_s"]
        check(0.4 < age < time.monotonic() - at + 0.2, f"{age} s ago")
        text = m.cli("filter", "list").stdout
        check("3 filters, 2 of them never matched" in text, text)
        equal(len(m.cli("filter", "list", "--never").stdout.splitlines()), 4,
              "lines of those that never matched")
        with open(m.dir + "/seen", "wb") as f:
            f.write(b"no notes at all")
        age2 = m.ask("filter", "show", "p7")["last_match_s"]
        check(age <= age2 < age + 5, f"{age2} s ago, without notes")


def test_many_filters_are_added_by_one_command():
    with tempfile.TemporaryDirectory() as tmp, Machine() as m:
        path = os.path.join(tmp, "many")

        def write(*lines):
            with open(path, "w", encoding="utf-8") as f:
                f.write("\n".join(lines) + "\n")

        write("# mine", "", *(f"p{i}=udp dst port {i}" for i in range(30)))
        equal(m.cli("filter", "add", "--from", path).stdout,
              "30 filters added\n", "answer")
        equal(len(m.ask("filter", "list")), 30, "filters")
        write("a=ip", "b=no such word", "p3=ip", "c d=ip", "e=arp")
        done = m.cli("filter", "add", "--from", path, "--json", status=1)
        equal(json.loads(done.stdout), {"added": 2, "refused": 3}, "answer")
        for says in (f"{path}:2: cannot parse", "p3 is installed",
                     f"{path}:4: 'c d' is no name", "3 of the filters of"):
            check(says in done.stderr, done.stderr)
        write("f=ip", "g=arp", "e=ip6")
        done = m.cli("filter", "add", "--from", path, "--all-or-none",
                     status=1)
        check("none was added" in done.stderr, done.stderr)
        write("f=ip", "g=no such word")
        m.cli("filter", "add", "--from", path, "--all-or-none", status=1)
        equal(len(m.ask("filter", "list")), 32, "filters")
        write("f=ip", "g=arp")
        m.cli("filter", "add", "--from", path, "--all-or-none")
        equal(len(m.ask("filter", "list")), 34, "filters")
        write(*["p1=ip"] * 70, "never=ip")
        done = m.cli("filter", "add", "--from", path, status=1)
        check(f"{path}:50: gives up after 50 refusals" in done.stderr,
              done.stderr)
        equal(len(m.ask("filter", "list")), 34, "filters")
        refused("filter", "add", "x", "--from", path, "--name", m.name,
                status=2, says="has names")
        refused("filter", "add", "--from", "/no/such/file", "--name", m.name,
                says="No such file")


def dot_is_valid(text):
    """Nodes are declared once and edges join them; graphviz agrees if it is
    here."""
    nodes = [n for n in re.findall(
        r'^\s*(\w+) \[(?:shape=\w+ ?)?(?:label="(?:[^"\\]|\\.)*")?\];$', text,
        re.M) if n != "node"]
    equal(len(nodes), len(set(nodes)), "nodes that are declared twice")
    edges = re.findall(r"^\s*(\w+) -> (\w+)(?: \[.*\])?;$", text, re.M)
    for end in sum(edges, ()):
        check(end in nodes, f"an edge to {end}, which is no node")
    equal(text.count("{"), text.count("}"), "braces")
    if shutil.which("dot"):
        done = subprocess.run(["dot", "-Tsvg"], input=text, text=True,
                              capture_output=True, timeout=30, check=False)
        equal((done.returncode, done.stderr), (0, ""), "dot -Tsvg")
        check("</svg>" in done.stdout, "no picture")
    return nodes, edges


def test_the_merged_classifier_is_shown_with_what_each_word_is_for():
    with Machine() as m:
        m.start("sleeper", name="a")
        for i in range(12):
            m.cli("filter", "add", f"p{i}", f"udp dst port {1000 + i}", "--to",
                  "ring:a")
        m.cli("filter", "add", "web", "tcp port 80", "--to", "ring:a")
        m.cli("filter", "add", "tap", "ip[12:4] = ip[16:4]")
        dump = lambda *w: m.cli("filter", "dump", "--all", *w).stdout
        tree = dump("--as", "graph")
        check(re.search(r"^ +table of 12 entries over \S.*:16 ", tree, re.M),
              tree)
        check(re.search(r"^ +accept web$", tree, re.M), tree)
        check("# received: 13 filters, " in tree and "# taps: 1 filters, " in
              tree, tree)
        code = dump("--as", "mips")
        for note in ("; (12:16 == 0x86dd)  [", "; accept web",
                     "; table of 12 entries over 56:16  [p0, p1, p2, ...]",
                     "; residual jeq #0x800 jt 1 jf "):
            check(note in code, f"{note} is not in\n{code}")
        words = re.findall(r"^[0-9a-f]{8}:  [0-9a-f]{8}  \S", code, re.M)
        head = [int(n) for n in re.findall(r"(\d+) bytes of code", code)]
        equal(4 * len(words), sum(head), "words of code")
        nodes, edges = dot_is_valid(dump("--as", "dot"))
        check(len(nodes) > 10 and len(edges) >= len(nodes) - 2, "a small trie")
        dot_is_valid(m.cli("filter", "dump", "web", "--as", "dot").stdout)
        got = m.ask("filter", "dump", "web", "--as", "mips")
        equal((got["name"], got["as"]), ("web", "mips"), "as JSON")
        check("; accept web" in got["text"], got["text"])


def test_filters_that_applications_bind_are_left_out_and_said_so():
    with Machine() as m:
        m.start("binder", "7000", "--flow", "udp dst portrange 7000-7009")
        m.console_says("binder: 7000 0")
        own = [f["name"] for f in m.ask("filter", "list")
               if f["owner"] == "binder"]
        equal(len(own), 1, f"bound by itself: {own}")
        m.cli("filter", "add", "mine", "arp")
        code = m.cli("filter", "dump", "--all", "--as", "mips").stdout
        check(f"# {own[0]} of binder was not bound by the agent" in code, code)
        check("; accept mine" in code, code)
        flow = m.ask("filter", "list")
        check("all frames" in m.cli("filter", "show", "mine").stdout, f"{flow}")


def test_overlap_is_refused_with_a_frame_that_both_take():
    with Machine() as m:
        m.cli("app", "start", "build/apps/echo-ring.elf")
        m.cli("filter", "add", "dst", "udp dst port 7", "--to",
              "ring:echo-ring")
        line = refused("filter", "add", "src", "udp src port 9", "--to",
                       "ring:echo-ring", "--name", m.name, says="'dst'")
        check("overlaps" in line, line)
        check("'dst' of echo-ring" in line, line)
        check(re.search(r"IPv[46] UDP \S+(:| port )9 > \S+(:| port )7\)", line),
              line)
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
        got = m.ask("filter", "run", "ether[0] = 0", "-r", pcap, "--longest",
                    "20")
        equal((got["frames"], got["skipped"]), (1, 6), "of the shortest")
        equal(m.ask("filter", "list"), [], "filters left behind")
        m.cli("filter", "add", "udp", "udp")
        equal(m.ask("filter", "run", "udp", "-r", pcap)["accepted"], 3,
              "of an installed filter")


def test_many_expressions_are_judged_at_once():
    with tempfile.TemporaryDirectory() as tmp, Machine() as m:
        folder, exprs = os.path.join(tmp, "in"), os.path.join(tmp, "exprs")
        os.makedirs(os.path.join(folder, "below"))
        write_pcap(os.path.join(folder, "a.pcap"),
                   [frames.udp(), (b"", 60), bytes(1515)])
        write_pcapng(os.path.join(folder, "below", "b.pcapng"),
                     [frames.ping()] * 100)
        write_pcap(os.path.join(folder, "other"), [b"1"], linktype=101)
        with open(os.path.join(folder, "text"), "w", encoding="utf-8") as f:
            print("no capture", file=f)
        with open(exprs, "w", encoding="utf-8") as f:
            f.write("udp\n\n# none\nip\nno such word\nlen > 1000\nicmp[0] = 8")
        got = m.ask("filter", "run", "-F", exprs, "-r", folder, "--longest",
                    "1514")
        equal([(f["expression"], f.get("accepted", "refused"))
               for f in got.pop("filters")],
              [("udp", 1), ("ip", 101), ("no such word", "refused"),
               ("len > 1000", 0), ("icmp[0] = 8", 100)], "filters")
        equal(got, {"frames": 102, "accepted": 202, "skipped": 1,
                    "mismatches": 0, "groups": 1, "captures": 2,
                    "other_links": 1,
                    "unreadable": 1}, "counts")
        equal(m.ask("filter", "list"), [], "filters left behind")
        refused("filter", "run", "-F", exprs, "udp", "-r", folder, "--name",
                m.name, status=2, says="expression or -F")


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
        check("lhu" in m.cli("ash", "dump", "echo").stdout, "dump")
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
        for words, low in ((("--pps", "50"), 0.38), (("-x", "40"), 0.47)):
            start = time.monotonic()
            got = m.ask("replay", pcap, *words)
            took = time.monotonic() - start
            equal(got["sent"], 20, "sent")
            check(low <= took, f"{words}: {took:.2f} s")  # not faster
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
