"""``make bench``: every program in one run, a table of what came out, and ``docs/performance.md``.

``python -m benchmarks.run p5_size p7_fleet`` measures only these again; the other lines stay as they were.
"""

import json
import subprocess
import sys
import time

from benchmarks.measure import OUT, shared_stage
from benchmarks.report import write_report
from local.processes import ROOT

# The largest come last: Azurite slows with what it holds.
PROGRAMS = (
    "p1_read",
    "p9_cold_start",
    "p2_full_sync",
    "p3_unchanged",
    "p11_in_flight",
    "p8_page",
    "p10_throttled",
    "p4_changes",
    "p6_ordering",
    "p7_fleet",
    "p5_size",
)
_WITHOUT_STAGE = frozenset({"p1_read", "p9_cold_start"})
_LONGEST_S = 600


def main() -> int:
    chosen = [it for it in PROGRAMS if it in sys.argv[1:]] or PROGRAMS
    for old in OUT.glob("*.jsonl") if chosen is PROGRAMS else ():
        old.unlink()
    began = time.monotonic()
    broken = [it for it in chosen if it in _WITHOUT_STAGE and not _ran(it)]
    with shared_stage():
        broken += [it for it in chosen if it not in _WITHOUT_STAGE and not _ran(it)]
    lines = [json.loads(line) for path in sorted(OUT.glob("*.jsonl")) for line in path.read_text().splitlines()]
    write_report(lines)
    print(f"\n{(time.monotonic() - began) / 60:.1f} minutes")
    missed = [line["name"] for line in lines if not line["met"]]
    print(f"\n{len(lines)} goals, missed: {', '.join(missed) or 'none'}; broken: {', '.join(broken) or 'none'}")
    return 1 if broken else 0


def _ran(program: str) -> bool:
    print(f"-- {program}", flush=True)
    try:
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{program}"], cwd=ROOT, check=False, timeout=_LONGEST_S
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
