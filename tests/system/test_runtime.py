#!/usr/bin/python3
"""test_runtime - apps/lib: exceptions, protected calls and slices in C."""
import harness
from harness import check, equal
from machine import Machine, wait_for


def ended(m, name):
    """How NAME ended, once it has."""
    wait_for(lambda: m.app_states().get(name) == "dead", f"{name} is dead",
             limit=20)
    return next(e["ended"] for e in m.ask("app", "list") if e["name"] == name)


def fine(m, program, *args, name=None):
    """PROGRAM ends with 0."""
    m.start(program, *args, name=name)
    got = ended(m, name or program)
    equal((got["code"], got["cause"]), (0, None),
          f"end of {program}; console:\n{m.console()}")


def test_handlers_see_and_change_every_register_and_may_fault_themselves():
    with Machine() as m:
        free = m.status()["memory"]["free"]
        fine(m, "runtime")
        m.console_says("runtime: fine")
        equal(m.status()["memory"]["free"], free, "free pages")


def test_what_no_handler_wants_ends_the_program_with_the_true_reason():
    with Machine() as m:
        m.start("runtime", "refuse", name="refuses")
        m.start("runtime", "deep", name="sinks")
        got = ended(m, "refuses")
        equal((got["cause"], got["address"] & 3), ("AdEL", 2), "cause, address")
        check("mmio.h" in got["text"] and "runtime.c:" in got["text"],
              got["text"])
        equal(ended(m, "sinks")["cause"], "Bp", "cause of endless nesting")
        equal(m.status()["up"], True, "the machine")


def test_calls_carry_registers_and_survive_a_callee_s_death():
    with Machine() as m:
        m.start("runtime_pct", "serve", name="callee")
        m.console_says("pct: serving")
        fine(m, "runtime_pct", "callee", name="caller")
        m.console_says("pct: fine")
        equal(ended(m, "callee")["code"], 0, "end of the callee")


def test_who_serves_needs_no_slice_to_run_in():
    with Machine() as m:
        m.cli("app", "start", "pct-server")
        m.console_says("pct-server: serving")
        before = {e["name"]: e for e in m.ask("app", "list")}["pct-server"]
        for name in ("one", "two", "three"):
            m.cli("app", "start", "pct-client", "--as", name)
        for name in ("one", "two", "three"):
            equal(ended(m, name)["code"], 0, f"end of {name}")
        m.console_says("pct-client: 1000 calls, ")
        after = {e["name"]: e for e in m.ask("app", "list")}["pct-server"]
        equal((before["state"], after["state"]), ("waiting", "waiting"),
              "the server's own state")
        m.cli("app", "start", "pct-client", "nobody", "--as", "four")
        m.console_says("pct-client: nobody of that name")
        m.cli("app", "stop", "pct-server")


def test_a_program_saves_itself_at_the_ends_of_its_slices():
    with Machine() as m:
        for name in ("one", "two"):
            m.start("runtime_slices", "40", name=name)
        for name in ("one", "two"):
            equal(ended(m, name)["code"], 0, f"end of {name}; console:\n"
                  f"{m.console()}")
            check(f"{name}: 4" in m.console(), m.console())


if __name__ == "__main__":
    harness.main(globals())
