"""``make bench``: every program in one run, a table of what came out, and ``docs/performance.md``.

``python -m benchmarks.run p5_size p8_page`` measures only these again; the other lines stay as they were. As long as
something was never measured here, the document is left alone.
"""

import json
import subprocess
import sys
import time

from benchmarks.measure import OUT
from benchmarks.report import write_report
from local.processes import ROOT

PROGRAMS = (
    "p1_read",
    "p2_full_sync",
    "p3_unchanged",
    "p4_changes",
    "p5_size",
    "p6_ordering",
    "p7_fleet",
    "p7_neighbour",
    "p8_page",
    "p8_browser",
    "p9_cold_start",
    "p10_throttled",
    "p11_in_flight",
    "p12_mfa",
    "p13_linking",
    "p13_assets",
    "p15_controls",
    "p17_insights",
)
_LONGEST_S = 1200


def main() -> int:
    chosen = [it for it in PROGRAMS if it in sys.argv[1:]] or PROGRAMS
    for old in OUT.glob("*.jsonl") if chosen is PROGRAMS else ():
        old.unlink()
    began = time.monotonic()
    broken = [it for it in chosen if not _ran(it)]
    lines = [json.loads(line) for path in sorted(OUT.glob("*.jsonl")) for line in path.read_text().splitlines()]
    unknown = sorted({goal_of(it) for it in PROGRAMS} - {path.stem for path in OUT.glob("*.jsonl")})
    if unknown:
        print(f"\ndocs/performance.md stays as it is: not measured here yet: {', '.join(unknown)}")
    else:
        write_report(lines)
    print(f"\n{(time.monotonic() - began) / 60:.1f} minutes")
    missed = [line["name"] for line in lines if not line["met"]]
    print(f"\n{len(lines)} goals, missed: {', '.join(missed) or 'none'}; broken: {', '.join(broken) or 'none'}")
    return 1 if broken else 0


def goal_of(program: str) -> str:
    """The number of the goal that a program measures, such as P5."""
    return program.partition("_")[0].upper()


def _ran(program: str) -> bool:
    print(f"-- {program}", flush=True)
    began = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{program}"], cwd=ROOT, check=False, timeout=_LONGEST_S
        )
    except subprocess.TimeoutExpired:
        return False
    print(f"   {time.monotonic() - began:.0f} s", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
