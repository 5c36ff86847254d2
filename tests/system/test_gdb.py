#!/usr/bin/python3
"""test_gdb - `make gdb` debugs the kernel: lines, and back-traces through traps."""
import os
import re
import subprocess
import tempfile

import harness
from harness import check
from machine import TOP

SCRIPT = """
add-symbol-file build/apps/agent.elf
break kernel_main
continue
backtrace
info source
echo ---- system call\\n
tbreak kernel/core/syscall.c:sys_console
continue
backtrace
info line *$pc
kill
"""


def gdb(script):
    """What gdb prints for SCRIPT.  Its status says nothing: the last command
    ends QEMU, and gdb complains that its target has gone."""
    with tempfile.NamedTemporaryFile("w", suffix=".gdb") as f:
        f.write(script)
        f.flush()
        done = subprocess.run([os.path.join(TOP, "tools/gdb"), "-batch", "-x",
                               f.name], timeout=60, text=True, check=False,
                              capture_output=True, stdin=subprocess.DEVNULL)
    check("---- system call" in done.stdout, f"gdb: {done.stderr}")
    return done.stdout


def test_a_breakpoint_shows_source_and_a_trap_shows_who_trapped():
    text = gdb(SCRIPT)
    boot, call = text.split("---- system call\n")
    check(re.search(r"kernel_main \(.*kernel/main\.c:\d+", boot), boot)
    check("Current source file is kernel/main.c" in boot, boot)
    check(re.search(r"#0 .*sys_console .*kernel/core/syscall\.c:\d+", call), call)
    check("#1  <signal handler called>" in call, call)  # syscall_entry
    check(re.search(r"#2 .*print .* at apps/lib/syscall\.h:\d+", call), call)
    check(re.search(r"in app_main .* at apps/agent/main\.c:\d+", call), call)
    check(re.search(r"Line \d+ of \"kernel/core/syscall\.c\"", call), call)


if __name__ == "__main__":
    harness.main(globals())
