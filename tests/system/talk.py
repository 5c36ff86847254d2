#!/usr/bin/python3
"""talk - send a few Scapy-made datagrams to a running machine, show the replies.

    talk.py MACHINE [--port P] [--count N]
"""
import argparse
import json
import sys

import frames
from harness import Failed
from machine import Wire, spindle


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    ap.add_argument("machine")
    ap.add_argument("--port", type=int, default=7)
    ap.add_argument("--count", type=int, default=3)
    args = ap.parse_args()
    status = spindle("status", "--name", args.machine, "--json")
    with Wire(json.loads(status.stdout)["dir"]) as wire:
        for i in range(args.count):
            frame = frames.udp(b"spindle %d" % i, args.port, sport=40000 + i)
            print(f"  > {frames.parse(frame).summary()}")
            print(f"  < {frames.parse(wire.ask(frame)).summary()}")


if __name__ == "__main__":
    try:
        main()
    except Failed as e:
        sys.exit(f"talk: {e}")
