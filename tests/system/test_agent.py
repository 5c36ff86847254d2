#!/usr/bin/python3
"""test_agent - the control plane, spoken to directly (agentlib), with truths and
with lies.

One machine serves all tests; each leaves it as it found it.
"""
import contextlib
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import agentlib as ag
from harness import Failed, check, equal, main

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MAC = bytes.fromhex("525400123456")
PAGES_FREE, NIC = 20, 32  # offsets in struct sp_info

# Handlers by hand: eight words of header, which the kernel writes, then code.
HEADER = [0x0000000d] * 8
CONSUME = HEADER + [
    0x8f030000,  # lw    $v1, 0($t8)
    0x24630001,  # addiu $v1, $v1, 1
    0xaf030000,  # sw    $v1, 0($t8)
    0,
    0x26b5fff0,  # addiu $s5, $s5, -16
    0x06a0fff6,  # bltz  $s5, word 4
    0,
    0x03e00008,  # jr    $ra
    0x3c020001,  # lui   $v0, 1: consume
]
STRAY = HEADER + [0xac800000] + CONSUME[9:]  # sw $zero, 0($a0)


class Machine:
    """A booted machine, its agent and the far end of its wire."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="spindle-agent-")
        self.log = open(os.path.join(self.dir, "qemu.log"), "wb")
        self.qemu = subprocess.Popen(ag.qemu(self.dir, limit=100), cwd=TOP,
                                     stdout=self.log, stderr=self.log)
        self.wire = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.wire.bind(os.path.join(self.dir, "host.sock"))
        self.wire.settimeout(2)

    def agent(self):
        return ag.Agent(os.path.join(self.dir, "ctl.sock"))

    def console(self):
        with open(os.path.join(self.dir, "console.log"), "rb") as f:
            return f.read().decode(errors="replace")

    def ask(self, frame):
        self.wire.sendto(frame, os.path.join(self.dir, "nic.sock"))
        return self.wire.recv(2048)

    def send(self, frame):
        self.wire.sendto(frame, os.path.join(self.dir, "nic.sock"))

    def end(self):
        self.qemu.terminate()  # timeout hands it on
        self.qemu.wait()
        self.wire.close()
        self.log.close()


def udp(source=7000, to=7, options=b""):
    """A UDP frame to the machine."""
    data = b"spindle!" * 4
    ip = struct.pack(">BBHHHBBH4s4s", 0x45 + len(options) // 4, 0,
                     28 + len(options) + len(data), 1, 0, 64, 17, 0,
                     bytes([10, 7, 0, 1]), bytes([10, 7, 0, 2])) + options
    return MAC + bytes.fromhex("020000000001") + b"\x08\0" + ip + struct.pack(
        ">HHHH", source, to, 8 + len(data), 0) + data


def turned(f):
    """What a UDP echo answers to frame F."""
    at = 14 + (f[14] & 15) * 4
    return (f[6:12] + f[:6] + f[12:26] + f[30:34] + f[26:30] + f[34:at] +
            f[at + 2:at + 4] + f[at:at + 2] + f[at + 4:])


def program(app):
    with open(os.path.join(TOP, f"build/apps/{app}.elf"), "rb") as f:
        return f.read()


def ill_behaved(app):
    with open(os.path.join(TOP, f"build/test/apps/{app}.elf"), "rb") as f:
        return f.read()


def refused(code, text, call, *args, **more):
    """CALL is refused with CODE and a text that contains TEXT."""
    try:
        call(*args, **more)
    except ag.Refused as e:
        equal(e.code, code, f"code of '{e.text}'")
        check(text in e.text, f"the text '{e.text}' lacks '{text}'")
        return e
    raise Failed(f"{call.__name__}{args!r:.60} was accepted")


def pages_free(a):
    return struct.unpack("<I", a.info(PAGES_FREE, 4))[0]


def drain():
    """Forget replies that nobody waits for."""
    machine.wire.settimeout(0.2)
    with contextlib.suppress(TimeoutError):
        while True:
            machine.wire.recv(2048)
    machine.wire.settimeout(2)


def wait_for(condition, what):
    end = time.monotonic() + 5
    while not condition():
        check(time.monotonic() < end, f"never: {what}")
        time.sleep(0.02)


@contextlib.contextmanager
def unchanged():
    """An agent; all memory is back at the end."""
    with machine.agent() as a:
        before = pages_free(a)
        yield a
        equal(pages_free(a), before, "free pages afterwards")


def test_version_and_tables_are_told():
    with unchanged() as a:
        equal(a.u32(ag.PING), 1, "version")
        equal(a.info(0, 4), b"1SPN", "magic")
        part = a.info(0, 4032)
        equal(a.info(100, 1000)[:4], part[100:104], "a part of the tables")
        refused(ag.EINVAL, "", a.info, 0, 4033)
        refused(ag.EINVAL, "", a.info, 0xffffffff, 2)
        refused(ag.EINVAL, "", a.info, 0x1000000, 1)


def echo(app):
    with unchanged() as a:
        env = a.app_start("e", program(app))
        equal(a.app_find("e"), env, "its environment")
        a.filter_add("all", ag.ANY, ag.TO_RING, "e")
        for frame in (udp(), udp(1, 2), udp(options=b"\1" * 8),
                      udp(options=b"\1" * 40)):
            for _ in range(40):
                equal(machine.ask(frame), turned(frame), "echo")
        a.app_stop(env)
        refused(ag.ENOENT, "no such application", a.app_find, "e")
        refused(ag.ENOENT, "no such filter", a.filter_del, "all")


def test_echo_from_the_ring():
    echo("echo-ring")


def test_echo_by_upcall():
    echo("echo-upcall")


def test_what_is_no_whole_udp_datagram_is_not_echoed():
    with unchanged() as a:
        for app in ("echo-ring", "echo-upcall"):
            env = a.app_start("e", program(app))
            a.filter_add("all", ag.ANY, ag.TO_RING, "e")
            good = udp()
            for at, value in ((12, 0x86), (14, 0x55), (14, 0x44), (14, 0x4f),
                              (16, 1), (17, 27), (17, 61), (20, 0x20), (21, 1),
                              (23, 6), (34, 0), (38, 1), (39, 7), (39, 41)):
                bad = bytearray(good)
                bad[at] = value
                if at == 34:
                    bad[34:36] = bad[36:38]  # between equal ports
                machine.send(bytes(bad))
                equal(machine.ask(good), turned(good), f"byte {at}={value:#x}")
            a.app_stop(env)


def test_programs_come_and_go_without_leaving_anything():
    with unchanged() as a:
        for i in range(40):
            env = a.app_start(f"app{i % 3}", program("echo-ring"), "x" * i)
            a.filter_add("f", ag.ANY, ag.TO_RING, f"app{i % 3}")
            a.app_stop(env)


def test_a_program_that_ends_is_named_and_forgotten():
    with unchanged() as a:
        elf = ill_behaved("crasher")
        a.app_start("quits", elf)  # without an argument it exits with 2
        wait_for(lambda: "agent: quits ended with 2" in machine.console(),
                 "a line about the end")
        refused(ag.ENOENT, "no such application", a.app_find, "quits")
        a.app_start("dies", elf, "load")
        a.filter_add("f", ag.ANY, ag.TO_RING, "dies")
        machine.send(udp())
        wait_for(lambda: "agent: dies died" in machine.console(),
                 "a line about the death")
        refused(ag.ENOENT, "no such filter", a.filter_del, "f")


def test_programs_die_under_load_while_the_host_asks():
    with unchanged() as a:
        elf = ill_behaved("crasher")
        done = threading.Event()

        def load():
            while not done.wait(0.001):
                for _ in range(5):
                    machine.send(udp())
        thread = threading.Thread(target=load, daemon=True)
        thread.start()
        try:
            for i in range(60):
                a.app_start(f"e{i}", elf, "load")
                a.filter_add(f"f{i}", ag.ANY, ag.TO_RING, f"e{i}")
                with contextlib.suppress(ag.Refused):
                    while True:
                        a.app_find(f"e{i}")
        finally:
            done.set()
            thread.join()
        drain()


def test_programs_that_are_none_are_refused():
    with unchanged() as a:
        elf = program("echo-ring")
        text, start = bytearray(elf), a.app_start
        text[18] = 3
        refused(ag.EFORMAT, "another machine", start, "x", bytes(text))
        refused(ag.EFORMAT, "not an ELF file", start, "x", b"#!/bin/sh\n")
        refused(-4, "cut off", start, "x", elf[:40])
        refused(-4, "ends", start, "x", elf[:4200])
        refused(ag.EINVAL, "bad name", start, "a b", elf)
        refused(ag.EINVAL, "bad name", start, "", elf)
        refused(ag.EINVAL, "arguments", start, "x", elf, *["a"] * 17)
        env = start("x", elf)
        refused(ag.EEXIST, "named x runs", start, "x", elf)
        a.app_stop(env)
        refused(ag.ENOENT, "runs nothing", a.app_stop, env)
        refused(ag.ENOENT, "runs nothing", a.app_stop, 0)


def test_filters_have_names_and_keep_their_bytes():
    with unchanged() as a:
        never = ag.ANY[:8] + struct.pack("<HH", 0xfffe, 0)
        first = a.filter_add("f", ag.ANY, ag.TO_COUNT)
        refused(ag.EEXIST, "named f is installed", a.filter_add, "f", never,
                ag.TO_COUNT)
        equal(a.fetch(ag.FILTER_BLOB, "f"), ag.ANY, "its bytes")
        second = a.filter_add("f", never, ag.TO_COUNT, flags=ag.REPLACE)
        equal(second, first, "a replaced binding's id")
        equal(a.fetch(ag.FILTER_BLOB, "f"), never, "bytes of the replacement")
        refused(ag.ENOENT, "no such filter", a.fetch, ag.FILTER_BLOB, "g")
        refused(ag.EINVAL, "", a.ask, ag.FILTER_BLOB,
                ag.name("f") + struct.pack("<I", 13))
        refused(ag.ENOENT, "no filter named g", a.filter_add, "g", never,
                ag.TO_COUNT, flags=ag.REPLACE)
        refused(ag.ENOENT, "no application named g", a.filter_add, "g", never,
                ag.TO_RING, "g")
        refused(ag.ENOENT, "no handler named g", a.filter_add, "g", never,
                ag.TO_ASH, "g")
        refused(ag.EINVAL, "kind of target", a.filter_add, "g", never, 9)
        refused(ag.EINVAL, "empty", a.filter_add, "g", b"", ag.TO_COUNT)
        refused(ag.EINVAL, "flags", a.filter_add, "g", never, ag.TO_COUNT,
                flags=0x100)
        refused(ag.EFORMAT, "", a.filter_add, "g", b"junk" * 3, ag.TO_COUNT)
        a.filter_del("f")
        refused(ag.ENOENT, "no such filter", a.filter_del, "f")


def test_two_owners_of_a_frame_are_named_with_an_example():
    with unchanged() as a:
        one = a.app_start("one", program("echo-ring"))
        two = a.app_start("two", program("echo-ring"))
        a.filter_add("mine", ag.ANY, ag.TO_RING, "one")
        e = refused(ag.EOVERLAP, "mine", a.filter_add, "yours", ag.ANY,
                    ag.TO_RING, "two")
        equal(len(e.data), 16 + 24 + 256, "struct sp_clash")
        check(e.data[16:20] == b"mine", "the name in struct sp_clash")
        a.app_stop(one)
        a.filter_add("yours", ag.ANY, ag.TO_RING, "two")
        a.app_stop(two)


def test_a_handler_is_verified_run_shown_and_removed():
    with unchanged() as a:
        ash, where = a.ash_reserve("h", 8, 12)
        check(where[3] & 0xff == 0 and where[4] & 0xfff == 0, "alignment")
        refused(ag.ENOENT, "no handler named h", a.filter_add, "f", ag.ANY,
                ag.TO_ASH, "h")
        e = refused(-5, "word 8", a.ash_install, ash, STRAY)
        check(struct.unpack("<4I", e.data)[1] == 8, "where it is wrong")
        report = a.ash_install(ash, CONSUME, b"\x05\0\0\0")
        equal(report[0], 0, "the verifier's rule")
        refused(ag.EEXIST, "h is installed", a.ash_install, ash, CONSUME)
        refused(ag.EEXIST, "named h is loaded", a.ash_reserve, "h", 8, 12)
        a.filter_add("f", ag.ANY, ag.TO_ASH, "h")
        for _ in range(10):
            machine.send(udp())
        wait_for(lambda: a.ash_state("h", 0, 4) == b"\x0f\0\0\0",
                 "five and ten frames are fifteen")
        equal(len(a.ash_state("h", 96, 4000)), 4000, "bytes of state")
        refused(ag.EINVAL, "", a.ash_state, "h", 4095, 2)
        refused(ag.EINVAL, "", a.ash_state, "h", 0xfffffff0, 0x20)
        code = a.fetch(ag.ASH_CODE, "h")
        equal(code[32:], struct.pack("<9I", *CONSUME[8:]), "its code")
        a.ask(ag.ASH_REMOVE, ag.name("h"))
        refused(ag.ENOENT, "no such filter", a.filter_del, "f")
        refused(ag.ENOENT, "no such handler", a.ask, ag.ASH_REMOVE,
                ag.name("h"))


def test_a_reservation_that_was_given_up_gives_way():
    with unchanged() as a:
        for _ in range(70):  # more than the kernel's table holds
            ash, _ = a.ash_reserve("h", 8, 12)
        a.ash_install(ash, CONSUME)
        a.ask(ag.ASH_REMOVE, ag.name("h"))


def test_a_handler_can_belong_to_an_application():
    with unchanged() as a:
        refused(ag.ENOENT, "owner is not running", a.ash_reserve, "h", 8, 12,
                owner="o")
        env = a.app_start("o", program("echo-ring"))
        ash, _ = a.ash_reserve("h", 8, 13, owner="o")
        a.ash_install(ash, CONSUME)
        a.filter_add("f", ag.ANY, ag.TO_ASH, "h", ring="o")
        machine.send(udp())
        wait_for(lambda: a.ash_state("h", 0, 1) == b"\1", "it ran")
        a.app_stop(env)
        refused(ag.ENOENT, "no such handler", a.ask, ag.ASH_REMOVE,
                ag.name("h"))


def test_frames_can_be_judged_without_a_wire():
    with unchanged() as a:
        equal(a.filter_run(ag.RUN_TAPS, [udp()]), [[]], "no taps")
        ids = sorted(a.filter_add(f"t{i}", ag.ANY, ag.TO_COUNT) & 0xffff
                     for i in range(5))
        some = [(udp(), 60), (b"", 0), (udp()[:21], 1514), (bytes(2046), 9000)]
        equal([sorted(v) for v in a.filter_run(ag.RUN_TAPS, some)],
              [ids] * len(some), "taps")
        equal(a.filter_run(ag.RUN_RECEIVE, some), [[]] * len(some),
              "nobody's frames")
        equal(len(a.filter_run(ag.RUN_TAPS, [b"x"] * 100)), ag.RUN_MOST,
              "frames a call")
        for i in range(5):
            a.filter_del(f"t{i}")


def test_verdicts_without_room_are_left_for_the_next_call():
    with unchanged() as a:
        for i in range(60):
            a.filter_add(f"t{i}", ag.ANY, ag.TO_COUNT)
        got = a.filter_run(ag.RUN_TAPS, [b"frame"] * 40)
        equal([len(v) for v in got], [60] * (4024 // 122), "verdicts")
        for i in range(60):
            a.filter_del(f"t{i}")


def test_frames_without_an_end_are_refused():
    with unchanged() as a:
        for frames in (struct.pack("<II", 60, 61) + bytes(60),
                       struct.pack("<II", 60, 0xffffffff),
                       struct.pack("<II", 2047, 2047) + bytes(2047),
                       bytes(7), b""):
            refused(ag.EINVAL, "without an end", a.ask, ag.FILTER_RUN,
                    struct.pack("<I", ag.RUN_TAPS) + frames)
        refused(ag.EINVAL, "unknown set", a.ask, ag.FILTER_RUN,
                struct.pack("<III", 99, 0, 0))
        # What stands before the bad one is judged.
        good = ag.run_frame(b"good")
        got = a.ask(ag.FILTER_RUN, struct.pack("<I", 0) + good + bytes(7))
        equal(struct.unpack("<I", got[:4])[0], 1, "judged")


def test_a_repeated_request_is_done_once():
    with unchanged() as a:
        elf = program("echo-ring")
        a.stage(elf)
        ask = struct.pack("<II24s256s", len(elf), 0, b"once", b"")
        answers = []
        for _ in range(3):
            a.send(ag.pack(ag.APP_START, 4711, ask))
            answers.append(a.receive())
        check(answers[0] == answers[1] == answers[2], "one answer for all")
        equal(answers[0][2][:4], bytes(4), "its code")
        refused(ag.EEXIST, "once", a.ask, ag.APP_START, ask)
        a.app_stop(a.app_find("once"))


def test_half_a_message_does_not_spoil_the_next_host():
    with machine.agent() as a:
        a.send(ag.pack(ag.STAGE, 5, bytes(3000))[:1500])
    time.sleep(1.2)
    with unchanged() as a:
        a.ask(ag.PING, tries=1)


def test_noise_and_flipped_bits_change_nothing():
    rng = random.Random(2)
    with unchanged() as a:
        message = ag.pack(ag.FILTER_DEL, 9, ag.name("f"))
        a.filter_add("f", ag.ANY, ag.TO_COUNT)
        for _ in range(100):
            bad = bytearray(message)
            bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
            a.send(bytes(bad))
            a.send(bytes(rng.choice(b"SP\0\1\x10")
                         for _ in range(rng.randrange(200))))
        time.sleep(1.2)
        equal(a.fetch(ag.FILTER_BLOB, "f"), ag.ANY, "the filter")
        a.filter_del("f")


def test_every_operation_survives_every_length():
    """Zeros, ones and letters of every interesting length to every operation:
    an answer, and a text whenever it is a refusal."""
    rng = random.Random(3)
    with unchanged() as a:
        for op in [*range(0, ag.HALT), *range(ag.HALT + 1, ag.REVOKE + 1),
                   ag.BINDINGS, 0x7fff]:
            for n in (0, 1, 3, 4, 8, 11, 12, 13, 16, 23, 24, 28, 32, 88, 184,
                      208, 288, 290, 292, 4095, 4096):
                for fill in (b"\0", b"\xff", b"A", bytes([rng.randrange(256)])):
                    try:
                        a.ask(op, fill * n)
                    except ag.Refused as e:
                        check(e.code < 0 and e.text != "",
                              f"operation {op}, {n} bytes: {e}")


def test_the_agent_asks_back_only_from_its_own_and_only_what_there_is():
    with unchanged() as a:
        env = a.app_start("idle", program("echo-ring"))
        for wrong in (0, 256, env + 256, 0xffffffff):
            refused(ag.ENOENT, "runs nothing", a.revoke, wrong, 1, 1, 0)
        for resource in (0, 5, 0xffffffff):
            refused(ag.EINVAL, "", a.revoke, env, resource, 1, 0)
        a.revoke(env, 1, 0xffffffff, 0)  # all the pages of its own: none
        a.revoke(env, 3, 1, 0)
        refused(ag.ENOENT, "", a.filter_add, "f", ag.ANY, ag.TO_RING, "idle")
        a.app_stop(env)
        equal(a.audit(), "", "the kernel's audit")


def test_halt_ends_the_machine_with_its_status():
    with machine.agent() as a:
        nic = struct.unpack("<10I", a.info(NIC + 8, 40))
        equal(nic[0], sum(nic[1:]), f"every frame accounted for: {nic}")
        a.ask(ag.HALT, struct.pack("<I", 42))
    equal(machine.qemu.wait(5), 42, "status of QEMU")
    check("PANIC" not in machine.console(), "no panic")


if __name__ == "__main__":
    machine = Machine()
    try:
        main(globals())
    finally:
        machine.end()
        if sys.exc_info()[1].code != 0:
            print(machine.console()[-3000:])
        shutil.rmtree(machine.dir, ignore_errors=True)
