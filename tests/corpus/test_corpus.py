#!/usr/bin/python3
"""`make corpus` on a small corpus of our own."""
import os
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests/system"))

# pylint: disable=wrong-import-position
import gen_capture
import harness
from captures import write_pcap
from harness import check, equal

EXPRESSIONS = os.path.join(TOP, "tests/system/expressions.txt")
RESIDUALS = os.path.join(TOP, "tests/system/residuals.txt")


def corpus(*words):
    return subprocess.run([os.path.join(TOP, "tests/corpus/corpus.py"), *words],
                          text=True, capture_output=True, timeout=100,
                          check=False)


def join(files, to):
    """Writes all lines of FILES; returns how many those are."""
    lines = []
    for name in files:
        with open(name, encoding="utf-8") as f:
            lines += f.readlines()
    with open(to, "w", encoding="utf-8") as f:
        f.writelines(lines)
    return len(lines)


def test_native_verdicts_on_a_corpus_are_libpcap_s():
    with tempfile.TemporaryDirectory() as tmp:
        frames = gen_capture.frames(800, 5)
        gen_capture.write_pcap(os.path.join(tmp, "whole.pcap"), frames)
        write_pcap(os.path.join(tmp, "cut.pcap"),
                   [(f[:7 * i % 90], len(f)) for i, f in enumerate(frames[:90])])
        write_pcap(os.path.join(tmp, "long.pcap"), [bytes(1515), bytes(1514)])
        both = os.path.join(tmp, "expressions")
        n = join([EXPRESSIONS, RESIDUALS], both)
        done = corpus(tmp, both)
    equal(done.stdout.splitlines()[-1:],
          [f"{n} filters, 3 captures, 891 frames, 0 mismatches"],
          f"last line\n{done.stderr}")
    equal(done.returncode, 0, "status")
    counts = [int(line.split()[0]) for line in done.stdout.splitlines()[:n]]
    check(sum(c > 0 for c in counts) > n * 3 / 4,
          f"most expressions accept some frame: {counts}")


def test_a_corpus_wants_both_its_parts():
    equal(corpus("", EXPRESSIONS).returncode, 1, "no captures")
    equal(corpus("/nonexistent", EXPRESSIONS).returncode, 1, "no such folder")
    equal(corpus(os.path.dirname(EXPRESSIONS),
                 "/nonexistent").returncode, 1, "no such expressions")


if __name__ == "__main__":
    harness.main(globals())
