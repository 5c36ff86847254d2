#!/usr/bin/python3
"""gen_capture - a capture of many kinds of frames, the same for the same seed.

    gen_capture.py FILE.pcap [COUNT [SEED]]

Well-formed traffic between a few hosts and ports, so that filters match often,
with every tenth frame damaged: truncated headers, lying lengths, fragments,
odd header lengths.  The oracle is libpcap, so nothing here needs to be right.
"""
import random
import struct
import sys

HOSTS = [bytes(map(int, a.split("."))) for a in (
    "10.7.0.1", "10.7.0.2", "10.7.0.3", "10.7.1.9", "192.0.2.1",
    "198.51.100.7", "203.0.113.200", "224.0.0.251", "255.255.255.255")]
HOSTS6 = [bytes.fromhex(a) for a in (
    "20010db8000000000000000000000001", "20010db8000000000000000000000002",
    "fe80000000000000020000fffe000001", "ff0200000000000000000000000000fb")]
MACS = [bytes.fromhex(a) for a in (
    "525400123456", "020000000001", "020000000002", "ffffffffffff",
    "01005e0000fb", "3333000000fb")]
PORTS = [7, 9, 22, 53, 67, 68, 80, 123, 137, 443, 514, 1900, 5353, 8080,
         33434, 49152, 65535]


def checksum(data):
    """The Internet checksum of DATA."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def payload(r):
    return r.randbytes(r.choice((0, 1, 2, 5, 18, 31, 64, 200, r.randrange(1400))))


def udp(r, data):
    return struct.pack(">HHHH", r.choice(PORTS), r.choice(PORTS),
                       8 + len(data), r.randrange(65536)) + data


def tcp(r, data):
    options = r.choice((b"", b"", b"\x02\x04\x05\xb4", b"\x01" * 12))
    flags = r.choice((0x02, 0x12, 0x10, 0x18, 0x11, 0x04, 0x29))
    return struct.pack(">HHIIBBHHH", r.choice(PORTS), r.choice(PORTS),
                       r.randrange(1 << 32), r.randrange(1 << 32),
                       (5 + len(options) // 4) << 4 | r.choice((0, 1)), flags,
                       r.randrange(65536), r.randrange(65536), 0) + options + data


def icmp(r, data):
    head = struct.pack(">BBHHH", r.choice((0, 3, 8, 8, 11)), r.choice((0, 1, 3)),
                       0, r.randrange(65536), r.randrange(9))
    return head[:2] + struct.pack(">H", checksum(head + data)) + head[4:] + data


def ipv4(r, proto, data):
    options = r.randbytes(4 * r.choice((0, 0, 0, 0, 1, 3, 10)))
    frag = r.choice((0, 0, 0, 0x4000, 0x4000, 0x2000, 0x2003, 0x00b9))
    head = struct.pack(">BBHHHBBH", 0x40 | 5 + len(options) // 4,
                       r.choice((0, 0, 0x10, 0xb8)), 20 + len(options) + len(data),
                       r.randrange(65536), frag, r.choice((1, 64, 128, 255)),
                       proto, 0) + r.choice(HOSTS) + r.choice(HOSTS) + options
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + data


def ipv6(r, proto, data):
    if r.random() < 0.15:  # a hop-by-hop header in between
        data, proto = bytes([proto, 0]) + b"\x01\x04\0\0\0\0" + data, 0
    return struct.pack(">IHBB", 0x60000000 | r.randrange(1 << 20), len(data),
                       proto, 64) + r.choice(HOSTS6) + r.choice(HOSTS6) + data


def arp(r):
    return struct.pack(">HHBBH", 1, 0x0800, 6, 4, r.choice((1, 1, 2))) + \
        r.choice(MACS) + r.choice(HOSTS) + bytes(6) + r.choice(HOSTS)


def body(r):
    """(ethertype, packet) of one frame."""
    kind = r.random()
    transport = r.choice(((17, udp), (17, udp), (6, tcp), (6, tcp), (1, icmp)))
    if kind < 0.08:
        return 0x0806, arp(r)
    if kind < 0.75:
        proto, make = transport
        return 0x0800, ipv4(r, proto, make(r, payload(r)))
    if kind < 0.92:
        proto, make = transport
        return 0x86dd, ipv6(r, 58 if proto == 1 else proto, make(r, payload(r)))
    if kind < 0.96:
        return 0x0800, ipv4(r, r.choice((2, 47, 50, 89, 132)), payload(r))
    if kind < 0.98:  # 802.3 with a length, then LLC
        data = b"\x42\x42\x03" + payload(r)
        return len(data), data
    return r.choice((0x88cc, 0x8035, 0x88b5, 0x9000)), payload(r)


def damage(r, packet):
    """One way of being wrong."""
    how = r.randrange(4)
    if how == 0:
        return packet[:r.randrange(len(packet) + 1)]
    if how == 1 and packet:
        i = r.randrange(min(len(packet), 40))
        return packet[:i] + r.randbytes(1) + packet[i + 1:]
    if how == 2 and packet:  # version and header length
        return r.randbytes(1) + packet[1:]
    return packet[:2] + r.randbytes(2) + packet[4:]  # total length


def frame(r):
    ethertype, packet = body(r)
    if r.random() < 0.1:
        packet = damage(r, packet)
    tag = struct.pack(">HH", 0x8100, r.randrange(65536)) \
        if r.random() < 0.06 else b""
    head = r.choice(MACS) + r.choice(MACS[:3]) + tag
    return (head + struct.pack(">H", ethertype) + packet)[:1514]


def frames(count=10000, seed=1):
    """COUNT frames, 14 to 1514 bytes each."""
    r = random.Random(seed)
    return [frame(r) for _ in range(count)]


def write_pcap(path, all_frames):
    """A classic little-endian microsecond capture, one frame a millisecond."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i, data in enumerate(all_frames):
            f.write(struct.pack("<IIII", i // 1000, i % 1000 * 1000,
                                len(data), len(data)) + data)


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__.split("\n\n")[1].strip())
    write_pcap(sys.argv[1], frames(*map(int, sys.argv[2:])))
