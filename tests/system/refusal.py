"""refusal - a command that must fail, with one line that says why."""
import subprocess

from harness import check, equal
from machine import SPINDLE, TOP

TEXT_LIMIT = 700  # characters of a reason, an example frame included


def refused(*words, status=1, says="", env=None):
    """The command fails with STATUS and one line that says SAYS."""
    done = subprocess.run([SPINDLE, *words], cwd=TOP, text=True, env=env,
                          capture_output=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL)
    what = f"spindle {' '.join(words)}"
    equal(done.returncode, status, f"{what}: status\n{done.stderr}")
    equal(done.stdout, "", f"{what}: standard output")
    lines = done.stderr.splitlines()
    equal(len(lines), 1, f"{what}: lines of reason: {done.stderr!r}")
    check(lines[0].startswith("spindle: "), lines[0])
    check(len(lines[0]) < TEXT_LIMIT, f"a long reason: {lines[0]}")
    check(says in lines[0], f"{what}: {lines[0]!r} does not say {says!r}")
    return lines[0]
