"""hands - make an application bind, derive, unbind and send (apps/hands.c).

    with m.wire() as w:
        thief = Hands(m, w, "thief", 0x88c1, "--flow", "udp")
        code, clash = thief.bind(oracle.blob("udp dst port 7"))

Requests and answers are frames of the application's own Ethernet type, so what
an answer says is true of all frames that were sent before it was asked for.
"""
import collections
import os
import struct
import subprocess

from harness import Failed, check
from machine import TOP, wait_for

ORACLE = os.path.join(TOP, "build/test/filter_oracle")
COUNT, STAGE, BIND, FLOW, UNBIND, DROP, SEND, MINE = range(8)
TO_RING, TO_ASH, TO_COUNT, TO_CAPTURE = 1, 2, 3, 4
UPCALL, SHARED, REPLACE, FOLLOW = 1, 2, 4, 32
CHUNK = 1400
DISJOINT, EQUAL, INSIDE, CONTAINS, OVERLAPS, UNDECIDED = range(6)

Clash = collections.namedtuple("Clash", "relation is_flow id frame name")


class Oracle:
    """libpcap with its optimizer off, and filters in their stored form."""

    def __enter__(self):
        self.process = subprocess.Popen([ORACLE], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)

    def ask(self, *words):
        self.process.stdin.write("\t".join(words) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer or answer[0] == "!":
            raise Failed(f"{words[:2]}: {answer}")
        return answer

    def blob(self, program):
        return bytes.fromhex(self.ask("blob", program))

    def accepts(self, program, frame):
        return self.ask("accepts", program, frame.hex()) == "1"


class Hands:
    """An application called NAME that does what it is told."""

    def __init__(self, m, wire, name, ether_type, *options):
        self.wire, self.name, self.type = wire, name, ether_type
        self.serial = 0
        self.ticks = 0  # of CP0 Count, that the last request took
        m.start("hands", f"{ether_type:x}", *options, name=name)
        m.cli("filter", "add", f"to-{name}", f"ether proto {ether_type:#x}",
              "--to", f"ring:{name}")
        wait_for(lambda: self.try_ask() is not None, f"{name} answers")
        self.flow = max(self.ask(MINE)[0], 0)

    def try_ask(self):
        self.send_request(COUNT)
        return self.wire.receive(0.2)

    def send_request(self, op, arg=0, data=b""):
        self.serial += 1
        head = bytes.fromhex("525400123456 020000000001") + \
            self.type.to_bytes(2, "big") + bytes(2)
        frame = head + struct.pack("<4I", self.serial, op, arg, len(data))
        self.wire.send((frame + data).ljust(60, b"\0"))

    def ask(self, op, arg=0, data=b""):
        """(result, what follows)"""
        self.send_request(op, arg, data)
        while True:
            frame = self.wire.receive()
            check(frame is not None, f"{self.name} does not answer")
            if frame[12:14] != self.type.to_bytes(2, "big"):
                continue
            serial, code, _, self.ticks = struct.unpack_from("<IiII", frame, 16)
            if serial == self.serial:
                return code, frame[32:]

    def stage(self, data):
        for at in range(0, len(data), CHUNK):
            code, _ = self.ask(STAGE, at, data[at:at + CHUNK])
            check(code == 0, f"staging: {code}")

    @staticmethod
    def clash(data):
        relation, is_flow, ident, n = struct.unpack_from("<4I", data)
        name = data[16:40].split(b"\0")[0].decode()
        return Clash(relation, is_flow, ident, data[40:40 + n], name)

    def bind(self, blob, flow=None, env=0, target=TO_RING, obj=0, flags=0,
             priority=0, replaces=0, name="bound", cap=0):
        """(id or code, Clash)"""
        self.stage(blob)
        request = struct.pack(
            "<6IiIIII24s", self.flow if flow is None else flow, env, target,
            obj, 0xffffffff, flags, priority, replaces, 0, len(blob), 0,
            name.encode())
        code, data = self.ask(BIND, cap, request)
        return code, self.clash(data)

    def derive(self, blob, parent=None, env=0, name="derived"):
        self.stage(blob)
        request = struct.pack(
            "<IIIII24s", self.flow if parent is None else parent, env, 0,
            len(blob), 0, name.encode())
        code, data = self.ask(FLOW, 0, request)
        return code, self.clash(data)

    def unbind(self, binding):
        return self.ask(UNBIND, binding)[0]

    def drop(self, flow):
        return self.ask(DROP, flow)[0]

    def count(self):
        """Frames that came to its ring and were no requests."""
        return self.ask(COUNT)[0]

    def send(self, frame):
        """Its result; the frame, if it was sent, is taken off the wire."""
        self.stage(frame)
        self.send_request(SEND, len(frame))
        sent = 0
        while True:
            got = self.wire.receive()
            check(got is not None, f"{self.name} does not answer")
            if got[12:14] != self.type.to_bytes(2, "big"):
                sent += 1
                continue
            return struct.unpack_from("<i", got, 20)[0], sent
