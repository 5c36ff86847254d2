#!/usr/bin/python3
"""test_wire - what the PCnet driver promises, with nothing above it.

Boots tests/wire/wire.c, whose frames say what is to happen to the driver.
"""
import contextlib
import os
import struct
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests/system"))

# pylint: disable=wrong-import-position
import harness
from harness import check, equal
from machine import Wire

KERNEL = os.path.join(TOP, "build/test/wire.elf")
ME, MAC = bytes.fromhex("020000000001"), bytes.fromhex("525400123456")
OTHER, GROUP = bytes.fromhex("020000000077"), bytes.fromhex("01005e000001")
RX_SLOTS, FRAME_MAX = 128, 1518
TX_SHARE = 16

(CONSUME, ECHO, COUNTERS, RESIZE, GATHER, STOP, STALL, CUT, LEFTOVERS,
 PROMISCUOUS, HOLD, DRAIN, ABANDON, SHARE) = range(14)
DROPS = ("unclaimed", "ring_full", "tx_denied", "tx_full", "aborted",
         "declined", "bad", "debt")
FIELDS = ("received", "consumed", "delivered", *DROPS, "bytes", "sent",
          "sent_bytes", "send_errors", "missed", "resets", "interrupts")
PATTERN = bytes((7 * i + 1) & 255 for i in range(2048))


def frame(op, *parameters, size=60, to=MAC, fill=0):
    head = to + ME + b"\x88\xb5" + bytes([op, 0]) + \
        struct.pack(f"!{len(parameters)}H", *parameters)
    return head + bytes([fill]) * (size - len(head))


def turned(sent, size=None):
    """What an answer in SENT's own slot looks like."""
    size = max(60, size or len(sent))
    return (ME + MAC + sent[12:] + bytes(size))[:size]


class Driver(Wire):
    """The booted kernel, by its wire."""

    def counters(self):
        reply = self.ask(frame(COUNTERS))
        return dict(zip(FIELDS, struct.unpack_from(f"<{len(FIELDS)}I", reply,
                                                   16 + 8)))

    def echo(self, size=60, **kind):
        sent = frame(ECHO, size=size, **kind)
        equal(self.ask(sent), turned(sent), f"echo of {size} bytes")

    @contextlib.contextmanager
    def changes(self, **expected):
        """Inside, the counters change by EXPECTED; the frames that ask for
        them are allowed for."""
        before = self.counters()
        yield
        after = self.counters()
        expected["received"] = expected.get("received", 0) + 1
        expected["sent"] = expected.get("sent", 0) + 1
        for name, by in expected.items():
            equal(after[name] - before[name], by, f"change of {name}")
        lost = sum(after[d] - before[d] for d in DROPS)
        equal(after["received"] - before["received"],
              after["consumed"] - before["consumed"] + lost, "the account")


@contextlib.contextmanager
def driver():
    with tempfile.TemporaryDirectory() as tmp:
        qemu = subprocess.Popen(
            ["qemu-system-mipsel", "-nodefaults", "-M", "malta", "-cpu",
             "24Kf", "-vga", "none", "-display", "none", "-monitor", "none",
             "-no-reboot", "-kernel", KERNEL, "-serial", "stdio",
             "-semihosting-config", "enable=on,target=native",
             "-global", "pcnet.romfile=", "-netdev",
             f"dgram,id=n0,local.type=unix,local.path={tmp}/nic.sock,"
             f"remote.type=unix,remote.path={tmp}/host.sock",
             "-device", f"pcnet,netdev=n0,addr=0xb,mac={MAC.hex(':')}"],
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        try:
            line = qemu.stdout.readline()
            equal(line, "wire: ready\n", "the first line")
            with Driver(tmp) as d:
                yield d
            check(qemu.poll() is None, "the kernel ended")
        finally:
            qemu.kill()
            print("".join(qemu.stdout.readlines()), end="")
            qemu.wait()


def test_frames_of_every_length_come_back_unchanged():
    with driver() as d:
        for size in (*range(60, 140), 255, 256, 511, 1023, 1024, 1500, 1513,
                     1514, 1515, 1517, FRAME_MAX):
            d.echo(size, fill=size & 255)


def test_short_frames_are_padded_with_zeros_both_ways():
    with driver() as d:
        for size in (17, 20, 42, 59):
            d.echo(size, fill=0xee)
        for size in (14, 15, 42, 59, 60, 61, 900, FRAME_MAX):
            sent = frame(RESIZE, size, size=800, fill=0xaa)
            reply = d.ask(sent)
            equal(len(reply), max(60, size), "length")
            equal(reply, turned(sent[:size], size), f"resized to {size}")


def test_bursts_beyond_the_budget_come_back_in_order():
    with driver() as d, d.changes(received=2000, sent=2000, missed=0):
        for _ in range(20):
            sent = [frame(ECHO, i, size=60 + 14 * i) for i in range(100)]
            for f in sent:
                d.send(f)
            for f in sent:
                equal(d.receive(), turned(f), "next in order")


def test_a_frame_is_not_looked_at_before_the_chip_has_written_it():
    # The next frame arrives while the guest looks for it; a driver that does
    # not wait for the chip loses one in some 30000.
    total = 60000
    with driver() as d, d.changes(received=total, sent=total, bad=0):
        for i in range(total):
            d.echo(fill=i & 0xff)


def test_frames_without_a_descriptor_are_counted_as_missed():
    extra = 40
    with driver() as d:
        before = d.counters()
        total = RX_SLOTS + extra
        d.send(frame(HOLD, extra))
        for i in range(1, total):
            d.send(frame(ECHO, i))
        got = []
        while (reply := d.receive(1)) is not None:
            got.append(struct.unpack_from("!H", reply, 16)[0])
            equal(reply, turned(frame(ECHO, got[-1])), "an echo")
        after = d.counters()
        change = {k: after[k] - before[k] for k in FIELDS}
        equal(got, sorted(set(got)), "echoes are in order, each once")
        equal(change["received"], 1 + len(got) + 1, "received")
        equal(len(got) + change["missed"], total - 1, "all are accounted for")
        check(change["missed"] >= extra, f"only {change['missed']} missed")


def test_oversized_frames_are_dropped_whole_and_counted_once():
    with driver() as d:
        sizes = (1519, 1600, 2041, 2042, 2043, 2100, 3500, 4000)
        with d.changes(received=(len(sizes) + 1) * 40, sent=40, missed=0,
                       bad=len(sizes) * 40):
            for _ in range(40):
                for size in sizes:
                    d.send(frame(ECHO, size=size, fill=0xbb))
                d.echo()


def test_nothing_of_a_frame_is_left_in_its_slot():
    with driver() as d:
        # Every slot three times over, received, replied to, oversized.
        for op, size in ((CONSUME, FRAME_MAX), (ECHO, FRAME_MAX),
                         (CONSUME, 3000), (RESIZE, 200)):
            for _ in range(300):
                d.send(frame(op, FRAME_MAX, size=size, fill=0xdd))
                if op in (ECHO, RESIZE):
                    check(d.receive() is not None, "no reply")
                else:
                    d.echo()
            for _ in range(300):
                reply = d.ask(frame(LEFTOVERS))
                equal(reply[16:18], b"\0\0", f"bytes left after {op} {size}")


def test_gathered_frames_are_sent_whole_and_padded():
    with driver() as d:
        for sizes in ((60, 0, 0, 0), (16, 1, 1, 1), (16, 0, 44, 0),
                      (24, 0, 0, 36), (64, 100, 200, 300), (24, 1, 1, 1400),
                      (60, 1458, 0, 0), (18, 500, 500, 500),
                      (16, 0, 0, 0), (14, 0, 0, 1)):
            sent = frame(GATHER, *sizes, size=100)
            want = turned(sent)[:sizes[0]] + b"".join(
                PATTERN[i:i + n] for i, n in enumerate(sizes[1:]))
            equal(d.ask(sent), want + bytes(max(0, 60 - len(want))), f"pieces {sizes}")


def test_gathered_frames_of_no_lawful_length_are_refused():
    with driver() as d:
        for sizes in ((60, 1459, 0, 0), (14, 65535, 65535, 65535),
                      (0, 60, 0, 0), (1519, 0, 0, 0), (4, 4, 4, 1),
                      (65535, 0, 0, 0)):
            sent = frame(GATHER, *sizes, size=100)
            # The refusal is told by a frame of its head alone.
            equal(d.ask(sent), turned(sent[:16]), f"pieces {sizes}")


def test_a_stopped_chip_is_restarted_and_what_waits_is_sent():
    with driver() as d:
        for n in (1, 5, 30):
            with d.changes(received=2, sent=n + 2, resets=1, send_errors=0):
                d.send(frame(STOP, n))
                numbered(d, range(n, 0, -1))
                equal(d.receive(), turned(frame(STOP, n)), "the answer")
                d.echo()


def numbered(d, numbers):
    """The next frames are those that lay in a page, with these NUMBERS."""
    for i in numbers:
        reply = d.receive()
        check(reply is not None, f"frame {i} is lost")
        equal(reply[16:], struct.pack("!H", i) + PATTERN[:600],
              "a frame that waited")


def test_frames_that_lie_in_a_page_that_goes_are_sent_first():
    with driver() as d:
        for n in (1, 2, 30):
            with d.changes(received=2, sent=n + 2, resets=1, send_errors=0):
                d.send(frame(DRAIN, n))
                numbered(d, range(n, 0, -1))
                equal(d.receive(), turned(frame(DRAIN, n)), "the answer")
                d.echo()


def test_frames_that_lie_in_a_page_that_must_go_are_dropped():
    with driver() as d:
        for n in (1, 2, 3, 30, 31):
            with d.changes(received=2, sent=n // 2 + 2, resets=1,
                           send_errors=n - n // 2):
                d.send(frame(ABANDON, n))
                numbered(d, [i for i in range(n, 0, -1) if i % 2 == 0])
                equal(d.receive(), turned(frame(ABANDON, n)), "the answer")
                d.echo()


def test_a_sender_cannot_take_the_descriptors_of_others():
    with driver() as d:
        for _ in range(10):
            with d.changes(received=1, sent=TX_SHARE + 1, resets=1):
                d.send(frame(SHARE))
                for _ in range(2):
                    numbered(d, range(1, TX_SHARE // 2 + 1))
                check(d.receive() is not None, "no answer")


def test_a_restart_keeps_the_frames_that_wait_in_the_ring():
    with driver() as d:
        for n in (1, 10, 63, 64, 100, RX_SLOTS - 2):
            with d.changes(received=n + 1, sent=n, resets=1, missed=0):
                d.send(frame(STALL, n))
                sent = [frame(ECHO, i, size=60 + 10 * i) for i in range(n)]
                for f in sent:
                    d.send(f)
                for f in sent:
                    equal(d.receive(), turned(f), f"kept, {n} waited")


def test_a_transmitter_that_gave_up_is_restarted():
    with driver() as d:
        for _ in range(10):
            with d.changes(received=2, sent=2, send_errors=1, resets=1):
                equal(d.ask(frame(CUT)), turned(frame(CUT)), "the answer")
                d.echo()


def test_only_own_and_group_frames_are_taken_unless_promiscuous():
    with driver() as d:
        d.echo(to=GROUP)
        d.echo(to=b"\xff" * 6)
        with d.changes(received=1, sent=1):
            d.send(frame(ECHO, to=OTHER))
            d.echo()
        d.ask(frame(PROMISCUOUS, 1))
        d.echo(to=OTHER)
        d.ask(frame(PROMISCUOUS, 0))
        with d.changes(received=1, sent=1):
            d.send(frame(ECHO, to=OTHER))
            d.echo()


if __name__ == "__main__":
    harness.main(globals())
