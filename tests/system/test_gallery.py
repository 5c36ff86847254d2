#!/usr/bin/python3
"""test_gallery - the handlers of apps/ash-*/: frames without a machine, among them
those that lie, and real clients on a machine's wire.

LIMIT: 120
"""
import os
import random
import struct
import time

import agentlib
import frames
import harness
import offline
import tap
from frames import ARP, BROADCAST, IP_ADDRESS, MAC, ME, MY_IP, Ether, pad
from harness import check, equal
from machine import Machine, wait_for
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


def skipped():
    """No real client can run here, which is said."""
    why = tap.missing()
    if why:
        print(f"  skipped: no client can run here: {why}")
    return why is not None


# --- ARP  ---
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
        *(arp()[:i] + b"\x09" + arp()[i + 1:] for i in range(12, 22)),
        arp().replace(bytes.fromhex(ME.replace(":", "")),
                      bytes.fromhex("030000000001")),
    ])


# --- DNS  ---
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
    wide = whole[:12] + b"\x45" + b"a" * 0x45 + whole[12:]
    response = question(qr=1)
    opt = question(ar=DNSRROPT(rclass=4096))
    bad = opt[:-2] + b"\0\1"
    one_more = question(arcount=1)
    offline.declines("dns", [
        *(dns(d) for d in (compressed, looped, endless, long, wide, response, bad,
                           one_more, opt[:-1])),
        *cut_short(dns, whole), dns(whole, options=1)])


# --- remote memory and locks  ---
READ, WRITE, ADD, SWAP_IF, WAKE = range(5)


def active(op, index, value=0, expected=0, tag=7):
    """An active message."""
    return pad(bytes(Ether(src=ME, dst=MAC, type=0x88b5)) +
               struct.pack(">HHIII", op, tag, index, value, expected))


def done(op, index, value=0, expected=0, tag=7):
    """The answer to it, with what there was before as VALUE."""
    return pad(bytes(Ether(src=MAC, dst=ME, type=0x88b5)) +
               struct.pack(">HHIII", op | 0x8000, tag, index, value, expected))


def test_active_messages_do_what_they_say():
    steps = [((WRITE, 255, 40), 0), ((ADD, 255, 2), 40), ((READ, 255), 42),
             ((SWAP_IF, 255, 9, 41), 42), ((SWAP_IF, 255, 9, 42), 42),
             ((WAKE, 0, 5), 0), ((ADD, 255, 0xffffffff), 9), ((READ, 255), 8)]
    o = offline.run("active", [active(*s) for s, _ in steps])
    equal(o.replies, [done(s[0], s[1], was, *s[3:]) for s, was in steps],
          "replies")
    offline.tell("active", active(ADD, 3, 1))


def test_messages_for_no_operation_or_word_are_declined():
    offline.declines("active", [
        active(5, 0), active(0x8000, 0), active(0xffff, 0), active(READ, 256),
        active(WRITE, 0xffffffff), active(WRITE, 0x80000000),
        b"\3" + active(READ, 0)[1:], frames.udp()])


def lock(op, number, who, ms=1000, sport=40000):
    return frames.udp(op + struct.pack(">BHII", number, 0xabcd, who, ms), 4001,
                      sport=sport)


def held(reply):
    """(answer, number, whose, how many ms of the lease are left)"""
    check(frames.checksums_hold(reply), "checksums")
    _, _, udp, data = frames.datagram(reply)
    equal((udp.sport, udp.dport), (4001, 40000), "ports")
    answer, number, back, who, ms = struct.unpack(">cBHII", data)
    equal(back, 0xabcd, "what comes back")
    return answer, number, who, ms


def test_a_lock_has_one_owner_until_its_lease_ends():
    o = offline.run("lock", [
        lock(b"a", 63, 1), lock(b"a", 63, 2), lock(b"a", 0, 2),
        lock(b"r", 63, 2), lock(b"a", 63, 1, 8000), lock(b"r", 63, 1),
        lock(b"r", 63, 1), lock(b"a", 63, 2)])
    equal([held(r)[:3] for r in o.replies], [
        (b"A", 63, 1), (b"H", 63, 1), (b"A", 0, 2), (b"H", 63, 1),
        (b"A", 63, 1), (b"R", 63, 0), (b"R", 63, 0), (b"A", 63, 2)], "answers")
    equal(held(o.replies[0])[3], 1000, "the lease")
    check(held(o.replies[1])[3] in (998, 999, 1000), "what is left of it")
    offline.tell("lock", lock(b"a", 1, 1))


def test_locks_that_are_none_are_declined():
    whole = b"a" + struct.pack(">BHII", 0, 0, 1, 1000)
    make = lambda data, **other: frames.udp(data, 4001, **other)
    offline.declines("lock", [
        lock(b"x", 0, 1), lock(b"a", 64, 1), lock(b"a", 255, 1),
        lock(b"a", 0, 0), lock(b"a", 0, 1, 0), lock(b"a", 0, 1, 8001),
        lock(b"a", 0, 1, 0xffffffff), make(whole + b"x"), *cut_short(make, whole),
        make(whole, options=1)])


# --- the time  ---
SINCE_1900 = 2208988800


def ntp(head=0x23, data=bytes(39) + b"original", **other):
    return frames.udp(bytes([head]) + data, 123, **other)


def test_time_that_nobody_set_or_nobody_asked_for_is_not_told():
    whole = b"\x23" + bytes(47)
    make = lambda data, **other: frames.udp(data, 123, **other)
    offline.declines("ntp", [ntp(), *cut_short(make, whole)])


def ask_the_time(w, start):
    """Requests of three versions, and some that are none."""
    for head in (0x23, 0x1b, 0xcb):
        reply = w.ask(ntp(head))
        check(frames.checksums_hold(reply), "checksums")
        data = frames.datagram(reply)[3]
        equal(data[:4], bytes([head & 0x38 | 4, 10, 0, 0xec]), "head")
        equal(data[24:32], b"original", "origin")
        check(0 <= struct.unpack_from(">I", data, 40)[0] - start < 20,
              "the time")
    for bad in (ntp(0x22), ntp(0x24), ntp(0x03), ntp(0x2b), ntp(0x3b),
                ntp(data=bytes(51))):
        w.silent(bad, arp(), ARP_REPLY)


def test_time_is_told_as_the_owner_set_it():
    with Machine() as m:
        m.ash("arp", "arp dst host 10.7.0.2")
        start = int(time.time()) + SINCE_1900
        m.cli("app", "start", "ntp-owner", start)
        m.ash("ntp", "udp dst port 123", owner="ntp-owner")
        wait_for(lambda: words_of(m, "ntp", 1) == (1,), "the owner wrote")
        with m.wire() as w:
            ask_the_time(w, start)
        if not skipped():
            says = tap.ask(m, f"ntpdig -t 5 {IP_ADDRESS}")
            offset = float(says.split()[3])
            check(abs(offset) < 5 and " s10 " in says, says)
        equal(m.ask("ash", "show", "ntp")["aborts"], 0, "aborts")


# --- memcached  ---
def mc(text=b"get key\r\n", number=0, of=1, **other):
    return frames.udp(struct.pack(">4H", 0xbeef, number, of, 0) + text, 11211,
                      **other)


def said(reply):
    """The text of a memcached answer."""
    check(frames.checksums_hold(reply), "checksums")
    _, _, udp, data = frames.datagram(reply)
    equal((udp.sport, data[:8]), (11211, b"\xbe\xef\0\0\0\1\0\0"), "head")
    return data[8:]


def test_keys_that_nobody_stored_are_misses():
    for key in (b"k", b"key", b"k" * 32, b"\xff\x80!"):
        equal(said(offline.one("memcached", mc(b"get " + key + b"\r\n"))),
              b"END\r\n", f"{key}")
    offline.tell("memcached", mc())


def test_what_is_no_get_of_one_key_is_declined():
    whole = struct.pack(">4H", 0, 0, 1, 0) + b"get k\r\n"
    make = lambda data, **other: frames.udp(data, 11211, **other)
    offline.declines("memcached", [
        *(mc(t) for t in (
            b"get a b\r\n", b"get \r\n", b"get  a\r\n", b"gets a\r\n",
            b"GET a\r\n", b"set a 0 0 1\r\n1\r\n", b"get a\n", b"get a\0\r\n",
            b"get a\x7f\r\n", b"get " + b"k" * 33 + b"\r\n", b"get a\r\nx",
            b"get " + b"k" * 1000 + b"\r\n")),
        mc(number=1), mc(of=2), mc(of=0), mc(len=44), *cut_short(make, whole),
        make(whole, options=1)])


def test_a_store_that_an_application_fills_is_served():
    pairs = {"a": "", "bb": "22", "k" * 32: "w", "z": "x" * 194}  # all that fits
    with Machine() as m:
        m.ash("arp", "arp dst host 10.7.0.2")
        m.cli("app", "start", "memcached-owner",
              *(f"{k}={v}" for k, v in pairs.items()), "nothing")
        m.ash("memcached", "udp dst port 11211", owner="memcached-owner")
        m.console_says(f"memcached-owner: {len(pairs)} of {len(pairs) + 1} "
                       "stored\n")
        with m.wire() as w:
            for k, v in pairs.items():
                equal(said(w.ask(mc(f"get {k}\r\n".encode()))),
                      f"VALUE {k} 0 {len(v)}\r\n{v}\r\nEND\r\n".encode(), k)
            equal(said(w.ask(mc(b"get key\r\n"))), b"END\r\n", "a miss")
        if not skipped():
            client = os.path.join(os.path.dirname(__file__), "mc_get.py")
            says = tap.ask(m, f"{os.path.abspath(client)} {IP_ADDRESS} bb no z")
            equal(says, f"bb 22\nno -\nz {pairs['z']}\n", "what it got")
        equal(m.ask("ash", "show", "memcached")["aborts"], 0, "aborts")


# --- in front of a ring  ---
def test_only_a_burst_gets_by():
    o = offline.run("limit", [frames.udp()] * 40)
    equal((len(o.replies), o.declined, o.consumed), (0, 16, 24),
          "replies, to the ring, dropped")
    offline.tell("limit", frames.udp())


def test_a_histogram_takes_nothing():
    sent = [frames.udp(), frames.ping(), arp(), frames.udp(bytes(1472)),
            frames.udp(flags="MF"), frames.udp(options=10), frames.udp(len=20)]
    equal(offline.run("histogram", sent).declined, len(sent), "declined")
    offline.tell("histogram", frames.udp())


def words_of(m, handler, n):
    """The first N words of its state."""
    with agentlib.Agent(os.path.join(m.dir, "ctl.sock")) as a:
        return struct.unpack(f"<{n}I", a.ash_state(handler, 0, 4 * n))


def in_turn(w):
    """Leases and active messages, on the wire W of a machine."""
    equal(held(w.ask(lock(b"a", 5, 1, 8000)))[:3], (b"A", 5, 1), "first")
    answer, _, who, ms = held(w.ask(lock(b"a", 5, 2)))
    equal((answer, who), (b"H", 1), "second")
    check(0 < ms <= 8000, f"{ms} ms left")
    equal(held(w.ask(lock(b"a", 6, 1, 1)))[0], b"A", "a short one")
    time.sleep(0.05)
    equal(held(w.ask(lock(b"a", 6, 2, 1)))[:3], (b"A", 6, 2), "after its end")
    for i in range(3):
        equal(w.ask(active(ADD, 1, 2)), done(ADD, 1, 2 * i), "sum")


def test_locks_messages_limits_and_histograms_in_a_machine():
    with Machine() as m, m.wire() as w:
        m.cli("app", "start", "echo-ring")
        m.ash("lock", "udp dst port 4001")
        m.ash("active", "ether proto 0x88b5")
        m.ash("limit", "udp dst port 9", ring="echo-ring")
        m.ash("histogram", "udp dst port 10", ring="echo-ring")
        in_turn(w)
        equal(words_of(m, "active", 2), (0, 6), "the words of the state")
        for size in (1, 100, 100):
            data = bytes(size)
            equal(w.ask(frames.udp(data, 10)), frames.reply_udp(data, 10),
                  "from the ring")
        got = words_of(m, "histogram", 2 + 32 + 256)
        equal((got[:4], got[4], got[2 + 32 + 10]), ((3, 0, 1, 0), 2, 3),
              "lengths and ports")
        fast = frames.udp(b"fast", 9)
        for _ in range(60):
            w.send(fast)
        m.settled(60)
        wait_for(lambda: m.ask("ash", "show", "limit")["runs"] == 60, "60 runs")
        *_, passed, dropped = words_of(m, "limit", 6)
        check(16 <= passed < 60 and passed + dropped == 60,
              f"{passed} passed, {dropped} dropped")
        equal(w.receive(), frames.reply_udp(b"fast", 9), "from the ring")


# --- a balancer  ---
STATIONS = [bytes((2, 0, 0, 0, 0, 0xa0 + i)) for i in range(3)]


def stations():
    """Words for words-owner: who they are, then how many."""
    for i, mac in enumerate(STATIONS):
        low, high = struct.unpack("<IH", mac)
        yield f"{4 + 12 * i}={low}"
        yield f"{8 + 12 * i}={high}"
    yield f"0={len(STATIONS)}"


def test_without_stations_nothing_is_balanced():
    offline.declines("balance", [frames.udp(dport=4002), frames.ping()])
    offline.tell("balance", frames.udp(dport=4002))


def test_connections_are_spread_over_stations():
    with Machine() as m, m.wire() as w:
        m.cli("app", "start", "words-owner", *stations())
        m.ash("balance", "udp dst port 4002", owner="words-owner")
        m.console_says(f"words-owner: {1 + 2 * len(STATIONS)} words for "
                       "balance\n")
        w.send(frames.udp(dport=4002))
        wait_for(lambda: m.nic()["dropped"]["tx-denied"] == 1, "no template")
        m.cli("filter", "add", "way", "udp src port 4002", "--to",
              "ring:words-owner", "--priority", "-1")
        used = {}
        for i in range(64):
            sent = frames.udp(b"for some station", 4002, sport=1000 + i // 2,
                              options=i % 2)
            got = w.ask(sent)
            equal(got[6:], sent[:6] + sent[12:], "all but where it goes")
            equal(used.setdefault(i // 2, got[:6]), got[:6], "the station")
        for mac in STATIONS:
            n = list(used.values()).count(mac)
            check(3 <= n <= 20, f"{n} of 32 for one")
        sent = m.nic()["sent"]
        for bad in (frames.udp(dport=4002, flags="MF"),
                    frames.udp(dport=4002, len=27),
                    frames.udp(dport=4002, len=1400)):
            w.send(bad)
        wait_for(lambda: m.ask("ash", "show", "balance")["declines"] > 0 and
                 m.ask("ash", "show", "balance")["runs"] >= 67, "lies")
        equal(m.nic()["sent"], sent, "frames sent for lies")


# --- all of them  ---
def requests():
    """(handler, a request that it answers)"""
    yield "arp", arp()
    yield "dns", dns(question(ar=DNSRROPT(rclass=4096)))
    yield "ntp", ntp()
    yield "active", active(ADD, 1, 1)
    yield "lock", lock(b"a", 1, 1)
    yield "memcached", mc()
    yield "balance", frames.udp(dport=4002)
    yield "limit", frames.udp()
    yield "histogram", frames.udp()


def spoilt(frame, dice):
    """FRAME with some bytes changed, shortened or made longer."""
    frame = bytearray(frame)
    for _ in range(dice.randrange(1, 4)):
        frame[dice.randrange(12, len(frame))] = dice.choice(
            (0, 1, 0x3f, 0x40, 0x7f, 0xff, dice.randrange(256)))
    longer = dice.choice((0, 0, 1, 60, 900))
    return bytes(frame[:dice.randrange(14, len(frame) + 1)] if
                 dice.randrange(4) == 0 else frame) + bytes(longer)


def test_spoilt_requests_end_nobody():
    """offline.run() sees to aborts, faults and accesses outside."""
    dice = random.Random(1)
    for handler, frame in requests():
        sent = [spoilt(frame, dice) for _ in range(1500)]
        o = offline.run(handler, sent)
        equal(len(o.replies) + o.consumed + o.declined, len(sent),
              f"{handler}: all were judged")


# --- real clients  ---
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
    if skipped():
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
