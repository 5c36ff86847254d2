"""core - instructions of the kernel's primitives, counted by the plugin.

tests/system/apps/exceptions.c and pct.c do each a thousand times; an interrupt
in between makes a sample longer, the median does not see it.
"""
import os
import statistics
import tempfile

import guest
import latency
from guest import TOP
from harness import check
from latency import Step
from machine import Machine, wait_for
from rows import Row

PLUGIN = os.path.join(TOP, "build/bench/icount_plugin.so")
APPS = os.path.join(TOP, "build/test/apps")
N = 1000
LIMITS = {  # what was promised
    "prot-entry": 24, "unalign-entry": 24, "overflow-entry": 24,
    "coproc-entry": 24, "break-entry": 24, "stlb-hit": 20, "null": 60,
    "pct-sync": 44, "yield-switch": 80,
}
FAULTS = {"prot": "modify", "unalign": "unalign_load", "overflow": "overflow",
          "coproc": "fpu", "break": "break"}


def events(program, names, run):
    """What the plugin saw at NAMES ({name: address}) while RUN(machine)."""
    with tempfile.TemporaryDirectory() as directory:
        log = os.path.join(directory, "events.txt")
        words = [f"watch={name}:{pc:#x}" for name, pc in names.items()]
        with guest.plugin(directory, PLUGIN, [*words, f"out={log}"]), \
                Machine("--append", "seed=1") as m:
            run(m, program)
            check("PANIC" not in m.console(), m.console())
        return list(latency.events(log))


def between(log, *names):
    """The median number of instructions from the first of NAMES, which counts,
    to the last, which does not; others must lie in between."""
    passes = latency.journeys(log, [Step(n) for n in names])[-N:]
    check(len(passes) == N, f"{len(passes)} samples of {names}")
    return statistics.median_low(sum(p) for p in passes)


def finished(m, name):
    wait_for(lambda: m.app_states()[name] == "dead", f"{name} has ended", 60)


def run_exceptions(m, program):
    m.start(program, "B", name="faults")
    finished(m, "faults")


def run_calls(m, program):
    m.start(program, "R", name="server")
    m.start(program, "B", "server", name="client")
    finished(m, "client")
    m.start(program, "Y", "pong", name="ping")
    m.start(program, "Y", "ping", name="pong")
    finished(m, "ping")
    finished(m, "pong")


def exceptions():
    """{case: instructions}; the faulting instruction itself is not counted."""
    at = {n: a[0] for n, a in guest.symbols(f"{APPS}/exceptions.elf").items()}
    names = {case: at[f"exc_{f}_at"] for case, f in FAULTS.items()}
    names |= {"handler": at["exc_handler_short"],
              "back": at["exc_modify_at"] + 4, "touch": at["exc_touch_at"],
              "refill": guest.symbols()["vec_refill"][0]}
    log = events("exceptions", names, run_exceptions)
    found = {f"{c}-entry": between(log, c, "handler") - 1 for c in FAULTS}
    found["prot-full"] = between(log, "prot", "handler", "back") - 1
    found["stlb-hit"] = between(log, "refill", "touch")
    return found


def calls():
    """{case: instructions}, the `syscall` included."""
    at = {n: a[0] for n, a in guest.symbols(f"{APPS}/pct.elf").items()}
    names = {"transfer": at["pct_transfer_at"], "serve": at["pct_serve"],
             "take": at["pct_take"], "null": at["pct_leak_at"],
             "back": at["pct_leak_back"], "yield": at["turn_start_at"],
             "start": at["turn_start"]}
    log = events("pct", names, run_calls)
    return {"null": between(log, "null", "back"),
            "pct-sync": between(log, "transfer", "serve"),
            "pct-async": between(log, "transfer", "take"),
            "yield-switch": between(log, "yield", "start")}


def run_rpc(m, program):
    m.start(program, "serve", name="server")
    m.start(program, "server", "count", name="client")
    finished(m, "client")


def rpc():
    """{case: instructions} of a round trip between two C functions: eight words
    each way, to a callee that is not trusted with registers, and to one that is."""
    names = {"lrpc": "pct_call", "tlrpc": "pct_call_trusting"}
    at = {n: a[0] for n, a in guest.symbols(f"{APPS}/runtime_pct.elf").items()}
    watch = {c: at[f] for c, f in names.items()}
    watch |= {f"{c}-end": at[f"{f}_end"] for c, f in names.items()}
    log = events("runtime_pct", watch, run_rpc)
    back = 2  # the return itself
    return {c: between(log, c, f"{c}-end") + back for c in names}


def measure():
    """The rows; fails when one is above what was promised."""
    found = [("exception", exceptions()), ("syscall", calls()), ("ipc", rpc())]
    rows = [Row(table, case, "exos", "instr", value, N, "measured")
            for table, cases in found for case, value in cases.items()]
    for row in rows:
        limit = LIMITS.get(row.case, row.value)
        check(row.value <= limit,
              f"{row.table} {row.case}: {row.value}, {limit} promised")
    return rows
