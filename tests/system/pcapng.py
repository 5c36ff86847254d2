"""pcapng - read a capture file by the draft, block by block, options included.

A second implementation: what the tool writes must be what others read.
"""
import struct
from dataclasses import dataclass, field


@dataclass
class Frame:
    """An enhanced packet block."""
    ns: int
    data: bytes
    wire: int
    options: dict

    @property
    def out(self):
        """Whether it left, of the direction bits."""
        return {1: False, 2: True}[struct.unpack("<I", self.options[2])[0] & 3]

    @property
    def comment(self):
        return self.options.get(1, b"").decode()


@dataclass
class File:
    """What a file holds."""
    section: dict = None
    interfaces: list = field(default_factory=list)  # (linktype, snap, options)
    frames: list = field(default_factory=list)
    statistics: list = field(default_factory=list)

    def number(self, option):
        """Of the (only) statistics block."""
        return struct.unpack("<Q", self.statistics[0][option])[0]


def options_of(data):
    found = {}
    while data:
        code, n = struct.unpack_from("<HH", data)
        if code == 0:
            assert n == 0 and len(data) == 4, "what follows the options' end"
            return found
        assert code not in found, f"option {code} twice"
        found[code] = data[4:4 + n]
        assert not any(data[4 + n:4 + n + -n % 4]), "padding"
        data = data[4 + n + -n % 4:]
    raise AssertionError("options without an end")


def parse(data):
    """Every byte of DATA is understood, or this fails."""
    f, at = File(), 0
    while at < len(data):
        kind, n = struct.unpack_from("<II", data, at)
        assert n % 4 == 0 and n >= 12, f"a block of {n} bytes"
        body = data[at + 8:at + n - 4]
        assert struct.unpack_from("<I", data, at + n - 4)[0] == n, "lengths"
        assert (kind == 0x0a0d0d0a) == (at == 0), "one section, first"
        if kind == 0x0a0d0d0a:
            assert body[:16] == struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)
            f.section = options_of(body[16:])
        elif kind == 1:
            link, zero, snap = struct.unpack_from("<HHI", body)
            assert zero == 0
            f.interfaces.append((link, snap, options_of(body[8:])))
        elif kind == 6:
            number, high, low, kept, wire = struct.unpack_from("<5I", body)
            assert number < len(f.interfaces) and kept <= wire
            f.frames.append(Frame(high << 32 | low, body[20:20 + kept], wire,
                                  options_of(body[20 + kept + -kept % 4:])))
        elif kind == 5:
            f.statistics.append(options_of(body[12:]))
        else:
            raise AssertionError(f"a block of type {kind:#x}")
        at += n
    return f


def read(path):
    with open(path, "rb") as f:
        return parse(f.read())
