#!/usr/bin/python3
"""test_readme - a newcomer types the commands of README.md, in order.

The machines are called `default` there, so they live in a directory of their own.
"""
import os
import re
import subprocess
import tempfile

import harness
from harness import check
from machine import TOP


def paths():
    """[(who, [commands])] of the section Shortest paths."""
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as f:
        text = f.read().split("## Shortest paths")[1].split("\n## ")[0]
    found = []
    for line in text.splitlines():
        who = re.match(r"\*\*(.+?)\.?\*\*", line)
        if who:
            found.append((who.group(1), []))
        elif line.startswith("    "):
            found[-1][1].append(line.strip())
    return found


def type_all(commands):
    with tempfile.TemporaryDirectory(prefix="spr") as run:
        env = dict(os.environ, XDG_RUNTIME_DIR=run)
        try:
            for command in commands:
                done = subprocess.run(command, shell=True, cwd=TOP, env=env,
                                      timeout=60, text=True, check=False,
                                      stdin=subprocess.DEVNULL,
                                      capture_output=True)
                check(done.returncode == 0,
                      f"$ {command}\n{done.stdout}{done.stderr}")
        finally:
            subprocess.run(["build/spindle", "down"], cwd=TOP, env=env,
                           timeout=60, check=False, capture_output=True)


def test_the_readme_has_a_path_for_each_of_four_users():
    harness.equal(len(paths()), 4, f"paths: {paths()}")
    for who, commands in paths():
        check(len(commands) >= 4, f"{who}: {commands}")


def test_its_commands_work_as_they_are_written():
    for _, commands in paths():
        type_all(commands)


if __name__ == "__main__":
    harness.main(globals())
