#!/usr/bin/python3
"""test_gallery - the handlers of apps/ash-*/: frames without a machine, among them
those that lie, and real clients on a machine's wire.

LIMIT: 120
"""
import struct

import frames
import harness
import offline
import tap
from frames import ARP, BROADCAST, IP_ADDRESS, MAC, ME, MY_IP, Ether, pad
from harness import check, equal
from machine import Machine
from scapy.layers.dns import DNS, DNSQR, DNSRROPT


def cut_short(make, data, least=1):
    """The datagram MAKE(DATA), whose payload ends earlier, or whose header says
    that it ends elsewhere."""
    yield from (make(data[:n]) for n in range(0, len(data) - least + 1))
    full = len(data) + 8
    yield from (make(data, udp_len=n) for n in (0, 7, 8, full + 1, 0xffff))
    yield make(data, len=20 + 7)
    yield make(data, len=full + 20 + 100)
    yield make(data, flags="MF")
    yield make(data, frag=1)


# --- ARP --------------------------------------------------------------------------
def arp(**other):
    """A request, with OTHER fields than it should have."""
    fields = {"op": 1, "hwsrc": ME, "psrc": MY_IP, "pdst": IP_ADDRESS}
    return pad(bytes(Ether(src=ME, dst=BROADCAST) / ARP(**{**fields, **other})))


ARP_REPLY = pad(bytes(Ether(src=MAC, dst=ME) / ARP(
    op=2, hwsrc=MAC, psrc=IP_ADDRESS, hwdst=ME, pdst=MY_IP)))


def test_who_has_our_address_is_told():
    equal(offline.one("arp", arp()), ARP_REPLY, "the reply")
    probe = offline.one("arp", arp(psrc="0.0.0.0"))
    equal(probe[38:42], bytes(4), "a probe's address in the reply")
    offline.tell("arp", arp())


def test_arp_that_is_none_or_lies_is_declined():
    offline.declines("arp", [
        arp(op=2), arp(op=3), arp(op=0), arp(pdst="10.7.0.3"), arp(hwtype=6),
        arp(ptype=0x86dd), arp(hwlen=8), arp(plen=16), arp(psrc=IP_ADDRESS),
        arp(hwsrc="02:00:00:00:00:99"), frames.udp(),
        arp().replace(bytes.fromhex(ME.replace(":", "")),
                      bytes.fromhex("030000000001")),
    ])


# --- DNS ----------------------------------------------------------------------------
def question(name="www.spindle.test", kind="A", **other):
    """The payload of a query."""
    fields = {"id": 0x1234, "rd": 1, "qd": DNSQR(qname=name, qtype=kind)}
    return bytes(DNS(**{**fields, **other}))


def dns(data, **other):
    return frames.udp(data, 53, **other)


def look_up(*words, **other):
    """What is answered."""
    reply = offline.one("dns", dns(question(*words, **other)))
    check(frames.checksums_hold(reply), "checksums")
    _, _, udp, data = frames.datagram(reply)
    equal((udp.sport, udp.dport), (53, 40000), "ports")
    got = DNS(data)
    equal((got.id, got.qr, got.opcode), (0x1234, 1, other.get("opcode", 0)),
          "id, response, operation")
    return got


def answers(got, section="an"):
    rr, n = getattr(got, section), getattr(got, section + "count")
    return [(rr[i].type, rr[i].rdata if hasattr(rr[i], "rdata") else None)
            for i in range(n)]


def outcome(got):
    """rcode, aa, tc, counts"""
    return got.rcode, got.aa, got.tc, got.ancount, got.nscount, got.arcount


def test_names_of_the_zone_are_known():
    got = look_up()
    equal(outcome(got), (0, 1, 0, 2, 0, 0), "outcome")
    equal(answers(got), [(1, "10.7.0.3"), (1, "10.7.0.4")], "addresses")
    equal(got.an[0].rrname, b"www.spindle.test.", "the name")
    equal(answers(look_up("WwW.SPINDLE.test")), answers(got), "other case")
    equal(answers(look_up("www.spindle.test", "AAAA")), [(28, "fd00::3")],
          "AAAA")
    equal(answers(look_up("text.spindle.test", "TXT")),
          [(16, [b"safe and in situ"])], "TXT")
    equal(answers(look_up("alias.spindle.test", "A")),
          [(5, b"www.spindle.test.")], "an alias")
    equal(look_up("www.spindle.test", "ALL").ancount, 3, "all there is")
    offline.tell("dns", dns(question()))


def test_names_that_are_not_there():
    soa = (1, 0)
    for name, kind, want in (
            ("nobody.spindle.test", "A", (3, 1, 0, 0, *soa)),
            ("a" * 60 + "." + "b" * 60 + ".spindle.test", "A",
             (3, 1, 0, 0, *soa)),
            ("a." * 120 + "spindle.test", "A", (3, 1, 0, 0, *soa)),
            ("a." * 127, "A", (5, 0, 0, 0, 0, 0)),
            ("www.spindle.test", "MX", (0, 1, 0, 0, *soa)),
            ("www.example.org", "A", (5, 0, 0, 0, 0, 0)),
            ("xspindle.test", "A", (5, 0, 0, 0, 0, 0)),
            (".", "NS", (5, 0, 0, 0, 0, 0)),
            ("spindle.test", "AXFR", (5, 0, 0, 0, 0, 0))):
        got = look_up(name, kind)
        equal(outcome(got), want, f"{name} {kind}")
        if got.nscount:
            equal((got.ns[0].rrname, got.ns[0].minimum),
                  (b"spindle.test.", 60), "the SOA")


def test_what_does_not_fit_is_cut():
    short, long = ("long.spindle.test", "TXT"), DNSRROPT(rclass=4096)
    equal(outcome(look_up(*short)), (0, 1, 1, 6, 0, 0), "in 512 bytes")
    equal(outcome(look_up(*short, ar=long)), (0, 1, 0, 8, 0, 1), "with an OPT")
    equal(outcome(look_up(*short, ar=DNSRROPT(rclass=100))),
          (0, 1, 1, 6, 0, 1), "with a small OPT")
    got = look_up(*short, ar=long)
    equal((got.ar[0].type, got.ar[0].rclass, got.ar[0].extrcode), (41, 1232, 0),
          "our OPT")
    got = look_up(*short, ar=DNSRROPT(rclass=4096, version=1))
    equal((outcome(got), got.ar[0].extrcode), ((0, 0, 0, 0, 0, 1), 1),
          "another version")


def test_other_operations_and_counts_are_errors():
    for other, code in (({"opcode": 2}, 4), ({"opcode": 5}, 4),
                        ({"qdcount": 0}, 1), ({"qdcount": 2}, 1),
                        ({"ancount": 1}, 1), ({"nscount": 9}, 1),
                        ({"arcount": 2}, 1)):
        equal(outcome(look_up(**other)), (code, 0, 0, 0, 0, 0), str(other))


def test_dns_that_lies_is_declined():
    whole = question()
    compressed = whole[:12] + b"\xc0\x0c" + whole[-4:]
    looped = whole[:12] + b"\3www\xc0\x0c" + whole[-4:]
    endless = whole[:12] + b"\x3f" + b"a" * 62 + whole[-4:]
    long = whole[:12] + (b"\x3f" + b"a" * 63) * 4 + b"\0" + whole[-4:]
    response = question(qr=1)
    opt = question(ar=DNSRROPT(rclass=4096))
    bad = opt[:-2] + b"\0\1"
    one_more = question(arcount=1)
    offline.declines("dns", [
        *(dns(d) for d in (compressed, looped, endless, long, response, bad,
                           one_more, opt[:-1])),
        *cut_short(dns, whole), dns(whole, options=1)])


# --- real clients ---------------------------------------------------------------------
def clients(m):
    """What Debian's clients say."""
    says = tap.ask(m, f"arping -c 3 -W 0.2 {IP_ADDRESS}", 20)
    equal(says.count(f"bytes from {MAC}"), 3, says)
    dig = f"dig @{IP_ADDRESS} +time=3 +tries=2"
    says = tap.ask(m, "; ".join(f"{dig} {words}" for words in (
        "+short www.spindle.test", "+short AAAA www.spindle.test",
        "+short TXT text.spindle.test", "nobody.spindle.test",
        "TXT long.spindle.test +ignore", "+noedns +ignore TXT long.spindle.test",
        "+opcode=status www.spindle.test")), 40)
    check(says.startswith('10.7.0.3\n10.7.0.4\nfd00::3\n"safe and in situ"\n'),
          says)
    for word in ("status: NXDOMAIN", "status: NOTIMP", "ANSWER: 8", "aa tc rd"):
        check(word in says, f"{word} in {says}")
    check("malformed" not in says.lower(), says)


def test_debian_clients_are_content():
    why = tap.missing()
    if why:
        print(f"  skipped: no client can run here: {why}")
        return
    with Machine() as m:
        m.ash("arp", "arp dst host 10.7.0.2")
        m.ash("dns", "udp dst port 53")
        clients(m)
        for handler in ("arp", "dns"):
            got = m.ask("ash", "show", handler)
            equal((got["aborts"], got["replies"] > 0), (0, True), handler)


if __name__ == "__main__":
    harness.main(globals())
