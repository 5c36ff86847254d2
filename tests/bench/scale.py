"""scale - what it takes to bind one filter more among thousands.

tests/system/apps/many.c binds them within a flow of its own; the plugin counts
from before the system call to behind it: checks of ownership, transmit rights,
growth of tables and interrupts that came are all in it.
"""
import os
import statistics
import tempfile

import guest
import irqoff
import latency
from core import APPS, PLUGIN
from harness import check
from machine import Machine, wait_for
from rows import Row

LIMIT = 4000  # instructions, on average, of one that differs in constants
THOUSAND = 1000
MARKS = ("many_insert", "many_inserted", "many_remove", "many_removed",
         "many_broad", "many_broad_done")


def run(kind, n, then):
    """What the plugin saw at MARKS while many.c did THEN with N filters."""
    at = {name: a[0] for name, a in guest.symbols(f"{APPS}/many.elf").items()}
    with tempfile.TemporaryDirectory() as directory:
        log = os.path.join(directory, "events.txt")
        words = [f"watch={name}:{at[name]:#x}" for name in MARKS]
        with guest.plugin(directory, PLUGIN, [*words, f"out={log}"]), \
                Machine("--append", "seed=1") as m:
            m.start("many", kind, str(n), then, "--flow", "ip or ip6",
                    name="many")
            wait_for(lambda: "many: done" in m.console() or
                     "PANIC" in m.console(), "many.c is done", 120)
            check(f"many: {n} bound, last 0" in m.console() and
                  " -" not in m.console(), m.console())
        return list(latency.events(log))


def spans(log, first, last):
    """Instructions between each FIRST and the LAST that follows."""
    found, start = [], None
    for count, name, _ in log:
        if name == first:
            start = count
        elif name == last:
            found.append(count - start)
    return found


def measure():
    """The rows; fails when one is above what was promised."""
    rows = []
    for kind in ("ports", "tuples"):
        log = run(kind, 10 * THOUSAND, "bur")
        inserts = spans(log, "many_insert", "many_inserted")
        removes = spans(log, "many_remove", "many_removed")
        check(len(inserts) == 10 * THOUSAND and len(removes) == THOUSAND,
              f"{len(inserts)} bound, {len(removes)} removed")
        means = {
            f"insert-{kind}-1000": inserts[:THOUSAND],
            f"insert-{kind}-10000": inserts,
            f"remove-{kind}-1000": removes,
            f"insert-broad-{kind}": spans(log, "many_broad", "many_broad_done"),
        }
        for case, found in means.items():
            rows.append(Row("demux", case, "kernel", "instr",
                            round(statistics.fmean(found)), len(found),
                            "measured"))
    for row in rows:
        if row.case.startswith("insert") and "broad" not in row.case:
            check(row.value <= LIMIT,
                  f"{row.case}: {row.value}, {LIMIT} promised")
    return rows
