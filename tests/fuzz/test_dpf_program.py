#!/usr/bin/python3
"""test_dpf_program - programs by chance with a fixed seed, as long as a gate can wait."""
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAME = "libpcap, the filter and its code agree on programs made by chance"


def main():
    ran = subprocess.run(["build/fuzz/dpf_program", "5", "1"], cwd=TOP, check=False)
    print("ok" if ran.returncode == 0 else "not ok", NAME)
    return ran.returncode


sys.exit(main())
