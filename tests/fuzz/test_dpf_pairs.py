#!/usr/bin/python3
"""test_dpf_pairs - libpcap, the filter and its code agree, for a while
(`make fuzz-pairs` does more of it)."""
import os
import re
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             "../system"))
import harness
from harness import check
from machine import TOP


def test_programs_and_frames_are_judged_alike():
    done = subprocess.run(
        ["build/fuzz/dpf_pairs", "400000", "20", "tests/system/expressions.txt"],
        cwd=TOP, capture_output=True, text=True, timeout=100, check=False)
    found = re.match(r"(\d+) pairs of (\d+) distinct programs \((\d+) with",
                     done.stdout)
    check(done.returncode == 0 and found, done.stdout[:4000] + done.stderr)
    check(int(found[1]) >= 400000 and int(found[2]) >= 4000 and
          int(found[3]) > 400, done.stdout)


if __name__ == "__main__":
    harness.main(globals())
