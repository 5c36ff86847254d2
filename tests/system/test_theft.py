#!/usr/bin/python3
"""test_theft - another owner spells filters that would take a victim's frames.

The thief binds by itself (apps/hands.c), inside a flow that holds every frame, so
that nothing but the victim's rights is in its way.  Whatever the kernel says, no
frame of the victim's may reach the thief; what it refuses it must show, and the
frame it shows is taken by both filters, says libpcap and says installed code.

LIMIT: 180
"""
import os
import tempfile

import captures
import frames
import hands
import harness
from hands import Hands, Oracle
from harness import check, equal
from machine import Machine
from scapy.layers.inet import UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Raw

PORT = 7000
VICTIM = f"udp dst port {PORT}"
EVERYTHING = "ether[0] >= 0"
EPERM, EOVERLAP, EUNDECIDED, EDENIED = -3, -9, -10, -16
VICTIMS_OWN = {"victim": VICTIM, "mine": VICTIM,
               "to-victim": "ether proto 0x88c1"}
HOSTS = " or ".join(f"src host 10.7.0.{i}" for i in range(1, 101))
PORTS = " or ".join(f"udp dst port {p}" for p in range(6950, 7050))

# Lie inside the victim's frames or overlap them: refused, with a frame.
REFUSED = {
    "duplicate": VICTIM,
    "reordered": f"dst port {PORT} and udp",
    "negated twice": f"udp and not not dst port {PORT}",
    "disjunction of itself": f"({VICTIM}) or ({VICTIM})",
    "merged": f"(ip6 and {VICTIM}) or (ip and {VICTIM})",
    "the other way round":
        f"not (not udp or not dst port {PORT})",
    "one half": f"ip and {VICTIM}",
    "the other half": f"ip6 and {VICTIM}",
    "subset by source": f"{VICTIM} and src host 10.7.0.1",
    "subset by source port": f"{VICTIM} and src port 40000",
    "subset by net": f"{VICTIM} and src net 10.0.0.0/8",
    "subset by length": f"{VICTIM} and len > 50",
    "subset by ttl": f"{VICTIM} and ip[8] = 64",
    "by protocol number": f"ip proto 17 and dst port {PORT}",
    "by header bytes": f"ip[9] = 17 and udp[2:2] = {PORT}",
    "by two bytes": "udp[2] = 0x1b and udp[3] = 0x58",
    "by masks": "udp[2:2] & 0xff00 = 0x1b00 and udp[2:2] & 0xff = 0x58",
    "by single bits": "udp[2:2] & 0x1b58 = 0x1b58 and udp[2:2] & 0xe4a7 = 0",
    "by a wider load": "udp[0:4] & 0xffff = 0x1b58",
    "by range": f"udp dst portrange {PORT}-{PORT}",
    "by inequalities": f"udp[2:2] > {PORT - 1} and udp[2:2] < {PORT + 1}",
    "by a shift": f"udp[2:2] >> 3 = {PORT >> 3} and udp[3] & 7 = 0",
    "by arithmetic on a constant": f"udp[2:2] + 1 = {PORT + 1}",
    "fixed offset": f"ip[0] = 0x45 and ip[9] = 17 and ip[22:2] = {PORT}",
    "fixed offset, any header": f"ip[9] = 17 and ip[22:2] = {PORT}",
    "shifted base":
        f"ip[9] = 17 and ip[(ip[0] & 0xf) * 4 + 2:2] = {PORT}",
    "ether level":
        f"ether[12:2] = 0x800 and ether[23] = 17 and ether[36:2] = {PORT}",
    "ether level, options": "ether[12:2] = 0x0800 and ether[14] = 0x46 and "
        f"ether[23] = 17 and ether[40:2] = {PORT}",
    "fragments allowed": f"ip[9] = 17 and ip[6:2] & 0x1fff = 0 and "
        f"ip[22:2] = {PORT} and ip[0] & 0xf = 5",
    "first fragments": f"ip[6] & 0x20 != 0 and {VICTIM}",
    "source instead": "udp src port 40000",
    "source host": "src host 10.7.0.1 and udp",
    "destination host": "dst host 10.7.0.2",
    "ether source": "ether src 02:00:00:00:00:01",
    "by length": "len = 60",
    "by length range": "len >= 60 and len <= 200 and ip",
    "parity of length": "len & 1 = 0 and udp",
    "time to live": "ip[8] = 64",
    "no options": "ip[0] & 0xf = 5 and udp",
    "byte of payload": "udp[8] = 0x73",
    "checksum": "udp[6:2] != 0",
    "100 hosts": HOSTS,
    "100 hosts, udp": f"udp and ({HOSTS})",
    "ports, one host": f"src host 10.7.0.1 and ({PORTS})",
    "stolen branch": f"tcp dst port 80 or (src port 40000 and {VICTIM})",
    "ten branches, one stolen": "arp or icmp or igmp or tcp port 25 or "
        f"ether proto 0x88cc or udp dst port 53 or {VICTIM} and src port 1",
    "wide but for one": f"udp and not (src port 1 and dst port {PORT})",
    "low half of the ports": f"udp dst portrange 0-{PORT} and src port > 9"
        .replace("src port > 9", "udp[0:2] > 9"),
    "many bits set": "udp[2] & 0x1b != 0 and udp[0:2] = 40000",
    "high bits": "udp[2:2] & 0xff00 = 0x1b00",
    "a set bit": "udp[2] & 1 != 0",
    "multicast bit": "ether[0] & 1 = 0 and udp[0:2] & 1 = 0",
    "raw: accumulator and index": "@40 0 0 12;21 0 8 2048;48 0 0 23;21 0 6 17;"
        f"40 0 0 20;69 4 0 8191;177 0 0 14;72 0 0 16;21 0 1 {PORT};"
        "6 0 0 65535;6 0 0 0",
    "raw: scratch memory": "@40 0 0 12;2 0 0 3;48 0 0 23;2 0 0 7;"
        "96 0 0 3;21 0 6 2048;96 0 0 7;21 0 4 17;177 0 0 14;72 0 0 16;"
        f"21 0 1 {PORT};6 0 0 1;6 0 0 0",
    "raw: jumps over jumps": "@5 0 0 1;6 0 0 0;40 0 0 12;21 1 0 2048;"
        "6 0 0 0;48 0 0 23;21 0 3 17;40 0 0 36;53 0 1 7000;37 0 1 7000;"
        "6 0 0 0;6 0 0 9",
}

# Contain all the victim's frames: bound, yield to it.
YIELDING = {
    "superset": "udp",
    "wide or": f"tcp or icmp or arp or {VICTIM}",
    "range around": f"udp dst portrange {PORT - 10}-{PORT + 10}",
    "100 ports around": PORTS,
    "port, both ways": f"port {PORT}",
    "all protocols": f"dst port {PORT}",
    "not something else": "not arp",
    "by ether type": "ether[12:2] = 0x800 or ether[12:2] = 0x86dd",
    "everything": EVERYTHING,
}

# Have none of the victim's frames and may be bound.
APART = {
    "next port": f"udp dst port {PORT + 1}",
    "tcp": f"tcp dst port {PORT}",
    "behind a vlan tag": f"vlan and {VICTIM}",
    "later fragments": "ip[6:2] & 0x1fff != 0",
    "port where a vlan would move it":
        f"ether[12:2] = 0x8100 and ether[40:2] = {PORT}",
}


# The lengths of real frames say more than a filter's bounds do.
UNDECIDED = {"long frames": "len >= 14", "truncated": "len < 14"}

# Only running them says which of the victim's frames they take.
RESIDUAL = {
    "a field less itself": f"{VICTIM} and ip[2:2] - ip[2:2] = 0",
    "a field and itself": f"ip[2:2] = ip[2:2] and {VICTIM}",
    "length by its parts": f"ip[2:2] = udp[4:2] + 20 and {VICTIM}",
    "port by a sum": "udp[2] * 256 + udp[3] = 7000",
    "port by a difference": "udp[2:2] - udp[0:2] = 7000 - 40000",
    "port by a product": "(udp[2:2] * 3) ^ udp[2:2] = (7000 * 3) ^ 7000",
    "payload by itself": f"udp[8] > udp[9] and {VICTIM}",
}


def udp6(dport):
    return bytes(Ether(src=frames.ME, dst=frames.MAC) /
                 IPv6(src="fe80::1", dst="fe80::2") /
                 UDP(sport=40000, dport=dport) / Raw(b"six"))


VICTIMS = [
    frames.udp(b"spindle", PORT),
    frames.udp(b"s", PORT, sport=1),
    frames.udp(b"options", PORT, options=4),
    frames.udp(b"most options", PORT, options=40),
    frames.udp(b"first fragment", PORT, flags="MF"),
    frames.udp(b"other host", PORT, src="192.0.2.77"),
    frames.udp(b"multicast", PORT, dst="224.0.0.9"),
    frames.udp(b"s" * 1400, PORT),
    frames.udp(b"ttl", PORT, ttl=1),
    udp6(PORT),
]
OTHERS = [  # nobody but the thief may have these
    bytes(Ether(src=frames.ME, dst=frames.MAC) / Dot1Q(vlan=5))
    + frames.udp(b"tagged", PORT)[14:],
]


def owns(m, w, oracle):
    """The victim holds a flow and has bound it."""
    victim = Hands(m, w, "victim", 0x88c1, "--flow", VICTIM)
    code, _ = victim.bind(oracle.blob(VICTIM), name="mine")
    check(code > 0, f"the victim binds its own: {code}")
    return victim


def was_bound(m, w, _):
    """The victim holds nothing; who holds everything bound for it."""
    victim = Hands(m, w, "victim", 0x88c1)
    m.cli("filter", "add", "mine", VICTIM, "--to", "ring:victim")
    return victim


def theft(m, oracle, programs, victims=owns, flow=EVERYTHING):
    """(name, program, code, clash) of each attempt.  None succeeds."""
    with m.wire() as w:
        victim = victims(m, w, oracle)
        thief = Hands(m, w, "thief", 0x88c2, "--flow", flow)
        had = 0
        for name, program in programs.items():
            code, clash = thief.bind(oracle.blob(program), name="steal")
            before = thief.count()
            for f in VICTIMS:
                w.send(f)
            had += len(VICTIMS)
            equal(victim.count(), had, f"{name}: what the victim got")
            equal(thief.count(), before, f"{name}: what the thief got")
            if code > 0:
                equal(thief.unbind(code), 0, f"{name}: unbind")
            yield name, program, code, clash


def shown(name, program, clash, oracle, others):
    """The refusal NAME shows a frame that both take, OTHERS' and the new one."""
    check(clash.name in others, f"{name}: clashes with {clash}")
    check(len(clash.frame) > 0, f"{name}: no example")
    for text in (program, others[clash.name]):
        check(oracle.accepts(text, clash.frame),
              f"{name}: {text} does not take {clash.frame.hex()}")


def count_run(m, text, path):
    """How many frames of a capture the expression's native code takes."""
    return m.ask("filter", "run", text, "-r", path)["accepted"]


def test_what_cuts_into_somebody_elses_frames_is_refused_with_a_frame():
    examples = []
    with Oracle() as oracle, Machine() as m:
        for name, program, code, clash in theft(m, oracle, REFUSED):
            equal(code, EOVERLAP, name)
            shown(name, program, clash, oracle, VICTIMS_OWN)
            examples.append((program, clash))
        in_native_code(m, examples)


def in_native_code(m, examples):
    """Installed code takes them too; they are judged as long as they are."""
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "examples.pcap")
        for name, text in VICTIMS_OWN.items():
            theirs = [c.frame for _, c in examples if c.name == name]
            captures.write_pcap(path, theirs)
            if theirs:
                equal(count_run(m, text, path), len(theirs), text)
        for program, clash in examples:
            if not program.startswith("@"):
                captures.write_pcap(path, [clash.frame])
                equal(count_run(m, program, path), 1, program)


def test_what_was_bound_before_a_flow_was_derived_around_it_is_not_its_to_take():
    with Oracle() as oracle, Machine() as m:
        for name, program, code, clash in theft(m, oracle, REFUSED,
                                                was_bound):
            equal(code, EOVERLAP, name)
            shown(name, program, clash, oracle, VICTIMS_OWN)


def test_what_lies_outside_its_own_flow_is_refused_with_a_frame():
    """As a rule it is the victim's, and then that is shown."""
    flow = "udp dst portrange 8000-8099"
    own = {"thief": flow, **VICTIMS_OWN}
    theirs = 0
    with Oracle() as oracle, Machine() as m:
        for name, program, code, clash in theft(m, oracle, REFUSED, flow=flow):
            check(code in (EPERM, EOVERLAP), f"{name}: {code}")
            shown(name, program, clash, oracle, own)
            theirs += clash.name != "thief"
    check(theirs > 30, f"only {theirs} say whose the frames are")


def test_residuals_steal_nothing_and_say_what_is_known():
    found = 0
    with Oracle() as oracle, Machine() as m:
        for name, program, code, clash in theft(m, oracle, RESIDUAL):
            check(code in (EOVERLAP, EUNDECIDED), f"{name}: {code}")
            equal(clash.relation == hands.UNDECIDED, code == EUNDECIDED, name)
            if clash.frame:
                found += 1
                shown(name, program, clash, oracle, VICTIMS_OWN)
    check(found > 0, "no frame for any of them")


def test_what_cannot_be_decided_is_refused_and_said():
    with Oracle() as oracle, Machine() as m:
        for name, _, code, clash in theft(m, oracle, UNDECIDED):
            equal(code, EUNDECIDED, name)
            equal(clash.relation, hands.UNDECIDED, name)


def test_what_contains_somebody_elses_frames_yields():
    with Oracle() as oracle, Machine() as m:
        for name, _, code, _ in theft(m, oracle, YIELDING):
            check(code > 0, f"{name}: refused with {code}")


def test_what_has_none_of_them_is_bound():
    with Oracle() as oracle, Machine() as m:
        for name, _, code, _ in theft(m, oracle, APART):
            check(code > 0, f"{name}: refused with {code}")


def rights(m):
    """{name: id} of bindings, of flows and of environments, as exposed."""
    return {b["name"]: b["id"] for b in m.ask("filter", "list")}


def test_tricks_with_flags_numbers_and_flows():
    with Oracle() as oracle, Machine() as m, m.wire() as w:
        victim = owns(m, w, oracle)
        thief = Hands(m, w, "thief", 0x88c2, "--flow", EVERYTHING)
        mine = rights(m)["mine"]
        blob, wide = oracle.blob(VICTIM), oracle.blob("udp")
        tcp, part = oracle.blob("tcp"), oracle.blob(VICTIM + " and len > 50")
        own, _ = thief.bind(tcp, name="own")
        check(own > 0, f"its own: {own}")
        env = {a["name"]: a["id"] for a in m.ask("app", "list")}
        tries = {
            "priority": thief.bind(blob, priority=0x7fffffff),
            "negative priority": thief.bind(blob, priority=-0x80000000),
            "part, priority": thief.bind(part, priority=1000),
            "shared": thief.bind(blob, flags=hands.SHARED),
            "followed": thief.bind(blob, flags=hands.FOLLOW),
            "upcall": thief.bind(part, flags=hands.UPCALL),
            "replace the victim's": thief.bind(
                blob, flags=hands.REPLACE, replaces=mine),
            "replace the victim's, wide": thief.bind(
                wide, flags=hands.REPLACE, replaces=mine),
            "replace its own": thief.bind(
                part, flags=hands.REPLACE, replaces=own),
            "in the victim's flow": thief.bind(blob, flow=victim.flow),
            "in no flow": thief.bind(blob, flow=0),
            "for the victim": thief.bind(blob, env=env["victim"]),
            "a tap": thief.bind(blob, target=hands.TO_COUNT),
            "a capture": thief.bind(blob, target=hands.TO_CAPTURE),
            "flow of the victim's": thief.derive(blob),
            "flow of a part": thief.derive(part),
            "flow in the victim's": thief.derive(part, parent=victim.flow),
            "flow in no flow": thief.derive(blob, parent=0),
            "unbind": (thief.unbind(mine), None),
            "drop": (thief.drop(victim.flow), None),
        }
        for name, (code, _) in tries.items():
            check(code < 0, f"{name}: {code}")
        inner, _ = thief.derive(oracle.blob("ip or ip6"))
        check(inner > 0, f"a flow inside its own: {inner}")
        for text in (VICTIM, VICTIM + " and src port 40000"):
            code, clash = thief.bind(oracle.blob(text), flow=inner)
            equal(code, EOVERLAP, text)
            shown(text, text, clash, oracle, VICTIMS_OWN)
        check(thief.bind(wide, flow=inner)[0] > 0, "what yields")
        equal(sorted(rights(m)), ["bound", "mine", "own", "to-thief",
                                  "to-victim"], "bindings")
        for f in VICTIMS:
            w.send(f)
        equal(victim.count(), len(VICTIMS), "what the victim got")
        equal(thief.count(), 0, "what the thief got")


def as_victim(sport, **ip):
    """A frame as the victim would send it."""
    f = frames.udp(b"spoof", 40000, sport=sport, src=frames.IP_ADDRESS,
                   dst=frames.MY_IP, **ip)
    return f[6:12] + f[:6] + f[12:]


def test_nobody_sends_as_somebody_else():
    with Oracle() as oracle, Machine() as m, m.wire() as w:
        victim = owns(m, w, oracle)
        thief = Hands(m, w, "thief", 0x88c2, "--flow", EVERYTHING)
        check(thief.bind(oracle.blob("udp dst port 8000"))[0] > 0, "its own")
        for text in (VICTIM, "udp dst port 8000 or " + VICTIM):
            code, _ = thief.bind(oracle.blob(text))
            check(text != VICTIM or code == EOVERLAP, f"{text}: {code}")
            if code > 0:
                thief.unbind(code)
        for name, frame in (("port", as_victim(PORT)),
                            ("options", as_victim(PORT, options=3)),
                            ("fragment", as_victim(PORT, flags="MF")),
                            ("tcp", as_victim(PORT, proto=6))):
            equal(thief.send(frame), (EDENIED, 0), name)
        equal(thief.send(as_victim(8000))[1], 1, "its own port")
        equal(victim.send(as_victim(PORT))[1], 1, "the victim's own")
        equal(victim.send(as_victim(8000)), (EDENIED, 0), "the thief's")


if __name__ == "__main__":
    harness.main(globals())
