"""machine - a booted machine for one test, and the far end of its wire.

    with Machine() as m:
        m.cli("ash", "load", "echo", "build/ash/udp_echo.o",
              "--filter", "udp dst port 7")
        with m.wire() as w:
            reply = w.ask(frame)

The machine has a name of its own and ends with the block.  Before it does,
every frame it received must be accounted for and the kernel's tables agree.
"""
import itertools
import json
import os
import select
import shutil
import socket
import subprocess
import time

import agentlib
from harness import Failed, check, equal

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPINDLE = os.path.join(TOP, "build/spindle")
COMMAND_LIMIT = 60  # seconds for one command
REPLY_LIMIT = 5     # ... for a frame that must come
RECEIVED = 40       # offset of nic.received in struct sp_info
_serial = itertools.count()


def spindle(*words, status=0):
    """Run the host command; STATUS is what it must end with (None: any)."""
    done = subprocess.run([SPINDLE, *map(str, words)], cwd=TOP, text=True,
                          capture_output=True, timeout=COMMAND_LIMIT,
                          stdin=subprocess.DEVNULL, check=False)
    if status is not None and done.returncode != status:
        raise Failed(f"spindle {' '.join(map(str, words))}: status "
                     f"{done.returncode}, not {status}\n{done.stdout}"
                     f"{done.stderr}")
    return done


def accounted(nic):
    """received = consumed + delivered + dropped(reason...)"""
    return nic["received"] == nic["consumed"] + nic["delivered"] + \
        sum(nic["dropped"].values())


class Wire:
    """One datagram is one frame, both ways, in order and without loss as long
    as no more frames are on their way than the NIC has descriptors."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "host.sock")
        self.nic = os.path.join(directory, "nic.sock")

    def __enter__(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind(self.path)
        return self

    def __exit__(self, *_):
        self.socket.close()
        os.unlink(self.path)

    def send(self, frame):
        self.socket.sendto(frame, self.nic)

    def receive(self, limit=REPLY_LIMIT):
        """The next frame, or None after LIMIT seconds."""
        ready, _, _ = select.select([self.socket], [], [], limit)
        return self.socket.recv(65536) if ready else None

    def ask(self, frame):
        """Send FRAME; return the next frame, which must come."""
        self.send(frame)
        reply = self.receive()
        check(reply is not None, f"no reply to {frame.hex(' ')}")
        return reply

    def until(self, wanted):
        """Skip frames until WANTED comes."""
        while True:
            reply = self.receive()
            check(reply is not None, f"never came: {wanted.hex(' ')}")
            if reply == wanted:
                return

    def silent(self, frame, then, reply):
        """FRAME is not answered: THEN, sent behind it, is, with REPLY, and
        nothing came before."""
        self.send(frame)
        got = self.ask(then)
        check(got == reply, f"{frame.hex(' ')} was answered with "
              f"{got.hex(' ')}")


class Machine:
    """A machine of the test's own."""

    def __init__(self, *up):
        self.up = up
        self.name = f"t{os.getpid()}-{next(_serial)}"
        self.dir = None

    def __enter__(self):
        self.dir = json.loads(self.cli("up", *self.up, "--json").stdout)["dir"]
        return self

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.check_accounts()
        finally:
            self.cli("down", status=None)
            if kind is None:
                shutil.rmtree(self.dir, ignore_errors=True)
            else:
                print(f"  machine's logs: {self.dir}", flush=True)

    def cli(self, *words, status=0):
        return spindle(*words, "--name", self.name, status=status)

    def ask(self, *words):
        """What a command prints with --json."""
        return json.loads(self.cli(*words, "--json").stdout)

    def status(self):
        return self.ask("status")

    def nic(self):
        return self.status()["nic"]

    def app_states(self):
        """{name: state} of every environment."""
        return {a["name"]: a["state"] for a in self.ask("app", "list")}

    def start(self, source, *args, name=None):
        """Start build/test/apps/SOURCE.elf, called NAME."""
        words = ["--as", name] if name else []
        self.cli("app", "start", f"build/test/apps/{source}.elf", *args, *words)

    def console_says(self, line):
        """Wait until LINE is on the console."""
        wait_for(lambda: line in self.console(), f"{line!r} on the console")

    def settled(self, received):
        """Wait until RECEIVED frames have come since the machine booted."""
        with agentlib.Agent(os.path.join(self.dir, "ctl.sock")) as agent:
            wait_for(lambda: int.from_bytes(agent.info(RECEIVED, 4), "little")
                     >= received, f"{received} frames received")

    def check_accounts(self):
        nic = self.nic()
        check(accounted(nic), f"frames are unaccounted for: {nic}")
        self.check_tables()

    def check_tables(self):
        """The kernel's tables agree with each other."""
        with agentlib.Agent(os.path.join(self.dir, "ctl.sock")) as agent:
            equal(agent.audit(), "", "the kernel's audit")

    def console(self):
        with open(os.path.join(self.dir, "console.log"), encoding="utf-8",
                  errors="replace") as f:
            return f.read()

    def wire(self):
        return Wire(self.dir)

    def ash(self, name, expression, source=None, **options):
        """Load build/ash/SOURCE.o as NAME behind EXPRESSION."""
        extra = [w for k, v in options.items()
                 for w in ("--" + k.replace("_", "-"), v)]
        return self.cli("ash", "load", name, f"build/ash/{source or name}.o",
                        "--filter", expression, *extra)


def wait_for(condition, what, limit=REPLY_LIMIT):
    """Poll CONDITION until it is true."""
    end = time.monotonic() + limit
    while not condition():
        check(time.monotonic() < end, f"never: {what}")
        time.sleep(0.02)
