#!/usr/bin/python3
"""test_echo - the same datagrams answered by a handler, an upcall and a ring.

LIMIT: 180
"""
import frames
import harness
from harness import check, equal
from machine import Machine, wait_for

# How each way of answering is deployed, and on which port.
PORTS = {"ash": 7, "upcall": 8, "ring": 9}


def deploy(m):
    m.ash("echo", "udp dst port 7", "udp_echo")
    for way in ("upcall", "ring"):
        m.cli("app", "start", f"echo-{way}")
        m.cli("filter", "add", way, f"udp dst port {PORTS[way]}", "--to",
              f"ring:echo-{way}")


def echoed(data, port, sport=40000, **more):
    """The reply to udp(data, port), built from nothing by Scapy."""
    return frames.reply_udp(data, sport=port, dport=sport, **more)


def test_replies_are_byte_exact_whoever_answers():
    with Machine() as m:
        deploy(m)
        with m.wire() as w:
            for way, port in PORTS.items():
                for size in (0, 1, 2, 17, 18, 19, 63, 200, 1001, 1471, 1472):
                    data = bytes(i * 7 % 251 for i in range(size))
                    got = w.ask(frames.udp(data, port))
                    equal(got, echoed(data, port), f"{way}, {size} bytes")
                    if size:
                        check(frames.checksums_hold(got), f"{way}: checksums")


def test_ip_options_stay_where_they_are():
    with Machine() as m:
        deploy(m)
        with m.wire() as w:
            for way, port in PORTS.items():
                for words in range(1, 11):
                    data = b"odd" * words
                    got = w.ask(frames.udp(data, port, options=4 * words))
                    equal(got, echoed(data, port, options=4 * words),
                          f"{way}, {words} words of options")


def test_a_datagram_without_checksum_is_echoed_without():
    with Machine() as m:
        deploy(m)
        with m.wire() as w:
            for way, port in PORTS.items():
                frame = frames.udp(b"none", port, checksum=0)
                equal(w.ask(frame), echoed(b"none", port, checksum=0), way)


def test_each_is_counted_where_it_went():
    with Machine() as m:
        deploy(m)
        before = m.nic()
        with m.wire() as w:
            for port, times in ((7, 3), (8, 4), (9, 5)):
                for _ in range(times):
                    w.ask(frames.udp(b"count", port))
        after = m.nic()
        equal(after["received"] - before["received"], 12, "received")
        equal(after["consumed"] - before["consumed"], 3, "by the handler")
        equal(after["delivered"] - before["delivered"], 9, "to rings")
        equal(after["sent"] - before["sent"], 12, "sent")
        for name, want in (("echo", 3), ("upcall", 4), ("ring", 5)):
            shown = m.ask("filter", "show", name)
            equal(shown["packets"], want, f"packets of {name}")
            equal(shown["bytes"], 60 * want, f"bytes of {name}")


def test_what_nobody_wants_is_not_answered_but_counted():
    with Machine() as m:
        deploy(m)
        sentinel = frames.udp(b"sentinel", 7)
        reply = echoed(b"sentinel", 7)
        unwanted = [
            frames.udp(b"other port", 10),
            frames.udp(b"source port", 10, sport=7),
            frames.udp(b"fragment", 7, frag=4),
            frames.udp(b"IGMP", 7, proto=2),
            frames.arp_request(),
            frames.ping(),
            bytes.fromhex("525400123456" "020000000001" "86dd") + bytes(46),
            bytes.fromhex("525400123456" "020000000001" "0800") + bytes(46),
        ]
        before = m.nic()
        with m.wire() as w:
            for frame in unwanted:
                w.silent(frame, sentinel, reply)
        after = m.nic()
        equal(after["dropped"]["unclaimed"] - before["dropped"]["unclaimed"],
              len(unwanted), "unclaimed")
        equal(after["sent"] - before["sent"], len(unwanted), "sent")


def test_lying_lengths_are_declined_by_the_handler():
    with Machine() as m:
        deploy(m)
        sentinel = frames.udp(b"sentinel", 7)
        reply = echoed(b"sentinel", 7)
        lies = {
            "IP longer than the frame": frames.udp(b"x" * 100, 7, len=1400),
            "IP shorter than its header": frames.udp(b"x" * 100, 7, len=19),
            "IP without room for UDP": frames.udp(b"x" * 100, 7, len=27),
            "UDP longer than IP": frames.udp(b"x" * 100, 7, udp_len=109),
            "UDP shorter than its header": frames.udp(b"x" * 100, 7, udp_len=7),
            "first fragment": frames.udp(b"x" * 100, 7, flags="MF"),
        }
        before = m.nic()
        with m.wire() as w:
            for what, frame in lies.items():
                try:
                    w.silent(frame, sentinel, reply)
                except harness.Failed as e:
                    raise harness.Failed(f"{what}: {e}") from e
        after = m.nic()
        equal(after["dropped"]["declined"] - before["dropped"]["declined"],
              len(lies), "declined")


def test_damaged_frames_never_stop_anybody():
    import gen_capture
    with Machine() as m:
        deploy(m)
        m.ash("ping", "icmp", "icmp_echo")
        with m.wire() as w:
            for i, frame in enumerate(gen_capture.frames(3000, 99)):
                w.send(frame)
                if i % 32 == 0:  # no more than the NIC has descriptors
                    mark = b"mark %d" % i
                    w.send(frames.udp(mark, 7))
                    w.until(echoed(mark, 7))
            for way, port in PORTS.items():
                w.send(frames.udp(b"still here", port))
                w.until(echoed(b"still here", port))
        states = m.app_states()
        for way in ("upcall", "ring"):
            check(states[f"echo-{way}"] != "dead", str(states))


def test_frames_of_impossible_lengths_are_dropped_and_counted():
    with Machine() as m:
        deploy(m)
        head = frames.udp(b"", 7)[:42]
        sentinel = frames.udp(b"sentinel", 7)
        reply = echoed(b"sentinel", 7)
        with m.wire() as w:
            for size in (1519, 1520, 2000, 2046, 2047, 2048, 4096, 9000):
                w.silent(head + bytes(size - len(head)), sentinel, reply)
            for size in (1, 5, 13):
                w.silent(head[:size], sentinel, reply)
            longest = head + bytes(1518 - len(head))
            w.send(longest)
            w.until(echoed(b"", 7)[:42] + longest[42:])
        nic = m.nic()
        check(nic["dropped"]["bad"] > 0, f"nothing was bad: {nic}")


def test_a_burst_longer_than_the_ring_is_answered_or_accounted_for():
    burst = 1000
    with Machine() as m:
        deploy(m)
        with m.wire() as w:
            for port in PORTS.values():
                before = m.nic()
                for i in range(burst):
                    w.send(frames.udp(b"burst %04d" % i, port))
                wait_for(lambda: sum(
                    m.nic()[k] - before[k] for k in ("received", "missed"))
                    >= burst, "every frame arrived")
                answered = 0
                while w.receive(0.3) is not None:
                    answered += 1
                after = m.nic()
                lost = after["missed"] - before["missed"] + sum(
                    after["dropped"][k] - before["dropped"][k]
                    for k in after["dropped"])
                equal(answered + lost, burst, f"port {port}: answered {answered}"
                      f", lost {lost}")
                check(answered > 0, "nothing was answered")


if __name__ == "__main__":
    harness.main(globals())
