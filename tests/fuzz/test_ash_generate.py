#!/usr/bin/python3
"""test_ash_generate - made-up handlers and single words with a fixed seed; `make
fuzz` tries others."""
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SEED = 1
PROMISES = {
    "ash_generate": (20000, "generated handlers are refused or harmless"),
    "ash_words": (20000, "single words do what the verifier's table says"),
}


def main():
    failed = 0
    for program, (count, promise) in PROMISES.items():
        ran = subprocess.run([f"build/fuzz/{program}", str(count), str(SEED)],
                             check=False, cwd=TOP)
        print("ok" if ran.returncode == 0 else "not ok", f"{count:,}", promise)
        failed += ran.returncode != 0
    return failed


sys.exit(main())
