#!/usr/bin/python3
"""test_pct - environments call each other; their registers are the message.

tests/system/apps/pct.c says what each role does.

LIMIT: 300
"""
import re
import time

import frames
import harness
from harness import check, equal
from machine import Machine, wait_for

KILLED, BUSY = -18, -13

REFUSALS = """
no-entry -3, dead -6, dead-send -6, nobody -6, stale -6, stale-high -6,
reserved-bits -6, slot-bits -6, agent -3, self -1, self-open -1, self-send -1,
return -1, yield 0
"""


class Calls:
    """A machine whose tables must be whole in the end."""

    def __init__(self):
        self.machine = Machine()

    def __enter__(self):
        self.m = self.machine.__enter__()
        return self

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.m.cli("status", "--audit")
                check("PANIC" not in self.m.console(), self.m.console())
        except BaseException as e:
            self.machine.__exit__(type(e), e, None)
            raise
        self.machine.__exit__(kind, value, trace)

    def start(self, name, role, other=""):
        self.m.start("pct", role, other, name=name)

    def run(self, name, role, other=""):
        self.start(name, role, other)
        self.dead(name)

    def dead(self, name):
        wait_for(lambda: self.m.app_states()[name] == "dead",
                 f"{name} has ended", 15)

    def stop(self, name):
        self.m.cli("app", "stop", name)

    def says(self, *lines):
        """Every one of LINES is on the console, or will be soon."""
        for line in lines:
            wait_for(lambda line=line: line in self.said(),
                     f"{line!r}: {self.said()}", 15)

    def said(self):
        return re.findall(r"^pct: (.*)$", self.m.console(), re.M)


def bind(c, name, port):
    c.m.cli("filter", "add", name, f"udp dst port {port}", "--to",
            f"ring:{name}")


def test_a_message_is_every_register():
    with Calls() as c:
        c.start("server", "R")
        c.run("client", "c", "server")
        c.says("call 0 changed 0", "again 0 changed 0",
               "served 2 bad 0 wait 0 by client")
        c.run("sender", "s", "server")
        c.says("send 0 changed 0", "send-again 0 changed 0",
               "took 2 bad 0 by sender")


def test_a_callee_that_sleeps_serves_in_its_callers_slices():
    with Calls() as c:
        c.start("server", "S")
        c.run("client", "c", "server")
        c.run("sender", "s", "server")
        c.says("call 0 changed 0", "again 0 changed 0", "send 0 changed 0",
               "send-again 0 changed 0")
        equal(c.m.app_states()["server"], "waiting", "the server")


def test_a_call_that_is_refused_leaves_the_message_whole():
    with Calls() as c:
        c.start("server", "S")
        c.run("client", "x", "server")
        want = [f"{r.strip()} changed 0" for r in REFUSALS.split(",")]
        leaks = [f"call {n} leaks 0 k0 0" for n in (0, 1, 2, 3, 41)]
        equal([s for s in c.said() if not s.startswith("context")],
              want + leaks + ["done"], "refusals")


def test_calls_form_chains_and_never_rings():
    with Calls() as c:
        c.start("end", "R")
        c.start("middle", "L", "end")
        c.start("front", "L", "middle")
        c.run("client", "c", "front")
        c.says("call 0 changed 0", "again 0 changed 0",
               "served 2 bad 0 wait 0 by middle")
    with Calls() as c:
        c.start("ring", "L", "caller")  # calls whoever calls it
        c.start("caller", "r", "ring")
        c.says("recursion 0 changed 1", f"relay {BUSY}")


def test_a_served_call_is_preempted_and_cannot_wait():
    with Calls() as c:
        c.start("slow", "3")
        c.start("waits", "5")
        c.run("client", "o", "slow")
        c.says("once 0 changed 0", "served 1 bad 0 wait 0 by client")
        c.run("other", "o", "waits")
        c.says("served 1 bad 0 wait -1 by other")


def test_a_callee_in_a_call_refuses_others():
    with Calls() as c:
        c.start("server", "2")
        c.start("other", "b", "server")  # starting takes long under load
        c.start("client", "k", "server")
        c.says(f"refused {BUSY} changed 0", f"refused-send {BUSY} changed 0")
        c.stop("server")
        c.dead("client")
        c.says(f"killed {KILLED} changed 0")


def test_a_callee_that_ends_returns_an_error():
    with Calls() as c:
        for role in "14":  # faults, exits
            c.start(f"server{role}", role)
            c.run(f"client{role}", "k", f"server{role}")
        equal(c.said().count(f"killed {KILLED} changed 0"), 2, "refused")
        states = c.m.app_states()
        check(states["server1"] == states["server4"] == "dead", states)
        c.start("end", "1")
        c.start("middle", "L", "end")
        c.run("client", "o", "middle")
        c.says(f"relay {KILLED}")


def test_a_caller_that_is_killed_leaves_its_callee_at_work():
    with Calls() as c:
        c.start("server", "V")
        bind(c, "server", 1)
        c.start("client", "u", "server")
        bind(c, "client", 2)
        c.says("calling")
        c.stop("client")
        c.dead("client")
        with c.m.wire() as w:
            w.send(frames.udp(b"end it", 1))
            c.says("served 1 bad 0 wait 0 by client")


def test_an_environment_in_an_upcall_serves_nobody():
    with Calls() as c:
        c.start("server", "U")
        bind(c, "server", 1)
        c.says("context 0")
        with c.m.wire() as w:
            w.send(frames.udp(b"up", 1))
            c.says("upcall")
            c.run("early", "n", "server")
            c.says(f"refused {BUSY} changed 0",
                   f"refused-send {BUSY} changed 0")
            w.send(frames.udp(b"down", 1))
            c.says("upcall-ends")
        c.run("late", "o", "server")
        c.says("once 0 changed 0")


def test_a_served_call_is_interrupted_by_an_upcall():
    with Calls() as c:
        c.start("server", "V")
        bind(c, "server", 1)
        c.says("context 0")
        c.start("client", "o", "server")
        with c.m.wire() as w:
            w.send(frames.udp(b"end it", 1))
            c.says("once 0 changed 0", "served 1 bad 0 wait 0 by client")


def test_a_call_returns_while_its_caller_is_in_an_upcall():
    with Calls() as c:
        c.start("server", "V")
        bind(c, "server", 1)
        c.start("client", "u", "server")
        bind(c, "client", 2)
        c.says("calling")
        with c.m.wire() as w:
            w.send(frames.udp(b"up", 2))
            c.says("upcall")
            w.send(frames.udp(b"end it", 1))
            c.says("served 1 bad 0 wait 0 by client")
            check("upcall-ends" not in c.said(), c.said())
            w.send(frames.udp(b"down", 2))
            c.says("upcall-ends", "call 0 changed 0")


def test_a_call_returns_while_its_callers_upcall_calls_another():
    with Calls() as c:
        c.start("server", "V")
        bind(c, "server", 1)
        c.start("another", "V")
        bind(c, "another", 3)
        c.start("client", "v", "another")
        bind(c, "client", 2)
        c.says("calling")
        with c.m.wire() as w:
            w.send(frames.udp(b"up", 2))
            c.says("upcall")
            w.send(frames.udp(b"end it", 1))
            c.says("served 1 bad 0 wait 0 by client")
            c.m.cli("status", "--audit")
            check("upcall-ends" not in " ".join(c.said()), c.said())
            w.send(frames.udp(b"end it", 3))
            c.says("upcall-ends 0 changed 0", "call 0 changed 0")


def test_a_callee_dies_while_its_caller_is_in_an_upcall():
    with Calls() as c:
        c.start("server", "2")
        c.start("client", "u", "server")
        bind(c, "client", 2)
        c.says("calling")
        with c.m.wire() as w:
            w.send(frames.udp(b"up", 2))
            c.says("upcall")
            c.stop("server")
            c.dead("server")
            w.send(frames.udp(b"down", 2))
            c.says("upcall-ends", f"call {KILLED} changed 0")


def test_either_end_is_killed_in_an_upcall():
    with Calls() as c:
        c.start("server", "W")
        bind(c, "server", 1)
        c.start("client", "k", "server")
        time.sleep(1)  # until it has called: in an upcall nobody is served
        with c.m.wire() as w:
            w.send(frames.udp(b"up", 1))
            c.says("upcall")
        c.stop("server")
        c.dead("client")
        c.says(f"killed {KILLED} changed 0")
    with Calls() as c:
        c.start("server", "V")
        bind(c, "server", 1)
        c.start("client", "u", "server")
        bind(c, "client", 2)
        c.says("calling")
        with c.m.wire() as w:
            w.send(frames.udp(b"up", 2))
            c.says("upcall")
            c.stop("client")
            c.dead("client")
            c.m.cli("status", "--audit")
            w.send(frames.udp(b"end it", 1))
            c.says("served 1 bad 0 wait 0 by client")


if __name__ == "__main__":
    harness.main(globals())
