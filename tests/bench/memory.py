"""memory - what bindings and frames cost, counted by a program itself.

CP0 Count advances 1024/6 times an instruction under `-icount` (tests/README.md);
the least of many tries is what the path costs when nothing else happens.
"""
import re

from machine import Machine, wait_for
from rows import Row

PER_INSTRUCTION = 1024 / 6
TRIES = 64


def run():
    """Rows, the cost of looking at the clock taken off."""
    with Machine("--icount", "--append", "seed=1") as m:
        m.start("mem_cost")
        wait_for(lambda: "agent: mem_cost ended" in m.console(),
                 "mem_cost has ended", 60)
        counts = re.findall(r"^cost: (\S+) (\d+)$", m.console(), re.M)
    cost = {name: round(int(n) / PER_INSTRUCTION) for name, n in counts}
    base = cost.pop("nothing")
    return [Row("memory", name, "spindle", "instr", n - base, TRIES,
                "measured") for name, n in cost.items()]
