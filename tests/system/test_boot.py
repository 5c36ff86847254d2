#!/usr/bin/python3
"""test_boot - a machine comes up, says so, and dies with a reason."""
import os
import subprocess
import tempfile

import harness
from harness import check, equal
from machine import TOP, Machine, spindle

QEMU = ["qemu-system-mipsel", "-nodefaults", "-M", "malta", "-cpu", "24Kf",
        "-vga", "none", "-display", "none", "-monitor", "none", "-no-reboot",
        "-semihosting-config", "enable=on,target=native", "-serial", "stdio"]
DYING = os.path.join(TOP, "build/test/dying.elf")


def alive(pid):
    """A process that is more than a zombie nobody has waited for."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(name):
    return spindle("status", "--name", name, status=None).returncode == 1


def test_a_machine_boots_and_its_console_says_so():
    with Machine() as m:
        status = m.status()
        equal(status["up"], True, "up")
        equal(status["nic"]["mac"], "52:54:00:12:34:56", "the NIC's address")
        text = m.console()
        check("spindle" in text, f"console: {text!r}")
        check("PANIC" not in text, f"console: {text!r}")


def test_two_machines_run_side_by_side():
    with Machine() as a, Machine() as b:
        check(a.status()["pid"] != b.status()["pid"], "one process for both")


def test_down_leaves_nothing_running():
    with Machine() as m:
        pid = m.status()["pid"]
        m.check_accounts()
        m.cli("down")
        check(not alive(pid), f"process {pid} is alive")
        m.cli("up")


def test_a_panic_ends_qemu_with_a_failing_status():
    done = subprocess.run([*QEMU, "-kernel", DYING], timeout=20, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL,
                          check=False)
    check(done.returncode not in (0, None), "status 0")
    first = done.stdout.splitlines()[0]
    check(first.startswith("PANIC tests/system/dying.c:") and
          first.endswith(": on purpose"), f"console: {done.stdout!r}")


def test_a_kernel_that_dies_at_boot_gives_its_reason():
    name = f"dying-{os.getpid()}"
    done = spindle("up", "--name", name, "--kernel", DYING, status=1)
    check(done.stderr.startswith("spindle: up: "), done.stderr)
    check("PANIC tests/system/dying.c:" in done.stderr, done.stderr)
    check(gone(name), "the machine is still there")


def test_a_kernel_for_another_machine_is_refused():
    done = spindle("up", "--name", f"alien-{os.getpid()}", "--kernel",
                   os.path.join(TOP, "build/spindle"), status=1)
    equal(len(done.stderr.splitlines()), 1, f"lines of reason: {done.stderr}")
    check("another machine" in done.stderr, done.stderr)


def test_a_truncated_kernel_is_refused():
    with tempfile.NamedTemporaryFile() as f:
        f.write(b"\x7fELF\x01\x01")
        f.flush()
        done = spindle("up", "--name", f"short-{os.getpid()}", "--kernel",
                       f.name, status=1)
    check("truncated" in done.stderr, done.stderr)


if __name__ == "__main__":
    harness.main(globals())
