#!/usr/bin/python3
"""test_ash_mutate - mutated handlers with a fixed seed; `make fuzz` tries others."""
import glob
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MUTANTS, SEED = 150000, 1
NAME = f"{MUTANTS:,} mutated handlers are refused or harmless"


def main():
    os.chdir(TOP)
    objects = sorted(glob.glob("build/ash/*.o") +
                     glob.glob("build/corpus/ash/accepted/*.o"))
    ran = subprocess.run(["build/fuzz/ash_mutate", str(MUTANTS), str(SEED),
                          *objects], check=False)
    print("ok" if ran.returncode == 0 else "not ok", NAME)
    return ran.returncode


sys.exit(main())
