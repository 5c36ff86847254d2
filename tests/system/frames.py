"""frames - what the tests put on the wire, made by Scapy.

ME is the tester, the machine has MAC and IP; expected replies are built by
Scapy too, never by exchanging bytes of what was sent.
"""
import logging

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)

# pylint: disable=wrong-import-position
from scapy.layers.inet import ICMP, IP, UDP, IPOption_NOP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

ME = "02:00:00:00:00:01"
MY_IP = "10.7.0.1"
MAC = "52:54:00:12:34:56"
IP_ADDRESS = "10.7.0.2"
BROADCAST = "ff:ff:ff:ff:ff:ff"


def pad(frame):
    """As a NIC pads it."""
    return frame + bytes(max(0, 60 - len(frame)))


def ip_header(src, dst, options, more):
    """An IP header with OPTIONS no-operations; MORE overrides fields."""
    fields = {"src": src, "dst": dst, "id": 1, "ttl": 64,
              "options": [IPOption_NOP() for _ in range(options)]}
    fields.update(more)
    return IP(**fields)


def udp_packet(ether, ip, data, sport, dport, udp_len, checksum):
    return pad(bytes(ether / ip / UDP(sport=sport, dport=dport, len=udp_len,
                                      chksum=checksum) / Raw(data)))


def udp(data=b"spindle", dport=7, sport=40000, options=0, udp_len=None,
        checksum=None, **ip):
    """A UDP datagram to the machine, padded; other IP fields by name (len=,
    flags=, frag=, ttl=, src=, dst= ...)."""
    return udp_packet(Ether(src=ME, dst=MAC),
                      ip_header(MY_IP, IP_ADDRESS, options, ip), data, sport,
                      dport, udp_len, checksum)


def reply_udp(data=b"spindle", sport=7, dport=40000, options=0, checksum=None):
    """What the machine's echo of udp() must be."""
    return udp_packet(Ether(src=MAC, dst=ME),
                      ip_header(IP_ADDRESS, MY_IP, options, {}), data, sport,
                      dport, None, checksum)


def icmp_packet(ether, ip, icmp, data):
    return pad(bytes(ether / ip / icmp / Raw(data)))


def ping(data=b"abcdefgh", seq=1, ident=77, kind=8, code=0, options=0, **ip):
    """An ICMP message to the machine."""
    return icmp_packet(Ether(src=ME, dst=MAC),
                       ip_header(MY_IP, IP_ADDRESS, options, ip),
                       ICMP(type=kind, code=code, id=ident, seq=seq), data)


def pong(data=b"abcdefgh", seq=1, ident=77, options=0):
    """The reply to ping()."""
    return icmp_packet(Ether(src=MAC, dst=ME),
                       ip_header(IP_ADDRESS, MY_IP, options, {}),
                       ICMP(type=0, id=ident, seq=seq), data)


def arp_request(ip=IP_ADDRESS):
    return pad(bytes(Ether(src=ME, dst=BROADCAST) /
                     ARP(op=1, hwsrc=ME, psrc=MY_IP, pdst=ip)))


def parse(frame):
    return Ether(frame)


def datagram(frame):
    """The layers of a UDP or ICMP reply without padding: (ether, ip, upper,
    payload); checksums verified by building it anew."""
    p = Ether(frame)
    upper = p[UDP] if UDP in p else p[ICMP]
    data = bytes(upper.payload)[:p[IP].len - 4 * p[IP].ihl - 8]
    return p, p[IP], upper, data


def checksums_hold(frame):
    """IP and UDP/ICMP checksums of FRAME are what Scapy computes; a UDP
    checksum of zero means none."""
    p, ip, upper, data = datagram(frame)
    name = "UDP" if UDP in p else "ICMP"
    fresh = IP(bytes(ip)[:ip.len])
    no_checksum = name == "UDP" and upper.chksum == 0
    del fresh[IP].chksum
    del fresh[name].chksum
    built = IP(bytes(fresh))
    return built.chksum == ip.chksum and \
        (no_checksum or built[name].chksum == upper.chksum)
