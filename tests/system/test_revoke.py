#!/usr/bin/python3
"""test_revoke - what is wanted back is given back, or taken, and its owner lives."""
import frames
import harness
from harness import check, equal
from machine import Machine, wait_for


def ended(m, name):
    wait_for(lambda: m.app_states().get(name) == "dead",
             f"{name} is dead; console:\n{m.console()}", limit=15)
    return next(e["ended"] for e in m.ask("app", "list") if e["name"] == name)


def fine(way):
    with Machine() as m:
        free = m.status()["memory"]["free"]
        m.start("revoked", way)
        equal(ended(m, "revoked")["code"], 0, f"line; console:\n{m.console()}")
        check("revoked: fine" in m.console(), m.console())
        equal(m.status()["memory"]["free"], free, "free pages")


def test_who_cooperates_chooses_and_who_ignores_loses_pages_and_lives():
    fine("pages")


def test_without_an_area_pages_go_just_the_same():
    fine("blind")


def test_an_exception_ends_waiting_and_sleeping():
    fine("waiting")


def test_slices_go_but_one():
    fine("slices")


def test_only_who_may_revokes_and_only_what_there_is():
    fine("refusals")


def test_a_storm_of_revocations_leaves_everything_whole():
    with Machine() as m, m.wire() as w:
        m.cli("app", "start", "echo-ring")
        m.cli("filter", "add", "echo", "udp dst port 9", "--to",
              "ring:echo-ring")
        free = m.status()["memory"]["free"]
        m.start("storm", "300")
        answered = 0
        while m.app_states().get("storm") != "dead":
            equal(w.ask(frames.udp(b"x", 9)), frames.reply_udp(b"x", 9),
                  "an echo in the storm")
            answered += 1
            m.check_tables()
        check(answered > 0, f"only {answered} echoes")
        equal(ended(m, "storm")["code"], 0, f"line; console:\n{m.console()}")
        equal(m.status()["memory"]["free"], free, "free pages")


def count(m, name):
    """Frames that filter NAME has taken, None if it is gone."""
    return next((f["packets"] for f in m.ask("filter", "list")
                 if f["name"] == name), None)


def test_frames_for_a_lost_filter_or_ring_are_unclaimed():
    with Machine() as m, m.wire() as w:
        m.start("revoked", "traffic")
        for port in (7, 9):
            m.cli("filter", "add", f"port{port}", f"udp dst port {port}",
                  "--to", "ring:revoked")
        m.console_says("revoked: ready")
        for _ in range(10):
            w.send(frames.udp(b"x", 7))
        m.console_says("revoked: lost 4")
        left = [p for p in (7, 9) if count(m, f"port{p}") is not None]
        equal(len(left), 1, "filters left")
        gone = 16 - left[0]
        before = m.nic()["dropped"]["unclaimed"]
        for _ in range(10):
            w.send(frames.udp(b"x", gone))
            w.send(frames.udp(b"x", left[0]))
        m.console_says("revoked: lost 3")
        w.send(frames.udp(b"x", left[0]))
        m.settled(31)
        equal(ended(m, "revoked")["code"], 0, f"line; console:\n{m.console()}")
        equal([f["name"] for f in m.ask("filter", "list")], [], "filters")
        equal(m.nic()["dropped"]["unclaimed"] - before, 11, "unclaimed")
        equal(m.nic()["delivered"], 20, "delivered")


if __name__ == "__main__":
    harness.main(globals())
