#!/usr/bin/python3
"""test_caps - rights are passed on, restricted and taken back, and die in time."""
import harness
from harness import check, equal
from machine import Machine, wait_for


def ended(m, name):
    wait_for(lambda: m.app_states().get(name) == "dead",
             f"{name} is dead; console:\n{m.console()}", limit=30)
    return next(e["ended"] for e in m.ask("app", "list") if e["name"] == name)


def test_rights_are_passed_on_and_taken_back_at_once_and_everywhere():
    with Machine() as m:
        free = m.status()["memory"]["free"]
        m.start("caps")
        equal(ended(m, "caps")["code"], 0, f"line; console:\n{m.console()}")
        check("caps: fine" in m.console(), m.console())
        equal(m.status()["memory"]["free"], free, "free pages")


if __name__ == "__main__":
    harness.main(globals())
