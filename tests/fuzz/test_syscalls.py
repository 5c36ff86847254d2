#!/usr/bin/python3
"""test_syscalls - random system calls with a fixed seed; `make fuzz` tries others.

LIMIT: 180
"""
from syscalls import fuzz
import harness
from harness import check

CALLS, SEED = 300000, 1
MUST_WORK = ("page_alloc", "page_free", "map", "unmap", "env_create",
             "env_start", "env_kill", "cap_grant", "flow_derive", "bind",
             "unbind", "ring_create", "ring_destroy", "net_send",
             "ash_reserve", "ash_install", "ash_remove")


def test_random_system_calls_harm_nobody():
    _, lines = fuzz(SEED, CALLS)
    worked = dict(l.split()[1:] for l in lines if l.startswith("worked "))
    idle = [call for call in MUST_WORK if int(worked[call]) == 0]
    check(not idle, f"never got past its checks: {' '.join(idle)}")


if __name__ == "__main__":
    harness.main(globals())
