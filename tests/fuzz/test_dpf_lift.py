#!/usr/bin/python3
"""test_dpf_lift - damaged filters with a fixed seed, as long as a gate can wait."""
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAME = "damaged filters are refused, or accept what libpcap accepts"


def main():
    ran = subprocess.run(["build/fuzz/dpf_lift", "5", "1",
                          "tests/system/expressions.txt"], cwd=TOP, check=False)
    print("ok" if ran.returncode == 0 else "not ok", NAME)
    return ran.returncode


sys.exit(main())
