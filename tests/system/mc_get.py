#!/usr/bin/python3
"""mc_get - a memcached client that asks by UDP: mc_get.py ADDRESS KEY...

Debian's clients send sets by UDP, but no gets.
"""
import socket
import struct
import sys


def get(s, number, key):
    """What the server says about KEY."""
    s.send(struct.pack(">4H", number, 0, 1, 0) + b"get " + key + b"\r\n")
    answer = s.recv(2048)
    if answer[:8] != struct.pack(">4H", number, 0, 1, 0):
        sys.exit(f"not an answer to request {number}: {answer}")
    return answer[8:]


def value(answer, key):
    """The value in a hit; None in a miss."""
    if answer == b"END\r\n":
        return None
    line, rest = answer.split(b"\r\n", 1)
    word, name, _, size = line.split(b" ")
    if word != b"VALUE" or name != key or rest[int(size):] != b"\r\nEND\r\n":
        sys.exit(f"no answer: {answer}")
    return rest[:int(size)]


def main():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.connect((sys.argv[1], 11211))
        for number, key in enumerate(map(str.encode, sys.argv[2:])):
            got = value(get(s, number, key), key)
            print(key.decode(), "-" if got is None else got.decode())


if __name__ == "__main__":
    main()
