#!/usr/bin/python3
"""corpus - every expression of a file on every capture of a folder.

    make corpus CORPUS=DIR FILTERS=FILE

Boots a machine, binds the expressions (in groups, if they do not fit), has its
native code judge every Ethernet frame of at most 1514 bytes and compares each
verdict with libpcap's, its optimizer off.  The last line says how that went.
"""
import os
import signal
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests/system"))

# pylint: disable=wrong-import-position
from machine import SPINDLE, Machine

LONGEST = 1514  # bytes of an Ethernet frame


def main(captures, expressions):
    """The status of `spindle filter run` on all of it."""
    with Machine() as m:
        return subprocess.run(
            [SPINDLE, "filter", "run", "-F", expressions, "-r", captures,
             "--longest", str(LONGEST), "--name", m.name],
            check=False).returncode


if __name__ == "__main__":
    if len(sys.argv) != 3 or not all(sys.argv[1:]):
        sys.exit("usage: make corpus CORPUS=DIR FILTERS=FILE")
    # The machine ends with us, whoever ends us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    sys.exit(main(*sys.argv[1:]))
