#!/usr/bin/python3
"""test_churn - environments come and go, and nothing is lost; `make fuzz` has 1000."""
from churn import churn
import harness

CYCLES = 200


def test_environments_with_all_there_is_come_and_go_and_nothing_is_lost():
    churn(CYCLES)


if __name__ == "__main__":
    harness.main(globals())
