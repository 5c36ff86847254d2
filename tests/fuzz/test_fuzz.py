#!/usr/bin/python3
"""test_fuzz - the fuzzers, with a fixed seed, as long as the gate can afford."""
import glob
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests/system"))

import harness  # pylint: disable=wrong-import-position


def run(*argv):
    done = subprocess.run(argv, cwd=TOP, capture_output=True, text=True,
                          timeout=110, check=False)
    harness.equal(done.returncode, 0, f"{argv[0]}: {done.stdout}{done.stderr}")
    print(f"  {done.stdout.strip()}")


def handlers():
    found = sorted(glob.glob("build/ash/*.o", root_dir=TOP))
    harness.check(len(found) >= 3, f"handlers: {found}")
    return found


def test_a_hundred_thousand_mutated_handlers_are_refused_or_harmless():
    run("build/fuzz/ash_mutate", "100000", "1", *handlers())


def test_damaged_filters_are_refused_or_exact():
    run("build/fuzz/dpf_lift", "5", "1", "tests/system/expressions.txt")


if __name__ == "__main__":
    harness.main(globals())
