"""P15: a tenant judged by all controls, with reading its rows; and recorded tenants assessed by the command.

The recordings are the example of the documentation, 344 times, and a made-up tenant of 10,000 users with 200 policies.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.canned import user
from benchmarks.measure import Stage, record, stage, tenant_of
from local.processes import ROOT

_EXAMPLE = ROOT / "docs" / "examples" / "contoso-dental.json"
_FILES = 344
_POLICIES = (12, 50)  # what a small tenant has, and a large one
_USERS, _MANY_POLICIES = 10_000, 200
_GROUPS, _MEMBERS = 100, 500
_CA = "/v1.0/identity/conditionalAccess/policies"


class _Run(NamedTuple):
    """CPU seconds and peak megabytes of one command, all of its start included."""

    cpu_s: float
    peak_mb: float


def judged(on: Stage) -> None:
    few, many = (_judged(on, number) for number in _POLICIES)
    ratio = few["judged_s"] / few["read_s"]
    figures = {
        "judged_cpu_ms": round(few["judged_s"] * 1000, 1),
        "read_cpu_ms": round(few["read_s"] * 1000, 1),
        "rows": few["rows"],
        f"ratio_with_{_POLICIES[1]}_policies": round(many["judged_s"] / many["read_s"], 2),
    }
    against = f"reading the same rows, {_POLICIES[0]} policies"
    record("P15-controls", against, ratio=ratio, goal="<= 2", met=ratio <= 2, **figures)


def _judged(on: Stage, policies: int) -> dict[str, float]:
    tenant_id = tenant_of(on.world, f"Judged by {policies}", 1_000, seed=policies)
    for number in range(policies):
        on.world.add_conditional_access(tenant_id, displayName=f"Policy {number}")
    on.client("cycles", account="acct_p15", tenant_id=tenant_id, count=1)
    return on.client("judge", account="acct_p15", tenant_id=tenant_id, times=15)


def assessed(file: Path) -> _Run:
    """One run of the command."""
    command = [sys.executable, "-m", "integrations.assess", str(file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as running:
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise RuntimeError(f"the assessment ended with {running.returncode}")
    return _Run(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def many(folder: Path) -> None:
    line = json.dumps(json.loads(_EXAMPLE.read_text()))
    one, all_of_them = folder / "one.jsonl", folder / "all.jsonl"
    one.write_text(f"{line}\n")
    all_of_them.write_text(f"{line}\n" * _FILES)
    start, all_s = assessed(one).cpu_s, assessed(all_of_them).cpu_s
    each = (all_s - start) / (_FILES - 1)
    decoded = _cpu_s(lambda: [json.loads(it) for it in all_of_them.read_text().splitlines()]) / _FILES
    figures = {
        "cpu_ms_each": round(each * 1000, 1),
        "json_loads_ms_each": round(decoded * 1000, 2),
        "kb_each": round(len(line) / 1024),
        "start_s": round(start, 2),
    }
    against = f"0.1 s of CPU for each of {_FILES}"
    record("P15-assess", against, ratio=each / 0.1, goal="<= 1", met=each <= 0.1, **figures)


def large(folder: Path) -> None:
    file = folder / "large.json"
    file.write_text(json.dumps(_large()))
    found = assessed(file)
    figures = {
        "peak_mb": round(found.peak_mb),
        "cpu_s": round(found.cpu_s, 2),
        "file_mb": round(file.stat().st_size / 2**20),
    }
    ratio = found.peak_mb / 300
    record(
        "P15-assess-peak",
        f"300 MB, {_USERS} users, {_MANY_POLICIES} policies",
        ratio=ratio,
        goal="<= 1",
        met=ratio <= 1,
        **figures,
    )


def _large() -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads(_EXAMPLE.read_text())
    people = [user(number) for number in range(_USERS)]
    answers = {
        path: body for path, body in recorded["answers"].items() if not path.startswith(("/v1.0/users", "/v1.0/groups"))
    }
    policies = next(body["value"] for path, body in answers.items() if path.startswith(_CA))
    answers = {path: body for path, body in answers.items() if not path.startswith(_CA)}
    groups = [{"id": f"group-{number}", "displayName": f"Group {number}"} for number in range(_GROUPS)]
    excluded = [it["id"] for it in people[:_MEMBERS]]
    answers[_CA] = {"value": [_policy(number, policies[0], excluded) for number in range(_MANY_POLICIES)]}
    answers["/v1.0/users"] = {"value": people}
    answers["/v1.0/groups"] = {"value": groups}
    for number, group in enumerate(groups):
        members = [{"id": it["id"]} for it in people[number * 50 : number * 50 + _MEMBERS]]
        answers[f"/v1.0/groups/{group['id']}/members"] = {"value": members}
    return {**recorded, "answers": answers}


def _policy(number: int, like: dict[str, Any], excluded: list[str]) -> dict[str, Any]:
    users = {**like["conditions"]["users"], "excludeUsers": excluded}
    return {**like, "id": f"policy-{number}", "conditions": {**like["conditions"], "users": users}}


def _cpu_s(work: Callable[[], object]) -> float:
    def once() -> float:
        before = time.process_time()
        work()
        return time.process_time() - before

    return statistics.median(once() for _ in range(5))


def main() -> None:
    with stage(keeps_pace=False) as on:
        judged(on)
    with tempfile.TemporaryDirectory() as folder:
        many(Path(folder))
        large(Path(folder))


if __name__ == "__main__":
    main()
