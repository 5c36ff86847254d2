#!/usr/bin/python3
"""test_watch - what people see of a running machine: status, top, app list; and
what they take from it: app revoke."""
import glob
import json
import os
import pty
import signal
import subprocess
import time

import frames
import harness
from harness import check, equal
from machine import SPINDLE, TOP, Machine, spindle, wait_for
from refusal import refused


def top(m, *words, **options):
    """`spindle top` on machine M, running."""
    return subprocess.Popen([SPINDLE, "top", *words, "--name", m.name],
                            cwd=TOP, stderr=subprocess.PIPE, text=True,
                            **{"stdout": subprocess.PIPE, **options})


def source_line(path, number):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read().splitlines()[number - 1]


def test_top_s_rates_are_the_differences_of_its_counters():
    with Machine() as m, m.wire() as w:
        m.ash("echo", "udp dst port 7", "udp_echo")
        m.cli("filter", "add", "nine", "udp dst port 9")
        with top(m, "--json", "-n", "4", "--interval", "0.3") as t:
            for _ in range(30):
                w.ask(frames.udp(b"x", 7))
                w.send(frames.udp(b"x", 9))
                time.sleep(0.02)
            out, err = t.communicate(timeout=30)
        equal((t.returncode, err), (0, ""), "status and errors")
        samples = [json.loads(line) for line in out.splitlines()]
        equal(len(samples), 4, "samples, one a line")
        for s in samples:
            equal(len(s["slices"]), 64, "positions of the slice vector")
            check(s["seconds"] >= 0.25, f"{s['seconds']} s")
        named = [{f["name"]: f for f in s["filters"]} for s in samples]
        for before, now, s in zip(named, named[1:], samples[1:]):
            for name in ("echo", "nine"):
                got = now[name]["packets_per_s"] * s["seconds"]
                want = now[name]["packets"] - before[name]["packets"]
                check(abs(got - want) < 0.01 * want + 0.01,
                      f"{name}: {got} packets at that rate, counted {want}")
        equal((named[-1]["echo"]["packets"], named[-1]["nine"]["packets"]),
              (30, 30), "packets")
        check(0 < named[-1]["echo"]["at_most_instructions"] < 1000, "a bound")
        equal(named[-1]["nine"]["at_most_instructions"], None, "no handler")


def test_top_names_the_reasons_of_drops():
    with Machine() as m, m.wire() as w:
        m.start("sleeper")
        m.cli("filter", "add", "s", "udp dst port 9", "--to", "ring:sleeper")
        for i in range(10):
            for _ in range(10):
                w.send(frames.udp(b"x", 9))
            m.settled((i + 1) * 10)
        text = m.cli("top", "-n", "1", "--interval", "0.1").stdout
        line = next(l for l in text.splitlines() if l.startswith("s "))
        check("ring-full 36" in line and "ring:sleeper" in line, line)
        check("\033" not in text, "escape codes without a terminal")
        check("free" in text and "slices AAAA" in text, text)


def test_top_redraws_a_terminal_until_it_is_interrupted():
    with Machine() as m:
        ours, its = pty.openpty()
        with top(m, "--interval", "0.1", stdout=its) as t:
            os.close(its)
            seen = b""
            while seen.count(b"\033[H") < 3:
                seen += os.read(ours, 65536)
            equal(m.status()["up"], True, "status meanwhile")
            t.send_signal(signal.SIGINT)
            try:
                while os.read(ours, 65536):
                    pass
            except OSError:  # what a terminal says when nobody is left
                pass
            equal((t.wait(10), t.stderr.read()), (0, ""), "status, errors")
        os.close(ours)
        check(b"agent" in seen, seen)
        longest = max(len(l) for l in seen.decode().replace("\033[K", "")
                      .split("\r\n"))
        check(longest <= 80 + len("\033[J\033[H"), f"{longest} columns")


def test_top_of_a_machine_that_ends_says_so():
    with Machine() as m:
        m.check_accounts()
        with top(m, "--json", "--interval", "0.1") as t:
            t.stdout.readline()
            m.cli("down")
            _, err = t.communicate(timeout=30)
        equal((t.returncode, len(err.splitlines())), (1, 1), f"status: {err}")
        refused("top", "-n", "1", "--name", m.name, says="no machine")
        m.cli("up")


def test_top_refuses_what_it_cannot_do():
    for words in (["-n", "0"], ["-n", "x"], ["--interval", "0"],
                  ["--interval", "1e3"], ["--interval", "1s"],
                  ["--interval", ""], ["--interval", "."],
                  ["--interval", "3601"], ["now"]):
        refused("top", *words, status=2)


def test_the_slice_vector_is_shown_by_position():
    with Machine() as m:
        m.cli("app", "start", "echo-ring")
        got = m.status()
        vector = got["slices"]["vector"]
        equal(len(vector), got["slices"]["total"], "positions")
        for e in got["environments"]:
            equal(vector.count(e["id"]), e["slices"], f"of {e['name']}")
        at = vector.index(next(e["id"] for e in got["environments"]
                               if e["name"] == "echo-ring"))
        text = m.cli("status", "--slices").stdout
        check(f"{at:4}..{at:<2}   echo-ring\n" in text, text)
        m.cli("app", "start", "echo-ring", "--as", "more", "--slices", "7")
        free = m.status()["slices"]["vector"].count(0)
        refused("app", "start", "echo-ring", "--as", "most", "--slices",
                str(free + 1), "--name", m.name, says=f"only {free} slices")
        m.cli("app", "start", "echo-ring", "--as", "most", "--slices", free)
        slices = {e["name"]: e["slices"] for e in m.ask("app", "list")}
        equal((slices["echo-ring"], slices["more"], slices["most"]),
              (1, 7, free), "slices")
        check(f"..63   free\n" in text, text)


def test_the_kernel_is_asked_to_audit_itself():
    with Machine() as m:
        m.ash("echo", "udp dst port 7", "udp_echo")
        m.cli("app", "start", "echo-ring")
        equal(m.ask("status", "--audit")["audit"], {"clean": True, "text": ""},
              "audit")
        check("tables agree\n" in m.cli("status", "--audit").stdout, "as text")
        check("audit" not in m.status(), "an audit nobody asked for")


def counted(m, name):
    return next(e for e in m.ask("app", "list") if e["name"] == name)


def test_an_application_is_asked_for_what_it_has():
    with Machine() as m:
        m.start("giver", "gives", name="gives")
        m.start("giver", "ignores", name="ignores")
        wait_for(lambda: m.console().count("giver: ready") == 2, "both are ready")
        for name in ("gives", "ignores"):
            before = counted(m, name)
            got = m.ask("app", "revoke", name, "pages", 5, "--within", 200)
            equal((got["id"], got["ticks"]), (before["id"], 20), "the request")
            wait_for(lambda: counted(m, name)["pages"] == before["pages"] - 5,
                     f"{name} has 5 pages less")
            equal(counted(m, name)["repossessed"], 0 if name == "gives" else 5,
                  f"taken from {name} by force")
        m.console_says("giver: gave 5 pages")
        equal({m.app_states()[n] for n in ("gives", "ignores")}, {"waiting"},
              "states")


def test_slices_filters_and_rings_are_taken_at_once_if_so_asked():
    with Machine() as m, m.wire() as w:
        m.cli("app", "start", "echo-ring", "--slices", "4")
        m.cli("filter", "add", "nine", "udp dst port 9", "--to",
              "ring:echo-ring")
        m.cli("app", "revoke", "echo-ring", "slices", 2, "--within", 0)
        wait_for(lambda: counted(m, "echo-ring")["slices"] == 2, "2 slices")
        equal(w.ask(frames.udp(b"still", 9)), frames.reply_udp(b"still", 9),
              "the reply")
        m.cli("app", "revoke", "echo-ring", "filters", 1, "--within", 0)
        wait_for(lambda: m.ask("filter", "list") == [], "no filter")
        m.cli("filter", "add", "nine", "udp dst port 9", "--to",
              "ring:echo-ring")
        w.ask(frames.udp(b"again", 9))
        m.cli("app", "revoke", "echo-ring", "rings", 1, "--within", 0)
        wait_for(lambda: counted(m, "echo-ring")["rings"] == 0, "no ring")
        equal(m.ask("filter", "list"), [], "filters of a ring that is gone")
        m.cli("filter", "add", "nine", "udp dst port 9", "--to",
              "ring:echo-ring", status=1)
        m.cli("app", "stop", "echo-ring")
        refused("app", "revoke", "echo-ring", "pages", "1", "--name", m.name,
                says="no such application")
        refused("app", "revoke", "12345", "pages", "1", "--name", m.name,
                says="the agent runs nothing as 12345")


def test_an_ended_environment_shows_why_and_where():
    with Machine() as m:
        m.start("crasher", "align", name="dies")
        m.start("crasher", "nonsense", name="ends")
        m.cli("app", "start", "echo-ring")
        m.cli("filter", "add", "d", "udp dst port 9", "--to", "ring:dies")
        with m.wire() as w:
            w.send(frames.udp(b"die", 9))
        wait_for(lambda: m.app_states()["dies"] == "dead", "dies is dead")
        m.cli("app", "stop", "echo-ring")
        ended = {e["name"]: e.get("ended") for e in m.ask("app", "list")}
        equal(ended["agent"], None, "the agent lives")
        equal((ended["ends"]["code"], ended["ends"]["cause"]), (2, None),
              "code and cause of what ended by itself")
        check("somebody else" in ended["echo-ring"]["text"], "stopped")
        dies = ended["dies"]
        equal((dies["cause"], dies["address"] & 3), ("AdEL", 2), "cause, address")
        equal(dies["file"], "apps/lib/mmio.h", "file")
        check("volatile" in source_line(dies["file"], dies["line"]),
              f"line {dies['line']}")
        place = dies["text"].split(" in ")[1]
        file, line = place.split(":")
        equal(file, "tests/system/apps/crasher.c", "inlined into")
        check("die(w)" in source_line(file, int(line)), place)
        check(dies["text"] in m.cli("app", "list").stdout, "text in the table")
        check(dies["text"] in m.cli("status").stdout, "text in the status")
        check(glob.glob(m.dir + "/program-*"), "no program was kept")
        m.check_accounts()
        m.cli("down")
        equal(glob.glob(m.dir + "/program-*"), [], "kept programs")
        m.cli("up")


if __name__ == "__main__":
    harness.main(globals())
