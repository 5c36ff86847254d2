"""captures - write and read capture files byte by byte, also wrong ones."""
import struct


def write_pcap(path, packets, linktype=1, magic=0xa1b2c3d4):
    """PACKETS: bytes, or (bytes, length on the wire)."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", magic, 2, 4, 0, 0, 262144, linktype))
        for i, p in enumerate(packets):
            data, wire = p if isinstance(p, tuple) else (p, len(p))
            f.write(struct.pack("<IIII", i, 0, len(data), wire) + data)


def write_pcapng(path, packets):
    def block(kind, body):
        body += bytes(-len(body) % 4)
        size = struct.pack("<I", 12 + len(body))
        return struct.pack("<I", kind) + size + body + size

    with open(path, "wb") as f:
        f.write(block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)))
        f.write(block(1, struct.pack("<HHI", 1, 0, 0)))
        for p in packets:
            f.write(block(6, struct.pack("<IIIII", 0, 0, 0, len(p), len(p)) + p))


def read_pcap(path):
    with open(path, "rb") as f:
        data = f.read()
    found, at = [], 24
    while at < len(data):
        n = struct.unpack_from("<I", data, at + 8)[0]
        found.append(data[at + 16:at + 16 + n])
        at += 16 + n
    return found
