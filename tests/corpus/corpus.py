#!/usr/bin/python3
"""corpus - every expression of a file on every capture of a folder.

    make corpus CORPUS=DIR FILTERS=FILE

Boots a machine whose boot archive holds every Ethernet frame of at most 1514
bytes (the control line is slow), binds the expressions (in groups, if they do
not fit), has its native code judge the frames and compares each verdict with
libpcap's, its optimizer off.  The last line says how that went.
"""
import os
import signal
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests/system"))

# pylint: disable=wrong-import-position
from machine import SPINDLE, Machine

LONGEST = 1514    # bytes of an Ethernet frame
MEMORY_MIB = 256  # the frames lie in memory


def boot_archive(directory, captures):
    """A boot archive that holds the captures' frames; None: there are none."""
    frames = os.path.join(directory, "frames")
    done = subprocess.run([SPINDLE, "filter", "run", "--pack", frames,
                           *the_frames(captures)], stdout=subprocess.DEVNULL,
                          check=False)
    if done.returncode != 0:
        return None
    archive = os.path.join(directory, "boot.cpio")
    subprocess.run([os.path.join(TOP, "apps/mkboot"), archive,
                    "agent=" + os.path.join(TOP, "build/apps/agent.elf"),
                    "frames=" + frames], check=True)
    return archive


def the_frames(captures):
    return ["-r", captures, "--longest", str(LONGEST)]


def main(captures, expressions):
    """The status of `spindle filter run` on all of it."""
    with tempfile.TemporaryDirectory() as tmp:
        archive = boot_archive(tmp, captures)
        if archive is None:
            return 1
        with Machine("--initrd", archive, "--mem", str(MEMORY_MIB)) as m:
            return subprocess.run(
                [SPINDLE, "filter", "run", "-F", expressions, "--packed",
                 *the_frames(captures), "--name", m.name],
                check=False).returncode


if __name__ == "__main__":
    if len(sys.argv) != 3 or not all(sys.argv[1:]):
        sys.exit("usage: make corpus CORPUS=DIR FILTERS=FILE")
    # The machine ends with us, whoever ends us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    sys.exit(main(*sys.argv[1:]))
