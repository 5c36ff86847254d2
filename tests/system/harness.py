"""harness - run the test_* functions of a module, print a line for each.

A test fails by raising.  The function's name is its promise.
"""
import sys
import traceback


class Failed(Exception):
    """A promise that was not kept."""


def check(condition, message):
    """Like assert, but never optimised away and with words."""
    if not condition:
        raise Failed(message)


def equal(got, want, what):
    """GOT is WANT, or both are shown; bytes in hex."""
    if got != want:
        show = lambda v: v.hex(" ") if isinstance(v, bytes) else repr(v)
        raise Failed(f"{what}\n  got  {show(got)}\n  want {show(want)}")


def main(module):
    """Run every test_* in MODULE (globals()); exit 1 if one failed.

    Words on the command line choose tests whose name contains one of them.
    """
    words = [w for w in sys.argv[1:] if not w.startswith("-")]
    failed = 0
    for name, test in list(module.items()):
        if not name.startswith("test_") or not callable(test):
            continue
        promise = name[5:].replace("_", " ")
        if words and not any(w in name or w in promise for w in words):
            continue
        try:
            test()
        except Failed as e:
            failed += 1
            where = traceback.extract_tb(e.__traceback__)[-2:]
            at = ", ".join(f"{f.name}:{f.lineno}" for f in where)
            print(f"not ok {promise}\n  {at}: {e}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {promise}\n{traceback.format_exc()}", flush=True)
        else:
            print(f"ok {promise}", flush=True)
    sys.exit(1 if failed else 0)
