#!/usr/bin/python3
"""test_attack - programs without rights try everything; the machine stays whole.

tests/attack/NAME.c says what each line tries.
"""
import re

import frames
import harness
from harness import check, equal
from machine import Machine, wait_for

FLOW = "ether proto 0x88b5"
TLBL, ADEL = 2, 4  # exceptions

MEMORY = """
console-top -8, console-kernel -8, console-own-name -3, console-no-cap -3,
call-unknown -19, call-wrap -19, pct-yield-nobody -6, map-pointer -8, map-pointer-0 -8,
halt -3, irq-bind -3, irq-ack -3, filter-run -3, wait-nothing -1,
yield-nobody -6, alloc-0 -1, alloc-many -1, alloc-wrap -1, alloc-align -1,
alloc-kernel -13, alloc-vectors -13, alloc-beyond -13, alloc-pfn-wrap -1,
alloc-no-cap -3, map-info -1, map-into-info -1, map-page-0 -1,
map-kernel-va -1, map-odd -1, map-none -1, map-wrap -1, map-over-top -1,
map-flags -1, map-device -3, map-registers -6, map-pfn-wrap -6,
map-pfn-shifted -6, unmap-info -1, map-fill -12, map-free 0, map-collide -12,
map-collide-early 0, map-collide-free 0, map-any-frame -3,
free-any-frame -3, free-mapped 0, free-mapped-twice -6, free-mapped-map -6,
free-mapped-read -8, free-mapped-take 0, free-taken-read -8, free-own 0,
free-own-twice -6, free-wrap -6, free-none -1, done 0
"""

ENVS = """
dies-write-info 1, dies-read-kernel 4, dies-semihosting 10, dies-mtc0 11,
dies-eret 11, dies-wait 11, dies-tlbwi 11, dies-cache 11, dies-fpu 11,
dies-di 11, dies-rdhwr-cc-res 10, dies-dsp 10,
dies-synci 0, dies-cache-kernel 11, dies-errorepc 11, dies-read-errorepc 11,
dies-desave 11, dies-entryhi 11, dies-deret 11, dies-tlbwr 11, dies-tlbp 11,
dies-ei 11, dies-sdbbp 10, dies-jump-vector 4, dies-jump-kernel 4,
dies-jump-kseg1 4, dies-jump-rom 4, dies-write-kernel 5, dies-write-kseg1 5,
dies-write-kseg2 5, dies-read-left 4, dies-write-right 5, dies-linked 4,
dies-conditional 0, dies-write-frames 1, dies-write-stlb 1, dies-write-text 1,
dies-cop2 10, dies-load-fpu 11, dies-rdhwr-29 10, dies-rdpgpr 11, dies-trap 13,
dies-overflow 12, dies-unaligned 4, dies-slot 4, start-no-slice -1,
start-slices -1, start 0, start-twice -13, yield-to 0, kill 0, kill-twice -6,
yield-to-dead -6, dies-kernel-pc 4, grant-root -3, grant-half -3,
grant-rights -1, grant-long -1, grant-slot -1, grant-agent -3, grant-cut -1,
grant-dead -6, grant-weak 0,
grant-by-weak -3, create-by-weak -3, create-by-none -3, kill-agent -3,
kill-stale -6, kill-wild -6, start-agent -3, deep-grant 0, deep-create 0,
deep-grant-2 0, deep-create-2 -12, deep-kill 0, deep-gone -6, many -12,
grant-self 0, done 0
"""

FLOWS = """
bind-root-flow -3, bind-stale-flow -6, bind-outside-flow -3, bind-tap -3, bind-test -3,
bind-target -1, bind-flags -11, bind-for-agent -3, replace-nothing -6,
replace-others -3, unbind-others -3, unbind-flow -6, drop-binding -6,
bind-address -8, blob-empty -1, blob-long -1, blob-wrap -1, blob-short -4,
blob-kernel -8, blob-top -8, blob-loop -17, blob-nodes -17, clash-kernel -8,
ring-of-1 -1, ring-of-34 -1, ring-wrap -1, ring-pfn-wrap -6, ring-kernel -6,
ring-for-agent -3, ring-others -3, ring-own 0, ring-same-frames 0,
ring-free-frames 0, ring-free-twice -6, ring-take-frames 0, ring-bind-freed -6,
ring-destroy-freed -6, ring-destroy-bound -13, ring-destroy 0,
ring-destroy-twice -6, ring-frames-back 0, ash-code-bits -1, ash-data-bits -1,
ash-budget -1, ash-read-only -8, ash-for-agent -3, ash-remove-others -3,
ash-install-others -3, ash-install-stale -6, ash-reserve 0, ash-words-wrap -1,
ash-words-few -1, ash-data-wrap -1, ash-code-kernel -8, ash-report-kernel -8,
ash-unsafe -5, ash-bind-unready -6, ash-install 0, ash-bind 0,
ash-bind-twice -13, ash-bind-twice-replaces -13, ash-install-bound -13,
ash-remove-bound -13, ash-map-dead-zone -6, ash-map-code -6, ash-map-data 0,
ash-remove 0, ash-remove-twice -6, ash-data-gone -8, ash-data-back 0,
ash-free-data 0, ash-remove-freed -6, ash-take-data 0, send-unbound -16, send 0,
send-none -1, send-5 -1, send-count-wrap -1, send-kernel -8, send-over-top -8,
send-wrap -1, send-sum-wrap -1, send-long -1, send-short -4, send-nothing -4,
send-overlapping 0, send-pieces -8, send-no-cap -3, send-type -16,
send-source -16, send-after-unbind -16, orphan-set-up 0, flow-drop-used -13,
flow-outside -3, orphan-kill 0, orphan-parent -6, orphan-drop -6, full-first 0,
full -2, full-replace -2, full-still-bound 0, done 0
"""


def expected(text):
    return [line.strip() for line in text.split(",")]


def said(m):
    return re.findall(r"^attack: (.*)$", m.console(), re.M)


class Attacked:
    """A machine with an echo and another application; afterwards all is as it
    was."""

    def __enter__(self):
        self.m = Machine()
        m = self.m.__enter__()
        m.ash("echo", "udp dst port 7", "udp_echo")
        m.cli("app", "start", "echo-ring")
        m.cli("filter", "add", "ring", "udp dst port 9", "--to",
              "ring:echo-ring")
        self.free = m.status()["memory"]["free"]
        return m

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.check_whole()
        except BaseException as e:
            self.m.__exit__(type(e), e, None)
            raise
        self.m.__exit__(kind, value, trace)

    def check_whole(self):
        m = self.m
        with m.wire() as w:
            for port in (7, 9):
                equal(w.ask(frames.udp(b"alive", port)),
                      frames.reply_udp(b"alive", port), f"echo, port {port}")
        alive = {n for n, s in m.app_states().items() if s != "dead"}
        equal(alive, {"agent", "echo-ring"}, "who is alive")
        equal(sorted(f["name"] for f in m.ask("filter", "list")),
              ["echo", "ring"], "filters")
        equal(m.status()["memory"]["free"], self.free, "free pages")
        check("PANIC" not in m.console(), m.console())


def start(m, program, *args):
    m.cli("app", "start", f"build/test/attack/{program}.elf", "--root",
          *args)


def attack(program, lines, *args, limit=30):
    with Attacked() as m:
        start(m, program, *args)
        ended = f"agent: {program} "
        wait_for(lambda: "done 0" in said(m) or ended in m.console(),
                 f"{program} is done: {said(m)[-1:]}", limit)
        equal(said(m), expected(lines), program)
        if program == "attack_flows":  # the others end by themselves
            m.cli("app", "stop", program)
        wait_for(lambda: m.app_states()[program] == "dead",
                 f"{program} has ended")


def test_memory_and_arguments():
    attack("attack_memory", MEMORY)


def test_children_and_capabilities():
    attack("attack_envs", ENVS)


def test_flows_rings_handlers_and_sending():
    attack("attack_flows", FLOWS, "--flow", FLOW, limit=120)


def upcall(m, w, way):
    """An attacker whose upcall does WAY gets a frame."""
    start(m, "attack_upcall", way)
    m.cli("filter", "add", "up", "udp dst port 1", "--to",
          "ring:attack_upcall")
    m.console_says("attack: upcall-set 0")
    w.send(frames.udp(b"up", 1))


def test_upcalls_that_lead_nowhere():
    for way, end in (("kernel", f"died of exception {ADEL}"),
                     ("unaligned", f"died of exception {TLBL}"),
                     ("exit", "ended with 7")):
        with Attacked() as m:
            with m.wire() as w:
                upcall(m, w, way)
            m.console_says(f"agent: attack_upcall {end}")


def test_upcalls_that_never_end():
    for way, line in (("forever", "forever 0"), ("yield", "yielding 0")):
        with Attacked() as m:
            with m.wire() as w:
                upcall(m, w, way)
                m.console_says(f"attack: {line}")
                w.send(frames.udp(b"more", 1))
                equal(w.ask(frames.udp(b"alive", 9)),
                      frames.reply_udp(b"alive", 9), "echo meanwhile")
            m.cli("app", "stop", "attack_upcall")


def test_an_upcall_that_is_turned_off_while_it_is_due():
    with Attacked() as m:
        with m.wire() as w:
            upcall(m, w, "off")
            m.console_says("attack: second 0")
            w.send(frames.udp(b"more", 1))
            m.console_says("attack: woken 0")
        equal(said(m), ["upcall-done-outside -1", "upcall-set 0", "second 0",
                        "upcall-off 0", "upcall-wait -1", "woken 0"],
              "what it said")
        m.cli("app", "stop", "attack_upcall")


if __name__ == "__main__":
    harness.main(globals())
