#!/usr/bin/python3
"""test_audit - one word of the kernel's tables is changed, and the audit says so."""
import os
import subprocess
import tempfile

import harness
from harness import check, equal
from machine import TOP

# What gdb sets to what, and a part of what the audit then says.  Stopped in the
# agent's first line on the console: there is one environment, in slot 0.
DAMAGE = [
    ("info.pages_free", "info.pages_free + 1", "pages free, counted"),
    ("info.env[0].pages", "info.env[0].pages - 1", "env slot 0: "),
    ("pages.frame[$own].owner", "9", "owner 9 is not alive"),
    ("pages.frame[$own].owner", "0", "mapped to"),
    ("pages.frame[$own].maps", "7", "7 maps, counted 1"),
    ("pages.frame[$own].pins", "1", "1 pins, counted 0"),
    ("pages.frame[$own].kind", "0", "free, but owner 1"),
    ("pages.frame[$own].kind", "9", "kind 9"),
    ("pages.frame[$own].name.len", "11", "its name is nobody's"),
    ("*(unsigned *)&pages.frame[$own].acl.entry[0]", "0x01050301",
     "lists nobody"),
    ("$env->space.table[$map].lo", "(1 << 6) | 0x1e", "mapped to 0000005e"),
    ("$env->space.table[$map].vpn", "0x12345", "mapping of 12345000 is lost"),
    ("$env->space.used", "1", "1 mappings, counted"),
    ("$env->space.asid", "77", "not 00000000"),
    ("$stlb[$bound].lo[0]", "(900 << 6) | 0x1e", "STLB"),
    ("$stlb[$bound].tag", "$stlb[$bound].tag + 0x2000", "is not at home"),
    ("info.slice[5]", "0x105", "slice 5: 00000105 is not alive"),
    ("info.slice[63]", "info.slice[0]", "slices, counted"),
    ("cpu.ready", "cpu.ready | 0x20", "env slot 5: ready 1"),
    ("sched.asleep", "sched.asleep ^ 1", "asleep"),
    ("sched.upcalls", "1", "is due an upcall"),
    ("revoke.pending", "4", "env slot 2: wanted of nobody"),
    ("info.env[0].state", "4", "alive in state 4"),
    ("info.env[3].state", "2", "env slot 3: nobody, in state 2"),
    ("*(unsigned *)&$env->cap[3]", "0x01050307", "capability 3 names nobody"),
    ("$env->cap[3].rights", "8", "capability 3 names nobody"),
    ("$env->name.name[1]", "9", "its name is not"),
    ("$env->calling", "$env + 1", "its owner is not alive"),
    ("$env->tx->side", "5", "transmit rights"),
    ("rings[3].id", "0x104", "ring 3: its owner is not alive"),
    ("info.ash[2].id", "7", "handler 2: id 00000000, shown 00000007"),
    ("bind_table[3].kind", "BIND_RING", "binding 3: "),
    ("info.binding[3].id", "7", "binding 3: free, shown as 00000007"),
    ("rx.path[3].deliver", "deliver_ring", "binding 3: frames go elsewhere"),
    ("irq.uart", "$env + 3", "line 4: its owner is not alive"),
    ("info.nic.received", "info.nic.received + 1", "accounted for"),
    ("info.nic.dropped[0]", "info.nic.dropped[0] + 1", "accounted for"),
]

# A frame of the agent's that is mapped once, where, and in the STLB.
BEGIN = """
break sys_console
continue
set $env = (struct env *)0x80020000
set $map = 0
while $env->space.table[$map].vpn == 0 || \
    pages.frame[$env->space.table[$map].lo >> 6].kind != 2 || \
    pages.frame[$env->space.table[$map].lo >> 6].bound == 0
  set $map = $map + 1
end
set $own = $env->space.table[$map].lo >> 6
set $bound = (pages.frame[$own].bound - 1) / 2
set $stlb = (struct sp_stlb *)0x80010000
define audited
  set $wrong = audit_run((void *)cpu.ash_save, (void *)&cpu.ash_save[1])
  printf "---- %d %s", $wrong, audit.text
  echo \\n----\\n
end
"""


def gdb(script):
    with tempfile.NamedTemporaryFile("w", suffix=".gdb") as f:
        f.write(script)
        f.flush()
        done = subprocess.run([os.path.join(TOP, "tools/gdb"), "-batch", "-x",
                               f.name], timeout=100, text=True, check=False,
                              capture_output=True, stdin=subprocess.DEVNULL)
    return done.stdout, done.stderr


def script():
    lines = [BEGIN, "audited"]
    for what, value, _ in DAMAGE:
        lines += [f"set $before = {what}", f"set var {what} = {value}",
                  "audited", f"set var {what} = $before"]
    return "\n".join(lines + ["audited", "kill\n"])


def test_each_damage_is_found_and_named():
    out, err = gdb(script())
    got = [part.strip() for part in out.split("----")[1::2]]
    equal(len(got), len(DAMAGE) + 2, f"audits; gdb: {err}\n{out[-2000:]}")
    equal(got[0], "0", "before any damage")
    missed = [f"{what} = {value}: {text}" for (what, value, part), text
              in zip(DAMAGE, got[1:])
              if not text.startswith("1 ") or part not in text]
    check(not missed, "\n".join(missed))
    equal(got[-1], "0", "after all is repaired")


if __name__ == "__main__":
    harness.main(globals())
