#!/usr/bin/python3
"""The adapter for others' vectors, on a few vectors of our own."""
import json
import os
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests/system"))

# pylint: disable=wrong-import-position
import frames
import harness
from captures import write_pcap
from harness import check, equal

ADAPTER = os.path.join(TOP, "build/host/vectors")
COLUMNS = "label optimize netmask savefile expected_results expr".split()
LDB, LDX_LEN, ADD_X, TXA, RET_A, RET_K = 0x30, 0x81, 0x0c, 0x87, 0x16, 0x06
JEQ, JA = 0x15, 0x05

# A capture of three frames, and which of them are accepted.
PACKETS = [frames.udp(), frames.ping(), (frames.udp()[:40], 61)]
LINES = [("udp", "262144,0,262144"), ("icmp", "0,262144,0"),
         ("udp dst port 7", "262144,0,262144"), ("udp[9] = 0", "0,0,0"),
         ("len = 61", "0,0,262144"), ("less 10", "0,0,0"),
         ("ip[2:2] - 20 > udp[4:2] - 1", "1,0,1")]
LOOP = ("ip protochain 17", "1,0,1")

# Programs as FreeBSD's tests have them: instructions, packet, its lengths.
FREEBSD = [
    ("first byte", [(LDB, 0, 0, 0), (RET_A, 0, 0, 0)], "01", 1, 1, 1),
    ("no second byte", [(LDB, 0, 0, 1), (RET_K, 0, 0, 1)], "01", 9, 1, 0),
    ("length on the wire", [(LDX_LEN, 0, 0, 0), (TXA, 0, 0, 0),
                            (JEQ, 0, 1, 9), (RET_K, 0, 0, 1),
                            (RET_K, 0, 0, 0)], "0102", 9, 2, 1),
    ("sum of bytes", [(LDB, 0, 0, 0), (0x07, 0, 0, 0), (LDB, 0, 0, 1),
                      (ADD_X, 0, 0, 0), (RET_A, 0, 0, 0)], "ff01", 2, 2, 256),
    ("sum that is nothing", [(LDB, 0, 0, 0), (0x07, 0, 0, 0), (LDB, 0, 0, 1),
                             (ADD_X, 0, 0, 0), (RET_A, 0, 0, 0)],
     "0000", 2, 2, 0)]
INVALID = [("no end", [(LDB, 0, 0, 0)]), ("empty", []),
           ("jump too far", [(JA, 0, 0, 7), (RET_K, 0, 0, 0)]),
           ("unknown", [(0xff, 0, 0, 0), (RET_K, 0, 0, 0)])]


def vectors(*files):
    return subprocess.run([ADAPTER, *files], text=True, capture_output=True,
                          timeout=60, check=False)


def lines(directory, rows):
    """ROWS as a table of apply tests beside their capture."""
    write_pcap(os.path.join(directory, "own.pcap"), PACKETS)
    path = os.path.join(directory, "vectors", "own.tsv")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        print("\t".join(COLUMNS), file=f)
        for expr, results in rows:
            print("\t".join((expr, "0", "-", "own.pcap", results, expr)),
                  file=f)
    return path


def freebsd(directory, expect=None):
    """The programs above; EXPECT changes what is expected of all."""
    path = os.path.join(directory, "freebsd.json")
    tests = [{"descr": d, "insns": i, "pkt": p, "wirelen": w, "buflen": b,
              "libpcap_valid": 1, "expect": e if expect is None else expect}
             for d, i, p, w, b, e in FREEBSD]
    tests += [{"descr": d, "insns": i, "pkt": "", "wirelen": 0, "buflen": 0,
               "libpcap_valid": 0, "expect": 0} for d, i in INVALID]
    with open(path, "w", encoding="utf-8") as f:
        json.dump(tests, f)
    return path


def linux(directory, results):
    """Byte 1 of a packet that is cut off, as Linux's tests have it."""
    path = os.path.join(directory, "linux.json")
    one = {"descr": "byte 1", "insns": [(LDB, 0, 0, 1), (RET_A, 0, 0, 0)],
           "data": "0007", "class": "portable", "subtests": results}
    with open(path, "w", encoding="utf-8") as f:
        json.dump([one, {"class": "ancillary"}], f)
    return path


def test_vectors_that_are_right_pass():
    with tempfile.TemporaryDirectory() as tmp:
        done = vectors(lines(tmp, LINES + [LOOP]), freebsd(tmp),
                       linux(tmp, [[0, 0], [1, 0], [2, 7]]))
    check("1 not portable, 0 unknown to libpcap, 1 refused for loops\n" in
          done.stdout, done.stdout)
    equal(done.stdout.splitlines()[-1:], [
        f"{len(LINES) + len(FREEBSD) + 1} programs (3 with residuals), "
        f"{len(INVALID)} refused, {3 * len(LINES) + len(FREEBSD) + 3} "
        "verdicts, 0 failed"], f"last line\n{done.stdout}{done.stderr}")
    equal(done.returncode, 0, "status")


def test_vectors_that_are_wrong_fail():
    with tempfile.TemporaryDirectory() as tmp:
        for path in (lines(tmp, [("udp", "1,1,1")]), freebsd(tmp, 0),
                     linux(tmp, [[1, 1]])):
            done = vectors(path)
            equal(done.returncode, 1, path)
            check("native code says otherwise" in done.stdout and
                  "the interpreter says otherwise" in done.stdout, done.stdout)
        done = vectors(lines(tmp, [("udp", "1,0,1,0")]))
        check("packets are missing" in done.stdout, done.stdout)
        equal(vectors().returncode, 1, "nothing to do")


if __name__ == "__main__":
    harness.main(globals())
