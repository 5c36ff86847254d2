"""gallery - what a reply of each handler in apps/ash-*/ costs, without a machine."""
import offline
import test_gallery as t
import frames as wire_frames

from rows import Row

REQUESTS = {
    "udp_echo": wire_frames.udp(),
    "icmp_echo": wire_frames.ping(),
    "counter": wire_frames.udp(bytes(8)),
    "arp": t.arp(),
    "dns": t.dns(t.question()),
    "lock": t.lock(b"a", 1, 1),
    "active": t.active(t.ADD, 1, 1),
    "memcached": t.mc(),
    "limit": wire_frames.udp(),
    "histogram": wire_frames.udp(),
}


def run():
    return [Row("ash", name, "spindle-ash", "instr",
                offline.run(name, [frame]).instructions, 1, "measured")
            for name, frame in REQUESTS.items()]
