"""guest - the kernel that is measured: its symbols, and QEMU with a plugin."""
import contextlib
import os
import shlex
import shutil
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KERNEL = os.path.join(TOP, "build/kernel.elf")


def symbols(program=KERNEL):
    """Addresses and ends of the kernel's (or a PROGRAM's) functions."""
    listing = subprocess.run(["mipsel-linux-gnu-nm", "-S", program], text=True,
                             capture_output=True, check=True).stdout
    found = {}
    for line in listing.splitlines():
        words = line.split()
        start = int(words[0], 16) & 0xffffffff  # printed sign-extended
        size = int(words[1], 16) if len(words) == 4 else 0
        found[words[-1]] = (start, start + size)
    return found


class Names:
    """Which function an address belongs to."""

    def __init__(self):
        at = symbols()
        self.functions = sorted((low, name) for name, (low, _) in at.items())
        self.generated = at["kernel_end"][0]

    def of(self, pc):
        if pc >= self.generated:
            return "generated code"
        low, name = max(f for f in self.functions if f[0] <= pc)
        return f"{name}+{pc - low:#x}"

    def function(self, pc):
        return self.of(pc).split("+")[0]


@contextlib.contextmanager
def plugin(directory, path, arguments):
    """Inside, QEMU is started with the plugin at PATH; DIRECTORY is ours."""
    real = shutil.which("qemu-system-mipsel")
    ours = os.path.join(directory, "qemu-system-mipsel")
    words = shlex.quote(",".join([path, *arguments]))
    with open(ours, "w", encoding="utf-8") as f:
        f.write(f'#!/bin/sh\nexec {real} "$@" -plugin {words}\n')
    os.chmod(ours, 0o755)
    before = os.environ["PATH"]
    os.environ["PATH"] = directory + os.pathsep + before
    try:
        yield
    finally:
        os.environ["PATH"] = before
