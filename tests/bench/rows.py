"""rows - the figures: written, compared with what was expected, made readable.

A row is (table, case, system, unit, value, n, source).  Rows with source
`measured` are deterministic; `published` ones are other people's and carry
their own unit.
"""
import collections

Row = collections.namedtuple("Row", "table case system unit value n source")

COLUMNS = "\t".join(Row._fields)
ALLOWED_GROWTH = 0.05

# Worst cases that depend on when frames come: below their limit, which is
# checked where they are measured, they may come and go.
BELOW_LIMIT = {"kernel irq-off-max spindle"}

# Engler, Kaashoek and O'Toole, SOSP 1995 (60-byte round trip, DEC5000/125;
# FRPC DEC5000/200; instructions on MIPS R2000 and R3000); Engler and Kaashoek, SIGCOMM 1996 (DEC5000/200).
PUBLISHED = [
    Row("rtt", "udp-60", "paper:ash", "us", 259, 0, "published"),
    Row("rtt", "udp-60", "paper:exos", "us", 320, 0, "published"),
    Row("rtt", "udp-60", "paper:frpc", "us", 340, 0, "published"),
    Row("rtt", "udp-60", "paper:ultrix", "us", 3400, 0, "published"),
    Row("demux", "tcpip-10", "paper:dpf", "us", 1.5, 0, "published"),
    Row("demux", "tcpip-10", "paper:pathfinder", "us", 19, 0, "published"),
    Row("demux", "tcpip-10", "paper:mpf", "us", 35, 0, "published"),
    Row("demux", "insert-1000", "paper:dpf", "us", 220, 0, "published"),
    Row("exception", "prot-entry", "paper:aegis", "instr", 18, 0, "published"),
    Row("exception", "stlb-hit", "paper:aegis", "instr", 18, 0, "published"),
    Row("syscall", "pct-sync", "paper:aegis", "instr", 30, 0, "published"),
    Row("ipc", "lrpc", "paper:exos", "us", 6.3, 0, "published"),
    Row("ipc", "tlrpc", "paper:exos", "us", 2.9, 0, "published"),
]


def number(text):
    return float(text) if "." in text else int(text)


def read(path):
    """Rows of a table; its first line names the columns."""
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines()
    return [parse(line) for line in lines[1:] if line]


def parse(line):
    table, case, system, unit, value, n, source = line.split("\t")
    return Row(table, case, system, unit, number(value), int(n), source)


def write(path, rows):
    with open(path, "w", encoding="utf-8") as f:
        print(COLUMNS, file=f)
        for row in rows:
            print("\t".join(map(str, row)), file=f)


def name(row):
    return f"{row.table} {row.case} {row.system}"


def compare(measured, expected):
    """Sentences: what got worse (or vanished), and what else changed."""
    now = {name(r): r for r in measured}
    before = {name(r): r for r in expected}
    worse, other = [], []
    for key, old in before.items():
        new = now.get(key)
        if new is None:
            worse.append(f"{key}: not measured, was {old.value} {old.unit}")
            continue
        growth = (new.value - old.value) / old.value if old.value else \
            float(new.value > 0)
        text = f"{key}: {old.value} -> {new.value} {new.unit} ({growth:+.1%})"
        if growth > ALLOWED_GROWTH and key not in BELOW_LIMIT:
            worse.append(text)
        elif new.value != old.value:
            other.append(text)
    other += [f"{key}: new, {now[key].value} {now[key].unit}"
              for key in now if key not in before]
    return worse, other


def as_text(rows):
    """A table for the terminal."""
    cells = [("table", "case", "system", "value", "unit", "n")]
    cells += [(r.table, r.case, r.system, str(r.value), r.unit,
               str(r.n) if r.n else "-") for r in rows]
    width = [max(len(c[i]) for c in cells) for i in range(6)]
    right = {3, 5}
    return "\n".join("  ".join(
        c[i].rjust(width[i]) if i in right else c[i].ljust(width[i])
        for i in range(6)).rstrip() for c in cells)


NOTE = """\
Guest instructions under `-icount`, not hardware times: QEMU has no pipeline and
no cache. `rtt` is counted from the moment QEMU hands the frame to the PCnet
while the guest waits idle, to the store that rings the transmit doorbell.
Columns `paper:` are published figures on other machines, in their own unit;
only ratios within one unit mean anything.
"""


def as_markdown(rows):
    """One table for each table, a column for each system."""
    out = ["# Figures\n", NOTE]
    for table in dict.fromkeys(r.table for r in rows):
        mine = [r for r in rows if r.table == table]
        systems = list(dict.fromkeys(r.system for r in mine))
        out.append(f"\n## {table}\n")
        out.append("| case | " + " | ".join(systems) + " |")
        out.append("|---" * (len(systems) + 1) + "|")
        for case in dict.fromkeys(r.case for r in mine):
            at = {r.system: f"{r.value} {r.unit}" for r in mine
                  if r.case == case}
            out.append(f"| {case} | " + " | ".join(
                at.get(s, "") for s in systems) + " |")
        plot = bars(mine)
        if plot:
            out.append("\n```\n" + plot + "\n```")
    return "\n".join(out) + "\n"


def bars(rows):
    """Our figures of one table as bars, longest 50 characters."""
    ours = [r for r in rows if r.source == "measured" and r.unit == "instr"]
    if len(ours) < 2:
        return ""
    labels = [f"{r.case} {r.system}" for r in ours]
    width = max(map(len, labels))
    longest = max(r.value for r in ours) or 1
    return "\n".join(f"{label:{width}}  {'#' * max(1, round(50 * r.value / longest))} "
                     f"{r.value}" for label, r in zip(labels, ours))
