#!/usr/bin/python3
"""fake_agent - an agent on a bad line, for tests of the host command.

    fake_agent.py DIR/ctl.sock MODE

Answers AG_PING and AG_INFO as apps/agent/agent.h says, behind noise.  MODE:
    noisy   garbage around, and a damaged copy before, every answer
    deaf    the first request of a connection is not answered
    mute    nothing is answered
    stale   the answer to the last request comes before the right one
    short   answers without a result
    wrong   AG_AUDIT finds the kernel's tables wrong
    liar    filters are bound, but accept no frame of even length
"""
import os
import socket
import struct
import sys
import zlib

PING, STAGE, INFO, FILTER_ADD, FILTER_DEL = 1, 2, 3, 7, 8
FILTER_RUN, AUDIT, REPLY = 16, 18, 0x8000
MAGIC, VERSION = 0x4e505331, 3  # of struct sp_info


def message(op, tag, payload):
    head = b"SP" + struct.pack("<HHH", op, tag, len(payload)) + payload
    return head + struct.pack("<I", zlib.crc32(head))


def requests(conn):
    """(op, tag, payload) until the other side closes."""
    data = b""
    while True:
        while len(data) >= 8:
            size = 8 + struct.unpack_from("<H", data, 6)[0] + 4
            if len(data) < size:
                break
            op, tag = struct.unpack_from("<HH", data, 2)
            yield op, tag, data[8:size - 4]
            data = data[size:]
        more = conn.recv(65536)
        if not more:
            return
        data += more


def verdicts(frames):
    """Binding 1 accepts frames of odd length."""
    found, at = [], 0
    while at < len(frames):
        n = struct.unpack_from("<I", frames, at + 4)[0]
        found.append(struct.pack("<HH", 1, 1) if n % 2 else bytes(2))
        at += 8 + n + -n % 4
    return struct.pack("<II", len(found), 0) + b"".join(found)


def lie(op, payload):
    """What follows the result of an operation on filters."""
    if op == FILTER_RUN:
        return verdicts(payload[4:])
    return struct.pack("<I", 1) if op == FILTER_ADD else b""


def result(op, payload, mode):
    if mode == "liar" and op in (STAGE, FILTER_ADD, FILTER_DEL, FILTER_RUN):
        return struct.pack("<i60x", 0) + lie(op, payload)
    if op == PING:
        return struct.pack("<i60xI", 0, 1)
    if op == INFO:
        at, n = struct.unpack("<II", payload)
        info = struct.pack("<II", MAGIC, VERSION) + bytes(at + n)
        return struct.pack("<i60x", 0) + info[at:at + n]
    if op == AUDIT and mode == "wrong":
        return struct.pack("<i60xI512s", 0, 1,
                           b"frame 7: two owners\nslice 9: nobody's\n")
    return struct.pack("<i60s", -11, b"a fake knows nothing of this")


def serve(conn, mode):
    first, last = True, b""
    for op, tag, payload in requests(conn):
        answer = message(op | REPLY, tag, result(op, payload, mode))
        if mode == "mute" or (mode == "deaf" and first):
            first = False
            continue
        if mode == "noisy":
            broken = bytearray(answer)
            broken[len(broken) // 2] ^= 0x40
            conn.sendall(b"SSPSP\xff\xff" + bytes(broken) + b"S" + answer + b"SP")
        elif mode == "stale":
            conn.sendall(last + answer)
        elif mode == "short":
            conn.sendall(message(op | REPLY, tag, b"\0\0\0\0"))
        else:
            conn.sendall(answer)
        last = answer


def main():
    path, mode = sys.argv[1:3]
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
        s.listen(4)
        print(os.getpid(), flush=True)
        while True:
            conn, _ = s.accept()
            with conn:
                try:
                    serve(conn, mode)
                except ConnectionError:
                    pass


if __name__ == "__main__":
    main()
