"""agentlib - the agent's protocol (apps/agent/agent.h) without the host tool.

    with Agent("/path/ctl.sock") as a:
        env = a.app_start("echo", open("build/apps/echo-ring.elf", "rb").read())

A second implementation, so that tests can say things the tool never would:
corrupt messages, lengths that lie, operations that do not exist.  Refusals
raise Refused, which holds code, text and whatever followed.
"""
import binascii
import os
import random
import select
import socket
import struct
import time

from harness import equal

HEAD, MAX_PAYLOAD, REPLY, CHUNK = 8, 4096, 0x8000, 3072
(PING, STAGE, INFO, APP_START, APP_STOP, APP_FIND, FILTER_ADD, FILTER_DEL,
 FILTER_BLOB, ASH_RESERVE, ASH_INSTALL, ASH_REMOVE, ASH_CODE, HALT, ASH_STATE,
 FILTER_RUN, FLOW, AUDIT, REVOKE) = range(1, 20)
BINDINGS = 29
TO_COUNT, TO_RING, TO_ASH, TO_TEST = 1, 2, 3, 5
SHARED, REPLACE, FOLLOW = 2, 4, 32
RUN_RECEIVE, RUN_TAPS, RUN_TEST = range(3)
RUN_MOST = 64
EINVAL, ENOENT, EEXIST, EOVERLAP, EFORMAT = -1, -6, -7, -9, -17
EUNSUPPORTED = -11
ANY = struct.pack("<IHHHH", 0x31465044, 0, 0, 0xffff, 0)  # accepts every frame
SP_ASH = "<8I32I24s"


class Refused(Exception):
    """The agent's answer to what it will not do."""

    def __init__(self, code, text, data):
        super().__init__(f"{code}: {text}")
        self.code, self.text, self.data = code, text, data


def name(text):
    """A name field."""
    return struct.pack("<24s", text.encode())


def run_frame(data, wirelen=None):
    """A frame in a buffer for filter_run."""
    return struct.pack("<II", len(data) if wirelen is None else wirelen,
                       len(data)) + data + bytes(-len(data) % 4)


def pack(op, tag, payload):
    """One message."""
    m = b"SP" + struct.pack("<HHH", op, tag, len(payload)) + payload
    return m + struct.pack("<I", binascii.crc32(m))


class Agent:
    """A connection to the control socket."""

    def __init__(self, path, patience=10):
        self.path, self.patience = path, patience
        self.tag = random.randrange(0x10000)
        self.socket, self.input = None, b""

    def __enter__(self):
        end = time.monotonic() + self.patience
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(self.path)
                break
            except OSError:
                self.socket.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
        # Bytes that came before the agent was there are lost.
        self.ask(PING, tries=self.patience * 10, limit=0.1)
        return self

    def __exit__(self, *_):
        self.socket.close()

    # --- messages ---
    def send(self, data):
        self.socket.sendall(data)

    def receive(self, limit=2.0):
        """The next message (op, tag, payload), or None after LIMIT seconds."""
        end = time.monotonic() + limit
        while True:
            if len(self.input) >= HEAD:
                sp, op, tag, n = struct.unpack("<2sHHH", self.input[:HEAD])
                whole = self.input[:HEAD + n + 4]
                if sp != b"SP":
                    raise ValueError(f"no message: {self.input[:64]!r}")
                if len(whole) == HEAD + n + 4:
                    self.input = self.input[len(whole):]
                    if whole != pack(op, tag, whole[HEAD:-4]):
                        raise ValueError("bad checksum from the agent")
                    return op, tag, whole[HEAD:-4]
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                return None
            data = self.socket.recv(65536)
            if not data:
                return None
            self.input += data

    def ask(self, op, payload=b"", tries=3, limit=2.0):
        """Request and answer; returns what follows struct ag_result."""
        self.tag = (self.tag + 1) & 0xffff
        for _ in range(tries):
            self.send(pack(op, self.tag, payload))
            answer = self.receive(limit)
            while answer and answer[:2] != (op | REPLY, self.tag):
                answer = self.receive(limit)
            if answer:
                code, text = struct.unpack("<i60s", answer[2][:64])
                if code < 0:
                    raise Refused(code, text.split(b"\0")[0].decode(),
                                  answer[2][64:])
                return answer[2][64:]
        raise TimeoutError(f"no answer to operation {op}")

    # --- operations ---
    def stage(self, data, offset=0):
        for at in range(0, len(data), CHUNK):
            self.ask(STAGE, struct.pack("<I", offset + at) +
                     data[at:at + CHUNK])

    def info(self, offset, n):
        return self.ask(INFO, struct.pack("<II", offset, n))

    def app_start(self, app, elf, *args):
        self.stage(elf)
        text = b"".join(a.encode() + b"\0" for a in args)
        return self.u32(APP_START, struct.pack(
            "<II24s256s", len(elf), len(args), app.encode(), text))

    def app_stop(self, env):
        self.ask(APP_STOP, struct.pack("<I", env))

    def app_find(self, app):
        return self.u32(APP_FIND, name(app))

    def filter_add(self, flt, blob, to, target="", ring="", priority=0,
                   flags=0):
        self.stage(blob)
        return self.u32(FILTER_ADD, struct.pack(
            "<IIiI24s24s24s", len(blob), to, priority, flags, flt.encode(),
            target.encode(), ring.encode()))

    def filter_del(self, flt):
        self.ask(FILTER_DEL, name(flt))

    def filter_run(self, which, frames):
        """Who accepts each of FRAMES (bytes, or bytes and wire length): lists
        of slots, for as many as were judged."""
        data = b"".join(run_frame(*f) if isinstance(f, tuple) else
                        run_frame(f) for f in frames)
        got = self.ask(FILTER_RUN, struct.pack("<I", which) + data)
        at, found = 8, []
        for _ in range(struct.unpack("<I", got[:4])[0]):
            n = struct.unpack_from("<H", got, at)[0]
            found.append(list(struct.unpack_from(f"<{n}H", got, at + 2)))
            at += 2 + 2 * n
        equal(len(got), at, "bytes of the answer")
        return found

    def fetch(self, op, what):
        """All bytes of a filter or of a handler's code."""
        got = b""
        while True:
            part = self.ask(op, name(what) + struct.pack("<I", len(got)))
            got += part[4:]
            if len(got) >= struct.unpack("<I", part[:4])[0]:
                return got

    def ash_reserve(self, ash, code_bits, data_bits, owner=None):
        """Returns (id, the fields of struct sp_ash)."""
        a = struct.pack(SP_ASH, code_bits, data_bits, *[0] * 38, ash.encode())
        data = self.ask(ASH_RESERVE, a + (name(owner) if owner else b""))
        return struct.unpack("<I", data[-4:])[0], struct.unpack(
            SP_ASH, data[:-4])

    def ash_install(self, ash, words, data=b"", granted=0):
        """Returns struct sp_ash_report: rule, word, bound, stretch."""
        code = struct.pack(f"<{len(words)}I", *words)
        self.stage(code + data)
        return struct.unpack("<4I", self.ask(ASH_INSTALL, struct.pack(
            "<4I", ash, len(words), len(data), granted)))

    def ash_state(self, ash, offset, n):
        return self.ask(ASH_STATE, name(ash) + struct.pack("<II", offset, n))

    def audit(self):
        """Why the kernel's tables disagree, or ""."""
        answer = self.ask(AUDIT, limit=5.0)
        text = answer[4:].split(b"\0")[0].decode()
        return text if answer[:4] != bytes(4) else ""

    def revoke(self, env, resource, count, ticks):
        self.ask(REVOKE, struct.pack("<4I", env, resource, count, ticks))

    def u32(self, op, payload=b""):
        return struct.unpack("<I", self.ask(op, payload))[0]


def qemu(directory, kernel="build/kernel.elf", initrd="build/boot.cpio",
         limit=60):
    """The command line of a machine whose sockets and console lie in
    DIRECTORY: ctl.sock, nic.sock (ours), host.sock (its peer), console.log."""
    at = lambda f: os.path.join(directory, f)
    return ["timeout", "-k", "1", str(limit), "qemu-system-mipsel", "-M",
            "malta", "-m", "64", "-kernel", kernel, "-initrd", initrd,
            "-display", "none", "-monitor", "none", "-no-reboot", "-vga",
            "none", "-semihosting-config", "enable=on,target=native",
            "-serial", f"file:{at('console.log')}", "-serial", "null",
            "-chardev", f"socket,id=ctl,path={at('ctl.sock')},server=on,"
            "wait=off", "-serial", "chardev:ctl", "-netdev",
            f"dgram,id=n0,local.type=unix,local.path={at('nic.sock')},"
            f"remote.type=unix,remote.path={at('host.sock')}", "-device",
            "pcnet,netdev=n0,addr=0xb,mac=52:54:00:12:34:56,romfile="]
