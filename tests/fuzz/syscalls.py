#!/usr/bin/python3
"""syscalls - random system calls on a machine of its own, with bystanders.

    syscalls.py [SECONDS [SEED]]

Each round boots a machine with an echo handler, an echo application and a judge,
lets several environments make random calls (tests/fuzz/syscall/), sends frames to
all of them meanwhile, and then wants everything back: pages, filters, the judge's
memory, its share of the CPU, and the kernel's tables in agreement.
"""
import os
import re
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             "../system"))
import frames
from harness import Failed, check, equal
from machine import Machine, wait_for

CALLS, WORKERS, MOST_WORKERS = 1000000, 5, 8
TYPE = 0x88b5
SMALL = 32  # MiB: calls often find no memory
GO = 11  # the judge's port
FRAMES, ECHOED = 24, 10  # of each kind, before the next look
AUDIT_EVERY = 20  # twentieths of a second
PROGRAM = "build/test/fuzz/syscall.elf"
JUDGE = "build/test/attack/judge.elf"
PATIENCE = 10  # seconds without a call, or for an echo


def frame(i, n):
    """A frame of the fuzzer's flow, for worker I."""
    return bytes.fromhex("525400123456020000000001") + \
        TYPE.to_bytes(2, "big") + bytes([i, *(n >> s & 0xff for s in
                                              (0, 8, 16))]) + bytes(46)


def noise(w, n):
    """Frames that nobody need answer; some of what workers send comes back."""
    for i in range(FRAMES):
        w.send(frame(i % MOST_WORKERS, n))
    for _ in range(ECHOED):
        sent = w.receive(0)
        if sent is None:
            return
        w.send(sent)
    while w.receive(0) is not None:
        pass


def bystanders(w, n):
    """The echo handler and the echo application still answer.  Beside the noise
    the NIC may miss a frame, so each gets more than one."""
    for port in (7, 9):
        payload = str(n).encode()
        want = frames.reply_udp(payload, port)
        end = time.monotonic() + PATIENCE
        reply = None
        while reply != want:
            check(time.monotonic() < end, f"port {port} does not answer")
            if reply is None:
                w.send(frames.udp(payload, port))
            reply = w.receive(1)


def progress(m):
    """What the fuzzer and the judge have said: (calls, None or all there is)."""
    text = m.console()
    check("PANIC" not in text, text[-2000:])
    check("judge: FAIL" not in text, text[-2000:])
    made = re.findall(r"^fuzz: (\d+) calls", text, re.M)
    done = re.search(r"^fuzz: done (\d+) calls.*$", text, re.M)
    ended = re.search(r"^agent: fuzz (ended with -|died).*$", text, re.M)
    check(ended is None, ended and ended.group(0))
    return int(made[-1]) if made else 0, done and text


def run(m, w):
    """Wait until the fuzzer is done, with traffic; returns the console's text."""
    n, last, since = 0, -1, time.monotonic()
    while True:
        calls, text = progress(m)
        if text:
            return text
        if calls != last:
            last, since = calls, time.monotonic()
        check(time.monotonic() - since < PATIENCE, f"no call after {last}")
        noise(w, n)
        if n % 10 == 0:
            bystanders(w, n)
        if n % AUDIT_EVERY == 0:
            audit(m)
        n += 1
        time.sleep(0.05)


def audit(m):
    """The kernel's tables agree."""
    done = m.cli("status", "--audit", status=None)
    check(done.returncode == 0, done.stdout + done.stderr)


def findings(text):
    """Lines of the report that must not be there."""
    bad = re.findall(r"^fuzz: (?:LEAK|ODD).*$", text, re.M)
    check(not bad, "\n".join(bad))


def fuzz(seed, calls=CALLS, workers=WORKERS, memory=128):
    """One round; returns (calls a second, the report's lines)."""
    with Machine("--mem", str(memory)) as m:
        m.ash("echo", "udp dst port 7", "udp_echo")
        m.cli("app", "start", "echo-ring")
        m.cli("filter", "add", "ring", "udp dst port 9", "--to",
              "ring:echo-ring")
        m.cli("app", "start", JUDGE, "--as", "judge")
        m.cli("filter", "add", "judge", f"udp dst port {GO}", "--to",
              "ring:judge")
        m.console_says("judge: ready")
        free = m.status()["memory"]["free"]
        start = time.monotonic()
        m.cli("app", "start", PROGRAM, str(seed), str(calls), str(workers),
              "--as", "fuzz", "--flow", f"ether proto {TYPE}")
        with m.wire() as w:
            w.send(frames.udp(b"go", GO))
            text = run(m, w)
            took = time.monotonic() - start
            m.console_says("agent: fuzz ended with 0")
            bystanders(w, "after")
        findings(text)
        sound = m.console().count("judge: sound")
        wait_for(lambda: m.console().count("judge: sound") > sound,
                 "the judge goes on")
        audit(m)
        wait_for(lambda: m.status()["memory"]["free"] == free, "free pages: "
                 f"{m.status()['memory']['free']}, not {free}")
        equal(sorted(f["name"] for f in m.ask("filter", "list")),
              ["echo", "judge", "ring"], "filters")
        m.cli("app", "stop", "judge")
        return calls / took, re.findall(r"^fuzz: (.*)$", text, re.M)


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    end, total, start = time.monotonic() + seconds, 0, time.monotonic()
    while time.monotonic() < end:
        print(f"fuzz: system calls, seed {seed}", flush=True)
        rate, lines = fuzz(seed, CALLS, 2 + seed % (MOST_WORKERS - 1),
                           SMALL if seed % 3 == 0 else 128)
        total += CALLS
        print(f"fuzz: {lines[-1]}; {rate:,.0f} calls/s", flush=True)
        seed += 1
    print(f"fuzz: {total:,} system calls in "
          f"{time.monotonic() - start:.0f} s, machine start-up included")


if __name__ == "__main__":
    try:
        main()
    except Failed as e:
        sys.exit(f"fuzz: {e}")
